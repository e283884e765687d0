/* Events as a hospital makes them; see log_events.h. */
#include "log_events.h"

#include "policy/logins.h"
#include "policy/record.h"
#include "policy/sessions.h"
#include "policy/store/session_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* 1,000 accounts, 50 terminals, 2,000 addresses. */
static void
name_session(struct session_record *session, int64_t step)
{
	*session = (struct session_record){.account = 1 + step % 1000,
		.terminal = 1 + step % 50,
		.connection = step,
		.device = {.known = true, .mac = {{2, 0, 0, 0, (uint8_t)(step % 100), 1}}}};
	for (size_t i = 0; i < 8; i++)
		session->id[i] =
			(uint8_t)((uint64_t)step * UINT64_C(0x9e3779b97f4a7c15) >> (8 * i));
	memcpy(session->id + 8, &step, sizeof(step));
	snprintf(session->ticket, sizeof(session->ticket), "+%016" PRIx64, (uint64_t)step);
	snprintf(session->account_id, sizeof(session->account_id), "engineer.%03d",
		(int)(step % 1000));
	snprintf(session->account_full, sizeof(session->account_full), "998-%.40s@example.jp",
		session->account_id);
	snprintf(session->account_name, sizeof(session->account_name), "山田 太郎%d",
		(int)(step % 1000));
	snprintf(session->terminal_name, sizeof(session->terminal_name), "998-踏み台端末%02d",
		(int)(step % 50));
	snprintf(session->source, sizeof(session->source), "203.0.%d.%d", (int)(step / 250 % 8),
		(int)(step % 250));
	snprintf(session->device.kind, sizeof(session->device.kind), "vpn");
}

/* One refused in 50. */
static int
make_login(struct store_db *db, const struct session_record *session, int64_t step)
{
	const struct login login = {.application = "RDP",
		.account = session->account_id,
		.name = session->account_name,
		.source = session->source,
		.reason = step % 50 == 3 ? "TICKET_SECRET" : NULL};

	return login_record(db, &login);
}

/* One killed in 50. */
static int
end_session(struct store_db *db, const struct session_record *session, int64_t step)
{
	struct session_ending ending = {.connection = (uint64_t)step,
		.reason = step % 50 == 7 ? CLOSE_ADMIN_KILLED : CLOSE_CLIENT_LEFT,
		.phase = PHASE_BRIDGE,
		.bytes_from_client = 1000,
		.bytes_to_client = 1000000};

	memcpy(ending.session, session->id, sizeof(session->id));
	if (ending.reason == CLOSE_ADMIN_KILLED)
		snprintf(ending.by, sizeof(ending.by), "unix:yamada");
	return session_end(db, &ending, NULL);
}

static int
make_session(struct store_db *db, int64_t step)
{
	struct session_record session;
	int r;

	name_session(&session, step);
	r = session_insert(db, &session);
	if (r == 0)
		r = record_session(db, EVENT_KIND_SESSION_START, session.id);
	if (r == 0)
		r = make_login(db, &session, step);
	return r < 0 ? r : end_session(db, &session, step);
}

static int
make_change(struct store_db *db, int64_t step)
{
	json_t *before = json_pack("{s:s, s:i}", "hours", "always", "version", (int)(step % 9));
	json_t *after =
		json_pack("{s:s, s:i}", "hours", "08:30-17:30", "version", 1 + (int)(step % 9));
	char target[40], actor[20];
	int r;

	snprintf(target, sizeof(target), "engineer.%03d", (int)(step % 1000));
	snprintf(actor, sizeof(actor), "unix:clerk%d", (int)(step % 7));
	r = admin_event(db, actor, step % 20 == 0 ? "account.lock" : "account.edit", target, before,
		after, step % 20 == 0 ? "left the company" : NULL);
	json_decref(before);
	json_decref(after);
	return r;
}

static int
make_file(struct store_db *db, int64_t step)
{
	char account[40], file[40];

	snprintf(account, sizeof(account), "engineer.%03d", (int)(step % 1000));
	snprintf(file, sizeof(file), "patch-%d.zip", (int)(step % 5000));
	return record_event(db, EVENT_KIND_FILE,
		json_pack("{s:s, s:s, s:s, s:[s], s:i, s:s, s:s, s:s, s:s}", "account", account,
			"name", "山田 太郎", "action", "upload", "files", file, "size",
			(int)(step % 100000), "side", "inside", "purpose", "保守", "scan", "clean",
			"approval", "approved"),
		NULL);
}

int
make_step(struct store_db *db, int64_t step)
{
	int r = make_session(db, step);

	if (r == 0)
		r = make_change(db, step);
	if (r == 0 && step % 10 == 0)
		r = make_file(db, step);
	return r;
}
