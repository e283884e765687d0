/* See notices.h. What a mediator says of a notice comes from a process that a jump host's bytes reach: it is believed of its own session's
 * notices, and of nothing else.
 */
#include "supervisor/notices.h"

#include "base/clock.h"
#include "base/log.h"
#include "policy/session_outlook.h"
#include "policy/store/store.h"
#include "policy/windows.h"
#include "settings/settings.h"
#include "supervisor/four_eyes.h"
#include "supervisor/idle.h"
#include "supervisor/mediations.h"
#include "supervisor/notice_times.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANGUAGE_JAPANESE 0x0411 /* low half of a keyboard layout: its language, MS-LCID */
#define SYSTEM_SECONDS 55        /* of the last one: another minute begins then */
#define IDLE_RULE "idle"

static size_t
copy_values(const struct sentence *sentence, uint8_t *ret_values, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < sentence->count; i++) {
		const char *value = sentence_value(sentence, i);
		size_t more = strlen(value) + 1;

		if (more > size - len)
			break;
		memcpy(ret_values + len, value, more);
		len += more;
	}
	return len;
}

static void
fill_show(struct msg_notice_show *show, const struct connection *connection,
	const struct notice *notice, uint32_t serial)
{
	show->serial = serial;
	show->by_person = notice->by_person;
	show->acknowledge = notice->acknowledge;
	show->seconds = notice->seconds;
	(void)snprintf(show->language, sizeof(show->language), "%s",
		(connection->keyboard_layout & 0xffff) == LANGUAGE_JAPANESE ? "ja" : "en");
	(void)snprintf(show->text, sizeof(show->text), "%s", notice->text.format);
	show->values_len = copy_values(&notice->text, show->values, sizeof(show->values));
}

int
notice_show(
	struct connection *connection, const struct notice *notice, struct notice_waiter *waiter)
{
	struct supervisor *supervisor = connection->supervisor;
	struct msg_notice_show show = {0};
	uint32_t serial = connection->notices.serial + 1;
	int r;

	if (connection->session == NULL || connection->phase != PHASE_BRIDGE ||
		connection->stage != CONNECTION_RELAYED)
		return -ENOTCONN;
	fill_show(&show, connection, notice, serial);
	r = mediation_send(connection, MSG_NOTICE_SHOW, &show);
	if (r < 0)
		return r;
	connection->notices.serial = serial;
	log_event(EV_NOTICE_SENT, "conn=%llx session=%s user='%s' host='%s' notice=%u by='%s'",
		(unsigned long long)connection->id, connection->session->id_text,
		log_quote(connection->session->account), log_quote(connection->session->terminal),
		serial, log_quote(notice->by != NULL ? notice->by : "the gateway"));
	if (waiter != NULL) {
		waiter->connection = connection->id;
		waiter->serial = serial;
		waiter->next = supervisor->notice_waiters;
		supervisor->notice_waiters = waiter;
	}
	return 0;
}

void
notice_forget(struct supervisor *supervisor, struct notice_waiter *waiter)
{
	struct notice_waiter **at = &supervisor->notice_waiters;

	while (*at != NULL && *at != waiter)
		at = &(*at)->next;
	if (*at != NULL)
		*at = waiter->next;
}

/* Serial 0: of whichever notice. */
static void
tell_waiters(
	struct supervisor *supervisor, uint64_t connection, uint32_t serial, enum notice_end how)
{
	struct notice_waiter *waiter = supervisor->notice_waiters;

	while (waiter != NULL) {
		struct notice_waiter *next = waiter->next;

		if (waiter->connection == connection && (serial == 0 || waiter->serial == serial)) {
			notice_forget(supervisor, waiter);
			waiter->heard(waiter, how);
		}
		waiter = next;
	}
}

int
notice_heard(struct connection *connection, const struct msg_notice_over *over)
{
	if (over->how >= NOTICE_SESSION_OVER || over->serial == 0 ||
		over->serial > connection->notices.serial)
		return -EPROTO;
	if (connection->session != NULL)
		log_event(EV_NOTICE_HEARD,
			"conn=%llx session=%s user='%s' host='%s' notice=%u how='%s'",
			(unsigned long long)connection->id, connection->session->id_text,
			log_quote(connection->session->account),
			log_quote(connection->session->terminal), over->serial,
			notice_end_word((enum notice_end)over->how));
	/* One that another one covers before it was seen is yet to be shown. */
	if (over->how != NOTICE_COVERED)
		tell_waiters(connection->supervisor, connection->id, over->serial,
			(enum notice_end)over->how);
	/* It ends in neither of these ways itself. */
	if (over->how == NOTICE_TIMED_OUT || over->how == NOTICE_ACKNOWLEDGED)
		four_eyes_remind(connection);
	return 0;
}

