/* account.review* (A17): see methods.h. The list is walked in its order, vendor by vendor; a signature walks it
 * again and is refused if it has another hash than the one that was printed.
 */
#include "policy/method_call.h"

#include "base/cleanup.h"
#include "policy/review_hash.h"
#include "policy/review_sign.h"
#include "policy/sessions.h"
#include "policy/store/event_table.h"
#include "policy/store/review_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 1000
#define PAGE_MOST 10000
#define PAGE_SEEN_MOST 2000 /* accounts looked at for a page: about a tenth of a second */
#define SIGN_ACTION "account.review_sign"

struct review {
	struct review_question question;
	struct vendor vendor; /* number 0: of all */
	bool all;             /* also accounts about which there is nothing to find */

	/* Where it is in the list. */
	int64_t at_vendor;
	char at_id[ACCOUNT_ID_SIZE];

	int64_t seen;
	int64_t listed;
	int64_t counts[FINDING_COUNT];
};

static int
read_number(struct method_call *call, const char *name, const char *rule, int64_t least,
	int64_t most, int64_t *number)
{
	const json_t *value = json_object_get(call->params, name);
	char text[24];
	struct field_error error;

	if (value == NULL)
		return 0;
	*number = json_integer_value(value);
	if (*number >= least && *number <= most)
		return 0;
	snprintf(text, sizeof(text), "%" PRId64, *number);
	(void)field_error_set(&error, name, text, rule, "90");
	return method_refuse_field(call, &error);
}

static int
read_question(struct store_db *db, struct method_call *call, struct review *review)
{
	const char *vendor = param_text(call->params, "vendor");
	struct civil_time now;
	int r;

	civil_from_instant(store_db_now(db), &now);
	*review = (struct review){
		.question =
			{
				.today = now.date,
				.now_us = store_db_now(db),
				.unused_days = REVIEW_UNUSED_DAYS,
				.ending_days = REVIEW_ENDING_DAYS,
			},
		.all = json_is_true(json_object_get(call->params, "all")),
	};
	r = read_number(call, "unused_days", N_("1 to 3650 days"), 1, REVIEW_DAYS_MAX,
		&review->question.unused_days);
	if (r == 0)
		r = read_number(call, "ending_days", N_("0 to 3650 days"), 0, REVIEW_DAYS_MAX,
			&review->question.ending_days);
	if (r == 0 && vendor != NULL)
		r = method_find_vendor(db, call, vendor, &review->vendor);
	if (r < 0)
		return r;
	review->at_vendor = review->vendor.number;
	return review->vendor.number != 0 ? 0 : review_first_vendor(db, &review->at_vendor);
}

static json_t *
question_json(const struct review *review)
{
	return json_pack("{s:I, s:I, s:o, s:b}", "unused_days",
		(json_int_t)review->question.unused_days, "ending_days",
		(json_int_t)review->question.ending_days, "vendor",
		review->vendor.number != 0 ? json_string(review->vendor.name) : json_null(), "all",
		review->all);
}

static json_t *
row_json(const struct review_account *account, unsigned found)
{
	const struct review_facts *facts = &account->facts;
	char from[CIVIL_DATE_SIZE], until[CIVIL_DATE_SIZE];
	json_t *findings = json_array();

	for (size_t i = 0; i < FINDING_COUNT; i++)
		if ((found & 1u << i) != 0)
			(void)json_array_append_new(
				findings, json_string(review_finding_name((enum review_finding)i)));
	civil_date_format(facts->valid_from, from);
	civil_date_format(facts->valid_until, until);
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o}",
		"vendor", account->vendor != 0 ? json_string(account->vendor_name) : json_null(),
		"id", account->id, "family_name", account->family_name, "given_name",
		account->given_name, "email", account->email, "kind",
		account_kind_name(facts->kind), "valid_from", from, "valid_until", until, "macs",
		(json_int_t)facts->macs, "terminals", (json_int_t)facts->terminals, "last_session",
		instant_json(facts->last_session_us), "created", instant_json(facts->created_us),
		"findings", findings);
}

/* The next account of the list, whether there is something to find or not. -ENOENT behind the last one. */
static int
next_account(struct store_db *db, struct review *review, struct review_account *ret_account)
{
	int r;

	for (;;) {
		r = review_next(db, review->at_vendor, review->at_id, ret_account);
		if (r != -ENOENT || review->at_vendor == 0 || review->vendor.number != 0)
			break;
		r = review_vendor_behind(db, review->at_vendor, &review->at_vendor);
		if (r < 0)
			break;
		review->at_id[0] = '\0';
	}
	if (r == 0)
		memcpy(review->at_id, ret_account->id, sizeof(review->at_id));
	return r;
}

