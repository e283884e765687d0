/* The hash of a stock-taking's list (A17): SHA-256 over a text that everybody can make again from the list.
 *
 * One line for the question, "sekisho account review 1", then for each account, in the list's order; fields are
 * parted by a tab and lines ended by a newline, none of which can stand in a field:
 *
 *	sekisho account review 1	unused=90	ending=30	vendor=	all=0
 *	vendor	id	family_name	given_name	email	kind	valid_from	valid_until	macs	terminals	findings
 *
 * macs and terminals are their numbers, findings joined by commas, a missing vendor is empty. When an account was
 * used last is not part of it: the list would change while somebody reads it, and what it means (unused) is there.
 *
 * The gateway makes it when a list is signed, sekisho-admin while it prints one.
 */
#ifndef POLICY_REVIEW_HASH_H
#define POLICY_REVIEW_HASH_H

#include <jansson.h>

#define REVIEW_HASH_SIZE 65 /* hexadecimal */

struct review_hash;

/* question: {"unused_days", "ending_days", "vendor" (text or null), "all"}. NULL without memory. */
struct review_hash *review_hash_new(const json_t *question);
void review_hash_free(struct review_hash *hash); /* accepts NULL */

/* row: of account.review. 0 or -ENOMEM. */
int review_hash_row(struct review_hash *hash, const json_t *row);

/* 0 or -ENOMEM. Nothing more may be added. */
int review_hash_end(struct review_hash *hash, char ret_hex[REVIEW_HASH_SIZE]);

#endif
