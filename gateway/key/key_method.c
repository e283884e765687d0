/* The worker's side of sekisho-key; see key_method.h. OpenSSL's key methods (RSA_METHOD,
 * EC_KEY_METHOD) are deprecated in 3.0 in favour of providers and still there in 3.5; they are used
 * in this file alone.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "key/key_method.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "messages/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct key_client {
	struct channel *channel; /* NULL: lost, until key_client_replace */
	int place;               /* the number of its descriptor, which the sandbox knows */
	unsigned int limit_ms;
	uint32_t serial;
	bool waits; /* for the answer to `serial`, perhaps beyond its time limit */
	int last;   /* what came of the last signature, since OpenSSL forgets it */
	struct msg_key_signature answer;
	RSA_METHOD *rsa;
	EC_KEY_METHOD *ec;
};

static int
on_key_signature(struct channel *channel, union message_body *message)
{
	struct key_client *client = channel_owner(channel);

	if (!client->waits || message->key_signature.serial != client->serial)
		return -EPROTO;
	client->answer = message->key_signature;
	client->waits = false;
	return 0;
}

static const struct channel_handler handlers[] = {
	{MSG_KEY_SIGNATURE, on_key_signature},
	{0},
};

static int
client_open(struct key_client *client, int *fd)
{
	struct channel_setup setup = {
		.self = PROCESS_WORKER,
		.peer = PROCESS_KEY,
		.handlers = handlers,
		.owner = client,
	};

	return channel_new(&setup, fd, &client->channel);
}

/* Gives the channel up. Its number is filled with /dev/null: a client's socket must not get it,
 * since the sandbox lets descriptors be sent there and key_client_replace puts the next channel
 * there. */
static void
client_lose(struct key_client *client)
{
	channel_free(client->channel);
	client->channel = NULL;
	client->waits = false;
	(void)dup3(STDIN_FILENO, client->place, O_CLOEXEC);
}

