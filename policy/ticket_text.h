/* A ticket's handle and secret as text. */
#ifndef POLICY_TICKET_TEXT_H
#define POLICY_TICKET_TEXT_H

#include "policy/sessions.h"

#include <stdint.h>

/* New random ones. Returns 0 or -EIO. */
int ticket_text_make(char ret_handle[TICKET_HANDLE_SIZE], char ret_secret[TICKET_SECRET_SIZE]);

/* What the store keeps of a secret: SHA-256 of its text. 256 random bits need no slow hash. */
void ticket_secret_hash(const char *secret, uint8_t ret_hash[32]);

/* The form in which addresses are compared: as inet_ntop writes them, an IPv4 address within IPv6
 * (::ffff:10.0.0.1) as IPv4. Returns 0, or -EINVAL for what is no address. */
int source_canonical(const char *text, char ret_source[SOURCE_SIZE]);

#endif
