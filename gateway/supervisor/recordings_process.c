/* A recording's process: what is said to it and by it; see recordings.h. What a sekisho-recorder says comes from a process that a
 * worker's bytes reach: it can spoil its one recording, and no other.
 */
#include "supervisor/recordings_private.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/secret.h"
#include "policy/sealing.h"
#include "recorder/keeping.h"
#include "recording/header.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/session_starts.h"
#include "supervisor/watches.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define N_(text) text

static void
put_sealed(const struct recording_about *about, struct msg_record_begin *begin)
{
	for (size_t i = 0; i < about->sealed_count; i++) {
		uint8_t *at = begin->sealed + begin->sealed_len;

		memcpy(at, about->sealed[i].key_id, RECORDING_KEY_ID_BYTES);
		memcpy(at + RECORDING_KEY_ID_BYTES, about->sealed[i].sealed,
			RECORDING_SEALED_KEY_BYTES);
		begin->sealed_len += RECORDING_KEY_ID_BYTES + RECORDING_SEALED_KEY_BYTES;
	}
}

void
recording_try_begin(struct recording *recording)
{
	const struct recording_about *about = &recording->about;
	struct msg_record_begin begin = {
		.session_len = RECORDING_SESSION_BYTES,
		.part = about->part,
		.started_us = (uint64_t)about->started_us,
		.signer_len = RECORDING_PUBLIC_BYTES,
		.key_len = RECORDING_KEY_BYTES,
		.with_input = about->with_input,
		.required = recording_is_required(recording),
		.began_ms = (uint64_t)recording->began_ms,
		.most_bytes = recording->supervisor->settings->recording.most_bytes,
		.stall_ms = recording->supervisor->settings->recording.stall_ms,
	};

	if (recording->file < 0 || !recording->child_is_ready || recording->child == NULL)
		return;
	memcpy(begin.session, about->session, sizeof(about->session));
	memcpy(begin.signer, about->signer, sizeof(about->signer));
	memcpy(begin.key, recording->key, RECORDING_KEY_BYTES);
	(void)snprintf(begin.account, sizeof(begin.account), "%s", about->account);
	(void)snprintf(begin.terminal, sizeof(begin.terminal), "%s", about->terminal);
	put_sealed(about, &begin);
	(void)children_send(recording->child, MSG_RECORD_BEGIN, &begin, recording->file);
	secret_wipe(&begin, sizeof(begin));
}

void
recording_send_finish(struct recording *recording, enum close_reason reason)
{
	struct msg_record_finish finish = {0};

	(void)snprintf(finish.end, sizeof(finish.end), "%s",
		event_row(close_reason_row(reason)->event)->id);
	(void)children_send(recording->child, MSG_RECORD_FINISH, &finish, -1);
}

static void
recorder_ready(void *owner, struct child *child)
{
	struct recording *recording = child_tag(child);

	(void)owner;
	recording->child_is_ready = true;
	recording_try_begin(recording);
}

/* Of its file, not of what it says: by these bytes it is decided at night whose recordings are erased. */
static int64_t
bytes_of(const struct recording *recording)
{
	struct stat file;

	return recording->file >= 0 && fstat(recording->file, &file) == 0 ? (int64_t)file.st_size
									  : 0;
}

static void
runs(struct recording *recording)
{
	char header[2 * RECORDING_HASH_BYTES + 1];

	recording_go(recording, RECORDING_RUNS);
	recording->has_begun = true;
	recording_tell_session(recording);
	bytes_to_hex(recording->header, sizeof(recording->header), header);
	log_event(EV_RECORDING_STARTED, "session=%s part=%u user='%s' host='%s' kept=%s header=%s",
		recording->connection != NULL ? recording->connection->session->id_text : "-",
		recording->about.part, log_quote(recording->about.account),
		log_quote(recording->about.terminal), recording->kept ? "yes" : "no", header);
	if (recording->connection != NULL)
		session_start_recorded(recording->connection);
}

static int
begun_work(struct store_db *db, struct store_job *job)
{
	struct recording *recording =
		(struct recording *)((char *)job - offsetof(struct recording, job));

	return recording_begun(db, recording->session, recording->row.part, recording->header);
}

static void
begun_done(struct store_job *job, int status)
{
	struct recording *recording =
		(struct recording *)((char *)job - offsetof(struct recording, job));

	if (!recording_goes_on(recording))
		return;
	if (status < 0)
		recording_was_not_stored(recording, "header of a recording", status);
	else
		runs(recording);
}

/* Nothing is recorded before the log has what the file begins with: a file that is never closed is known by that alone. And it is what was
 * asked for: names, part and sealed keys of another one's would be logged as ours. */
