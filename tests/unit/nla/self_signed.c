/* See self_signed.h. */
#include "self_signed.h"

#include <stdlib.h>

X509 *
self_signed(const char *name, EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
		(const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	if (X509_sign(certificate, key, EVP_sha256()) <= 0)
		abort();
	return certificate;
}
