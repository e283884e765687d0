/* session.watch, recording.play: tickets for auditors (watches.h); recording.keys: what was sealed to them. */
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/recordings.h"
#include "policy/store/store.h"
#include "recording/header.h"
#include "recording/keys.h"
#include "supervisor/control_calls.h"
#include "supervisor/rdp_file.h"
#include "supervisor/recording_files.h"
#include "supervisor/running_sessions.h"
#include "supervisor/ticket_address.h"
#include "supervisor/watches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(WATCH_KEY_BYTES == RECORDING_KEY_BYTES, "it is the same key");

static json_t *
ticket_json(const struct ticket_address *address, const struct watch_about *about,
	const char *handle, const char *secret, int64_t expires_us)
{
	const struct rdp_file file = {
		.host = address->host,
		.port = address->port,
		.handle = handle,
		.secret = secret,
	};
	char text[RDP_FILE_SIZE], expires[CLOCK_TEXT_SIZE], id[RECORDING_ID_SIZE];
	json_t *result = NULL;

	clock_format_utc(expires_us, expires);
	recording_id(about->session, about->live ? 1 : about->part, id);
	if (rdp_file_write(&file, text, sizeof(text)) > 0)
		result = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "handle", handle, "secret",
			secret, "expires", expires, "id", id, "title", about->title, "rdp", text);
	secret_wipe(text, sizeof(text));
	return result;
}

static void
answer_ticket(
	struct control_call *call, const struct ticket_address *address, struct watch_about *about)
{
	char handle[TICKET_HANDLE_SIZE], secret[TICKET_SECRET_SIZE];
	int64_t expires_us = 0;
	json_t *result = NULL;
	int r;

	snprintf(about->actor, sizeof(about->actor), "%s", call->actor);
	r = watch_ticket_issue(call->supervisor->watches, about, handle, secret, &expires_us);
	secret_wipe(about->key, sizeof(about->key));
	if (r == 0) {
		result = ticket_json(address, about, handle, secret, expires_us);
		if (result == NULL)
			watch_ticket_take_back(call->supervisor->watches, handle);
	}
	secret_wipe(secret, sizeof(secret));
	if (r == -EUSERS)
		control_call_refuse(call, METHOD_REFUSED,
			"there are too many tickets for watching that nobody has used: wait a "
			"minute",
			NULL, NULL);
	else if (result == NULL)
		control_call_fail(call, r < 0 ? r : -ENOMEM);
	else
		control_call_answer(call, result);
}

/* Running sessions */

static void
refuse_unrecorded(struct control_call *call)
{
	(void)method_refuse(&call->method, METHOD_REFUSED,
		"this session is not being recorded, and only what is recorded can be watched: "
		"terminal "
		"edit --recording best-effort, or --four-eyes yes, holds for sessions that begin "
		"after it");
	control_call_fail(call, -EPERM);
}

/* Whose session it is: for the log, and as "taro · pacs-01, 2026-11-22 10:15", of the facility's clock, for the bar. */
static void
name_session(
	struct watch_about *about, const char *account, const char *terminal, int64_t started_us)
{
	time_t started = (time_t)(started_us / 1000000);
	char when[32] = "";
	struct tm parts;

	if (localtime_r(&started, &parts) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &parts);
	(void)snprintf(about->title, sizeof(about->title), "%s · %s, %s", account, terminal, when);
	(void)snprintf(about->account, sizeof(about->account), "%s", account);
	(void)snprintf(about->terminal, sizeof(about->terminal), "%s", terminal);
}

void
method_session_watch(struct control_call *call)
{
	struct watch_about about = {.live = true};
	struct ticket_address address;
	struct session_prefix prefix;
	struct connection *connection;
	int r;

	if (session_prefix_parse(control_call_text(call, "id"), &prefix) < 0) {
		running_session_refuse_id(call, "id");
		return;
	}
	connection = running_session_find(call, &prefix);
	if (connection == NULL) {
		running_session_refuse_unknown(call);
		return;
	}
	r = watches_can_watch(call->supervisor->watches, connection->session->id);
	if (r == -ENOENT) {
		refuse_unrecorded(call);
		return;
	}
	if (r < 0) {
		control_call_fail(call, r);
		return;
	}
	r = ticket_address_choose(call, &address);
	if (r < 0) {
		ticket_address_refuse(call, r);
		return;
	}
	memcpy(about.session, connection->session->id, sizeof(about.session));
	name_session(&about, connection->session->account, connection->session->terminal,
		connection->session->started_us);
	answer_ticket(call, &address, &about);
}