static int
take_header(struct recording *recording)
{
	int r = recording_header_compare(
		recording->file, &recording->about, recording->key, recording->header);

	if (r == -EBADMSG)
		return -EPROTO;
	if (r < 0) {
		recording_has_no_file(recording, r);
		return 0;
	}
	if (!recording->kept) {
		runs(recording);
		return 0;
	}
	recording->job = (struct store_job){.work = begun_work, .done = begun_done};
	recording->job_runs = true;
	store_write(recording->supervisor->store, &recording->job);
	return 0;
}

static int
on_progress(struct channel *channel, union message_body *message)
{
	const struct msg_record_progress *progress = &message->record_progress;
	struct recording *recording = child_tag(channel_owner(channel));

	if (recording == NULL)
		return 0;
	recording->so_far = (struct recording_so_far){.bytes = bytes_of(recording),
		.duration_ms = progress->length_ms,
		.gaps = progress->gaps};
	recording->missing = progress->missing;
	if (recording->step != RECORDING_BEGINS || recording->job_runs)
		return 0;
	return take_header(recording);
}

static const struct {
	enum close_reason reason;
	const char *text;
} troubles[] = {
#define TROUBLE(name, reason_, text_) \
	[RECORD_TROUBLE_##name] = {.reason = CLOSE_##reason_, .text = text_},
#include "recorder/troubles.def"
#undef TROUBLE
};

static int
on_trouble(struct channel *channel, union message_body *message)
{
	const struct msg_record_trouble *trouble = &message->record_trouble;
	struct recording *recording = child_tag(channel_owner(channel));

	if (trouble->trouble == RECORD_TROUBLE_NONE || trouble->trouble >= RECORD_TROUBLE_COUNT)
		return -EPROTO;
	if (recording == NULL)
		return 0;
	recording_went_wrong(recording, troubles[trouble->trouble].reason,
		troubles[trouble->trouble].text, (int)trouble->error);
	if (trouble->trouble == RECORD_TROUBLE_TOO_LARGE) {
		recording->ends_early = true;
		watches_recording_over(recording->supervisor->watches, recording->session);
		recording_tell_session(recording);
	}
	return 0;
}

/* The summary that is signed is this recording's own: a recorder that was taken over gets no signature for another one. */
static bool
is_ours(const struct recording *recording, const struct recording_summary *summary)
{
	return memcmp(summary->session, recording->about.session, RECORDING_SESSION_BYTES) == 0 &&
	       summary->part == recording->about.part &&
	       summary->started_us == recording->about.started_us;
}

static int
on_digest(struct channel *channel, union message_body *message)
{
	const struct msg_record_digest *digest = &message->record_digest;
	struct recording *recording = child_tag(channel_owner(channel));
	struct msg_record_signature signature = {.signature_len = RECORDING_SIGNATURE_BYTES};
	uint8_t text[RECORDING_SIGNED_MOST];
	struct recording_summary summary;
	size_t len;
	int r;

	if (recording == NULL)
		return 0;
	if (digest->summary_len != RECORDING_SUMMARY_BYTES)
		return -EPROTO;
	recording_summary_get(digest->summary, &summary);
	if (!is_ours(recording, &summary))
		return -EPROTO;
	len = recording_summary_signed(&summary, text);
	r = sealing_sign(recording->supervisor->sealing, text, len, signature.signature);
	if (r < 0)
		return r;
	recording->so_far.duration_ms = summary.length_ms;
	recording->so_far.gaps = summary.gaps;
	recording->missing = summary.missing;
	memcpy(recording->hash, summary.chain, sizeof(recording->hash));
	return channel_send(channel, MSG_RECORD_SIGNATURE, &signature, -1);
}

static int
on_closed(struct channel *channel, union message_body *message)
{
	struct recording *recording = child_tag(channel_owner(channel));

	if (recording == NULL)
		return 0;
	(void)message;
	recording->so_far.bytes = bytes_of(recording);
	recording->has_hash = true;
	recording_over(recording, RECORDING_ROW_CLOSED);
	return 0;
}

static const struct channel_handler recorder_messages[] = {
	{MSG_RECORD_PROGRESS, on_progress},
	{MSG_RECORD_TROUBLE, on_trouble},
	{MSG_RECORD_DIGEST, on_digest},
	{MSG_RECORD_CLOSED, on_closed},
	{MSG_NOTHING, NULL},
};

static void
recorder_died(void *owner, struct child *child)
{
	struct recording *recording = child_tag(child);
	bool runs;

	(void)owner;
	if (recording == NULL)
		return;
	recording->child = NULL;
	runs = recording->step != RECORDING_IS_OVER;
	if (runs)
		recording_went_wrong(recording, CLOSE_RECORDING_FAILED,
			N_("its recorder ended before the session did"), 0);
	if (recording->step != RECORDING_IS_OVER)
		recording_over(recording, RECORDING_ROW_NOT_CLOSED);
}

const struct child_kind_setup recorder_kind = {
	.handlers = recorder_messages,
	.ready = recorder_ready,
	.died = recorder_died,
};
