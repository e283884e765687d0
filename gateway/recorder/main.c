/* sekisho-recorder: keeps what one session's client is sent in an encrypted file, and ends.
 *
 *	fd 2 the log   3 the supervisor   the file, and the stream of a relay worker, as they come
 *
 * Started while the jump host is dialled. RECORD_BEGIN brings the file, the recording's key and to whom it is sealed; then the sandbox
 * closes, and only then bytes of a worker are read (RECORD_SOURCE). When the session is over (RECORD_FINISH) the supervisor signs the
 * summary. The key is here as long as the session runs; nothing but this process and the supervisor has it. A second thread brings
 * what was written to the disk (syncing.h).
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/lock_down.h"
#include "child/program.h"
#include "messages/supervised.h"
#include "recorder/keeping.h"
#include "recorder/source.h"
#include "recorder/syncing.h"
#include "recording/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define READS_A_TURN 4
#define PROGRESS_MS 1000
#define LAST_WORDS_MS 1000 /* of a worker, after the session is over */

static struct {
	struct running running;
	struct keeping keeping;
	struct source source;
	struct syncing syncing;
	uint32_t stall_ms; /* of the disk */
	int file;
	bool begun;
	int64_t began_ms;
	uint64_t told_bytes; /* of RECORD_PROGRESS … */
	uint32_t told_ms;    /* … and when */
	bool finishing;
	uint32_t finish_ms; /* not later */
	char end[RECORDING_TEXT_MOST + 1];
	bool digested; /* RECORD_DIGEST is out */
} process = {.file = -1, .syncing.fd = -1};