/* Recordings */

struct sealed {
	struct recording_row row;
	struct recording_about about;
	struct ticket_address address;
	uint8_t key[RECORDING_KEY_BYTES]; /* recording.play: that the auditor has opened */
	int64_t at_ms;                    /* … where it begins */
	bool playing;
};

/* As it stands in the file: nothing of it is in the database. */
static int
read_header(const struct recording_files *files, const struct recording_row *row,
	struct recording_about *ret_about, uint8_t *ret_hash)
{
	auto_fd int fd = recording_files_read(files, row->session, row->part);
	const char *why;

	return fd < 0 ? fd : recording_header_read(fd, ret_about, ret_hash, &why);
}

static int
refuse_file(struct method_call *method, int r, const struct recording_row *row)
{
	if (r == -ENOMEM)
		return r;
	if (r == -ENOENT && row->state == RECORDING_ROW_ERASED)
		return method_refuse(
			method, METHOD_REFUSED, "the recording has been erased already");
	if (r == -ENOENT)
		return method_refuse(method, METHOD_NOT_FOUND,
			"the file of the recording is not there: files are not part of backups of "
			"the database");
	if (r == -EPROTONOSUPPORT)
		return method_refuse(method, METHOD_REFUSED,
			"the recording is one of a newer version of Sekisho");
	return method_refuse(method, METHOD_REFUSED,
		"the file of the recording cannot be read: recording verify says more");
}

#define LENGTH_SIZE 24

static void
length_text(int64_t ms, char ret_text[LENGTH_SIZE])
{
	long long seconds = ms / 1000;

	(void)snprintf(ret_text, LENGTH_SIZE, "%lld:%02lld:%02lld", seconds / 3600,
		seconds / 60 % 60, seconds % 60);
}

/* Of one that was never closed the row has what was known last, a minute before its end or more: the player finds that. */
static int
check_at(struct method_call *method, const struct recording_row *row, int64_t at_ms)
{
	char length[LENGTH_SIZE], at[LENGTH_SIZE];

	if (row->state != RECORDING_ROW_CLOSED || at_ms <= row->duration_ms)
		return 0;
	length_text(row->duration_ms, length);
	length_text(at_ms, at);
	return method_refuse(method, METHOD_REFUSED,
		"the recording is %s long: there is nothing of it at %s", length, at);
}

/* In the job, which fails where memory does: an auditor whose key were left out would take it for one that is not sealed to him. */
static json_t *
keys_json(const struct recording_about *about)
{
	json_t *keys = json_array();

	for (size_t i = 0; i < about->sealed_count; i++) {
		char id[2 * RECORDING_KEY_ID_BYTES + 1], text[2 * RECORDING_SEALED_KEY_BYTES + 1];

		bytes_to_hex(about->sealed[i].key_id, RECORDING_KEY_ID_BYTES, id);
		bytes_to_hex(about->sealed[i].sealed, RECORDING_SEALED_KEY_BYTES, text);
		(void)json_array_append_new(
			keys, json_pack("{s:s, s:s}", "key", id, "sealed", text));
	}
	return keys;
}

static int
sealed_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct sealed *sealed = call->more;
	uint8_t check[RECORDING_KEY_CHECK_BYTES], header[RECORDING_HASH_BYTES];
	enum recording_beginning beginning;
	int r;

	method_call_reset(&call->method);
	r = recording_find(db, &call->method, &sealed->row);
	if (r < 0)
		return r;
	r = read_header(call->supervisor->recording_files, &sealed->row, &sealed->about, header);
	if (r < 0)
		return refuse_file(&call->method, r, &sealed->row);
	r = recording_beginning(db, &sealed->row, header, &beginning);
	if (r < 0)
		return r;
	/* Anybody can make one that opens with an auditor's key: the public keys are public. */
	if (beginning == RECORDING_BEGINS_OTHERWISE || beginning == RECORDING_NEVER_BEGAN)
		return method_refuse(&call->method, METHOD_REFUSED,
			"the file of the recording has been replaced: it does not begin as the log "
			"says (recording verify)");
	if (!sealed->playing) {
		call->method.result = json_pack("{s:o, s:o}", "recording",
			recording_json(&sealed->row), "keys", keys_json(&sealed->about));
		return call->method.result == NULL ? -ENOMEM : 0;
	}
	r = check_at(&call->method, &sealed->row, sealed->at_ms);
	if (r < 0)
		return r;
	recording_key_check(sealed->key, check);
	if (memcmp(check, sealed->about.key_check, sizeof(check)) != 0)
		return method_refuse(
			&call->method, METHOD_REFUSED, "this is the key of another recording");
	return 0;
}

