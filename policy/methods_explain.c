/* explain: why an account can or cannot use a terminal (issue 3, 5). The decision as it would be made at an instant,
 * from what the store holds now: nobody's past rights are kept but in the log of changes.
 */
#include "policy/methods.h"

#include "base/clock.h"
#include "policy/explain.h"
#include "policy/facts.h"
#include "policy/method_call.h"
#include "policy/rights.h"
#include "policy/store/account_table.h"
#include "policy/store/session_table.h"
#include "policy/store/store.h"
#include "policy/store/terminal_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the steps share. */
struct explaining {
	struct explain_question question;
	struct gathered_facts gathered;
	char account[ACCOUNT_ID_SIZE];
	char full_id[ACCOUNT_FULL_ID_SIZE];
	char terminal[TERMINAL_NAME_SIZE];
	char holders[SESSION_HOLDERS_SIZE];
};

static int
read_time(struct store_db *db, struct method_call *call, int64_t *ret_us)
{
	const char *text = param_text(call->params, "at");
	struct field_error error;

	*ret_us = store_db_now(db);
	if (text == NULL || civil_instant_parse(text, ret_us) == 0)
		return 0;
	(void)field_error_set(&error, "at", text,
		"a time at the facility, YYYY-MM-DD HH:MM, or an instant as RFC 3339 writes it",
		"2026-11-24 19:12");
	return method_refuse_field(call, &error);
}

static int
read_device(struct method_call *call, struct device_evidence *ret_device)
{
	const char *text = param_text(call->params, "mac");
	struct field_error error = {0};

	*ret_device = (struct device_evidence){.known = text != NULL};
	if (text == NULL || mac_parse(text, &ret_device->mac, &error) == 0)
		return 0;
	error.field = "mac";
	return method_refuse_field(call, &error);
}

/* Numbers of what the parameters name, 0 for what does not exist. */
static int
find_account(struct store_db *db, struct method_call *call, struct explaining *explaining,
	int64_t *ret_number)
{
	const struct facility *facility = &store_db_settings(db)->facility;
	struct account account;
	struct field_error error = {0};
	int r;

	if (account_id_parse(facility, param_text(call->params, "account"), explaining->account,
		    &error) < 0) {
		error.field = "account";
		return method_refuse_field(call, &error);
	}
	r = account_find(db, explaining->account, &account);
	if (r == 0)
		memcpy(explaining->account, account.id, sizeof(explaining->account));
	account_id_full(facility, explaining->account, explaining->full_id);
	*ret_number = r == 0 ? account.number : 0;
	return r == -ENOENT ? 0 : r;
}

static int
find_terminal(struct store_db *db, struct method_call *call, struct explaining *explaining,
	int64_t *ret_number)
{
	const char *name = param_text(call->params, "terminal");
	struct terminal terminal = {0};
	int r;

	r = terminal_find(db, name, &terminal);
	if (r == 0)
		name = terminal.name;
	snprintf(explaining->terminal, sizeof(explaining->terminal), "%.*s",
		(int)sentence_cut(name, sizeof(explaining->terminal) - 1), name);
	*ret_number = r == 0 ? terminal.number : 0;
	terminal_done(&terminal);
	return r == -ENOENT ? 0 : r;
}

static int
gather(struct store_db *db, struct method_call *call, struct explaining *explaining)
{
	struct explain_question *question = &explaining->question;
	struct device_evidence device;
	int64_t account = 0, terminal = 0;
	int r;

	r = read_time(db, call, &question->at_us);
	if (r == 0)
		r = read_device(call, &device);
	if (r == 0)
		r = find_account(db, call, explaining, &account);
	if (r == 0)
		r = find_terminal(db, call, explaining, &terminal);
	if (r == 0)
		r = facts_gather(
			db, account, terminal, MOMENT_REDEEM, &device, NULL, &explaining->gathered);
	if (r == 0)
		r = session_holders(db, terminal, explaining->holders, sizeof(explaining->holders));
	if (r < 0)
		return r;
	question->facts = explaining->gathered.facts;
	question->account = explaining->account;
	question->terminal = explaining->terminal;
	question->holders = explaining->holders;
	if (!device.known && question->facts.mac_count > 0) {
		question->device_assumed = true;
		question->facts.device_known = true;
		question->facts.device = question->facts.macs[0];
	}
	return 0;
}

static void
set_instant(json_t *object, const char *key, int64_t instant_us)
{
	char text[CLOCK_TEXT_SIZE];

	if (instant_us == EXPLAIN_NEVER) {
		(void)json_object_set_new(object, key, json_null());
		return;
	}
	clock_format_utc(instant_us, text);
	(void)json_object_set_new(object, key, json_string(text));
}

static void
set_verdict(json_t *object, const struct policy_rule *by)
{
	(void)json_object_set_new(object, "allowed", json_boolean(by == NULL));
	(void)json_object_set_new(object, "rule", by == NULL ? json_null() : json_string(by->name));
	(void)json_object_set_new(object, "reason",
		by == NULL ? json_null() : json_string(close_reason_row(by->reason)->name));
}

