/* The jump host's certificate. In the relay worker; the bytes come from the jump host and are parsed by
 * OpenSSL.
 */
#include "relay/host_certificate.h"

#include "base/sentence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int
host_trust_init(struct host_trust *trust, const struct host_trust_said *said)
{
	*trust = (struct host_trust){.kind = (enum host_trust_kind)said->kind};
	(void)snprintf(trust->name, sizeof(trust->name), "%s", said->name);
	switch (said->kind) {
	case HOST_TRUST_PIN:
		if (said->pin_len != HOST_PIN_LEN)
			return -EINVAL;
		memcpy(trust->pin, said->pin, HOST_PIN_LEN);
		return 0;
	case HOST_TRUST_CA:
		if (said->ca_bundle_len == 0 || trust->name[0] == '\0')
			return -EINVAL;
		trust->ca_bundle = malloc(said->ca_bundle_len);
		if (trust->ca_bundle == NULL)
			return -ENOMEM;
		memcpy(trust->ca_bundle, said->ca_bundle, said->ca_bundle_len);
		trust->ca_bundle_len = said->ca_bundle_len;
		return 0;
	case HOST_TRUST_NOBODY:
	case HOST_TRUST_MEDIATED:
		return 0;
	default:
		return -EINVAL;
	}
}

void
host_trust_done(struct host_trust *trust)
{
	free(trust->ca_bundle);
	trust->ca_bundle = NULL;
	X509_free(trust->refused);
	trust->refused = NULL;
}

static int
store_add_bundle(X509_STORE *store, const struct host_trust *trust)
{
	BIO *bio = BIO_new_mem_buf(trust->ca_bundle, (int)trust->ca_bundle_len);
	X509 *certificate;
	int count = 0;

	if (bio == NULL)
		return -ENOMEM;
	while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		count += X509_STORE_add_cert(store, certificate) == 1;
		X509_free(certificate);
	}
	ERR_clear_error(); /* the end of the bundle counts as one */
	BIO_free(bio);
	return count > 0 ? 0 : -EINVAL;
}

static bool
is_numeric_address(const char *name)
{
	struct in6_addr address;

	return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

static int
expect_name(SSL *ssl, const char *name)
{
	if (is_numeric_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 ? 0 : -EINVAL;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1 ? 0
											 : -EINVAL;
}

static int
store_new(const struct host_trust *trust, X509_STORE **ret_store)
{
	X509_STORE *store = X509_STORE_new();
	int r;

	if (store == NULL)
		return -ENOMEM;
	/* A hospital may trust an issuing CA, or one host's own certificate, without the root. */
	(void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	r = store_add_bundle(store, trust);
	if (r < 0)
		X509_STORE_free(store);
	else
		*ret_store = store;
	return r;
}

/* OpenSSL keeps no certificate of a handshake that it ends. What is wrong with an issuer is wrong with the host's, too. */
static int
on_verified(int good, X509_STORE_CTX *context)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct host_trust *trust = ssl != NULL ? SSL_get_app_data(ssl) : NULL;
	X509 *certificate = X509_STORE_CTX_get0_cert(context);

	if (!good && trust != NULL && trust->refused == NULL && certificate != NULL &&
		X509_up_ref(certificate) == 1)
		trust->refused = certificate;
	return good;
}

int
host_trust_prepare(struct host_trust *trust, SSL *ssl)
{
	X509_STORE *store;
	int r;

	if (trust->kind != HOST_TRUST_CA) {
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
		return 0;
	}
	r = store_new(trust, &store);
	if (r < 0)
		return r;
	r = expect_name(ssl, trust->name);
	if (r == 0 && SSL_set1_verify_cert_store(ssl, store) != 1)
		r = -ENOMEM;
	X509_STORE_free(store);
	SSL_set_app_data(ssl, trust);
	SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verified);
	return r;
}

static bool
digest_of(const X509 *certificate, uint8_t *ret_digest)
{
	unsigned int len = 0;

	return certificate != NULL &&
	       X509_digest(certificate, EVP_sha256(), ret_digest, &len) == 1 && len == HOST_PIN_LEN;
}

bool
host_trust_check(const struct host_trust *trust, SSL *ssl)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	SSL_set_app_data(ssl, NULL);
	if (!digest_of(SSL_get0_peer_certificate(ssl), digest))
		return false;
	switch (trust->kind) {
	case HOST_TRUST_PIN:
		return memcmp(digest, trust->pin, HOST_PIN_LEN) == 0;
	case HOST_TRUST_CA:
		return SSL_get_verify_mode(ssl) == SSL_VERIFY_PEER &&
		       SSL_get_verify_result(ssl) == X509_V_OK;
	default:
		return false;
	}
}