static struct sealed *
sealed_new(struct control_call *call, void (*done)(struct store_job *job, int status))
{
	struct sealed *sealed = calloc(1, sizeof(*sealed));

	if (sealed == NULL) {
		control_call_fail(call, -ENOMEM);
		return NULL;
	}
	call->more = sealed;
	call->job.work = sealed_work;
	call->job.done = done;
	return sealed;
}

static void
sealed_free(struct sealed *sealed)
{
	secret_wipe(sealed, sizeof(*sealed));
	free(sealed);
}

static void
keys_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;

	sealed_free(take_pointer(&call->more));
	if (status < 0)
		control_call_fail(call, status);
	else
		control_call_answer(call, json_incref(call->method.result));
}

void
method_recording_keys(struct control_call *call)
{
	if (sealed_new(call, keys_done) != NULL)
		store_read(call->supervisor->store, &call->job);
}

static void
play_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct sealed *sealed = call->more;
	struct watch_about about = {.part = sealed->row.part, .at_ms = (uint32_t)sealed->at_ms};
	struct ticket_address address = sealed->address;

	call->more = NULL;
	if (status < 0) {
		sealed_free(sealed);
		control_call_fail(call, status);
		return;
	}
	memcpy(about.session, sealed->row.session, sizeof(about.session));
	memcpy(about.key, sealed->key, sizeof(about.key));
	name_session(
		&about, sealed->row.account_id, sealed->row.terminal_name, sealed->row.started_us);
	sealed_free(sealed);
	answer_ticket(call, &address, &about);
}

/* The key came as text; as such it does not stay in the memory of the call. */
static int
take_key(struct control_call *call, uint8_t ret_key[RECORDING_KEY_BYTES])
{
	json_t *value = json_object_get(call->request.params, "key");
	const char *text = json_string_value(value);
	int r = -EINVAL;

	if (strlen(text) == 2 * RECORDING_KEY_BYTES)
		r = bytes_from_hex(text, ret_key, RECORDING_KEY_BYTES);
	(void)json_object_del(call->request.params, "key");
	return r;
}

/* Seconds; as milliseconds it fits into what the player is told. */
static int
take_at(struct control_call *call, int64_t *ret_ms)
{
	json_int_t at = json_integer_value(json_object_get(call->request.params, "at"));

	if (at < 0 || at > UINT32_MAX / 1000)
		return -EINVAL;
	*ret_ms = at * 1000;
	return 0;
}

void
method_recording_play(struct control_call *call)
{
	struct sealed *sealed = sealed_new(call, play_done);
	int r;

	if (sealed == NULL)
		return;
	sealed->playing = true;
	r = take_at(call, &sealed->at_ms);
	if (r < 0) {
		call->more = NULL;
		sealed_free(sealed);
		control_call_refuse(call, CONTROL_INVALID_PARAMETERS,
			"a place in a recording is so many seconds behind its beginning", "at",
			NULL);
		return;
	}
	r = take_key(call, sealed->key);
	if (r < 0) {
		call->more = NULL;
		sealed_free(sealed);
		control_call_refuse(call, CONTROL_INVALID_PARAMETERS,
			"the key of a recording has 64 hexadecimal digits", "key", NULL);
		return;
	}
	r = ticket_address_choose(call, &sealed->address);
	if (r < 0) {
		call->more = NULL;
		sealed_free(sealed);
		ticket_address_refuse(call, r);
		return;
	}
	store_read(call->supervisor->store, &call->job);
}
