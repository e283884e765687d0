/* TLS settings of the relay worker: made before its sandbox closes, used by connection_io.c. */
#include "relay/tls_contexts.h"

#include "key/key_method.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#define CIPHERS_TLS13 "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define CIPHERS_TLS12                                                \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES256-GCM-SHA384"

/* One whole record and the beginning of the next: with more, OpenSSL moves the rest for every record. */
#define READ_AHEAD (17 * 1024)

static SSL_CTX *
new_context(const SSL_METHOD *method, uint16_t minimum)
{
	SSL_CTX *context = SSL_CTX_new(method);

	if (context == NULL)
		return NULL;
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD);
	/* Idle sessions hold no buffers; what the socket did not take may have moved when it is tried again. */
	(void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
						SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* A read returns once its buffer is empty, also when nothing in it was data: a peer that sends one key
	 * update after the other must not have the loop to itself. */
	(void)SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
	/* Sessions last for hours: resuming them saves nothing and would keep memory and ticket keys.
	 * Clients close TCP without close_notify; PDUs have lengths of their own. */
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_options(
		context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
				 SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE |
				 SSL_OP_PRIORITIZE_CHACHA);
	if (SSL_CTX_set_min_proto_version(context, minimum) == 1 &&
		SSL_CTX_set_ciphersuites(context, CIPHERS_TLS13) == 1 &&
		SSL_CTX_set_cipher_list(context, CIPHERS_TLS12) == 1)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

/* Leaf first, then whatever else is in the PEM. Returns a borrowed leaf or NULL. */
static X509 *
use_chain(SSL_CTX *context, const void *chain, size_t chain_len)
{
	BIO *bio = BIO_new_mem_buf(chain, (int)chain_len);
	X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	bool good = certificate != NULL && SSL_CTX_use_certificate(context, certificate) == 1;

	X509_free(certificate);
	while (good && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		good = SSL_CTX_add1_chain_cert(context, certificate) == 1;
		X509_free(certificate);
	}
	ERR_clear_error(); /* the end of the PEM counts as one */
	BIO_free(bio);
	return good ? SSL_CTX_get0_certificate(context) : NULL;
}

int
tls_context_for_clients(const void *chain, size_t chain_len, uint16_t minimum,
	struct key_client *key, SSL_CTX **ret_context, const char **ret_why)
{
	SSL_CTX *context = new_context(TLS_server_method(), minimum);
	EVP_PKEY *pkey = NULL;
	X509 *leaf;
	int r;

	if (context == NULL) {
		*ret_why = "TLS minimum or ciphers are not available";
		return -ENOTSUP;
	}
	(void)SSL_CTX_set_num_tickets(context, 0);
	/* What clients send are passwords first, and keystrokes then: no copy stays behind in OpenSSL. */
	(void)SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
	leaf = use_chain(context, chain, chain_len);
	r = leaf == NULL ? -EINVAL : key_method_new(key, X509_get0_pubkey(leaf), &pkey);
	if (r == 0 && SSL_CTX_use_PrivateKey(context, pkey) != 1)
		r = -EINVAL;
	EVP_PKEY_free(pkey);
	if (r < 0) {
		*ret_why = leaf == NULL ? "the certificate chain cannot be read"
					: "the certificate's kind of key is not supported";
		SSL_CTX_free(context);
		return r;
	}
	*ret_context = context;
	return 0;
}

int
tls_context_check_key(SSL_CTX *context, struct key_client *key, unsigned int limit_ms)
{
	return key_method_check(key, SSL_CTX_get0_privatekey(context),
		X509_get0_pubkey(SSL_CTX_get0_certificate(context)), limit_ms);
}

int
tls_context_for_hosts(uint16_t minimum, SSL_CTX **ret_context)
{
	*ret_context = new_context(TLS_client_method(), minimum);
	return *ret_context != NULL ? 0 : -ENOMEM;
}