bool
host_trust_failed(const struct host_trust *trust, SSL *ssl)
{
	SSL_set_app_data(ssl, NULL);
	return trust->kind == HOST_TRUST_CA && SSL_get_verify_result(ssl) != X509_V_OK;
}

/* Appends len bytes of UTF-8 to a text of at most `most` bytes, whole characters only. */
static void
append_text(char *room, size_t most, const unsigned char *text, size_t len)
{
	size_t at = strlen(room);

	while (len > most - at || (len > 0 && (text[len - 1] & 0xc0) == 0xc0))
		len--;
	while (len > 0 && at + len == most && (text[len - 1] & 0x80) != 0)
		len--;
	for (size_t i = 0; i < len; i++)
		room[at + i] = text[i] < 0x20 || text[i] == 0x7f ? '?' : (char)text[i];
	room[at + len] = '\0';
}

static void
append_asn1(char *room, size_t most, const ASN1_STRING *string)
{
	unsigned char *text = NULL;
	int len = ASN1_STRING_to_UTF8(&text, string);

	if (len > 0)
		append_text(room, most, text, (size_t)len);
	if (text != NULL)
		OPENSSL_free(text);
}

static void
report_name(const X509_NAME *name, char *room, size_t most)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		char label[32];
		int len = snprintf(label, sizeof(label), "%s%s=", i > 0 ? ", " : "",
			OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))));

		append_text(room, most, (const unsigned char *)label, (size_t)len);
		append_asn1(room, most, X509_NAME_ENTRY_get_data(entry));
	}
}

static void
report_address(const ASN1_OCTET_STRING *address, char *room, size_t most)
{
	int len = ASN1_STRING_length(address);
	char text[INET6_ADDRSTRLEN];

	if (len != 4 && len != 16)
		return;
	if (inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text,
		    sizeof(text)) != NULL)
		append_text(room, most, (const unsigned char *)text, strlen(text));
}

static void
report_names(const X509 *certificate, char *room, size_t most)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS && name->type != GEN_IPADD)
			continue;
		if (room[0] != '\0')
			append_text(room, most, (const unsigned char *)" ", 1);
		if (name->type == GEN_DNS)
			append_asn1(room, most, name->d.dNSName);
		else
			report_address(name->d.iPAddress, room, most);
	}
	GENERAL_NAMES_free(names);
}

static uint64_t
seconds_of(const ASN1_TIME *time)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return 0;
	return (uint64_t)timegm(&tm);
}

static void
report_certificate(const X509 *certificate, struct msg_host_report *report)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (certificate == NULL || !digest_of(certificate, digest))
		return;
	memcpy(report->sha256, digest, HOST_PIN_LEN);
	report->sha256_len = HOST_PIN_LEN;
	report_name(
		X509_get_subject_name(certificate), report->subject, sizeof(report->subject) - 1);
	report_name(X509_get_issuer_name(certificate), report->issuer, sizeof(report->issuer) - 1);
	report_names(certificate, report->names, sizeof(report->names) - 1);
	report->not_before = seconds_of(X509_get0_notBefore(certificate));
	report->not_after = seconds_of(X509_get0_notAfter(certificate));
	ERR_clear_error();
}

void
host_certificate_report(SSL *ssl, struct msg_host_report *report)
{
	report->tls_version = (uint16_t)SSL_version(ssl);
	(void)snprintf(report->cipher, sizeof(report->cipher), "%s", SSL_get_cipher_name(ssl));
	report_certificate(SSL_get0_peer_certificate(ssl), report);
}

