/* See credssp.h. The bytes come from a jump host that may be taken over, or from whoever stands before it. */
#include "nla/credssp.h"

#include "base/cleanup.h"
#include "rdp/utf16.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SHA256_LEN 32
#define SEALED_HASH_MOST 256 /* a hash and a package's trailer */
#define CREDENTIALS_MOST 8192

#define AUTHORISED 0 /* MS-RDPBCGR 2.2.10.2: AUTHZ_SUCCESS; anything else is no */

/* MS-CSSP 3.1.5, with their NULs. */
static const char client_magic[] = "CredSSP Client-To-Server Binding Hash";
static const char server_magic[] = "CredSSP Server-To-Client Binding Hash";

enum credssp_step {
	STEP_NEGOTIATE,  /* tokens go to and fro */
	STEP_KEY,        /* the host proves that it has our TLS */
	STEP_AUTHORISED, /* it says whether the user may log on */
	STEP_OVER,
};

struct credssp {
	struct sspi *sspi;
	struct secret domain, user, password; /* UTF-16, for the last message */
	uint8_t *public_key;
	size_t public_key_len;
	uint8_t nonce[TS_REQUEST_NONCE_LEN];
	bool authorisation;
	bool was_answered;
	enum credssp_step step;
	enum nla_outcome outcome;
	uint32_t status;
	const char *why;
};

static bool
system_random(void *bytes, size_t len)
{
	return getrandom(bytes, len, 0) == (ssize_t)len;
}

static int
wide_copy(struct secret *wide, const char *text)
{
	uint8_t room[2048];
	struct bytes_writer writer;
	int r;

	bytes_writer_init(&writer, room, sizeof(room));
	r = utf16_write(&writer, text);
	if (r == 0)
		r = writer.failed ? -EINVAL : secret_set(wide, room, writer.len);
	secret_wipe(room, sizeof(room));
	return r;
}

static int
take_setup(struct credssp *credssp, const struct credssp_setup *setup)
{
	const struct sspi_setup *identity = &setup->identity;
	bool (*random)(void *, size_t) = setup->random != NULL ? setup->random : system_random;
	int r;

	credssp->authorisation = setup->authorisation;
	credssp->public_key = malloc(setup->public_key.len + 1);
	if (credssp->public_key == NULL)
		return -ENOMEM;
	memcpy(credssp->public_key, setup->public_key.at, setup->public_key.len);
	credssp->public_key_len = setup->public_key.len;
	if (!random(credssp->nonce, sizeof(credssp->nonce)))
		return -EIO;
	r = wide_copy(&credssp->domain, identity->domain);
	if (r == 0)
		r = wide_copy(&credssp->user, identity->user);
	if (r == 0)
		r = wide_copy(&credssp->password,
			identity->password->len > 0 ? (const char *)identity->password->bytes : "");
	return r < 0 ? r : sspi_new(identity, &credssp->sspi);
}

int
credssp_new(const struct credssp_setup *setup, struct credssp **ret_credssp)
{
	struct credssp *credssp = calloc(1, sizeof(*credssp));
	int r;

	if (credssp == NULL)
		return -ENOMEM;
	r = take_setup(credssp, setup);
	if (r < 0) {
		credssp_free(credssp);
		return r;
	}
	*ret_credssp = credssp;
	return 0;
}

void
credssp_free(struct credssp *credssp)
{
	if (credssp == NULL)
		return;
	sspi_free(credssp->sspi);
	secret_done(&credssp->domain);
	secret_done(&credssp->user);
	secret_done(&credssp->password);
	free(credssp->public_key);
	secret_wipe(credssp->nonce, sizeof(credssp->nonce));
	free(credssp);
}

static enum credssp_wants
over(struct credssp *credssp, enum nla_outcome outcome, uint32_t status, const char *why)
{
	credssp->step = STEP_OVER;
	credssp->outcome = outcome;
	credssp->status = status;
	credssp->why = why;
	return CREDSSP_NOTHING;
}

static bool
binding_hash(const struct credssp *credssp, const char *magic, size_t magic_len, uint8_t *ret_hash)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		    EVP_DigestUpdate(context, magic, magic_len) == 1 &&
		    EVP_DigestUpdate(context, credssp->nonce, sizeof(credssp->nonce)) == 1 &&
		    EVP_DigestUpdate(context, credssp->public_key, credssp->public_key_len) == 1 &&
		    EVP_DigestFinal_ex(context, ret_hash, NULL) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

