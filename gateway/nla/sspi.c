/* See sspi.h. The peer's tokens are parsed by WinPR: the reason why sekisho-nla is alone in its process. */
#include "nla/sspi.h"

#include "base/cleanup.h"
#include "nla/spnego.h"
#include "nla/tickets.h"
#include "rdp/ts_request.h"
#include "rdp/utf16.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winpr/custom-crypto.h>
#include <winpr/ssl.h>
#include <winpr/sspi.h>

#define NAME_MOST 512 /* characters of a user, a domain or a password */

/* WinPR's two packages. Its Negotiate has Kerberos as well, but not without its user-to-user form, see spnego.h. */
static const struct package {
	const char *name, *list;
	bool in_spnego;
	ULONG flags;
} ntlm_package = {"Negotiate", "!kerberos", false,
	ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_USE_SESSION_KEY},
  kerberos_package = {"Kerberos", "!ntlm", true,
	  ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY};

static char tickets_cache[] = TICKETS_CACHE;

/* UTF-16 with a terminator, wiped. */
struct wide {
	struct secret secret;
	uint32_t characters;
};

struct sspi {
	const SecurityFunctionTableW *table;
	const struct package *package;
	struct wide user, domain, password, service, packages;
	SEC_WINPR_NTLM_SETTINGS ntlm;
	SEC_WINPR_KERBEROS_SETTINGS kerberos;
	CredHandle credentials;
	CtxtHandle context;
	bool has_credentials, has_context;
	uint32_t most_token;
	SecPkgContext_Sizes sizes;
	uint32_t sealed, opened; /* sequence numbers */
};

static int
wide_init(struct wide *wide, const char *text)
{
	uint8_t room[2 * (NAME_MOST + 1)];
	struct bytes_writer writer;
	int r;

	bytes_writer_init(&writer, room, sizeof(room));
	r = utf16_write(&writer, text);
	wide->characters = (uint32_t)(writer.len / 2);
	bytes_write_u16le(&writer, 0);
	if (r == 0)
		r = writer.failed ? -EINVAL : secret_set(&wide->secret, room, writer.len);
	secret_wipe(room, sizeof(room));
	return r;
}

static UINT16 *
wide_text(const struct wide *wide)
{
	return (UINT16 *)(void *)wide->secret.bytes;
}

/* Of a principal, WinPR wants the realm as the domain. */
static int
take_names(struct sspi *sspi, const struct sspi_setup *setup)
{
	const char *at = setup->principal == NULL ? NULL : strrchr(setup->principal, '@');
	auto_free char *name = NULL;
	int r;

	if (setup->principal == NULL) {
		r = wide_init(&sspi->user, setup->user);
		return r < 0 ? r : wide_init(&sspi->domain, setup->domain);
	}
	if (at == NULL)
		return -EINVAL;
	name = strndup(setup->principal, (size_t)(at - setup->principal));
	if (name == NULL)
		return -ENOMEM;
	r = wide_init(&sspi->user, name);
	return r < 0 ? r : wide_init(&sspi->domain, at + 1);
}

static int
take_texts(struct sspi *sspi, const struct sspi_setup *setup)
{
	char service[300];
	int r;

	(void)snprintf(service, sizeof(service), "TERMSRV/%s", setup->host_name);
	r = take_names(sspi, setup);
	if (r == 0)
		r = wide_init(&sspi->password,
			setup->password->len > 0 ? (const char *)setup->password->bytes : "");
	if (r == 0)
		r = wide_init(&sspi->service, service);
	return r < 0 ? r : wide_init(&sspi->packages, sspi->package->list);
}

static int
acquire(struct sspi *sspi)
{
	SEC_WINNT_AUTH_IDENTITY_WINPR identity = {
		.identity = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
			.Length = sizeof(SEC_WINNT_AUTH_IDENTITY_EXW),
			.User = wide_text(&sspi->user),
			.UserLength = sspi->user.characters,
			.Domain = wide_text(&sspi->domain),
			.DomainLength = sspi->domain.characters,
			.Password = wide_text(&sspi->password),
			.PasswordLength = sspi->password.characters,
			.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_EXTENDED,
			.PackageList = wide_text(&sspi->packages),
			.PackageListLength = sspi->packages.characters},
		.ntlmSettings = &sspi->ntlm,
		.kerberosSettings = &sspi->kerberos,
	};
	auto_free WCHAR *package = NULL;
	SecPkgInfoW *info = NULL;
	struct wide name = {{0}};
	SECURITY_STATUS status;

	if (wide_init(&name, sspi->package->name) < 0)
		return -ENOMEM;
	package = (WCHAR *)(void *)take_pointer(&name.secret.bytes);
	status = sspi->table->QuerySecurityPackageInfoW(package, &info);
	if (status != SEC_E_OK)
		return -ENOTSUP;
	sspi->most_token = info->cbMaxToken;
	(void)sspi->table->FreeContextBuffer(info);
	status = sspi->table->AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_OUTBOUND, NULL,
		&identity, NULL, NULL, &sspi->credentials, NULL);
	if (status != SEC_E_OK)
		return status == SEC_E_INSUFFICIENT_MEMORY ? -ENOMEM : -ENOTSUP;
	sspi->has_credentials = true;
	return 0;
}

