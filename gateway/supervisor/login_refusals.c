/* Refused sign-ins come into the login log; see login_refusals.h. */
#include "supervisor/login_refusals.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "policy/sign_in.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/credentials.h"
#include "supervisor/login_limit.h"
#include "supervisor/penalties.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct refusal {
	struct store_job job;
	enum login_logging logging;
	const char *reason;
	char typed[CREDENTIAL_SIZE];
	char source[SOCKET_TEXT_SIZE];
};

static int
refusal_work(struct store_db *db, struct store_job *job)
{
	const struct refusal *refusal = (const struct refusal *)job;

	return sign_in_refused(
		db, refusal->typed, refusal->source, refusal->reason, refusal->logging);
}

static void
refusal_done(struct store_job *job, int status)
{
	if (status < 0)
		log_event(EV_STORE_FAILED, "what='login log' why='%s'", store_error_text(status));
	secret_free(job); /* the password may have been typed where the account belongs */
}

/* The login log has a row for each refusal, as far as its limits allow, whoever it was. */
void
login_refusal_record(
	const struct connection *connection, const char *typed, enum close_reason reason)
{
	struct supervisor *supervisor = connection->supervisor;
	char source[SOCKET_TEXT_SIZE];
	enum login_logging logging;
	struct refusal *refusal;

	(void)socket_text_without_port((const struct sockaddr *)&connection->source, source);
	logging = login_limit_ask(&supervisor->logins, source, clock_boottime_ms());
	login_limit_count(&supervisor->logins, source, clock_boottime_ms());
	refusal = logging == LOGIN_UNLOGGED ? NULL : calloc(1, sizeof(*refusal));
	if (refusal == NULL)
		return;
	refusal->job.work = refusal_work;
	refusal->job.done = refusal_done;
	refusal->logging = logging;
	refusal->reason = close_reason_row(reason)->name;
	snprintf(refusal->typed, sizeof(refusal->typed), "%s", typed);
	memcpy(refusal->source, source, sizeof(refusal->source));
	store_write(supervisor->store, &refusal->job);
}

void
login_refusal_penalise(const struct connection *connection, uint32_t units)
{
	const struct supervisor *supervisor = connection->supervisor;
	const struct sockaddr *source = (const struct sockaddr *)&connection->source;

	if (connection->counted &&
		!settings_networks_contain(&supervisor->settings->sources.exempt, source))
		penalties_add(supervisor->penalties, source, units, clock_boottime_ms());
}
