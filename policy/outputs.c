/* Outputs; see outputs.h. */
#include "policy/outputs.h"

#include "base/clock.h"
#include "policy/method_call.h"
#include "policy/sessions.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
set_instant_or_null(json_t *object, const char *name, int64_t instant_us)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_utc(instant_us, text);
	(void)json_object_set_new(object, name, instant_us == 0 ? json_null() : json_string(text));
}

json_t *
output_json(const struct output *output)
{
	json_t *object = json_object();

	(void)json_object_set_new(object, "id", json_integer(output->number));
	(void)json_object_set_new(object, "kind", json_string(output->kind));
	(void)json_object_set_new(object, "requested_by", json_string(output->requested_by));
	(void)json_object_set_new(object, "state", json_string(output_state_name(output->state)));
	(void)json_object_set_new(
		object, "why", output->why[0] == '\0' ? json_null() : json_string(output->why));
	(void)json_object_set_new(object, "bytes", json_integer(output->bytes));
	set_instant_or_null(object, "created", output->created_us);
	set_instant_or_null(object, "completed", output->finished_us);
	set_instant_or_null(object, "expires", output->expires_us);
	return object;
}

void
output_path(const char *folder, int64_t number, bool complete, char ret_path[OUTPUT_PATH_SIZE])
{
	snprintf(ret_path, OUTPUT_PATH_SIZE, "%s/%lld.%s", folder, (long long)number,
		complete ? "csv" : "part");
}

int
output_request(struct store_db *db, const char *actor, bool extended, struct output *ret_output)
{
	struct output output = {.kind = "accounts", .state = OUTPUT_WAITING};
	json_t *after = json_pack("{s:b}", "extended", extended);
	char *parameters = json_dumps(after, JSON_COMPACT);
	char target[32];
	int r;

	snprintf(output.requested_by, sizeof(output.requested_by), "%s", actor);
	r = parameters == NULL ? -ENOMEM : output_insert(db, &output, parameters);
	free(parameters);
	snprintf(target, sizeof(target), "%lld", (long long)output.number);
	if (r == 0)
		r = admin_event(db, actor, "account.export", target, NULL, after, NULL);
	json_decref(after);
	*ret_output = output;
	return r;
}

int
output_finish(
	struct store_db *db, int64_t number, const char *why, int64_t bytes, uint32_t validity_ms)
{
	struct output output;
	int r;

	r = output_load(db, number, &output);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	output.state = why == NULL ? OUTPUT_DONE : OUTPUT_FAILED;
	snprintf(output.why, sizeof(output.why), "%s", why == NULL ? "" : why);
	output.bytes = why == NULL ? bytes : 0;
	output.finished_us = store_db_now(db);
	output.expires_us = output.finished_us + (int64_t)validity_ms * 1000;
	return output_update(db, &output);
}

struct tidying {
	bool starting;
	uint32_t validity_ms;
	json_t *kept;
};

static int
tidy_one(struct store_db *db, const struct output *output, void *argument)
{
	struct tidying *tidying = argument;
	bool ended = output->state == OUTPUT_DONE || output->state == OUTPUT_FAILED;

	if (ended && output->expires_us <= store_db_now(db))
		return output_remove(db, output->number);
	if (!ended && tidying->starting)
		return output_finish(db, output->number,
			N_("the gateway ended before it was complete"), 0, tidying->validity_ms);
	if (output->state != OUTPUT_FAILED)
		(void)json_array_append_new(tidying->kept, json_integer(output->number));
	return 0;
}

int
output_tidy(struct store_db *db, bool starting, uint32_t validity_ms, json_t **ret_kept)
{
	struct tidying tidying = {starting, validity_ms, json_array()};
	int r;

	r = output_each(db, tidy_one, &tidying);
	if (r < 0) {
		json_decref(tidying.kept);
		return r;
	}
	*ret_kept = tidying.kept;
	return 0;
}

struct listing {
	json_t *outputs;
	const char *state; /* or NULL */
};

static int
list_one(struct store_db *db, const struct output *output, void *argument)
{
	struct listing *listing = argument;
	bool expired = output->expires_us != 0 && output->expires_us <= store_db_now(db);

	if (!expired && (listing->state == NULL ||
				strcmp(listing->state, output_state_name(output->state)) == 0))
		(void)json_array_append_new(listing->outputs, output_json(output));
	return 0;
}

int
method_output_list(struct store_db *db, struct method_call *call)
{
	struct listing listing = {json_array(), param_text(call->params, "state")};
	struct field_error error;
	bool known = listing.state == NULL;

	call->result = json_pack("{s:o}", "outputs", listing.outputs);
	for (int i = 0; i < OUTPUT_STATE_COUNT && !known; i++)
		known = strcmp(output_state_name((enum output_state)i), listing.state) == 0;
	if (known)
		return output_each(db, list_one, &listing);
	(void)field_error_set(
		&error, "state", listing.state, "one of waiting, running, done, failed", "done");
	return method_refuse_field(call, &error);
}