/* The next row of the list; *ret_row is NULL for an account that is not listed. */
static int
next_row(struct store_db *db, struct review *review, json_t **ret_row)
{
	struct review_account account;
	unsigned found;
	int r;

	*ret_row = NULL;
	r = next_account(db, review, &account);
	if (r < 0)
		return r;
	found = review_findings(&account.facts, &review->question);
	review->seen++;
	for (size_t i = 0; i < FINDING_COUNT; i++)
		review->counts[i] += (found >> i) & 1;
	if (found == 0 && !review->all)
		return 0;
	review->listed++;
	*ret_row = row_json(&account, found);
	return *ret_row == NULL ? -ENOMEM : 0;
}

static json_t *
counts_json(const struct review *review)
{
	json_t *object = json_object();

	for (size_t i = 0; i < FINDING_COUNT; i++)
		(void)json_object_set_new(object, review_finding_name((enum review_finding)i),
			json_integer(review->counts[i]));
	return object;
}

/* A cursor is "<number of the vendor>:<id>". */
static int
read_cursor(struct method_call *call, struct review *review)
{
	const char *after = param_text(call->params, "after");
	const char *colon = after == NULL ? NULL : strchr(after, ':');
	struct field_error error;
	char *end;

	if (after == NULL)
		return 0;
	if (colon != NULL && strlen(colon + 1) < sizeof(review->at_id)) {
		errno = 0;
		review->at_vendor = strtoll(after, &end, 10);
		if (errno == 0 && end == colon && review->at_vendor >= 0 &&
			(review->vendor.number == 0 ||
				review->vendor.number == review->at_vendor)) {
			memcpy(review->at_id, colon + 1, strlen(colon + 1) + 1);
			return 0;
		}
	}
	(void)field_error_set(&error, "after", after, "`next` of the page before", "3:taro");
	return method_refuse_field(call, &error);
}

/* The counts are those of this page: whoever asks adds them up. */
static int
set_page(struct method_call *call, const struct review *review, json_t *rows, bool more)
{
	char cursor[ACCOUNT_ID_SIZE + 24];

	snprintf(cursor, sizeof(cursor), "%" PRId64 ":%s", review->at_vendor, review->at_id);
	call->result = json_pack("{s:o, s:O, s:I, s:o, s:o}", "question", question_json(review),
		"rows", rows, "accounts", (json_int_t)review->seen, "findings", counts_json(review),
		"next", more ? json_string(cursor) : json_null());
	return call->result == NULL ? -ENOMEM : 0;
}

/* No page takes long, however few accounts have something to find. */
static int
collect(struct store_db *db, struct review *review, int64_t most, json_t *rows, bool *ret_more)
{
	json_t *row;
	int r = 0;

	*ret_more = true;
	while (r == 0 && review->listed < most && review->seen < PAGE_SEEN_MOST) {
		r = next_row(db, review, &row);
		if (r == 0 && row != NULL)
			(void)json_array_append_new(rows, row);
	}
	if (r != -ENOENT)
		return r;
	*ret_more = false;
	return 0;
}

int
method_account_review(struct store_db *db, struct method_call *call)
{
	struct review review;
	json_t *rows = json_array();
	int64_t most = PAGE_DEFAULT;
	bool more = false;
	int r;

	r = read_question(db, call, &review);
	if (r == 0)
		r = read_number(call, "most", N_("1 to 10000 rows"), 1, PAGE_MOST, &most);
	if (r == 0)
		r = read_cursor(call, &review);
	if (r == 0)
		r = collect(db, &review, most, rows, &more);
	if (r == 0)
		r = set_page(call, &review, rows, more);
	json_decref(rows);
	return r;
}

static int
hash_list(struct store_db *db, struct review *review, const json_t *question,
	char ret_hex[REVIEW_HASH_SIZE])
{
	struct review_hash *hash = review_hash_new(question);
	json_t *row;
	int r = hash == NULL ? -ENOMEM : 0;

	while (r == 0) {
		r = next_row(db, review, &row);
		if (r == 0 && row != NULL)
			r = review_hash_row(hash, row);
		json_decref(row);
	}
	if (r == -ENOENT)
		r = review_hash_end(hash, ret_hex);
	review_hash_free(hash);
	return r;
}