int
sspi_new(const struct sspi_setup *setup, struct sspi **ret_sspi)
{
	struct sspi *sspi = calloc(1, sizeof(*sspi));
	int r;

	if (sspi == NULL)
		return -ENOMEM;
	sspi->package = setup->principal != NULL ? &kerberos_package : &ntlm_package;
	/* The tickets are there: libkrb5 has nobody to ask, and no way to. */
	if (setup->principal != NULL)
		sspi->kerberos.cache = tickets_cache;
	sspi->table = InitSecurityInterfaceExW(0);
	r = sspi->table == NULL ? -ENOTSUP : take_texts(sspi, setup);
	if (r == 0)
		r = acquire(sspi);
	if (r < 0) {
		sspi_free(sspi);
		return r;
	}
	*ret_sspi = sspi;
	return 0;
}

void
sspi_free(struct sspi *sspi)
{
	if (sspi == NULL)
		return;
	if (sspi->has_context)
		(void)sspi->table->DeleteSecurityContext(&sspi->context);
	if (sspi->has_credentials)
		(void)sspi->table->FreeCredentialsHandle(&sspi->credentials);
	secret_done(&sspi->user.secret);
	secret_done(&sspi->domain.secret);
	secret_done(&sspi->password.secret);
	secret_done(&sspi->service.secret);
	secret_done(&sspi->packages.secret);
	free(sspi);
}

/* InitializeSecurityContext with buffers of its own: WinPR writes into what it is given. */
static SECURITY_STATUS
initialize(struct sspi *sspi, uint8_t *token, size_t len, SecBuffer *ours)
{
	SecBuffer theirs = {
		.cbBuffer = (ULONG)len, .BufferType = SECBUFFER_TOKEN, .pvBuffer = token};
	SecBufferDesc in = {SECBUFFER_VERSION, 1, &theirs};
	SecBufferDesc out = {SECBUFFER_VERSION, 1, ours};
	ULONG flags = 0;
	SECURITY_STATUS status = sspi->table->InitializeSecurityContextW(&sspi->credentials,
		sspi->has_context ? &sspi->context : NULL, wide_text(&sspi->service),
		sspi->package->flags, 0, SECURITY_NATIVE_DREP, len > 0 ? &in : NULL, 0,
		&sspi->context, &out, &flags, NULL);

	if (status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED)
		sspi->has_context = true;
	return status;
}

static enum sspi_result
result_of(struct sspi *sspi, SECURITY_STATUS status, uint32_t *ret_status)
{
	*ret_status = (uint32_t)status;
	switch (status) {
	case SEC_I_CONTINUE_NEEDED:
		return SSPI_CONTINUE;
	case SEC_E_OK:
		break;
	case SEC_E_INSUFFICIENT_MEMORY:
		return SSPI_NO_ROOM;
	default:
		return SSPI_REFUSED;
	}
	status = sspi->table->QueryContextAttributesW(
		&sspi->context, SECPKG_ATTR_SIZES, &sspi->sizes);
	*ret_status = (uint32_t)status;
	return status == SEC_E_OK ? SSPI_DONE : SSPI_REFUSED;
}

/* The package's token out of what the peer sent. */
static enum sspi_result
unwrap(const struct sspi *sspi, const struct pdu_bytes *bytes, struct pdu_bytes *ret_token,
	uint32_t *ret_status)
{
	struct spnego_answer answer;

	*ret_token = *bytes;
	if (!sspi->package->in_spnego || !sspi->has_context)
		return SSPI_CONTINUE;
	*ret_status = (uint32_t)SEC_E_INVALID_TOKEN;
	if (spnego_read(bytes, &answer) != PARSE_OK)
		return SSPI_REFUSED;
	if (answer.rejected)
		*ret_status = (uint32_t)SEC_E_WRONG_PRINCIPAL;
	if (answer.rejected || answer.token.len == 0)
		return SSPI_REFUSED;
	*ret_token = answer.token;
	return SSPI_CONTINUE;
}