/* Waits for the answer until the time limit. Returns 0 or a negative errno. */
static int
await_answer(struct key_client *client, unsigned int limit_ms)
{
	int64_t until_ms = clock_boottime_ms() + limit_ms;

	while (client->waits) {
		struct pollfd waiting = {.fd = client->place, .events = POLLIN};
		int64_t left_ms = until_ms - clock_boottime_ms();
		int r;

		if (left_ms < 0 || poll(&waiting, 1, (int)left_ms) == 0)
			return -ETIMEDOUT;
		r = channel_receive(client->channel, 1, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
ask(struct key_client *client, enum key_scheme scheme, const uint8_t *input, size_t len)
{
	struct msg_key_sign sign = {.serial = ++client->serial, .scheme = (uint8_t)scheme};
	int r;

	if (len > sizeof(sign.input) - 1)
		return -EMSGSIZE;
	sign.input_len = (uint32_t)len;
	memcpy(sign.input, input, len);
	r = channel_send(client->channel, MSG_KEY_SIGN, &sign, -1);
	client->waits = r == 0;
	return r == 0 ? await_answer(client, client->limit_ms) : r;
}

/* One round trip. The signature is in client->answer. Returns 0 or a negative errno. */
static int
client_sign(struct key_client *client, enum key_scheme scheme, const uint8_t *input, size_t len)
{
	bool was_late = client->waits;
	int r = 0;

	if (client->channel == NULL)
		return -ENOTCONN;
	/* While the answer to an earlier question is still to come, nobody waits again. */
	if (was_late)
		r = await_answer(client, 0);
	if (r == 0)
		r = ask(client, scheme, input, len);
	if (r < 0 && (r != -ETIMEDOUT || !was_late))
		log_event(EV_KEY_UNREACHABLE, "error='%s'", strerror(-r));
	if (r < 0 && r != -ETIMEDOUT)
		client_lose(client);
	if (r < 0)
		return r;
	return client->answer.failed != 0 ? -EACCES : 0;
}

/* OpenSSL wants a reason in its error queue, or it takes a failed signature for an internal error
 * of another kind. */
static int
fail(int library)
{
	ERR_raise(library, ERR_R_OPERATION_FAIL);
	return -1;
}

/* RSA_private_encrypt: a DigestInfo to be padded (RSA_PKCS1_PADDING), or a block that is padded for
 * PSS. */
static int
rsa_sign(int len, const unsigned char *input, unsigned char *signature, RSA *key, int padding)
{
	struct key_client *client = RSA_meth_get0_app_data(RSA_get_method(key));
	enum key_scheme scheme =
		padding == RSA_PKCS1_PADDING ? KEY_SCHEME_RSA_PKCS1 : KEY_SCHEME_RSA_PSS;

	if ((padding != RSA_PKCS1_PADDING && padding != RSA_NO_PADDING) || len < 0)
		return fail(ERR_LIB_RSA);
	client->last = client_sign(client, scheme, input, (size_t)len);
	if (client->last < 0 || client->answer.signature_len != (uint32_t)RSA_size(key))
		return fail(ERR_LIB_RSA);
	memcpy(signature, client->answer.signature, client->answer.signature_len);
	return (int)client->answer.signature_len;
}

/* Decryption is what RSA key exchange would need; sekisho-key does not offer it. */
static int
rsa_refuse(int len, const unsigned char *input, unsigned char *output, RSA *key, int padding)
{
	(void)len;
	(void)input;
	(void)output;
	(void)key;
	(void)padding;
	return fail(ERR_LIB_RSA);
}

/* The place in an EC_KEY where its client is kept: its method has no field for that. */
static int
ec_client_place(void)
{
	static int place = -1;

	if (place < 0)
		place = EC_KEY_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return place;
}

static int
ec_sign(int type, const unsigned char *digest, int len, unsigned char *signature,
	unsigned int *ret_len, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *key)
{
	struct key_client *client = EC_KEY_get_ex_data(key, ec_client_place());

	(void)type;
	(void)kinv;
	(void)r;
	client->last =
		len < 0 ? -EINVAL : client_sign(client, KEY_SCHEME_ECDSA, digest, (size_t)len);
	if (client->last < 0 || client->answer.signature_len > (uint32_t)ECDSA_size(key)) {
		(void)fail(ERR_LIB_EC);
		return 0;
	}
	memcpy(signature, client->answer.signature, client->answer.signature_len);
	*ret_len = client->answer.signature_len;
	return 1;
}

static int
make_methods(struct key_client *client)
{
	client->rsa = RSA_meth_dup(RSA_PKCS1_OpenSSL());
	client->ec = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	if (client->rsa == NULL || client->ec == NULL || ec_client_place() < 0)
		return -ENOMEM;
	if (RSA_meth_set0_app_data(client->rsa, client) != 1 ||
		RSA_meth_set_priv_enc(client->rsa, rsa_sign) != 1 ||
		RSA_meth_set_priv_dec(client->rsa, rsa_refuse) != 1)
		return -ENOMEM;
	EC_KEY_METHOD_set_sign(client->ec, ec_sign, NULL, NULL);
	return 0;
}

int
key_client_new(int *fd, unsigned int limit_ms, struct key_client **ret_client)
{
	struct key_client *client = calloc(1, sizeof(*client));
	int r;

	if (client == NULL) {
		(void)close(take_fd(fd));
		return -ENOMEM;
	}
	client->limit_ms = limit_ms;
	client->place = *fd;
	r = client_open(client, fd);
	if (r < 0)
		client->place = -1; /* closed */
	else
		r = make_methods(client);
	if (r < 0) {
		key_client_free(client);
		return r;
	}
	*ret_client = client;
	return 0;
}

void
key_client_free(struct key_client *client)
{
	if (client == NULL)
		return;
	if (client->channel == NULL && client->place >= 0)
		(void)close(client->place);
	channel_free(client->channel);
	RSA_meth_free(client->rsa);
	if (client->ec != NULL)
		EC_KEY_METHOD_free(client->ec);
	free(client);
}

int
key_client_replace(struct key_client *client, int *fd)
{
	auto_fd int taken = take_fd(fd);
	int place = client->place;
	int r;

	client_lose(client);
	if (dup3(taken, place, O_CLOEXEC) < 0)
		return -errno;
	r = client_open(client, &place);
	if (r < 0)
		client_lose(client);
	return r;
}

static int
rsa_key_new(struct key_client *client, EVP_PKEY *public_key, EVP_PKEY *key)
{
	const RSA *from = EVP_PKEY_get0_RSA(public_key);
	RSA *rsa = RSA_new();
	BIGNUM *n = from == NULL ? NULL : BN_dup(RSA_get0_n(from));
	BIGNUM *e = from == NULL ? NULL : BN_dup(RSA_get0_e(from));

	if (rsa == NULL || n == NULL || e == NULL || RSA_set0_key(rsa, n, e, NULL) != 1) {
		BN_free(n);
		BN_free(e);
		RSA_free(rsa);
		return -ENOMEM;
	}
	if (RSA_set_method(rsa, client->rsa) != 1 || EVP_PKEY_assign_RSA(key, rsa) != 1) {
		RSA_free(rsa);
		return -ENOMEM;
	}
	return 0;
}

static int
ec_key_new(struct key_client *client, EVP_PKEY *public_key, EVP_PKEY *key)
{
	const EC_KEY *from = EVP_PKEY_get0_EC_KEY(public_key);
	EC_KEY *ec = EC_KEY_new();

	if (ec == NULL || from == NULL || EC_KEY_set_group(ec, EC_KEY_get0_group(from)) != 1 ||
		EC_KEY_set_public_key(ec, EC_KEY_get0_public_key(from)) != 1 ||
		EC_KEY_set_method(ec, client->ec) != 1 ||
		EC_KEY_set_ex_data(ec, ec_client_place(), client) != 1 ||
		EVP_PKEY_assign_EC_KEY(key, ec) != 1) {
		EC_KEY_free(ec);
		return -ENOMEM;
	}
	return 0;
}

int
key_method_new(struct key_client *client, EVP_PKEY *public_key, EVP_PKEY **ret_key)
{
	EVP_PKEY *key = EVP_PKEY_new();
	int r = -ENOTSUP;

	if (key == NULL)
		return -ENOMEM;
	if (EVP_PKEY_is_a(public_key, "RSA"))
		r = rsa_key_new(client, public_key, key);
	else if (EVP_PKEY_is_a(public_key, "EC"))
		r = ec_key_new(client, public_key, key);
	if (r < 0) {
		EVP_PKEY_free(key);
		return r;
	}
	*ret_key = key;
	return 0;
}

int
key_method_check(
	struct key_client *client, EVP_PKEY *key, EVP_PKEY *public_key, unsigned int limit_ms)
{
	static const uint8_t text[] = "does this key belong to this certificate?";
	uint8_t signature[sizeof(client->answer.signature)];
	size_t len = sizeof(signature);
	unsigned int usual_ms = client->limit_ms;
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	int r = -ENOMEM;

	client->limit_ms = limit_ms;
	client->last = 0;
	if (sign != NULL && verify != NULL &&
		EVP_DigestSignInit(sign, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestVerifyInit(verify, NULL, EVP_sha256(), NULL, public_key) == 1) {
		r = EVP_DigestSign(sign, signature, &len, text, sizeof(text)) == 1 &&
				    EVP_DigestVerify(verify, signature, len, text, sizeof(text)) ==
					    1
			    ? 0
			    : -EKEYREJECTED;
		if (client->last < 0 && client->last != -EACCES)
			r = client->last;
	}
	client->limit_ms = usual_ms;
	ERR_clear_error();
	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	return r;
}
