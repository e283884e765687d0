/* The certificates that may vouch for a jump host (B4); see terminals.h. */
#include "policy/terminals.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* Number of certificates; -1 if one cannot be read. */
static int
count_certificates(BIO *bundle)
{
	int count = 0;
	X509 *certificate;

	while ((certificate = PEM_read_bio_X509(bundle, NULL, NULL, NULL)) != NULL) {
		X509_free(certificate);
		count++;
	}
	/* The end looks like "no start line"; anything else is a certificate that is broken. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		count = -1;
	ERR_clear_error();
	return count;
}

int
terminal_ca_bundle_check(const char *text, struct field_error *error)
{
	static const char rule[] = N_("certificates in PEM, at most 64 KB, no private key");
	static const char example[] = "-----BEGIN CERTIFICATE-----";
	size_t len = strlen(text);
	BIO *bundle;
	int count;

	if (len > TERMINAL_CA_BUNDLE_MAX || strstr(text, "PRIVATE KEY") != NULL)
		return field_error_set(error, "ca_bundle", NULL, rule, example);
	bundle = BIO_new_mem_buf(text, (int)len);
	if (bundle == NULL)
		return field_error_set(error, "ca_bundle", NULL, rule, example);
	count = count_certificates(bundle);
	BIO_free(bundle);
	if (count <= 0)
		return field_error_set(error, "ca_bundle", NULL, rule, example);
	return 0;
}
