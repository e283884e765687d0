/* The jump host's certificates as libfreerdp hands them over: PEM, its own first. In sekisho-mediator. Pure OpenSSL: no I/O. */
#ifndef MEDIATOR_CERTIFICATES_H
#define MEDIATOR_CERTIFICATES_H

#include "relay/host_certificate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By host_trust_check_chain. False also for what is no certificate: ret_refused then says no more than that. */
bool certificates_are_trusted(const struct host_trust *trust, const uint8_t *pem, size_t len,
	struct msg_nla_certificate *ret_refused);

#endif
