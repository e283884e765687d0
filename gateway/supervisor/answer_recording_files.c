/* recording.verify and recording.read: the files themselves, on a thread of the store (F7). */
#include "base/bytes.h"
#include "base/cleanup.h"
#include "policy/method_call.h"
#include "policy/methods.h"
#include "policy/recordings.h"
#include "policy/sealing.h"
#include "policy/store/store.h"
#include "recording/verify.h"
#include "supervisor/control_calls.h"
#include "supervisor/recording_files.h"
#include "supervisor/recordings.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 262144

/* Verifying */

struct verdict {
	const char *word;
	const char *why; /* a message of po/, or what verify found */
};

/* What the loop knows of it is asked once the file has been read. */
struct verifying {
	struct recording_row row;
	bool closing; /* the file is closed, and the row says that it is still being written */
	bool again;   /* and so it did before, while no recording of this gateway was under way */
};

/* The file is closed, with our signature, of which each recording gets one; the row is without its hash. Between these two the gateway or
 * the recorder may have ended, or the store may not have taken it. The log must know no better. */
static struct verdict
judge_unlogged_end(struct store_db *db, const struct recording_row *row,
	enum recording_beginning beginning, bool again)
{
	bool open = row->state == RECORDING_ROW_NOT_CLOSED || row->state == RECORDING_ROW_RUNNING;
	json_t *event = NULL;

	if (!open || beginning != RECORDING_BEGINS_AS_LOGGED ||
		recording_event(db, row, &event) < 0)
		return (struct verdict){
			"changed", N_("it is closed, and the log says that it was not")};
	open = json_is_null(json_object_get(event, "hash"));
	json_decref(event);
	if (!open)
		return (struct verdict){
			"changed", N_("the log has its hash, and the recording's row has not")};
	if (row->state == RECORDING_ROW_RUNNING && !again)
		return (struct verdict){"closing", ""};
	return (struct verdict){"not-closed",
		N_("its end is in the file, signed by this gateway, and did not get into the log "
		   "before the gateway or the recorder ended")};
}

/* The file is whole in itself: is it also the one that was written then? */
static struct verdict
compare_with_log(
	struct store_db *db, const struct recording_row *row, const struct recording_report *report)
{
	json_t *event = NULL;
	bool same;

	if (memcmp(row->hash, report->summary.chain, sizeof(row->hash)) != 0)
		return (struct verdict){
			"changed", N_("its hash is not the one that the connection's row has")};
	if (recording_event(db, row, &event) < 0)
		return (struct verdict){
			"changed", N_("the log has no event of this recording's end")};
	same = recording_event_has(event, report->summary.chain);
	json_decref(event);
	return same ? (struct verdict){"whole", ""}
		    : (struct verdict){"changed", N_("its hash is not the one that the log has")};
}

/* A file without closing has no signature: what it begins with is all that is known of it without a key. */
static struct verdict
judge_open_end(const struct recording_row *row, enum recording_beginning beginning)
{
	if (row->has_hash)
		return (struct verdict){"broken", N_("its end has been cut off")};
	if (beginning == RECORDING_NEVER_BEGAN)
		return (struct verdict){"not-closed",
			N_("the log says that nothing was recorded, and nothing is in it")};
	if (beginning == RECORDING_BEGINS_UNSAID)
		return (struct verdict){"not-closed",
			N_("the log does not say what it begins with: it may have been cut, or "
			   "replaced as a whole")};
	return (struct verdict){"not-closed",
		N_("it begins as the log says, so it is the file of this session. Its end may be "
		   "missing, and that what follows is what was written is checked when it is "
		   "played or exported")};
}

static struct verdict
judge(struct store_db *db, const struct recording_row *row, const struct recording_report *report,
	enum recording_beginning beginning, bool again)
{
	bool same = memcmp(report->about.session, row->session, sizeof(row->session)) == 0 &&
		    report->about.part == row->part;

