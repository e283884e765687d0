/* What the files evidence*.c share; nobody else includes this. */
#ifndef SUPERVISOR_EVIDENCE_PRIVATE_H
#define SUPERVISOR_EVIDENCE_PRIVATE_H

#include "base/secret.h"
#include "supervisor/evidence.h"
#include "supervisor/evidence_files.h"
#include "supervisor/evidence_text.h"

#include <stddef.h>
#include <sys/queue.h>

struct accounting_sessions;

/* How long a search waits for the kernel to confirm a neighbour, and for files to be read. */
#define EVIDENCE_NEIGHBOUR_WAIT_MS 2000
#define EVIDENCE_FILES_WAIT_MS EVIDENCE_LIMIT_MS

enum evidence_answer {
	EVIDENCE_FOUND,  /* search->result.mac is set */
	EVIDENCE_SILENT, /* this kind knows nothing of the source */
	EVIDENCE_DOUBT,  /* contradictory: weaker kinds must not be believed either */
	EVIDENCE_WAIT,   /* ask again when woken, at the latest at search->wake_ms */
};

enum evidence_place {
	EVIDENCE_IN_NO_LIST,
	EVIDENCE_IN_DUE,
	EVIDENCE_IN_WAITING,
};

struct evidence_search {
	TAILQ_ENTRY(evidence_search) entry;
	enum evidence_place place;
	struct evidence *evidence;
	uint8_t source[ADDRESS_SIZE];
	uint8_t local[ADDRESS_SIZE];
	uint32_t scope;  /* interface of a link-local source, or 0 */
	bool has_source; /* false: a family without evidence */
	bool has_local;
	bool has_certificate;
	bool has_vouched;
	uint8_t certificate[MAC_SIZE];
	uint8_t vouched[MAC_SIZE];
	uint32_t accepted;
	enum evidence_kind kind; /* whose turn it is */
	int64_t started_ms;      /* clock_boottime_ms */
	int64_t wake_ms;
	bool waits_for_neighbour;
	uint64_t
		files_wanted; /* the reading that began after this search asked; 0: none asked for yet */
	struct evidence_result result;
	void (*found)(void *user, const struct evidence_result *result);
	void *user;
};

TAILQ_HEAD(evidence_searches, evidence_search);

/* At most one line in ten seconds of a kind that a stranger could cause. */
struct evidence_quiet {
	int64_t last_ms;
	unsigned unsaid;
};

struct evidence {
	uv_loop_t *loop;
	uv_timer_t timer;
	unsigned open_handles;
	bool freeing;
	void (*closed)(void *user);
	void *closed_user;

	struct evidence_searches due;
	struct evidence_searches waiting;
	size_t searches;

	int64_t neighbour_max_age_ms;
	int64_t lease_max_age_s;
	int64_t accounting_max_age_s;
	int64_t openvpn_max_age_s;

	int route_fd; /* NETLINK_ROUTE, asks and answers */
	int event_fd; /* NETLINK_ROUTE, changes of neighbours while a search waits for one */
	uv_poll_t event_poll;
	size_t neighbour_waiters;

	struct evidence_files files;
	uv_work_t files_work;
	bool files_reading;
	bool files_needed;
	int64_t files_now_s;
	uint64_t files_begun;
	uint64_t files_read;

	bool radius_on;
	uv_udp_t radius;
	struct secret radius_secret;
	struct settings_network *radius_nas;
	size_t radius_nas_count;
	struct accounting_sessions *radius_sessions;
	struct evidence_quiet radius_strangers;
	struct evidence_quiet radius_refused;
	struct evidence_quiet radius_lost;
	char radius_room[4096];
};

/* One for each row of evidence.def. `why`: for FOUND where it stands, else why not; of `size` bytes. */
#define EVIDENCE(name, text, look, rests_on)                                                 \
	enum evidence_answer look(struct evidence *evidence, struct evidence_search *search, \
		char *why, size_t size);
#include "supervisor/evidence.def"
#undef EVIDENCE

/* What several sources of one kind say of an address. */
struct evidence_claims {
	unsigned count;
	bool differ; /* not all name the same device */
	bool has_mac;
	uint8_t mac[MAC_SIZE];
};

/* mac NULL: somebody holds the address, but nobody knows who. */
void evidence_claims_add(struct evidence_claims *claims, const uint8_t *mac);

/* Makes a waiting search due; it is looked at before the loop sleeps again. */
void evidence_wake(struct evidence_search *search);

/* Whether the event may be logged now; *ret_unsaid is how many were left out before. */
bool evidence_may_log(struct evidence_quiet *quiet, unsigned *ret_unsaid);

/* Counts a closed handle; frees everything after the last one. */
void evidence_handle_closed(uv_handle_t *handle);

/* Parts of evidence_new and evidence_free. */
int evidence_neighbour_open(struct evidence *evidence, const char **ret_why);
void evidence_neighbour_close(struct evidence *evidence);
/* The search no longer waits for the kernel, if it did. */
void evidence_neighbour_stop_waiting(struct evidence_search *search);

int evidence_radius_open(
	struct evidence *evidence, const struct settings *settings, const char **ret_why);
void evidence_radius_close(struct evidence *evidence);
void evidence_radius_done(struct evidence *evidence);

/* Whether the files have been read since this search first asked; if not, sees to it. LATE: its time is over. */
enum evidence_ready {
	EVIDENCE_FILES_READY,
	EVIDENCE_FILES_WAIT,
	EVIDENCE_FILES_LATE,
};

/* Adds ", and FILE cannot be read" where that may be why nothing was found. */
void evidence_files_add_problem(const struct evidence *evidence,
	bool (*concerns)(enum evidence_told told), char *why, size_t size);

enum evidence_ready evidence_files_ready(struct evidence_search *search);

/* "10.0.0.7", "fd00::7"; room for INET6_ADDRSTRLEN. Returns ret_text. */
const char *evidence_address_text(const uint8_t *address, char *ret_text);

#endif