static enum credssp_wants
send_request(struct credssp *credssp, const struct ts_request *request, struct bytes_writer *out,
	enum credssp_wants then)
{
	if (ts_request_size(request) > TS_REQUEST_MAX)
		return over(credssp, NLA_OUT_OF_ROOM, 0, "a token of ours is too long");
	ts_request_write(out, request);
	return out->failed ? over(credssp, NLA_OUT_OF_ROOM, 0, "no room for a TSRequest") : then;
}

/* The context stands: the last token, if there is one, goes together with the proof of the key. */
static enum credssp_wants
send_key(struct credssp *credssp, const struct pdu_bytes *token, struct bytes_writer *out)
{
	struct ts_request request = {.version = TS_REQUEST_VERSION, .token = *token};
	uint8_t hash[SHA256_LEN], sealed[SEALED_HASH_MOST];
	struct bytes_writer writer;
	int r;

	if (!binding_hash(credssp, client_magic, sizeof(client_magic), hash))
		return over(credssp, NLA_OUT_OF_ROOM, 0, "no SHA-256");
	bytes_writer_init(&writer, sealed, sizeof(sealed));
	r = sspi_seal(credssp->sspi, hash, sizeof(hash), &writer);
	if (r < 0 || writer.failed)
		return over(credssp, r == -ENOMEM ? NLA_OUT_OF_ROOM : NLA_MALFORMED, 0,
			"the security context does not seal");
	request.pub_key_auth = (struct pdu_bytes){sealed, writer.len};
	request.nonce = (struct pdu_bytes){credssp->nonce, sizeof(credssp->nonce)};
	credssp->step = STEP_KEY;
	return send_request(credssp, &request, out, CREDSSP_REQUEST);
}

static enum credssp_wants
negotiate(struct credssp *credssp, const struct pdu_bytes *token, struct bytes_writer *out)
{
	auto_free uint8_t *room = malloc(TS_REQUEST_MAX);
	struct ts_request request = {.version = TS_REQUEST_VERSION};
	struct bytes_writer writer;
	enum sspi_result result;
	uint32_t status;

	if (room == NULL)
		return over(credssp, NLA_OUT_OF_ROOM, 0, NULL);
	bytes_writer_init(&writer, room, TS_REQUEST_MAX);
	result = sspi_step(credssp->sspi, token, &writer, &status);
	if (writer.len > 0)
		request.token = (struct pdu_bytes){room, writer.len};
	switch (result) {
	case SSPI_DONE:
		/* NTLM's own word without having heard anything of the host cannot be. */
		if (!credssp->was_answered)
			return over(credssp, NLA_MALFORMED, 0, "a context without the jump host");
		return send_key(credssp, &request.token, out);
	case SSPI_CONTINUE:
		if (writer.len == 0)
			return over(
				credssp, NLA_MALFORMED, 0, "the security package has no answer");
		return send_request(credssp, &request, out, CREDSSP_REQUEST);
	case SSPI_REFUSED:
		return over(credssp, NLA_REFUSED, status, "the security package refused its token");
	default:
		return over(credssp, NLA_OUT_OF_ROOM, 0, NULL);
	}
}

static enum credssp_wants
on_tokens(struct credssp *credssp, const struct ts_request *request, struct bytes_writer *out)
{
	if (request->token.len == 0 || request->pub_key_auth.at != NULL)
		return over(credssp, NLA_MALFORMED, 0, "a TSRequest with a token was expected");
	credssp->was_answered = true;
	return negotiate(credssp, &request->token, out);
}

/* Its hash is another one than ours, so that ours cannot be sent back. */
static int
check_key(struct credssp *credssp, const struct pdu_bytes *sealed)
{
	uint8_t expected[SHA256_LEN], plain[SEALED_HASH_MOST];
	size_t len;
	int r;

	if (sealed->len > sizeof(plain))
		return -EBADMSG;
	r = sspi_open(credssp->sspi, sealed, plain, &len);
	if (r < 0)
		return r;
	if (!binding_hash(credssp, server_magic, sizeof(server_magic), expected))
		return -ENOMEM;
	return len == sizeof(expected) && bytes_equal_constant_time(plain, expected, len)
		       ? 0
		       : -EBADMSG;
}

