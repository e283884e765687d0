/* What messages say of a jump host, in fields of the same names, which are zeros before:
 *
 *	TELL_TRUST        trust, pin, ca_bundle, host_name of ATTACH, NLA_BEGIN and LOOK_AT_HOST: by which certificate it is known
 *	TELL_CREDENTIALS  user, domain, password of ATTACH, NLA_BEGIN and HOST_CREDENTIALS: who logs on there
 */
#ifndef SUPERVISOR_TOLD_HOST_H
#define SUPERVISOR_TOLD_HOST_H

#include "policy/host_credentials.h"
#include "policy/terminals.h"
#include "relay/host_certificate.h"

#include <stdio.h>
#include <string.h>

struct told_trust {
	uint8_t *kind;
	uint8_t *pin;
	uint32_t *pin_len;
	uint8_t *ca_bundle;
	uint32_t *ca_bundle_len;
};

/* Of a terminal that trusts nobody yet: HOST_TRUST_NOBODY, with which no session begins. */
static inline void
told_trust_fill(const struct told_trust *told, const struct terminal *terminal)
{
	*told->kind = HOST_TRUST_NOBODY;
	if (terminal->trust == TERMINAL_TRUST_PIN) {
		*told->kind = HOST_TRUST_PIN;
		*told->pin_len = TERMINAL_PIN_BYTES;
		memcpy(told->pin, terminal->pin, TERMINAL_PIN_BYTES);
	} else if (terminal->trust == TERMINAL_TRUST_CA) {
		*told->kind = HOST_TRUST_CA;
		*told->ca_bundle_len =
			(uint32_t)strnlen(terminal->ca_bundle, TERMINAL_CA_BUNDLE_MAX);
		memcpy(told->ca_bundle, terminal->ca_bundle, *told->ca_bundle_len);
	}
}

#define TELL_TRUST(message, terminal)                                                          \
	do {                                                                                   \
		const struct told_trust told_trust = {&(message)->trust, (message)->pin,       \
			&(message)->pin_len, (message)->ca_bundle, &(message)->ca_bundle_len}; \
                                                                                               \
		told_trust_fill(&told_trust, (terminal));                                      \
		(void)snprintf((message)->host_name, sizeof((message)->host_name), "%s",       \
			(terminal)->address);                                                  \
	} while (0)

/* given: a struct host_credentials * that host_credentials_given. */
#define TELL_CREDENTIALS(message, given)                                                     \
	do {                                                                                 \
		memcpy((message)->user, (given)->user, sizeof((message)->user));             \
		memcpy((message)->domain, (given)->domain, sizeof((message)->domain));       \
		(message)->password_len = (uint32_t)(given)->password.len;                   \
		memcpy((message)->password, (given)->password.bytes, (given)->password.len); \
	} while (0)

#endif
