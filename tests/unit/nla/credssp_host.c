/* See credssp_host.h. */
#include "credssp_host.h"

#include "rdp/ts_request.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winpr/ntlm.h>
#include <winpr/sspi.h>

#define TOKEN_MOST 12000

/* WinPR's server forgets a few bytes for each client that it refuses; its client, which is what is tried here, none. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:credssp_host.c\n";
}

struct credssp_host {
	SecurityFunctionTableW *table;
	CredHandle credentials;
	CtxtHandle context;
	bool has_context;
	bool is_established; /* both know who the other is */
	bool is_complete;    /* … and the client has proved its TLS */
	SEC_WINPR_NTLM_SETTINGS ntlm;
	SEC_WINPR_KERBEROS_SETTINGS kerberos;
	SecPkgContext_Sizes sizes;
	uint8_t key[1024];
	size_t key_len;
	enum host_fault fault;
	uint32_t status;
	uint8_t challenge[TOKEN_MOST];
	size_t challenge_len;
	uint8_t received[4096];
	size_t received_len;
	char sam[64];
};

static UINT16 negotiate[] = {'N', 'e', 'g', 'o', 't', 'i', 'a', 't', 'e', 0};
static UINT16 no_kerberos[] = {'!', 'k', 'e', 'r', 'b', 'e', 'r', 'o', 's', 0};
static UINT16 no_ntlm[] = {'!', 'n', 't', 'l', 'm', 0};

static void
write_sam(struct credssp_host *host, const char *user, const char *password)
{
	BYTE hash[16];
	char hex[33];
	FILE *file;

	if (!NTOWFv1A((LPSTR)password, (UINT32)strlen(password), hash))
		abort();
	(void)snprintf(host->sam, sizeof(host->sam), "/tmp/sekisho-credssp-%d.sam", (int)getpid());
	file = fopen(host->sam, "we");
	if (file == NULL)
		abort();
	bytes_to_hex(hash, sizeof(hash), hex);
	(void)fprintf(file, "%s:::%s:::\n", user, hex);
	(void)fclose(file);
	host->ntlm.samFile = host->sam;
}

static struct credssp_host *
host_new(const uint8_t *public_key, size_t public_key_len, uint32_t status)
{
	struct credssp_host *host = calloc(1, sizeof(*host));

	if (host == NULL)
		abort();
	host->table = InitSecurityInterfaceExW(0);
	host->status = status;
	memcpy(host->key, public_key, public_key_len);
	host->key_len = public_key_len;
	return host;
}

static void
acquire(struct credssp_host *host, UINT16 *packages, UINT32 packages_len)
{
	SEC_WINNT_AUTH_IDENTITY_WINPR identity = {
		.identity = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
			.Length = sizeof(SEC_WINNT_AUTH_IDENTITY_EXW),
			.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_EXTENDED,
			.PackageList = packages,
			.PackageListLength = packages_len}};

	identity.ntlmSettings = &host->ntlm;
	identity.kerberosSettings = &host->kerberos;
	if (host->table->AcquireCredentialsHandleW(NULL, negotiate, SECPKG_CRED_INBOUND, NULL,
		    &identity, NULL, NULL, &host->credentials, NULL) != SEC_E_OK)
		abort();
}

struct credssp_host *
credssp_host_new(const char *user, const char *password, const uint8_t *public_key,
	size_t public_key_len, enum host_fault fault, uint32_t status)
{
	struct credssp_host *host = host_new(public_key, public_key_len, status);

	host->fault = fault;
	if (fault == HOST_HAS_ANOTHER_KEY)
		host->key[0] ^= 1;
	write_sam(host, user, password);
	acquire(host, no_kerberos, 9);
	return host;
}

struct credssp_host *
credssp_host_new_kerberos(
	const char *keytab, const uint8_t *public_key, size_t public_key_len, uint32_t status)
{
	struct credssp_host *host = host_new(public_key, public_key_len, status);

	host->kerberos.keytab = (char *)keytab;
	acquire(host, no_ntlm, 5);
	return host;
}

