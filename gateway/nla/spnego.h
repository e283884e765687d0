/* SPNEGO (RFC 4178) on the client's side with one mechanism, Kerberos. WinPR's own offers the user-to-user form of Kerberos
 * first, for which it would ask the KDC once more, after the jump host has said something; with a ticket for the jump host's
 * service everything is there before it says anything, and no network is needed any more.
 *
 * One mechanism is offered, and no other is taken: there is nothing that a MIC over the list would protect (RFC 4178, 5), and
 * none is asked for or made. Pure.
 */
#ifndef NLA_SPNEGO_H
#define NLA_SPNEGO_H

#include "rdp/pdu.h"

/* NegTokenInit with the mechanism and its first token. */
void spnego_begin(struct bytes_writer *writer, const struct pdu_bytes *token);

struct spnego_answer {
	bool rejected;          /* it does not take Kerberos, or not this ticket */
	struct pdu_bytes token; /* the mechanism's; `at` is NULL if there is none */
};

/* Reads one NegTokenResp. PARSE_BAD: it is none, names another mechanism, or wants a MIC. */
enum parse_result spnego_read(const struct pdu_bytes *bytes, struct spnego_answer *ret_answer);

#endif