enum sspi_result
sspi_step(struct sspi *sspi, const struct pdu_bytes *token, struct bytes_writer *out,
	uint32_t *ret_status)
{
	auto_free uint8_t *theirs = malloc(token->len + 1);
	auto_free uint8_t *ours = calloc(1, sspi->most_token);
	SecBuffer buffer = {
		.cbBuffer = sspi->most_token, .BufferType = SECBUFFER_TOKEN, .pvBuffer = ours};
	bool is_first = !sspi->has_context;
	struct pdu_bytes inner;
	enum sspi_result result;

	*ret_status = 0;
	if (theirs == NULL || ours == NULL)
		return SSPI_NO_ROOM;
	result = unwrap(sspi, token, &inner, ret_status);
	if (result != SSPI_CONTINUE)
		return result;
	if (inner.len > 0)
		memcpy(theirs, inner.at, inner.len);
	result = result_of(sspi, initialize(sspi, theirs, inner.len, &buffer), ret_status);
	if (result != SSPI_DONE && result != SSPI_CONTINUE)
		return result;
	if (sspi->package->in_spnego && is_first)
		spnego_begin(out, &(const struct pdu_bytes){ours, buffer.cbBuffer});
	else
		bytes_write(out, ours, buffer.cbBuffer);
	return out->failed ? SSPI_NO_ROOM : result;
}

int
sspi_seal(struct sspi *sspi, const void *plain, size_t len, struct bytes_writer *out)
{
	size_t trailer = sspi->sizes.cbSecurityTrailer;
	struct secret room = {0};
	SecBuffer buffers[2];
	SecBufferDesc both = {SECBUFFER_VERSION, 2, buffers};

	room.bytes = calloc(1, trailer + len + 1);
	if (room.bytes == NULL)
		return -ENOMEM;
	room.len = trailer + len;
	buffers[0] = (SecBuffer){
		.cbBuffer = (ULONG)trailer, .BufferType = SECBUFFER_TOKEN, .pvBuffer = room.bytes};
	buffers[1] = (SecBuffer){.cbBuffer = (ULONG)len,
		.BufferType = SECBUFFER_DATA,
		.pvBuffer = room.bytes + trailer};
	memcpy(room.bytes + trailer, plain, len);
	if (sspi->table->EncryptMessage(&sspi->context, 0, &both, sspi->sealed++) != SEC_E_OK ||
		buffers[0].cbBuffer > trailer || buffers[1].cbBuffer != len) {
		secret_done(&room);
		return -EBADMSG;
	}
	/* Kerberos does not need all the room it asks for, and the peer's messages are as ours. */
	sspi->sizes.cbSecurityTrailer = buffers[0].cbBuffer;
	bytes_write(out, room.bytes, buffers[0].cbBuffer);
	bytes_write(out, room.bytes + trailer, len);
	secret_done(&room);
	return 0;
}

int
sspi_open(struct sspi *sspi, const struct pdu_bytes *sealed, uint8_t *ret_plain, size_t *ret_len)
{
	size_t trailer = sspi->sizes.cbSecurityTrailer;
	auto_free uint8_t *room = NULL;
	SecBuffer buffers[2];
	SecBufferDesc both = {SECBUFFER_VERSION, 2, buffers};
	ULONG quality = 0;

	if (sealed->len < trailer)
		return -EBADMSG;
	room = malloc(sealed->len + 1);
	if (room == NULL)
		return -ENOMEM;
	memcpy(room, sealed->at, sealed->len);
	buffers[0] = (SecBuffer){
		.cbBuffer = (ULONG)trailer, .BufferType = SECBUFFER_TOKEN, .pvBuffer = room};
	buffers[1] = (SecBuffer){.cbBuffer = (ULONG)(sealed->len - trailer),
		.BufferType = SECBUFFER_DATA,
		.pvBuffer = room + trailer};
	if (sspi->table->DecryptMessage(&sspi->context, &both, sspi->opened++, &quality) !=
			SEC_E_OK ||
		buffers[1].cbBuffer > sealed->len)
		return -EBADMSG;
	memcpy(ret_plain, buffers[1].pvBuffer, buffers[1].cbBuffer);
	*ret_len = buffers[1].cbBuffer;
	return 0;
}

int
sspi_self_test(void)
{
	static const uint8_t key[WINPR_MD5_DIGEST_LENGTH] = {1};
	uint8_t digest[WINPR_MD4_DIGEST_LENGTH];
	WINPR_RC4_CTX *rc4;

	(void)winpr_InitializeSSL(WINPR_SSL_INIT_DEFAULT);
	if (!winpr_Digest(WINPR_MD_MD4, "", 0, digest, sizeof(digest)))
		return -ENOTSUP;
	rc4 = winpr_RC4_New(key, sizeof(key));
	winpr_RC4_Free(rc4);
	return rc4 != NULL ? 0 : -ENOTSUP;
}