static enum credssp_wants
send_credentials(struct credssp *credssp, struct bytes_writer *out)
{
	const struct ts_password password = {
		.domain = {credssp->domain.bytes, credssp->domain.len},
		.user = {credssp->user.bytes, credssp->user.len},
		.password = {credssp->password.bytes, credssp->password.len},
	};
	struct ts_request request = {.version = TS_REQUEST_VERSION};
	uint8_t plain[CREDENTIALS_MOST], sealed[CREDENTIALS_MOST + SEALED_HASH_MOST];
	struct bytes_writer writer, cipher;
	int r;

	bytes_writer_init(&writer, plain, sizeof(plain));
	bytes_writer_init(&cipher, sealed, sizeof(sealed));
	ts_credentials_write(&writer, &password);
	r = writer.failed ? -ENOMEM : sspi_seal(credssp->sspi, plain, writer.len, &cipher);
	secret_wipe(plain, sizeof(plain));
	secret_done(&credssp->password);
	if (r < 0 || cipher.failed)
		return over(credssp, NLA_OUT_OF_ROOM, 0, "the credentials could not be sealed");
	request.auth_info = (struct pdu_bytes){sealed, cipher.len};
	if (!credssp->authorisation) {
		(void)over(credssp, NLA_ACCEPTED, 0, NULL);
		return send_request(credssp, &request, out, CREDSSP_NOTHING);
	}
	credssp->step = STEP_AUTHORISED;
	return send_request(credssp, &request, out, CREDSSP_AUTHORISATION);
}

static enum credssp_wants
on_key(struct credssp *credssp, const struct ts_request *request, struct bytes_writer *out)
{
	int r;

	if (request->pub_key_auth.at == NULL)
		return over(credssp, NLA_MALFORMED, 0, "a TSRequest with pubKeyAuth was expected");
	r = check_key(credssp, &request->pub_key_auth);
	if (r == -ENOMEM)
		return over(credssp, NLA_OUT_OF_ROOM, 0, NULL);
	if (r < 0)
		return over(credssp, NLA_KEY_NOT_PROVED, 0, "pubKeyAuth is not that of this TLS");
	return send_credentials(credssp, out);
}

static enum credssp_wants
on_request(struct credssp *credssp, const uint8_t *bytes, size_t len, struct bytes_writer *out)
{
	struct ts_request request;
	const char *why = NULL;

	if (ts_request_parse(bytes, len, &request, &why) != PARSE_OK)
		return over(credssp, NLA_MALFORMED, 0, why);
	/* From version 3 on a host says why not; whatever else it says then does not count. */
	if (request.has_error && request.error != 0)
		return over(credssp, NLA_REFUSED, request.error, NULL);
	if (request.version < TS_REQUEST_VERSION_NONCE)
		return over(credssp, NLA_TOO_OLD, 0, NULL);
	switch (credssp->step) {
	case STEP_NEGOTIATE:
		return on_tokens(credssp, &request, out);
	case STEP_KEY:
		return on_key(credssp, &request, out);
	default:
		return over(credssp, NLA_MALFORMED, 0, "a TSRequest that says nothing");
	}
}

enum credssp_wants
credssp_begin(struct credssp *credssp, struct bytes_writer *out)
{
	const struct pdu_bytes nothing = {0};

	return negotiate(credssp, &nothing, out);
}

enum credssp_wants
credssp_on_bytes(
	struct credssp *credssp, const uint8_t *bytes, size_t len, struct bytes_writer *out)
{
	if (credssp->step == STEP_OVER)
		return CREDSSP_NOTHING;
	if (credssp->step != STEP_AUTHORISED || len != TS_AUTHORISATION_LEN)
		return on_request(credssp, bytes, len, out);
	if (bytes_get_u32le(bytes) == AUTHORISED)
		return over(credssp, NLA_ACCEPTED, 0, NULL);
	return over(credssp, NLA_NOT_AUTHORISED, bytes_get_u32le(bytes), NULL);
}

enum nla_outcome
credssp_outcome(const struct credssp *credssp, uint32_t *ret_status, const char **ret_why)
{
	*ret_status = credssp->status;
	*ret_why = credssp->why;
	return credssp->outcome;
}