	if (report->state == RECORDING_BROKEN)
		return (struct verdict){"broken", report->why};
	if (report->bytes == 0)
		return (struct verdict){"broken", N_("it is empty")};
	if (!same)
		return (struct verdict){"foreign", N_("it is the file of another session")};
	if (report->state == RECORDING_FOREIGN)
		return (struct verdict){"foreign", report->why};
	if (beginning == RECORDING_BEGINS_OTHERWISE)
		return (struct verdict){"foreign",
			N_("it does not begin as the log says: the file has been replaced")};
	if (beginning == RECORDING_NEVER_BEGAN && report->chunks > 0)
		return (struct verdict){"foreign",
			N_("the log says that nothing was recorded: the file has been replaced")};
	if (report->state == RECORDING_WHOLE && !row->has_hash)
		return judge_unlogged_end(db, row, beginning, again);
	if (report->state == RECORDING_WHOLE)
		return compare_with_log(db, row, report);
	if (row->state == RECORDING_ROW_RUNNING)
		return (struct verdict){"running", ""};
	return judge_open_end(row, beginning);
}

static json_t *
beginning_json(enum recording_beginning beginning)
{
	return beginning == RECORDING_BEGINS_UNSAID
		       ? json_null()
		       : json_boolean(beginning == RECORDING_BEGINS_AS_LOGGED);
}

static json_t *
verdict_json(const struct recording_row *row, struct verdict verdict,
	const struct recording_report *report, enum recording_beginning beginning)
{
	return json_pack("{s:o, s:s, s:s, s:o, s:I, s:I, s:I, s:I}", "recording",
		recording_json(row), "verdict", verdict.word, "why", verdict.why,
		"begins_as_logged", beginning_json(beginning), "chunks", (json_int_t)report->chunks,
		"bytes", (json_int_t)report->bytes, "gaps", (json_int_t)report->gaps, "seconds",
		(json_int_t)(report->length_ms / 1000));
}

static int
verify_file(struct store_db *db, struct control_call *call, const struct recording_row *row)
{
	auto_free struct recording_report *report = calloc(1, sizeof(*report));
	struct verifying *verifying = call->more;
	uint8_t signer[SIGNING_PUBLIC_BYTES];
	enum recording_beginning beginning;
	struct verdict verdict;
	auto_fd int fd = -1;
	int r;

	if (report == NULL)
		return -ENOMEM;
	fd = recording_files_read(call->supervisor->recording_files, row->session, row->part);
	if (fd == -ENOMEM)
		return fd;
	if (fd < 0) {
		call->method.result = verdict_json(row,
			(struct verdict){"missing",
				row->state == RECORDING_ROW_ERASED
					? N_("it has been erased")
					: N_("the file is not there, or cannot be opened")},
			report, RECORDING_BEGINS_UNSAID);
		return call->method.result == NULL ? -ENOMEM : 0;
	}
	sealing_public_key(store_db_sealing(db), signer);
	r = recording_verify(fd, NULL, signer, NULL, NULL, report);
	if (r == 0)
		r = recording_beginning(db, row, report->header, &beginning);
	if (r < 0)
		return r;
	verdict = judge(db, row, report, beginning, verifying->again);
	verifying->closing = strcmp(verdict.word, "closing") == 0;
	call->method.result = verdict_json(row, verdict, report, beginning);
	return call->method.result == NULL ? -ENOMEM : 0;
}

static int
verify_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct verifying *verifying = call->more;
	int r;

	method_call_reset(&call->method);
	r = recording_find(db, &call->method, &verifying->row);
	return r < 0 ? r : verify_file(db, call, &verifying->row);
}

static void
answer_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;

	if (status < 0)
		control_call_fail(call, status);
	else
		control_call_answer(call, json_incref(call->method.result));
}

/* A row that is still open is the last word once nothing writes to it any more: it is read again then. */
static void
verify_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	struct verifying *verifying = call->more;

	if (status >= 0 && verifying->closing && !verifying->again &&
		!recording_is_unsettled(call->supervisor, verifying->row.session)) {
		verifying->again = true;
		store_walk(call->supervisor->store, &call->job);
		return;
	}
	free(take_pointer(&call->more));
	answer_done(job, status);
}

