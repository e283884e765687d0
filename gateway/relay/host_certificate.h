/* Whether a jump host is the one it should be (B4), and what its certificate says. Pure OpenSSL: no I/O. */
#ifndef RELAY_HOST_CERTIFICATE_H
#define RELAY_HOST_CERTIFICATE_H

#include "messages/messages.h"

#include <string.h>

struct ssl_st;
struct x509_st;
struct stack_st_X509;

#define HOST_PIN_LEN 32 /* SHA-256 of the certificate in DER */

enum host_trust_kind {
	HOST_TRUST_PIN = 0, /* numbers of field `trust` of ATTACH */
	HOST_TRUST_CA = 1,
	HOST_TRUST_NOBODY = 2, /* of LOOK_AT_HOST only: no certificate is the right one */
	HOST_TRUST_MEDIATED =
		3, /* of ATTACH only: the host is a sekisho-mediator, behind a socketpair and without TLS */
};

struct host_trust {
	enum host_trust_kind kind;
	uint8_t pin[HOST_PIN_LEN];
	char name[256];     /* checked with HOST_TRUST_CA; may be a numeric address */
	uint8_t *ca_bundle; /* PEM; NULL with HOST_TRUST_PIN */
	uint32_t ca_bundle_len;
	struct x509_st *refused; /* by OpenSSL, during the handshake; owned */
};

/* The fields of ATTACH and of LOOK_AT_HOST that say which certificate is the right one; borrowed. */
struct host_trust_said {
	uint8_t kind;
	const uint8_t *pin;
	uint32_t pin_len;
	const uint8_t *ca_bundle;
	uint32_t ca_bundle_len;
	const char *name;
};

/* Copies what was said. Returns 0, -EINVAL (unknown kind, wrong length, no CA, no name) or -ENOMEM. */
int host_trust_init(struct host_trust *trust, const struct host_trust_said *said);
void host_trust_done(struct host_trust *trust);

/* Makes OpenSSL verify chain and name during the handshake (HOST_TRUST_CA). A pin is looked at after
 * it: host_trust_check. The trust stays where it is until then. Returns 0 or -EINVAL (no certificate in the bundle) or -ENOMEM. */
int host_trust_prepare(struct host_trust *trust, struct ssl_st *ssl);

/* After the handshake: is this the host? */
bool host_trust_check(const struct host_trust *trust, struct ssl_st *ssl);

/* The same for certificates that another process had from a handshake: `others` may help to build a chain. False: ret_refused
 * says which one it is, and what is wrong with it. */
bool host_trust_check_chain(const struct host_trust *trust, struct x509_st *certificate,
	struct stack_st_X509 *others, struct msg_nla_certificate *ret_refused);

/* The handshake failed: was it because of the certificate? */
bool host_trust_failed(const struct host_trust *trust, struct ssl_st *ssl);

/* After one that was not good enough, or a handshake that ended for it: what was shown, and what is wrong with it. False: the
 * host showed none. */
bool host_trust_refused(const struct host_trust *trust, struct ssl_st *ssl,
	struct msg_certificate_refused *ret_refused);

/* Fills in what a finished handshake says: tls_version, cipher, sha256, subject, issuer, names, not_before,
 * not_after; text is UTF-8, control characters become '?', and it is cut to its bound. */
void host_certificate_report(struct ssl_st *ssl, struct msg_host_report *report);

/* After a handshake: the host's certificates in DER, one behind the other, its own first; as many as fit. Returns how many
 * bytes, 0 if not even one fits. */
size_t host_certificate_chain(struct ssl_st *ssl, uint8_t *ret_ders, size_t size);

/* Numbers of field `answer` of HOST_REPORT. */
enum host_answer {
	HOST_SAID_NOTHING = 0,
	HOST_SAID_PLAIN = 1, /* a confirm without negotiation */
	HOST_SELECTED = 2,
	HOST_FAILED = 3, /* RDP_NEG_FAILURE */
};

/* Numbers of field `judged` of HOST_REPORT. */
enum host_judged {
	HOST_NOT_COMPARED = 0,
	HOST_IS_TRUSTED = 1,
	HOST_IS_ANOTHER = 2,
};

/* As host_trust_prepare, but a certificate that is not trusted does not end the handshake: it is to be
 * seen. */
int host_trust_prepare_look(struct host_trust *trust, struct ssl_st *ssl);

/* From one message to another that says which certificate was refused, and why: their fields are the same. */
#define COPY_CERTIFICATE(to, from)                                                \
	do {                                                                      \
		(to)->sha256_len = (from)->sha256_len;                            \
		memcpy((to)->sha256, (from)->sha256, sizeof((to)->sha256));       \
		memcpy((to)->subject, (from)->subject, sizeof((to)->subject));    \
		memcpy((to)->issuer, (from)->issuer, sizeof((to)->issuer));       \
		memcpy((to)->names, (from)->names, sizeof((to)->names));          \
		memcpy((to)->distrust, (from)->distrust, sizeof((to)->distrust)); \
		(to)->not_before = (from)->not_before;                            \
		(to)->not_after = (from)->not_after;                              \
	} while (0)

/* After such a handshake: fills in judged and distrust. */
void host_trust_judge(
	const struct host_trust *trust, struct ssl_st *ssl, struct msg_host_report *report);

#endif