void
credssp_host_free(struct credssp_host *host)
{
	if (host->has_context)
		(void)host->table->DeleteSecurityContext(&host->context);
	(void)host->table->FreeCredentialsHandle(&host->credentials);
	if (host->sam[0] != '\0')
		(void)unlink(host->sam);
	free(host);
}

static void
answer(struct bytes_writer *out, const struct credssp_host *host, struct pdu_bytes token,
	struct pdu_bytes key)
{
	const struct ts_request request = {
		.version = host->fault == HOST_IS_OLD ? 4 : 6, .token = token, .pub_key_auth = key};

	ts_request_write(out, &request);
}

static int
refuse(const struct credssp_host *host, struct bytes_writer *out)
{
	const struct ts_request request = {.version = 6, .has_error = true, .error = host->status};

	if (host->status != 0)
		ts_request_write(out, &request);
	return -1;
}

static SECURITY_STATUS
accept(struct credssp_host *host, const struct pdu_bytes *token, uint8_t *ours, size_t *ret_len)
{
	uint8_t theirs[TOKEN_MOST];
	SecBuffer in = {(ULONG)token->len, SECBUFFER_TOKEN, theirs};
	SecBuffer out = {TOKEN_MOST, SECBUFFER_TOKEN, ours};
	SecBufferDesc ins = {SECBUFFER_VERSION, 1, &in}, outs = {SECBUFFER_VERSION, 1, &out};
	ULONG flags = 0;
	SECURITY_STATUS status;

	if (token->len > sizeof(theirs))
		return SEC_E_INVALID_TOKEN;
	memcpy(theirs, token->at, token->len);
	status = host->table->AcceptSecurityContext(&host->credentials,
		host->has_context ? &host->context : NULL, &ins,
		ASC_REQ_MUTUAL_AUTH | ASC_REQ_CONFIDENTIALITY, SECURITY_NATIVE_DREP, &host->context,
		&outs, &flags, NULL);
	host->has_context |= status == SEC_I_CONTINUE_NEEDED || status == SEC_E_OK;
	*ret_len = out.cbBuffer;
	return status;
}

static bool
hash(const struct credssp_host *host, const char *magic, const struct pdu_bytes *nonce,
	uint8_t *ret_hash)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		    EVP_DigestUpdate(context, magic, strlen(magic) + 1) == 1 &&
		    EVP_DigestUpdate(context, nonce->at, nonce->len) == 1 &&
		    EVP_DigestUpdate(context, host->key, host->key_len) == 1 &&
		    EVP_DigestFinal_ex(context, ret_hash, NULL) == 1;

	EVP_MD_CTX_free(context);
	return good;
}

static bool
unseal(struct credssp_host *host, const struct pdu_bytes *sealed, ULONG number, uint8_t *ret_plain,
	size_t *ret_len)
{
	uint8_t room[TOKEN_MOST];
	size_t trailer = host->sizes.cbSecurityTrailer;
	SecBuffer buffers[2] = {{(ULONG)trailer, SECBUFFER_TOKEN, room},
		{(ULONG)(sealed->len - trailer), SECBUFFER_DATA, room + trailer}};
	SecBufferDesc both = {SECBUFFER_VERSION, 2, buffers};
	ULONG quality = 0;

	if (sealed->len < trailer || sealed->len > sizeof(room))
		return false;
	memcpy(room, sealed->at, sealed->len);
	if (host->table->DecryptMessage(&host->context, &both, number, &quality) != SEC_E_OK)
		return false;
	memcpy(ret_plain, buffers[1].pvBuffer, buffers[1].cbBuffer);
	*ret_len = buffers[1].cbBuffer;
	return true;
}

