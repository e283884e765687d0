/* The certificate and its key, with OpenSSL. Files are local and an administrator's. */
#include "settings/check_tls.h"

#include "base/clock.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define SOON_DAYS 30

static X509 *
read_leaf(const char *path)
{
	FILE *in = fopen(path, "re");
	X509 *leaf;

	if (in == NULL)
		return NULL;
	leaf = PEM_read_X509(in, NULL, NULL, NULL);
	(void)fclose(in);
	ERR_clear_error();
	return leaf;
}

static int
no_pass_phrase(char *ret_text, int size, int writing, void *context)
{
	(void)ret_text;
	(void)size;
	(void)writing;
	(void)context;
	return -1; /* never ask: a gateway starts with nobody at the keyboard */
}

static EVP_PKEY *
read_key(const char *path)
{
	FILE *in = fopen(path, "re");
	EVP_PKEY *key;

	if (in == NULL)
		return NULL;
	key = PEM_read_PrivateKey(in, NULL, no_pass_phrase, NULL);
	(void)fclose(in);
	ERR_clear_error();
	return key;
}

static void
format_date(const ASN1_TIME *time, char *ret_text, size_t size)
{
	struct tm date;

	snprintf(ret_text, size, "an unreadable date");
	if (ASN1_TIME_to_tm(time, &date) == 1)
		(void)strftime(ret_text, size, "%Y-%m-%d", &date);
}

static void
check_dates(const char *path, const X509 *leaf, const struct settings_place *place,
	struct settings_errors *errors)
{
	time_t now = (time_t)(clock_now() / 1000000);
	time_t soon = now + SOON_DAYS * 86400;
	char date[32];

	if (X509_cmp_time(X509_get0_notBefore(leaf), &now) > 0) {
		format_date(X509_get0_notBefore(leaf), date, sizeof(date));
		settings_errors_add(errors, place->line, place->column,
			"the certificate in %s is not valid before %s: is the clock right?", path,
			date);
	}
	format_date(X509_get0_notAfter(leaf), date, sizeof(date));
	if (X509_cmp_time(X509_get0_notAfter(leaf), &now) < 0)
		settings_errors_add(errors, place->line, place->column,
			"the certificate in %s ended on %s: renew it", path, date);
	else if (X509_cmp_time(X509_get0_notAfter(leaf), &soon) < 0)
		settings_errors_warn(errors, place->line, place->column,
			"the certificate in %s ends on %s: renew it soon", path, date);
}

static void
check_public_key(const char *path, const X509 *leaf, const struct settings_place *place,
	struct settings_errors *errors)
{
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;

	if (key == NULL || (EVP_PKEY_is_a(key, "RSA") == 0 && EVP_PKEY_is_a(key, "EC") == 0))
		settings_errors_add(errors, place->line, place->column,
			"the key of the certificate in %s is neither EC (P-256, P-384) nor RSA",
			path);
	else if (EVP_PKEY_is_a(key, "RSA") == 1 && bits < 2048)
		settings_errors_add(errors, place->line, place->column,
			"the certificate in %s has an RSA key of %d bits; allowed are 2048 and "
			"more",
			path, bits);
	else if (EVP_PKEY_is_a(key, "RSA") == 1 && bits > 2048)
		settings_errors_warn(errors, place->line, place->column,
			"the certificate in %s has an RSA key of %d bits, which makes every "
			"handshake slow; an EC "
			"key on P-256 is as strong and much faster",
			path, bits);
}

void
check_certificate(
	const char *path, const struct settings_place *place, struct settings_errors *errors)
{
	X509 *leaf = read_leaf(path);

	if (leaf == NULL) {
		settings_errors_add(errors, place->line, place->column,
			"%s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", path);
		return;
	}
	check_dates(path, leaf, place, errors);
	check_public_key(path, leaf, place, errors);
	X509_free(leaf);
}

void
check_private_key(const char *key_path, const char *certificate_path,
	const struct settings_place *place, struct settings_errors *errors)
{
	EVP_PKEY *key = read_key(key_path);
	X509 *leaf = read_leaf(certificate_path);

	if (key == NULL)
		settings_errors_add(errors, place->line, place->column,
			"%s holds no private key in PEM form without a pass phrase (-----BEGIN "
			"PRIVATE KEY-----)",
			key_path);
	else if (leaf != NULL && EVP_PKEY_eq(X509_get0_pubkey(leaf), key) != 1)
		settings_errors_add(errors, place->line, place->column,
			"the key in %s does not belong to the certificate in %s", key_path,
			certificate_path);
	ERR_clear_error();
	X509_free(leaf);
	EVP_PKEY_free(key);
}