static int
check_note(struct method_call *call)
{
	const char *note = param_text(call->params, "note");
	char unused[VENDOR_NOTE_SIZE];
	struct field_error error;

	if (note == NULL || vendor_note_parse(note, unused, &error) == 0)
		return 0;
	return method_refuse_field(call, &error);
}

static json_t *
list_json(const struct review *review, const char *hex)
{
	json_t *list = question_json(review);

	(void)json_object_set_new(list, "list_hash", json_string(hex));
	(void)json_object_set_new(list, "accounts", json_integer(review->seen));
	(void)json_object_set_new(list, "listed", json_integer(review->listed));
	(void)json_object_set_new(list, "findings", counts_json(review));
	return list;
}

static int
refuse_other_list(struct method_call *call)
{
	return method_refuse(call, METHOD_REFUSED,
		"the list is not the one with this hash (any more): print it again with the same "
		"options, check it, and sign that");
}

static int
hash_asked(struct store_db *db, struct method_call *call, char ret_hex[REVIEW_HASH_SIZE],
	struct review *review)
{
	json_t *question;
	int r;

	r = read_question(db, call, review);
	if (r == 0)
		r = check_note(call);
	if (r < 0)
		return r;
	question = question_json(review);
	r = hash_list(db, review, question, ret_hex);
	json_decref(question);
	return r;
}

int
review_sign_read(
	struct store_db *db, struct method_call *call, struct review_signature *ret_signature)
{
	const char *printed = param_text(call->params, "list_hash");
	char hex[REVIEW_HASH_SIZE];
	struct chain_event head = {0};
	struct review review;
	int r;

	r = event_head(db, &head);
	if (r == 0 || r == -ENOENT)
		r = hash_asked(db, call, hex, &review);
	if (r < 0)
		return r;
	if (printed == NULL || strcasecmp(printed, hex) != 0)
		return refuse_other_list(call);
	*ret_signature =
		(struct review_signature){.list = list_json(&review, hex), .head = head.id};
	return 0;
}

int
review_sign_record(
	struct store_db *db, struct method_call *call, const struct review_signature *signature)
{
	const char *vendor = param_text(signature->list, "vendor");
	int64_t changes;
	int r;

	r = review_changes_since(db, signature->head, &changes);
	if (r < 0)
		return r;
	if (changes > 0)
		return refuse_other_list(call);
	r = admin_event(db, call->actor, SIGN_ACTION, vendor != NULL ? vendor : "*", NULL,
		signature->list, param_text(call->params, "note"));
	if (r == 0)
		call->result = json_incref(signature->list);
	return r;
}

void
review_signature_done(struct review_signature *signature)
{
	json_decref(signature->list);
	signature->list = NULL;
}

/* Of an event: what was signed, with who, when and the note. */
static json_t *
signed_json(const json_t *event)
{
	json_t *object = json_copy(json_object_get(event, "after"));

	if (object == NULL)
		return json_object();
	(void)json_object_set(object, "event", json_object_get(event, "event"));
	(void)json_object_set_new(
		object, "time", instant_json(json_integer_value(json_object_get(event, "time"))));
	(void)json_object_set(object, "by", json_object_get(event, "actor"));
	(void)json_object_set(object, "note", json_object_get(event, "because"));
	return object;
}

int
method_account_review_signed(struct store_db *db, struct method_call *call)
{
	int64_t before = INT64_MAX, most = PAGE_DEFAULT;
	json_t *events = NULL, *rows, *event;
	size_t i;
	int r;

	r = read_number(call, "after", N_("`next` of the page before"), 1, INT64_MAX, &before);
	if (r == 0)
		r = read_number(call, "most", N_("1 to 10000 rows"), 1, PAGE_MOST, &most);
	if (r == 0)
		r = review_signed(db, SIGN_ACTION, before, most, &events);
	if (r < 0)
		return r;
	rows = json_array();
	json_array_foreach (events, i, event) {
		(void)json_array_append_new(rows, signed_json(event));
		before = json_integer_value(json_object_get(event, "event"));
	}
	call->result = json_pack("{s:o, s:o}", "rows", rows, "next",
		json_array_size(events) == (size_t)most ? json_integer(before) : json_null());
	json_decref(events);
	return 0;
}