size_t
host_certificate_chain(SSL *ssl, uint8_t *ret_ders, size_t size)
{
	const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	unsigned char *at = ret_ders;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		const X509 *certificate = sk_X509_value(chain, i);
		int len = i2d_X509(certificate, NULL);

		if (len <= 0 || (size_t)len > size - (size_t)(at - ret_ders))
			break;
		(void)i2d_X509(certificate, &at);
	}
	return (size_t)(at - ret_ders);
}

/* Why it is not the trusted one. */
static void
report_distrust(const struct host_trust *trust, long result, struct msg_host_report *report)
{
	(void)snprintf(report->distrust, sizeof(report->distrust), "%s",
		trust->kind == HOST_TRUST_CA ? X509_verify_cert_error_string(result)
					     : N_("it is not the one that was pinned"));
}

bool
host_trust_refused(
	const struct host_trust *trust, SSL *ssl, struct msg_certificate_refused *ret_refused)
{
	const X509 *certificate =
		trust->refused != NULL ? trust->refused : SSL_get0_peer_certificate(ssl);
	struct msg_host_report report = {0};

	report_certificate(certificate, &report);
	report_distrust(trust, SSL_get_verify_result(ssl), &report);
	COPY_CERTIFICATE(ret_refused, &report);
	return report.sha256_len == HOST_PIN_LEN;
}

/* As SSL would, for a server with this name. Returns X509_V_OK or what is wrong. */
static long
verify_chain(const struct host_trust *trust, X509 *certificate, STACK_OF(X509) * others)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_STORE *store = NULL;
	X509_VERIFY_PARAM *expected;
	long result = X509_V_ERR_OUT_OF_MEM;

	if (context != NULL && store_new(trust, &store) == 0 &&
		X509_STORE_CTX_init(context, store, certificate, others) == 1 &&
		X509_STORE_CTX_set_default(context, "ssl_server") == 1) {
		expected = X509_STORE_CTX_get0_param(context);
		X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		if ((is_numeric_address(trust->name)
				    ? X509_VERIFY_PARAM_set1_ip_asc(expected, trust->name)
				    : X509_VERIFY_PARAM_set1_host(expected, trust->name, 0)) == 1)
			result = X509_verify_cert(context) == 1 ? X509_V_OK
								: X509_STORE_CTX_get_error(context);
	}
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	ERR_clear_error();
	return result;
}

bool
host_trust_check_chain(const struct host_trust *trust, X509 *certificate, STACK_OF(X509) * others,
	struct msg_nla_certificate *ret_refused)
{
	struct msg_host_report report = {0};
	long result = X509_V_ERR_UNSPECIFIED;
	bool good = false;

	report_certificate(certificate, &report);
	if (trust->kind == HOST_TRUST_PIN)
		good = report.sha256_len == HOST_PIN_LEN &&
		       memcmp(report.sha256, trust->pin, HOST_PIN_LEN) == 0;
	if (trust->kind == HOST_TRUST_CA) {
		result = verify_chain(trust, certificate, others);
		good = result == X509_V_OK;
	}
	if (good)
		return true;
	report_distrust(trust, result, &report);
	COPY_CERTIFICATE(ret_refused, &report);
	return false;
}

int
host_trust_prepare_look(struct host_trust *trust, SSL *ssl)
{
	int r;

	r = host_trust_prepare(trust, ssl);
	/* The chain is verified all the same; its result is kept. */
	SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	return r;
}

void
host_trust_judge(const struct host_trust *trust, SSL *ssl, struct msg_host_report *report)
{
	long result = SSL_get_verify_result(ssl);

	if (trust->kind == HOST_TRUST_NOBODY || report->sha256_len != HOST_PIN_LEN)
		return;
	if (trust->kind == HOST_TRUST_CA ? result == X509_V_OK
					 : memcmp(report->sha256, trust->pin, HOST_PIN_LEN) == 0) {
		report->judged = HOST_IS_TRUSTED;
		return;
	}
	report->judged = HOST_IS_ANOTHER;
	report_distrust(trust, result, report);
}