void
method_recording_verify(struct control_call *call)
{
	call->more = calloc(1, sizeof(struct verifying));
	if (call->more == NULL) {
		control_call_fail(call, -ENOMEM);
		return;
	}
	call->job.work = verify_work;
	call->job.done = verify_done;
	store_walk(call->supervisor->store, &call->job);
}

/* Reading */

static int64_t
offset_of(const struct control_call *call)
{
	return json_integer_value(json_object_get(call->request.params, "offset"));
}

static int
read_piece(struct control_call *call, const struct recording_row *row)
{
	auto_free uint8_t *bytes = malloc(PIECE_BYTES);
	auto_free char *text = malloc(2 * PIECE_BYTES + 1);
	auto_fd int fd = -1;
	char id[RECORDING_ID_SIZE];
	struct stat status;
	ssize_t len;

	if (bytes == NULL || text == NULL)
		return -ENOMEM;
	fd = recording_files_read(call->supervisor->recording_files, row->session, row->part);
	if (fd == -ENOMEM)
		return fd;
	if (fd < 0 || fstat(fd, &status) < 0)
		return method_refuse(&call->method, METHOD_NOT_FOUND,
			"the file of the recording is not there: files are not part of backups of "
			"the database");
	if (offset_of(call) < 0 || offset_of(call) > (int64_t)status.st_size)
		return method_refuse(
			&call->method, METHOD_REFUSED, "there is no such place in the recording");
	len = pread(fd, bytes, PIECE_BYTES, (off_t)offset_of(call));
	if (len < 0)
		return -errno;
	bytes_to_hex(bytes, (size_t)len, text);
	recording_id(row->session, row->part, id);
	call->method.result = json_pack(
		"{s:s, s:s, s:I}", "id", id, "bytes", text, "size", (json_int_t)status.st_size);
	return call->method.result == NULL ? -ENOMEM : 0;
}

static int
read_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct recording_row row;
	int r;

	method_call_reset(&call->method);
	r = recording_find(db, &call->method, &row);
	return r < 0 ? r : read_piece(call, &row);
}

static void
read_on(struct control_call *call)
{
	call->job.work = read_work;
	call->job.done = answer_done;
	store_read(call->supervisor->store, &call->job);
}

/* fetches.h has room for the beginning of an id. */
static void
name_fetch(const struct control_call *call, char ret_name[FETCH_NAME_SIZE])
{
	snprintf(ret_name, FETCH_NAME_SIZE, "%s", control_call_text(call, "id"));
}

static int
begin_work(struct store_db *db, struct store_job *job)
{
	struct control_call *call = (struct control_call *)job;
	struct recording_row row;
	int r;

	method_call_reset(&call->method);
	r = recording_find(db, &call->method, &row);
	if (r < 0)
		return r;
	if (row.state == RECORDING_ROW_ERASED)
		return method_refuse(&call->method, METHOD_REFUSED,
			"the recording has been erased: recording show says by whom, and why");
	return recording_admin_event(
		db, call->actor, "recording.read", &row, control_call_text(call, "purpose"), NULL);
}

static void
begin_done(struct store_job *job, int status)
{
	struct control_call *call = (struct control_call *)job;
	char name[FETCH_NAME_SIZE];

	if (status < 0) {
		control_call_fail(call, status);
		return;
	}
	name_fetch(call, name);
	fetches_add(recording_files_fetches(call->supervisor->recording_files), call->client, name);
	read_on(call);
}

/* Who takes a recording away is in the log before the first byte goes. */
void
method_recording_read(struct control_call *call)
{
	char name[FETCH_NAME_SIZE];

	name_fetch(call, name);
	if (fetches_goes_on(recording_files_fetches(call->supervisor->recording_files),
		    call->client, name, offset_of(call))) {
		read_on(call);
		return;
	}
	call->job.work = begin_work;
	call->job.done = begin_done;
	store_write(call->supervisor->store, &call->job);
}
