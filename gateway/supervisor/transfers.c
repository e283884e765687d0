/* See transfers.h. */
#include "supervisor/transfers.h"

#include "base/clock.h"
#include "base/log.h"
#include "policy/store/store.h"
#include "policy/transfers.h"
#include "relay/file_news.h"
#include "supervisor/session_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Somebody copies a folder of two thousand pictures; nobody goes on like that all day. */
#define BURST 2000
#define MS_FOR_ONE 500

static const char *const directions[FILE_MOVE_COUNT] = {
	[FILE_MOVE_IN] = "in", [FILE_MOVE_OUT] = "out"};
static const char *const ways[FILE_BY_COUNT] = {
	[FILE_BY_CLIPBOARD] = "clipboard", [FILE_BY_DRIVE] = "drive"};

struct transfer_job {
	struct store_job job;
	struct supervisor *supervisor;
	struct carried_session session;
	struct transfer transfer;
	char path[FILE_NEWS_PATH_SIZE + 64];
	json_t *row;
};

static int
transfer_work(struct store_db *db, struct store_job *job)
{
	struct transfer_job *told = (struct transfer_job *)job;

	json_decref(told->row);
	told->row = NULL;
	return transfer_record(db, &told->transfer, &told->row);
}

static void
transfer_done(struct store_job *job, int status)
{
	struct transfer_job *told = (struct transfer_job *)job;

	if (status < 0)
		log_event(EV_STORE_FAILED, "what='transfer' session=%s why='%s'",
			told->session.id_text, store_error_text(status));
	else if (told->row != NULL)
		session_log_write(told->supervisor->session_log, SESSION_LOG_TRANSFER, told->row);
	json_decref(told->row);
	free(told);
}

static void
record(struct connection *connection, const struct msg_file_moved *moved)
{
	struct transfer_job *told = calloc(1, sizeof(*told));

	if (told == NULL) {
		connection->transfers.missed++;
		return;
	}
	told->job.work = transfer_work;
	told->job.done = transfer_done;
	told->job.stubborn = true;
	told->supervisor = connection->supervisor;
	told->session = *connection->session;
	snprintf(told->path, sizeof(told->path), "%s", log_clean(moved->path));
	told->transfer = (struct transfer){
		.session = told->session.id_text,
		.account = told->session.account,
		.name = told->session.account_name,
		.terminal = told->session.terminal,
		.direction = moved->missed > 0 ? "" : directions[moved->move],
		.way = moved->missed > 0 ? "" : ways[moved->way],
		.path = told->path,
		.bytes = moved->bytes > INT64_MAX ? INT64_MAX : moved->bytes,
		.missed = moved->missed,
	};
	store_write(connection->supervisor->store, &told->job);
}

/* One more may be told now. */
static bool
may_tell(struct connection *connection)
{
	struct transfer_allowance *allowance = &connection->transfers;
	int64_t now = clock_boottime_ms();
	int64_t more = (now - allowance->since_ms) / MS_FOR_ONE;

	if (allowance->since_ms == 0) {
		allowance->since_ms = now;
		allowance->left = BURST;
	} else if (more > 0) {
		allowance->left =
			more > BURST - allowance->left ? BURST : allowance->left + (int32_t)more;
		allowance->since_ms += more * MS_FOR_ONE;
	}
	if (allowance->left == 0)
		return false;
	allowance->left--;
	return true;
}

void
transfers_finish(struct connection *connection)
{
	const struct msg_file_moved moved = {.missed = connection->transfers.missed};

	if (moved.missed == 0 || connection->session == NULL)
		return;
	connection->transfers.missed = 0;
	record(connection, &moved);
}

int
transfer_told(struct connection *connection, const struct msg_file_moved *moved)
{
	if (connection->session == NULL || moved->move >= FILE_MOVE_COUNT ||
		moved->way >= FILE_BY_COUNT)
		return -EPROTO;
	if (moved->missed > 0)
		connection->transfers.missed += moved->missed;
	else if (may_tell(connection))
		record(connection, moved);
	else
		connection->transfers.missed++;
	return 0;
}
