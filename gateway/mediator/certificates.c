/* See certificates.h. */
#include "mediator/certificates.h"

#include "base/sentence.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

#define CERTIFICATES_MOST 16

static STACK_OF(X509) * read_all(BIO *pem)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	X509 *certificate;

	while (all != NULL && sk_X509_num(all) < CERTIFICATES_MOST &&
		(certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(all, certificate) == 0)
			X509_free(certificate);
	ERR_clear_error(); /* the end counts as one */
	return all;
}

bool
certificates_are_trusted(const struct host_trust *trust, const uint8_t *pem, size_t len,
	struct msg_nla_certificate *ret_refused)
{
	BIO *bio = len > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
	STACK_OF(X509) *all = bio == NULL ? NULL : read_all(bio);
	bool trusted = false;

	if (all != NULL && sk_X509_num(all) > 0)
		trusted = host_trust_check_chain(trust, sk_X509_value(all, 0), all, ret_refused);
	else
		(void)snprintf(ret_refused->distrust, sizeof(ret_refused->distrust), "%s",
			N_("it cannot be read"));
	sk_X509_pop_free(all, X509_free);
	BIO_free(bio);
	return trusted;
}
