/* Device evidence: which MAC address stands behind a source address (spec E and A4, design 4).
 *
 * RDP carries no MAC address, so the supervisor looks where the network has already written it down. All
 * functions are for the loop thread. Files are read on libuv's thread pool, only when a search needs them
 * and only if they have changed; the neighbour table is asked of the kernel; RADIUS accounting arrives on a
 * UDP socket of its own.
 *
 * Ask when the client's Client Info is there, not at accept: the kernel confirms a neighbour by TCP
 * acknowledgements that come after the handshake's.
 */
#ifndef SUPERVISOR_EVIDENCE_H
#define SUPERVISOR_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct settings;
struct evidence;
struct evidence_search;

enum evidence_kind {
#define EVIDENCE(name, text, look, rests_on) EVIDENCE_##name,
#include "supervisor/evidence.def"
#undef EVIDENCE
	EVIDENCE_COUNT
};

#define EVIDENCE_MAC_SIZE 6
#define EVIDENCE_DETAIL_SIZE 192

struct evidence_question {
	const struct sockaddr
		*source; /* the client, as accept(2) or PROXY v2 named it; IPv4-mapped is IPv4 */
	const struct sockaddr
		*local;    /* our end of its TCP connection (getsockname), or NULL if unknown */
	uint32_t accepted; /* the listener's bit set of 1u << enum evidence_kind */
	const uint8_t *certificate_mac; /* 6 bytes from the ticket, or NULL */
	const uint8_t *vouched_mac;     /* 6 bytes from the ticket, or NULL */
};

struct evidence_result {
	bool found;
	enum evidence_kind kind;        /* only when found */
	uint8_t mac[EVIDENCE_MAC_SIZE]; /* only when found */
	/* Plain English of one line without quotes, for logs and administrators: where it stands, or why there is none:
	 * "lease in /var/lib/misc/dnsmasq.leases until 2026-11-20T10:00:00Z",
	 * "neighbour: the way to this source leads over a router; lease: no lease for this address". */
	char detail[EVIDENCE_DETAIL_SIZE];
};

/* Copies from `settings` what it needs: the `evidence` part alone. Opens the RADIUS accounting socket and reads
 * its secret if the settings name them. Returns 0 or a negative errno with *ret_why a sentence (static, or in
 * a buffer of this file until the next call). */
int evidence_new(uv_loop_t *loop, const struct settings *settings, struct evidence **ret_evidence,
	const char **ret_why);

/* Searches, strongest kind first. `found` is called exactly once, never before this function has returned, at the
 * latest after EVIDENCE_LIMIT_MS; the result is valid during that call. Everything in the question is copied.
 * Returns 0, -ENOMEM or -EBUSY (more than EVIDENCE_SEARCHES_MAX under way). ret_search may be NULL. */
int evidence_find(struct evidence *evidence, const struct evidence_question *question,
	void (*found)(void *user, const struct evidence_result *result), void *user,
	struct evidence_search **ret_search);

/* The caller is no longer interested: `found` will not be called. Only before it has been. NULL is accepted. */
void evidence_cancel(struct evidence_search *search);

#define EVIDENCE_LIMIT_MS 3000
#define EVIDENCE_SEARCHES_MAX 4096

/* The ages that count, from reloaded settings. Files and sockets change at a restart only. */
void evidence_reload(struct evidence *evidence, const struct settings *settings);

/* Cancels all searches, closes handles; frees itself in the last close callback and then calls `closed` (may be
 * NULL). NULL is accepted: `closed` is then called at once. */
void evidence_free(struct evidence *evidence, void (*closed)(void *user), void *user);

/* "neighbour"; never NULL for a valid kind. */
const char *evidence_name(enum evidence_kind kind);

/* "AA:BB:CC:DD:EE:FF", as addresses are stored and shown everywhere; room for EVIDENCE_MAC_TEXT_SIZE characters. Returns ret_text. */
const char *evidence_mac_text(const uint8_t *mac, char *ret_text);

#define EVIDENCE_MAC_TEXT_SIZE 18

#endif