/* {"hours": "08:30-17:30", "now": "19:12"} of the names "hours now". */
static json_t *
data_json(const struct explain_found *found)
{
	json_t *data = json_object();
	const char *name = found->names;

	for (size_t i = 0; i < found->sentence.count; i++) {
		const char *value = sentence_value(&found->sentence, i);
		bool number = name[0] == '#';
		char key[32];

		snprintf(key, sizeof(key), "%.*s", (int)strcspn(name + number, " "), name + number);
		(void)json_object_set_new(data, key,
			number ? json_integer(strtoll(value, NULL, 10)) : json_string(value));
		name += strcspn(name, " ");
		name += *name == ' ';
	}
	return data;
}

static json_t *
answer_json(enum explain_answer answer)
{
	return answer == EXPLAIN_NOT_ASKED ? json_null() : json_boolean(answer == EXPLAIN_ALLOWS);
}

static json_t *
rule_json(const struct explained_rule *explained)
{
	json_t *object = json_object();
	char text[400];

	(void)json_object_set_new(object, "rule", json_string(explained->rule->name));
	(void)json_object_set_new(object, "allows", answer_json(explained->new_connection));
	(void)json_object_set_new(
		object, "sign_in", answer_json(explained->answers[EXPLAIN_SIGN_IN]));
	(void)json_object_set_new(object, "issue", answer_json(explained->answers[EXPLAIN_ISSUE]));
	(void)json_object_set_new(
		object, "redeem", answer_json(explained->answers[EXPLAIN_REDEEM]));
	(void)json_object_set_new(
		object, "running", answer_json(explained->answers[EXPLAIN_RUNNING]));
	if (explained->found.sentence.format != NULL) {
		sentence_text(&explained->found.sentence, text, sizeof(text));
		(void)json_object_set_new(object, "found", json_string(text));
		sentence_json(&explained->found.sentence, object);
		(void)json_object_set_new(object, "data", data_json(&explained->found));
	}
	set_instant(object, "changes", explained->change_us);
	return object;
}

static void
set_device(json_t *object, const struct explain_question *question)
{
	char mac[MAC_TEXT_SIZE];

	mac_format(&question->facts.device, mac);
	(void)json_object_set_new(
		object, "mac", question->facts.device_known ? json_string(mac) : json_null());
	(void)json_object_set_new(object, "mac_assumed", json_boolean(question->device_assumed));
}

/* B8: what a session would let through, and which side closes the rest. */
static json_t *
rights_json(const struct gathered_facts *gathered)
{
	json_t *list = json_array();
	const struct right_row *row;

	for (size_t i = 0; (row = session_right_at(i)) != NULL; i++) {
		bool terminal = (gathered->terminal.rights & row->right) != 0;
		bool account = (gathered->account.denied_rights & row->right) == 0;

		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:b, s:b, s:b}", "right", row->name, "meaning",
				      row->meaning, "terminal", terminal, "account", account,
				      "passes", terminal && account));
	}
	return list;
}

static json_t *
result_json(const struct explaining *explaining, const struct explanation *explanation)
{
	static const char *const names[EXPLAIN_MOMENTS] = {"sign_in", "issue", "redeem", "running"};
	const struct account *account = &explaining->gathered.account;
	json_t *object = json_object();
	json_t *rules = json_array();

	set_instant(object, "at", explaining->question.at_us);
	(void)json_object_set_new(object, "account", json_string(explaining->account));
	(void)json_object_set_new(object, "full_id", json_string(explaining->full_id));
	(void)json_object_set_new(object, "family_name", json_string(account->family_name));
	(void)json_object_set_new(object, "given_name", json_string(account->given_name));
	(void)json_object_set_new(object, "terminal", json_string(explaining->terminal));
	set_device(object, &explaining->question);
	set_verdict(object, explanation->by);
	set_instant(object, "changes", explanation->change_us);
	for (int moment = 0; moment < EXPLAIN_MOMENTS; moment++) {
		json_t *verdict = json_object();

		set_verdict(verdict, explanation->verdicts[moment].rule);
		(void)json_object_set_new(object, names[moment], verdict);
	}
	for (size_t i = 0; i < explanation->count; i++)
		(void)json_array_append_new(rules, rule_json(&explanation->rules[i]));
	(void)json_object_set_new(object, "rules", rules);
	if (explaining->gathered.facts.account_known && explaining->gathered.facts.terminal_known)
		(void)json_object_set_new(object, "rights", rights_json(&explaining->gathered));
	return object;
}

int
method_explain(struct store_db *db, struct method_call *call)
{
	struct explanation *explanation = calloc(1, sizeof(*explanation));
	struct explaining explaining = {0};
	int r;

	if (explanation == NULL)
		return -ENOMEM;
	r = gather(db, call, &explaining);
	if (r == 0) {
		policy_explain(&explaining.question, explanation);
		call->result = result_json(&explaining, explanation);
	}
	gathered_facts_done(&explaining.gathered);
	free(explanation);
	return r;
}
