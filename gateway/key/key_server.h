/* sekisho-key's channels: one to the supervisor, one to each worker; and how often each worker may
 * ask. */
#ifndef KEY_KEY_SERVER_H
#define KEY_KEY_SERVER_H

#include "key/signer.h"

/* A worker may ask for this many signatures at once, and as many again over a second. More than any
 * worker can use: a handshake costs it a millisecond. */
#define KEY_SIGNATURES_A_SECOND 1000

/* Says HELLO on CHILD_FD_CHANNEL and serves until the supervisor goes. Returns 0 then, or a
 * negative errno. */
int key_server_run(struct signer *signer);

#endif
