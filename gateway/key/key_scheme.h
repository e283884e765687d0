/* What sekisho-key is asked to do (field `scheme` of KEY_SIGN). */
#ifndef KEY_KEY_SCHEME_H
#define KEY_KEY_SCHEME_H

enum key_scheme {
	/* input: a digest of 20, 32, 48 or 64 bytes. signature: ECDSA-Sig-Value in DER (RFC 3279,
	 * 2.2.3). */
	KEY_SCHEME_ECDSA = 1,

	/* input: a DigestInfo of SHA-256, SHA-384 or SHA-512 in DER (RFC 8017, 9.2 step 2).
	 * sekisho-key pads it. */
	KEY_SCHEME_RSA_PKCS1 = 2,

	/* input: a whole encoded message of EMSA-PSS (RFC 8017, 9.1), as long as the modulus, whose
	 * hash is that of MGF1 and as long as the salt. sekisho-key checks that it is one: it
	 * signs, and never decrypts. */
	KEY_SCHEME_RSA_PSS = 3,
};

#endif
