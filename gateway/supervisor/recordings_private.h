/* The inside of a recording, shared by recordings.c (sessions: when, and what follows) and recordings_process.c (its recorder:
 * what is said to it). Nobody else looks in here.
 */
#ifndef SUPERVISOR_RECORDINGS_PRIVATE_H
#define SUPERVISOR_RECORDINGS_PRIVATE_H

#include "policy/oversight.h"
#include "policy/recordings.h"
#include "policy/store/store.h"
#include "supervisor/event_allowance.h"
#include "supervisor/recordings.h"
#include "supervisor/watches.h"

enum recording_step {
	RECORDING_BEGINS, /* row, file and process are being made, and the header is being logged */
	RECORDING_RUNS,   /* the header is in the file, and in the log */
	RECORDING_FINISHES, /* RECORD_FINISH is out */
	RECORDING_IS_OVER,  /* only its job and its timer are still there */
};

struct recording {
	struct recording *next;
	struct supervisor *supervisor;
	struct connection *connection; /* NULL: lost, or over */
	enum recording_step step;
	enum terminal_recording policy;
	bool kept;      /* in a file of its own, with a row; else it is for watchers alone */
	bool four_eyes; /* what is not recorded cannot be watched */
	bool mediated;
	bool cancelled;  /* over before it ran: its row is still being made */
	bool has_begun;  /* RECORDING_RUNS was reached */
	bool ends_early; /* nothing more comes into it, while its session goes on */
	uint8_t session[SESSION_ID_BYTES];
	struct recording_about about;         /* without what the recorder fills in */
	uint8_t header[RECORDING_HASH_BYTES]; /* of what it has made of that; RECORDING_RUNS */
	uint8_t *key;                         /* locked memory; NULL once it is over */
	char auditors[RECORDING_AUDITORS_SIZE];
	int64_t began_ms; /* of CLOCK_BOOTTIME */

	struct child *child; /* NULL once it is gone */
	bool child_is_ready;
	int file; /* -1 before it is open */
	uint32_t sources;
	int64_t lost_ms;   /* since when it has no connection; 0: it has */
	int64_t finish_ms; /* RECORDING_FINISHES: not later */
	int64_t looked_ms; /* at the disk */
	int64_t saved_ms;  /* its row says how far it is */

	struct recording_so_far so_far;
	uint64_t missing;
	bool has_hash;
	uint8_t hash[RECORDING_HASH_BYTES];
	struct event_allowance troubles, gap_events;
	struct {
		uint32_t gaps, since_ms;
		uint64_t bytes;
	} untold;        /* RECORD_GAPs that no event has said yet */
	const char *why; /* a message of po/, what it was that went wrong; "": nothing */
	enum recording_row_state row_state;

	struct store_job job;
	bool has_row;
	bool job_runs;
	bool saving;     /* the job is one of recording_progress */
	bool end_is_due; /* … and the end comes behind it */
	struct recording_row row;
	struct recording_so_far saved;
	uv_timer_t timer;
	bool timer_closed;
};

/* recordings.c */

/* It cannot go on as it should: ends the session of a required one, else is noted. `why`: a message of po/. */
void recording_went_wrong(
	struct recording *recording, enum close_reason reason, const char *why, int error);

/* The recording of a session that has not been finished; NULL if there is none. */
struct recording *recording_running(
	const struct supervisor *supervisor, const uint8_t session[SESSION_ID_BYTES]);

/* The session cannot be without it. */
bool recording_is_required(const struct recording *recording);

/* A job of a recording that begins is done. false: the recording was over meanwhile, and may be gone now. */
bool recording_goes_on(struct recording *recording);

/* A negative errno: its file could not be made, or what it begins with not be read again; what follows is done. */
void recording_has_no_file(struct recording *recording, int r);

/* Its row, or the event of its header, could not be written: what follows is done. */
void recording_was_not_stored(struct recording *recording, const char *what, int error);

/* The only function that changes its step: who watches it sees the session no more when it runs no more. */
void recording_go(struct recording *recording, enum recording_step step);

/* Nothing more is heard of its recorder. */
void recording_over(struct recording *recording, enum recording_row_state state);

/* recordings_told.c */

/* SK2704, with recording->why. error: an errno, or 0. */
void recording_tell_trouble(struct recording *recording, int error);

/* What was only counted, at the end. */
void recording_tell_rest(struct recording *recording);

/* SK2702, of one that was closed. Behind the row: who hears it finds that in the store. */
void recording_tell_closed(const struct recording *recording);

/* Whether the session of its connection is recorded now, or until when it was: for session list. */
void recording_tell_session(const struct recording *recording);

/* recordings_live.c: what may be watched from the first recording on. */
extern const struct watch_live recordings_live;

/* recordings_process.c */

/* RECORD_BEGIN, once file and process are there. */
void recording_try_begin(struct recording *recording);
void recording_send_finish(struct recording *recording, enum close_reason reason);

#endif
