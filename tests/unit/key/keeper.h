/* A real sekisho-key, started as the supervisor starts it; a test stands in the supervisor's and the worker's
 * place. Each function fails the test when it cannot do what it says.
 */
#ifndef UNIT_KEY_KEEPER_H
#define UNIT_KEY_KEEPER_H

#include "key/key_method.h"
#include "messages/channel.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LIMIT_MS 60000

/* A sekisho-key with its key. */
struct keeper {
	pid_t pid;
	struct channel *channel;
	bool said_hello;
	unsigned int pongs;
	EVP_PKEY *key; /* a copy, to make the certificate with */
	X509 *certificate;
	uint32_t workers;
};

/* Takes the key. */
void keeper_open(struct keeper *keeper, EVP_PKEY *key);

/* At the supervisor's end sekisho-key ends too, in order. */
void keeper_done(struct keeper *keeper);

/* A new signing channel; the worker's end. */
int keeper_add_worker(struct keeper *keeper);

/* The worker's side of such a channel, and a key whose private half stays at sekisho-key. */
struct key_client *client_open(struct keeper *keeper, unsigned int limit_ms);
EVP_PKEY *key_of(struct key_client *client, const struct keeper *keeper);

/* Waits for one message. */
void receive_one(struct channel *channel);

/* The parts of keeper_open, for a start that goes wrong. pem is closed. */
X509 *self_signed(EVP_PKEY *key);
int pipe_with(const void *bytes, size_t len); /* the read end of a pipe that holds these bytes */
int pem_pipe(EVP_PKEY *key);
pid_t spawn_key(int pem, int *ret_channel);

/* algorithms: NULL for all of them. */
SSL_CTX *context_new(const SSL_METHOD *method, int version, const char *algorithms);

/* Both ends in memory. Returns whether the client accepted the server's signature and data passed. */
bool handshake(const struct keeper *keeper, EVP_PKEY *key, int version, const char *algorithms);

#endif