static int
prove_key(struct credssp_host *host, const struct ts_request *request, struct bytes_writer *out)
{
	uint8_t mine[32], theirs[TOKEN_MOST], room[128] = {0};
	size_t trailer = host->sizes.cbSecurityTrailer, len = 0;
	SecBuffer buffers[2] = {
		{(ULONG)trailer, SECBUFFER_TOKEN, room}, {32, SECBUFFER_DATA, room + trailer}};
	SecBufferDesc both = {SECBUFFER_VERSION, 2, buffers};

	if (!unseal(host, &request->pub_key_auth, 0, theirs, &len) || len != 32 ||
		!hash(host, "CredSSP Client-To-Server Binding Hash", &request->nonce, mine))
		return refuse(host, out);
	/* Who is in the middle would go on in any case. */
	if (memcmp(mine, theirs, 32) != 0 && host->fault != HOST_HAS_ANOTHER_KEY)
		return refuse(host, out);
	if (host->fault == HOST_SENDS_OURS_BACK) {
		answer(out, host, (struct pdu_bytes){0}, request->pub_key_auth);
		return 1;
	}
	if (!hash(host, "CredSSP Server-To-Client Binding Hash", &request->nonce, mine))
		abort();
	memcpy(room + trailer, mine, 32);
	if (host->table->EncryptMessage(&host->context, 0, &both, 0) != SEC_E_OK)
		abort();
	answer(out, host, (struct pdu_bytes){0}, (struct pdu_bytes){room, trailer + 32});
	return 1;
}

static int
on_key(struct credssp_host *host, const struct ts_request *request, struct bytes_writer *out)
{
	host->is_complete = true;
	if (host->fault == HOST_SAYS_AGAIN) {
		answer(out, host, (struct pdu_bytes){host->challenge, host->challenge_len},
			(struct pdu_bytes){0});
		return 1;
	}
	/* WinPR's Kerberos says how much room it could need, not how much it does. */
	if (host->kerberos.keytab != NULL && request->pub_key_auth.len > 32)
		host->sizes.cbSecurityTrailer = (ULONG)request->pub_key_auth.len - 32;
	return prove_key(host, request, out);
}

static int
on_token(struct credssp_host *host, const struct ts_request *request, struct bytes_writer *out)
{
	struct pdu_bytes both = {0};
	uint8_t ours[TOKEN_MOST];
	size_t len = 0;
	SECURITY_STATUS status = accept(host, &request->token, ours, &len);

	if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED &&
		status != SEC_I_COMPLETE_NEEDED)
		return refuse(host, out);
	if (status == SEC_I_COMPLETE_NEEDED)
		(void)host->table->CompleteAuthToken(&host->context, NULL);
	if (status == SEC_I_CONTINUE_NEEDED && len > 0) {
		memcpy(host->challenge, ours, len);
		host->challenge_len = len;
		if (host->fault == HOST_SENDS_BOTH)
			both = (struct pdu_bytes){ours, len};
		answer(out, host, (struct pdu_bytes){ours, len}, both);
		return 1;
	}
	(void)host->table->QueryContextAttributesW(&host->context, SECPKG_ATTR_SIZES, &host->sizes);
	host->is_established = true;
	/* Kerberos: the client is not done before it has this. */
	if (len > 0) {
		answer(out, host, (struct pdu_bytes){ours, len}, (struct pdu_bytes){0});
		return 1;
	}
	return on_key(host, request, out);
}

int
credssp_host_on(
	struct credssp_host *host, const uint8_t *bytes, size_t len, struct bytes_writer *out)
{
	struct ts_request request;

	if (ts_request_parse(bytes, len, &request, NULL) != PARSE_OK)
		abort();
	if (!host->is_established)
		return on_token(host, &request, out);
	if (!host->is_complete)
		return on_key(host, &request, out);
	if (!unseal(host, &request.auth_info, 1, host->received, &host->received_len))
		return refuse(host, out);
	return 0;
}

const uint8_t *
credssp_host_credentials(const struct credssp_host *host, size_t *ret_len)
{
	*ret_len = host->received_len;
	return host->received;
}
