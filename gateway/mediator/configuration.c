/* See configuration.h. */
#include "mediator/configuration.h"

#include "base/cleanup.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <string.h>

#include <winpr/ini.h>

#define VALID_SECONDS 86400L

static int
copy_text(BIO *pem, char *ret_text, size_t size)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(pem, &bytes);

	if (len <= 0 || (size_t)len >= size)
		return -EMSGSIZE;
	memcpy(ret_text, bytes, (size_t)len);
	ret_text[len] = '\0';
	return 0;
}

static int
write_key(EVP_PKEY *pkey, char *ret_text, size_t size)
{
	BIO *pem = BIO_new(BIO_s_mem());
	int r = -ENOMEM;

	if (pem != NULL && PEM_write_bio_PrivateKey(pem, pkey, NULL, NULL, 0, NULL, NULL) == 1)
		r = copy_text(pem, ret_text, size);
	BIO_free(pem);
	return r;
}

static int
write_certificate(const X509 *certificate, char *ret_text, size_t size)
{
	BIO *pem = BIO_new(BIO_s_mem());
	int r = -ENOMEM;

	if (pem != NULL && PEM_write_bio_X509(pem, certificate) == 1)
		r = copy_text(pem, ret_text, size);
	BIO_free(pem);
	return r;
}

static bool
fill_certificate(X509 *certificate, EVP_PKEY *pkey)
{
	X509_NAME *name = X509_get_subject_name(certificate);

	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
	       X509_NAME_add_entry_by_txt(
		       name, "CN", MBSTRING_ASC, (const unsigned char *)"nobody", -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, name) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_SECONDS) != NULL &&
	       X509_set_pubkey(certificate, pkey) == 1 &&
	       X509_sign(certificate, pkey, EVP_sha256()) > 0;
}

int
mediator_key_new(struct mediator_key *ret_key)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	int r = -ENOMEM;

	if (pkey != NULL && certificate != NULL && fill_certificate(certificate, pkey))
		r = write_key(pkey, ret_key->key, sizeof(ret_key->key));
	if (r == 0)
		r = write_certificate(
			certificate, ret_key->certificate, sizeof(ret_key->certificate));
	X509_free(certificate);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return r;
}

struct line {
	const char *section, *key, *value;
};

/* With all of [Channels] on, and a list of exceptions with nothing that exists, the library hands every channel through as it is,
 * dynamic ones and their graphics among them. */
static const struct line lines[] = {
	{"Server", "Host", "none"},
	{"Server", "Port", "3389"},
	{"Target", "FixedTarget", "TRUE"},
	{"Target", "TlsSecLevel", "1"},
	{"Channels", "GFX", "TRUE"},
	{"Channels", "DisplayControl", "TRUE"},
	{"Channels", "Clipboard", "TRUE"},
	{"Channels", "AudioInput", "TRUE"},
	{"Channels", "AudioOutput", "TRUE"},
	{"Channels", "DeviceRedirection", "TRUE"},
	{"Channels", "VideoRedirection", "TRUE"},
	{"Channels", "CameraRedirection", "TRUE"},
	{"Channels", "RemoteApp", "FALSE"},
	{"Channels", "PassthroughIsBlacklist", "TRUE"},
	{"Channels", "Passthrough", "none"},
	{"Input", "Keyboard", "TRUE"},
	{"Input", "Mouse", "TRUE"},
	{"Input", "Multitouch", "TRUE"},
	{"Security", "ServerTlsSecurity", "TRUE"},
	{"Security", "ServerNlaSecurity", "FALSE"},
	{"Security", "ServerRdpSecurity", "FALSE"},
	{"Security", "ClientRdpSecurity", "FALSE"},
	{"Security", "ClientAllowFallbackToTls", "FALSE"},
};

static bool
set(wIniFile *ini, const struct line *line)
{
	return IniFile_SetKeyValueString(ini, line->section, line->key, line->value) >= 0;
}

static bool
fill(wIniFile *ini, const struct mediator_key *key, const char *host_name, uint16_t port,
	enum attach_nla nla)
{
	const char *with_nla = nla == ATTACH_WITHOUT_NLA ? "FALSE" : "TRUE";
	const char *with_tls = nla == ATTACH_NLA_REQUIRED ? "FALSE" : "TRUE";
	const struct line more[] = {
		{"Certificates", "CertificateContent", key->certificate},
		{"Certificates", "PrivateKeyContent", key->key},
		{"Target", "Host", host_name},
		{"Security", "ClientNlaSecurity", with_nla},
		{"Security", "ClientTlsSecurity", with_tls},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!set(ini, &lines[i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		if (!set(ini, &more[i]))
			return false;
	return IniFile_SetKeyValueInt(ini, "Target", "Port", port) >= 0;
}

proxyConfig *
mediator_configuration(
	const struct mediator_key *key, const char *host_name, uint16_t port, enum attach_nla nla)
{
	wIniFile *ini = IniFile_New();
	proxyConfig *configuration = NULL;

	if (ini != NULL && fill(ini, key, host_name, port, nla))
		configuration = server_config_load_ini(ini);
	IniFile_Free(ini);
	return configuration;
}
