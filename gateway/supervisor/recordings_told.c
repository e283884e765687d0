/* What goes wrong with recordings, in the log and for session list; see recordings.h. Each session has its allowance of events: what they
 * come from is said by a worker or a recorder, which somebody may have taken over.
 */
#include "supervisor/recordings_private.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>

static void
log_trouble(const struct recording *recording, uint32_t missed, int error)
{
	char session[2 * SESSION_ID_BYTES + 1];

	bytes_to_hex(recording->session, sizeof(recording->session), session);
	log_event(EV_RECORDING_TROUBLE, "session=%s required=%s what='%s'%s%s%s missed=%" PRIu32,
		session, recording_is_required(recording) ? "yes" : "no", recording->why,
		error != 0 ? " error='" : "", error != 0 ? strerror(error) : "",
		error != 0 ? "'" : "", missed);
}

void
recording_tell_trouble(struct recording *recording, int error)
{
	uint32_t missed;

	if (event_allowed(&recording->troubles, clock_boottime_ms(), &missed))
		log_trouble(recording, missed, error);
}

static void
log_gaps(struct recording *recording)
{
	char session[2 * SESSION_ID_BYTES + 1];

	bytes_to_hex(recording->session, sizeof(recording->session), session);
	log_event(EV_RECORDING_GAP,
		"session=%s since_ms=%" PRIu32 " gaps=%" PRIu32 " bytes=%" PRIu64, session,
		recording->untold.since_ms, recording->untold.gaps, recording->untold.bytes);
	memset(&recording->untold, 0, sizeof(recording->untold));
}

int
recording_gap(struct connection *connection, const struct msg_record_gap *gap)
{
	struct recording *recording = connection->recording;
	uint32_t missed;

	if (recording == NULL)
		return 0;
	if (recording->untold.gaps++ == 0)
		recording->untold.since_ms = gap->since_ms;
	if (__builtin_add_overflow(recording->untold.bytes, gap->bytes, &recording->untold.bytes))
		recording->untold.bytes = UINT64_MAX;
	if (event_allowed(&recording->gap_events, clock_boottime_ms(), &missed))
		log_gaps(recording);
	return 0;
}

void
recording_tell_rest(struct recording *recording)
{
	uint32_t missed = event_allowance_rest(&recording->troubles);

	if (recording->untold.gaps > 0)
		log_gaps(recording);
	if (missed > 0)
		log_trouble(recording, missed, 0);
}

void
recording_tell_closed(const struct recording *recording)
{
	char hash[2 * RECORDING_HASH_BYTES + 1], session[2 * SESSION_ID_BYTES + 1];

	if (recording->row_state != RECORDING_ROW_CLOSED)
		return;
	bytes_to_hex(recording->hash, sizeof(recording->hash), hash);
	bytes_to_hex(recording->session, sizeof(recording->session), session);
	log_event(EV_RECORDING_CLOSED,
		"session=%s part=%u bytes=%lld ms=%lld gaps=%lld missing=%" PRIu64 " hash=%s",
		session, recording->about.part, (long long)recording->so_far.bytes,
		(long long)recording->so_far.duration_ms, (long long)recording->so_far.gaps,
		recording->missing, hash);
}

void
recording_tell_session(const struct recording *recording)
{
	struct carried_session *session =
		recording->connection != NULL ? recording->connection->session : NULL;

	if (session == NULL || !recording->kept)
		return;
	session->recorded_until_us = 0;
	session->not_recorded_why = NULL;
	if (recording->step == RECORDING_RUNS && !recording->ends_early) {
		session->recorded = SESSION_RECORDED;
		return;
	}
	session->recorded = recording->has_begun ? SESSION_RECORDED_UNTIL : SESSION_NOT_RECORDED;
	session->not_recorded_why = recording->why;
	if (recording->has_begun)
		session->recorded_until_us =
			recording->about.started_us + recording->so_far.duration_ms * 1000;
}
