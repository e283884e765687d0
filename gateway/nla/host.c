/* See host.h. */
#include "nla/host.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#define CERTIFICATES_MOST 16

/* NULL if the first one is no certificate; those that follow and are none are left out. */
static STACK_OF(X509) * read_all(const struct pdu_bytes *ders)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	const unsigned char *at = ders->at, *end = ders->at + ders->len;

	while (all != NULL && at < end && sk_X509_num(all) < CERTIFICATES_MOST) {
		X509 *certificate = d2i_X509(NULL, &at, (long)(end - at));

		if (certificate == NULL)
			break;
		if (sk_X509_push(all, certificate) == 0)
			X509_free(certificate);
	}
	ERR_clear_error();
	if (all == NULL || sk_X509_num(all) > 0)
		return all;
	sk_X509_free(all);
	return NULL;
}

static int
copy_key(const X509 *certificate, uint8_t *ret_key, size_t size, size_t *ret_key_len)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(certificate);
	int len = bits == NULL ? 0 : ASN1_STRING_length(bits);

	if (len <= 0)
		return -EBADMSG;
	if ((size_t)len > size)
		return -EMSGSIZE;
	memcpy(ret_key, ASN1_STRING_get0_data(bits), (size_t)len);
	*ret_key_len = (size_t)len;
	return 0;
}

int
nla_host_judge(const struct host_trust *trust, const struct pdu_bytes *ders, uint8_t *ret_key,
	size_t size, size_t *ret_key_len, struct msg_nla_certificate *ret_refused)
{
	STACK_OF(X509) *all = read_all(ders);
	int r;

	if (all == NULL)
		return -EBADMSG;
	r = host_trust_check_chain(trust, sk_X509_value(all, 0), all, ret_refused)
		    ? copy_key(sk_X509_value(all, 0), ret_key, size, ret_key_len)
		    : -EKEYREJECTED;
	sk_X509_pop_free(all, X509_free);
	return r;
}
