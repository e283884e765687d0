/* Who comes to the control socket; see control_logins.h. */
#include "supervisor/control_logins.h"

#include "base/log.h"
#include "policy/logins.h"
#include "policy/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct control_login *
find(struct control_logins *logins, uid_t user, bool has_role)
{
	for (size_t i = 0; i < CONTROL_LOGINS_MOST; i++) {
		struct control_login *place = &logins->places[i];

		if (place->used && place->user == user && place->has_role == has_role)
			return place;
	}
	return NULL;
}

/* An unused one, or that of who has been away for longest. */
static struct control_login *
make_room(struct control_logins *logins)
{
	struct control_login *oldest = &logins->places[0];

	for (size_t i = 0; i < CONTROL_LOGINS_MOST; i++) {
		struct control_login *place = &logins->places[i];

		if (!place->used)
			return place;
		if (place->seen_ms < oldest->seen_ms)
			oldest = place;
	}
	return oldest;
}

bool
control_login_is_new(struct control_logins *logins, uid_t user, bool has_role, int64_t now_ms)
{
	struct control_login *place = find(logins, user, has_role);
	bool is_new = place == NULL || now_ms - place->seen_ms >= CONTROL_LOGIN_AWAY_MS;

	if (place == NULL)
		place = make_room(logins);
	/* Who keeps knocking without a role is logged again after a while all the same. */
	if (is_new || has_role)
		*place = (struct control_login){true, has_role, user, now_ms};
	return is_new;
}

void
control_login_seen(struct control_logins *logins, uid_t user, int64_t now_ms)
{
	struct control_login *place = find(logins, user, true);

	if (place != NULL)
		place->seen_ms = now_ms;
}

struct login_job {
	struct store_job job;
	char account[80];
	char name[200];
	bool has_role;
};

static int
record_work(struct store_db *db, struct store_job *job)
{
	const struct login_job *record = (struct login_job *)job;
	const struct login login = {
		.application = "admin",
		.account = record->account,
		.name = record->name,
		.source = "local",
		.reason = record->has_role ? NULL : "no-role",
	};

	return login_record(db, &login);
}

static void
record_done(struct store_job *job, int status)
{
	if (status < 0 && status != -ESHUTDOWN)
		log_event(EV_STORE_FAILED, "what='login' why='%s'", store_error_text(status));
	free(job);
}

void
control_login_record(
	struct supervisor *supervisor, const char *account, const char *name, bool has_role)
{
	struct login_job *record = calloc(1, sizeof(*record));

	if (record == NULL || supervisor->store == NULL) {
		free(record);
		return;
	}
	record->job.work = record_work;
	record->job.done = record_done;
	record->has_role = has_role;
	snprintf(record->account, sizeof(record->account), "%s", account);
	snprintf(record->name, sizeof(record->name), "%s", log_clean(name));
	store_write(supervisor->store, &record->job);
}
