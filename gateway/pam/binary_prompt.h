/* One of our messages inside a PAM_BINARY_PROMPT: how pam_sekisho.so talks to the supervisor through the conversation
 * function of the process that has loaded it. The frame is libpamc's (length u32 big endian, itself included;
 * one control byte); behind it our mark, the build hash of messages.def and the message's wire form. Any other
 * application refuses what it does not know, and sekisho-pam refuses what is not ours. Pure.
 */
#ifndef PAM_BINARY_PROMPT_H
#define PAM_BINARY_PROMPT_H

#include "messages/messages.h"

#include <stddef.h>
#include <stdint.h>

/* No message of a PAM conversation is longer. */
#define BINARY_PROMPT_MOST 8192

/* Returns the bytes written, or a negative errno: -EMSGSIZE, -EINVAL (as message_put). */
int binary_prompt_put(enum message number, const void *body, void *room, size_t size);

/* The length that the first four bytes tell, or -EPROTO: too small or more than BINARY_PROMPT_MOST. */
int binary_prompt_length(const void *bytes);

/* Reads a whole one. Returns 0, -EPROTO: not ours or malformed, -ESTALE: of another build. `body` is wiped on
 * failure. */
int binary_prompt_get(const void *bytes, size_t len, const struct message_row **ret_row,
	union message_body *ret_body);

#endif
