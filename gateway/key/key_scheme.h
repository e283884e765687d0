/* What sekisho-key is asked to do (field `scheme` of KEY_SIGN). */
#ifndef KEY_KEY_SCHEME_H
#define KEY_KEY_SCHEME_H

enum key_scheme {
	/* input: a digest of 20-64 bytes. signature: ECDSA-Sig-Value in DER. */
	KEY_SCHEME_ECDSA = 1,

	/* input: EMSA-PKCS1-v1_5 (RFC 8017, 9.2) of the key's length, or EMSA-PSS (9.1), as OpenSSL's RSA code
	 * has padded it. sekisho-key checks the padding before it signs: it signs, and never decrypts. */
	KEY_SCHEME_RSA_PKCS1 = 2,
	KEY_SCHEME_RSA_PSS = 3,
};

#endif