static uint32_t
now_ms(void)
{
	int64_t ms = clock_boottime_ms() - process.began_ms;

	return ms < 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static int
tell_progress(void)
{
	const struct recording_summary *summary = recording_writer_summary(process.keeping.writer);
	const struct msg_record_progress progress = {
		.bytes = recording_writer_bytes(process.keeping.writer),
		.length_ms = summary->length_ms,
		.gaps = summary->gaps,
		.missing = summary->missing,
	};

	process.told_bytes = progress.bytes;
	process.told_ms = now_ms();
	return channel_send(process.running.supervisor, MSG_RECORD_PROGRESS, &progress, -1);
}

static int
tell_trouble(void)
{
	struct msg_record_trouble trouble = {0};
	int error;

	trouble.trouble = (uint8_t)keeping_trouble(&process.keeping, &error);
	trouble.error = (uint32_t)error;
	return trouble.trouble == RECORD_TROUBLE_NONE
		       ? 0
		       : channel_send(process.running.supervisor, MSG_RECORD_TROUBLE, &trouble, -1);
}

static void
fill_in(struct recording_about *about, const struct msg_record_begin *begin)
{
	const size_t each = RECORDING_KEY_ID_BYTES + RECORDING_SEALED_KEY_BYTES;

	memcpy(about->session, begin->session, sizeof(about->session));
	memcpy(about->signer, begin->signer, sizeof(about->signer));
	about->part = begin->part;
	about->started_us = (int64_t)begin->started_us;
	about->with_input = begin->with_input != 0;
	(void)snprintf(about->account, sizeof(about->account), "%s", begin->account);
	(void)snprintf(about->terminal, sizeof(about->terminal), "%s", begin->terminal);
	about->sealed_count = (uint8_t)(begin->sealed_len / each);
	for (size_t i = 0; i < about->sealed_count; i++) {
		const uint8_t *at = begin->sealed + i * each;

		memcpy(about->sealed[i].key_id, at, RECORDING_KEY_ID_BYTES);
		memcpy(about->sealed[i].sealed, at + RECORDING_KEY_ID_BYTES,
			RECORDING_SEALED_KEY_BYTES);
	}
}

static int
on_begin(struct channel *channel, union message_body *message)
{
	const struct msg_record_begin *begin = &message->record_begin;
	struct recording_about about = {0};
	int r;

	process.file = channel_take_fd(channel);
	if (begin->session_len != RECORDING_SESSION_BYTES ||
		begin->key_len != RECORDING_KEY_BYTES ||
		begin->signer_len != RECORDING_PUBLIC_BYTES)
		return -EPROTO;
	fill_in(&about, begin);
	process.began_ms = (int64_t)begin->began_ms;
	process.stall_ms = begin->stall_ms;
	r = lock_down(LOCK_DOWN_RECORDER);
	if (r < 0)
		return r;
	r = keeping_begin(&process.keeping, &about, begin->key, process.file, begin->most_bytes);
	if (r < 0)
		return program_fail(&process.running, "the header", r);
	process.begun = true;
	return tell_progress();
}

static int
on_source(struct channel *channel, union message_body *message)
{
	int fd = channel_take_fd(channel);
	int flags = fcntl(fd, F_GETFL);

	(void)message;
	source_open(&process.source, &fd);
	return fcntl(process.source.fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int
on_note(struct channel *channel, union message_body *message)
{
	const struct msg_record_note *note = &message->record_note;
	uint8_t room[1 + RECORDING_TEXT_MOST];
	const struct recording_record record = {.kind = RECORDING_NOTE,
		.ms = now_ms(),
		.bytes = room,
		.len = (uint32_t)recording_note_put(note->about, note->text, room)};

	(void)channel;
	if (!process.finishing)
		keeping_take(&process.keeping, &record, record.ms);
	return 0;
}

static int
on_finish(struct channel *channel, union message_body *message)
{
	(void)channel;
	process.finishing = true;
	process.finish_ms = now_ms() + LAST_WORDS_MS;
	(void)snprintf(process.end, sizeof(process.end), "%s", message->record_finish.end);
	return 0;
}

static int
on_signature(struct channel *channel, union message_body *message)
{
	const struct msg_record_signature *signature = &message->record_signature;
	struct msg_record_closed closed = {0};
	int r;

	(void)channel;
	if (signature->signature_len != RECORDING_SIGNATURE_BYTES)
		return -EPROTO;
	r = keeping_close(&process.keeping, signature->signature);
	if (r < 0)
		return program_fail(&process.running, "the closing", r);
	process.running.over = true;
	closed.bytes = recording_writer_bytes(process.keeping.writer);
	return channel_send(process.running.supervisor, MSG_RECORD_CLOSED, &closed, -1);
}

static const struct channel_handler handlers[] = {
	{MSG_RECORD_BEGIN, on_begin},
	{MSG_RECORD_SOURCE, on_source},
	{MSG_RECORD_NOTE, on_note},
	{MSG_RECORD_FINISH, on_finish},
	{MSG_RECORD_SIGNATURE, on_signature},
	{MSG_PING, supervised_on_ping},
	{MSG_NOTHING, NULL},
};

/* The stream is over. What came of its last record is missing. */
static void
source_over(bool bad)
{
	const struct recording_gap gap = {.why = RECORDING_GAP_CUT,
		.bytes = source_rest(&process.source),
		.since_ms = now_ms()};
	uint8_t room[RECORDING_GAP_BYTES];
	const struct recording_record record = {.kind = RECORDING_GAP,
		.ms = gap.since_ms,
		.bytes = room,
		.len = (uint32_t)recording_gap_put(&gap, room)};

	if (bad || gap.bytes > 0)
		keeping_take(&process.keeping, &record, gap.since_ms);
	if (bad) {
		process.keeping.trouble = RECORD_TROUBLE_BAD_STREAM;
		process.keeping.error = 0;
	}
	source_close(&process.source);
}

/* Returns whether there may be more. */
static bool
read_source(uint32_t ms)
{
	struct recording_record record;
	size_t room;
	uint8_t *at = source_room(&process.source, &room);
	ssize_t n = read(process.source.fd, at, room);
	int r;

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			source_over(false);
		return false;
	}
	source_came(&process.source, (size_t)n);
	while ((r = source_next(&process.source, &record)) > 0)
		keeping_take(&process.keeping, &record, ms);
	if (r < 0)
		source_over(true);
	return r == 0 && (size_t)n == room;
}

static int
tell_digest(uint32_t ms)
{
	struct msg_record_digest digest = {.summary_len = RECORDING_SUMMARY_BYTES};
	int r = keeping_end(&process.keeping, ms, clock_now(), process.end);

	process.digested = true;
	if (r < 0) {
		(void)tell_trouble();
		return program_fail(&process.running, "the end", r);
	}
	recording_summary_put(recording_writer_summary(process.keeping.writer), digest.summary);
	return channel_send(process.running.supervisor, MSG_RECORD_DIGEST, &digest, -1);
}

/* What the disk has taken so far outlives a loss of power. */
static void
look_at_disk(uint32_t ms)
{
	int r = syncing_turn(&process.syncing, process.file, keeping_written(&process.keeping), ms,
		process.stall_ms);

	if (r < 0)
		keeping_not_synced(
			&process.keeping, r, process.syncing.asked - process.syncing.from, ms);
}

static int
keep(void)
{
	uint32_t ms = now_ms();
	int r;

	keeping_turn(&process.keeping, ms);
	look_at_disk(ms);
	r = tell_trouble();
	if (r == 0 && ms >= process.told_ms + PROGRESS_MS &&
		recording_writer_bytes(process.keeping.writer) != process.told_bytes)
		r = tell_progress();
	if (r == 0 && process.finishing && !process.digested &&
		(process.source.fd < 0 || ms >= process.finish_ms))
		r = tell_digest(ms);
	return r;
}

static int
wait_ms(void)
{
	uint32_t ms = now_ms();
	int most = process.finishing ? LAST_WORDS_MS : -1;

	if (process.begun && !process.digested) {
		most = program_sooner(most, keeping_wait_ms(&process.keeping, ms));
		most = program_sooner(
			most, syncing_wait_ms(&process.syncing, ms, process.stall_ms));
	}
	return most;
}

static int
turn(void)
{
	struct pollfd waits[3] = {
		[1] = {.fd = process.digested ? -1 : process.source.fd, .events = POLLIN},
		[2] = {.fd = process.digested ? -1 : syncing_fd(&process.syncing),
			.events = POLLIN},
	};
	int r = program_wait(&process.running, waits, ARRAY_SIZE(waits), wait_ms());

	if (r < 0)
		return r;
	/* Another socket may come under the number of this one: what it has said is taken first. */
	for (int i = 0; waits[1].revents != 0 && i < READS_A_TURN && read_source(now_ms()); i++)
		continue;
	r = program_hear(&process.running, waits[0].revents);
	if (r == 0 && process.begun && !process.digested)
		r = keep();
	return r;
}

static int
warm_up(const char **ret_what)
{
	int r;

	(void)signal(SIGXFSZ, SIG_IGN);
	source_init(&process.source);
	*ret_what = "libsodium";
	r = recording_keys_ready();
	if (r < 0)
		return r;
	*ret_what = "its second thread";
	return syncing_start(&process.syncing);
}

/* The supervisor has gone: what has come so far is kept, without a closing. */
static void
keep_what_there_is(void)
{
	if (process.begun && !process.digested)
		keeping_turn(&process.keeping, now_ms() + KEEPING_CHUNK_MS);
}

static void
done(int status)
{
	(void)status;
	keep_what_there_is();
	source_close(&process.source);
	keeping_done(&process.keeping);
	syncing_done(&process.syncing);
}

int
main(void)
{
	static const struct program program = {
		.name = "sekisho-recorder",
		.failed = EV_RECORDER_FAILED,
		.self = PROCESS_RECORDER,
		.starts_threads = true,
		.handlers = handlers,
		.messages_a_turn = 8,
		.warm_up = warm_up,
		.turn = turn,
		.done = done,
	};

	return program_main(&program, &process.running);
}