void
notices_connection_over(struct connection *connection)
{
	tell_waiters(connection->supervisor, connection->id, 0, NOTICE_SESSION_OVER);
}

void
notice_take_over(
	struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES], uint32_t seconds)
{
	struct connection *connection = connection_find_session(supervisor->connections, session);
	struct notice notice = {.seconds = seconds + SYSTEM_SECONDS};

	if (connection == NULL || seconds == 0)
		return;
	sentence_set(&notice.text,
		N_("Somebody of higher priority needs this terminal: your session ends in %u "
		   "seconds. "
		   "Please save your work."),
		seconds);
	(void)notice_show(connection, &notice, NULL);
}

/* What a session is told that ends by a rule. */

static const struct {
	const char *rule, *text;
} texts[] = {
#define NOTICE_TEXT(rule, text) {rule, text},
#include "supervisor/notice_texts.def"
#undef NOTICE_TEXT
};

static const char *
text_of(const char *rule)
{
	size_t i = 0;

	while (texts[i].rule != NULL && strcmp(texts[i].rule, rule) != 0)
		i++;
	return texts[i].text;
}

struct outlook_job {
	struct store_job job;
	struct supervisor *supervisor;
	struct session_outlook *outlooks;
	size_t count, room;
};

static void
collect(void *context, struct connection *connection)
{
	struct outlook_job *job = context;

	if (connection->session == NULL || connection->phase != PHASE_BRIDGE ||
		job->count == job->room || !mediation_is_there(connection))
		return;
	job->outlooks[job->count] =
		(struct session_outlook){.idle_since_us = idle_since_us(connection->session)};
	memcpy(job->outlooks[job->count++].session, connection->session->id, SESSION_ID_BYTES);
}

static int
outlook_work(struct store_db *db, struct store_job *job)
{
	const struct outlook_job *outlook = (const struct outlook_job *)job;

	return session_outlooks(db, outlook->outlooks, outlook->count);
}

/* Who does not touch anything is told once, shortly before: the longer times are those in which somebody thinks. */
static void
times_of(const struct settings *settings, const char *rule, int64_t ret_us[NOTICE_TIMES])
{
	bool idle = strcmp(rule, IDLE_RULE) == 0;

	ret_us[0] = idle ? 0 : settings->notices.first_ms * INT64_C(1000);
	ret_us[1] = idle ? 0 : settings->notices.second_ms * INT64_C(1000);
	ret_us[2] = settings->notices.last_ms * INT64_C(1000);
}

static void
tell_end(struct connection *connection, const struct session_outlook *outlook)
{
	int64_t now_us = clock_now(), before_us[NOTICE_TIMES];
	char time[WINDOW_TIME_SIZE], minutes[16];
	struct notice notice = {.seconds = SYSTEM_SECONDS};

	if (outlook->ends_by == NULL)
		return;
	times_of(connection->supervisor->settings, outlook->ends_by, before_us);
	if (!notice_is_due(&connection->notices.told, before_us, outlook->ends_us, now_us))
		return;
	window_time_format(outlook->ends_us, now_us, time);
	(void)snprintf(minutes, sizeof(minutes), "%u", notice_minutes(outlook->ends_us, now_us));
	sentence_set(&notice.text, text_of(outlook->ends_by), minutes, time);
	(void)notice_show(connection, &notice, NULL);
}

static void
outlook_done(struct store_job *store_job, int status)
{
	struct outlook_job *job = (struct outlook_job *)store_job;

	/* The next minute asks again. */
	if (status < 0 && status != -ESHUTDOWN)
		log_event(EV_STORE_FAILED, "what='notices' why='%s'", store_error_text(status));
	for (size_t i = 0; status == 0 && i < job->count; i++) {
		struct connection *connection = connection_find_session(
			job->supervisor->connections, job->outlooks[i].session);

		if (connection != NULL)
			tell_end(connection, &job->outlooks[i]);
	}
	free(job->outlooks);
	free(job);
}

void
notices_minute(struct supervisor *supervisor)
{
	struct outlook_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return;
	job->job.work = outlook_work;
	job->job.done = outlook_done;
	job->supervisor = supervisor;
	job->room = connections_sessions(supervisor->connections);
	job->outlooks = calloc(job->room > 0 ? job->room : 1, sizeof(*job->outlooks));
	if (job->outlooks != NULL)
		connections_each(supervisor->connections, collect, job);
	if (job->count == 0) {
		free(job->outlooks);
		free(job);
		return;
	}
	store_read(supervisor->store, &job->job);
}
