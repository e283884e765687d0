/* Signing a stock-taking (A17), in two steps: to hash a list of 100,000 accounts takes seconds, for which
 * nobody's session may wait. The first step reads in a walk of its own, the second records, and refuses
 * if anything was administered in between.
 */
#ifndef POLICY_REVIEW_SIGN_H
#define POLICY_REVIEW_SIGN_H

#include "policy/methods.h"

struct review_signature {
	json_t *list; /* question, list_hash, accounts, listed, findings; owned */
	int64_t head; /* the newest event that the list has seen */
};

/* call: of account.review_sign. Both return 0 or a negative errno, as methods do (methods.h). */
int review_sign_read(
	struct store_db *db, struct method_call *call, struct review_signature *ret_signature);

/* Sets call->result. */
int review_sign_record(
	struct store_db *db, struct method_call *call, const struct review_signature *signature);

void review_signature_done(struct review_signature *signature);

#endif
