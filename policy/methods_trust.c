/* terminal.trust (B4): the certificate by which a jump host is known from now on; see methods.h. */
#include "policy/method_call.h"

#include "policy/store/pin_table.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
read_instant(struct method_call *call, const char *name, int64_t *ret_us)
{
	const char *text = param_text(call->params, name);
	struct field_error error;

	*ret_us = 0;
	if (text == NULL || civil_instant_parse(text, ret_us) == 0)
		return 0;
	(void)field_error_set(
		&error, "at", text, "an instant as RFC 3339 writes it", "2026-11-24T10:12:00Z");
	error.field = strcmp(name, "not_before") == 0 ? "not_before" : "not_after";
	return method_refuse_field(call, &error);
}

static void
copy(const struct method_call *call, const char *name, char *ret_text, size_t size)
{
	const char *text = param_text(call->params, name);

	if (text != NULL)
		snprintf(ret_text, size, "%.*s", (int)sentence_cut(text, size - 1), text);
}

int
terminal_pin_keep(struct store_db *db, struct method_call *call, const struct terminal *terminal)
{
	struct pinned_certificate pinned = {
		.terminal = terminal->number, .since_us = store_db_now(db)};
	int r;

	memcpy(pinned.sha256, terminal->pin, sizeof(pinned.sha256));
	copy(call, "subject", pinned.subject, sizeof(pinned.subject));
	copy(call, "names", pinned.names, sizeof(pinned.names));
	snprintf(pinned.by, sizeof(pinned.by), "%s", call->actor);
	r = read_instant(call, "not_before", &pinned.not_before_us);
	if (r == 0)
		r = read_instant(call, "not_after", &pinned.not_after_us);
	return r < 0 ? r : pin_save(db, &pinned);
}

/* Of an earlier pin nothing is said: it is trusted no more. */
int
terminal_pin_json(struct store_db *db, const struct terminal *terminal, json_t **ret_object)
{
	struct pinned_certificate pinned;
	int r;

	*ret_object = json_null();
	r = terminal->trust == TERMINAL_TRUST_PIN ? pin_load(db, terminal->number, &pinned)
						  : -ENOENT;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (memcmp(pinned.sha256, terminal->pin, sizeof(pinned.sha256)) == 0)
		*ret_object = json_pack("{s:s, s:s, s:o, s:o, s:o, s:s}", "subject", pinned.subject,
			"names", pinned.names, "not_before", instant_json(pinned.not_before_us),
			"not_after", instant_json(pinned.not_after_us), "since",
			instant_json(pinned.since_us), "by", pinned.by);
	return 0;
}
