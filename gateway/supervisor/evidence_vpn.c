/* Evidence from a VPN's accounting: RADIUS packets that came to us, FreeRADIUS's detail files, OpenVPN's status.
 * Supervisor, loop thread.
 *
 * All of them are asked; if two disagree about who holds an address, nobody is believed.
 */
#include "base/clock.h"
#include "supervisor/accounting.h"
#include "supervisor/evidence_private.h"
#include "supervisor/lease.h"

#include <stdio.h>
#include <string.h>

struct look {
	struct evidence_claims claims;
	const char *origin; /* of the one that counts */
	int64_t heard_s;    /* how long ago */
	const char *reason; /* why another one does not */
};

static void
look_at_sessions(const struct accounting_sessions *sessions, const uint8_t *address, int64_t now_s,
	int64_t max_age_s, const char *origin, struct look *look)
{
	struct accounting_known known;

	if (sessions == NULL)
		return;
	accounting_sessions_find(sessions, address, now_s, max_age_s, &known);
	if (known.live > 0) {
		evidence_claims_add(&look->claims, known.has_mac ? known.mac : NULL);
		look->claims.differ |= known.several;
		look->origin = origin;
		look->heard_s = now_s - known.heard_s;
	} else if (known.silent > 0) {
		look->reason = "the VPN session of this address was last heard of too long ago";
	}
}

static void
look_at_openvpn(const struct evidence *evidence, const struct evidence_source *source,
	const uint8_t *address, int64_t now_s, struct look *look)
{
	const struct lease_known *known;
	int64_t age_s = now_s - source->written_s;

	if (source->table == NULL)
		return;
	known = lease_table_find(source->table, address);
	if (known == NULL)
		return;
	if (age_s > evidence->openvpn_max_age_s || age_s < -60) {
		look->reason = "the OpenVPN status file is too old";
		return;
	}
	evidence_claims_add(&look->claims, known->row.has_mac ? known->row.mac : NULL);
	look->claims.differ |= known->contradicted;
	look->origin = source->path;
	look->heard_s = age_s;
}

static void
look_at_file(const struct evidence *evidence, const struct evidence_source *source,
	const uint8_t *address, int64_t now_s, struct look *look)
{
	if (evidence_source_told(source) == EVIDENCE_TOLD_SESSIONS)
		look_at_sessions(source->sessions, address, now_s, evidence->accounting_max_age_s,
			source->path, look);
	if (evidence_source_told(source) == EVIDENCE_TOLD_OPENVPN)
		look_at_openvpn(evidence, source, address, now_s, look);
}

static bool
concerns_us(enum evidence_told told)
{
	return told != EVIDENCE_TOLD_LEASES;
}

enum evidence_answer
evidence_look_vpn(struct evidence *evidence, struct evidence_search *search, char *why, size_t size)
{
	struct look look = {.reason = "no VPN session of this address"};
	int64_t now_s = clock_now() / 1000000;

	switch (evidence_files_ready(search)) {
	case EVIDENCE_FILES_WAIT:
		return EVIDENCE_WAIT;
	case EVIDENCE_FILES_LATE:
		(void)snprintf(why, size, "the accounting files could not be read in time");
		return EVIDENCE_SILENT;
	case EVIDENCE_FILES_READY:
		break;
	}
	if (search->has_source)
		look_at_sessions(evidence->radius_sessions, search->source,
			clock_boottime_ms() / 1000, evidence->accounting_max_age_s,
			"RADIUS accounting", &look);
	for (size_t i = 0; i < evidence->files.count && search->has_source; i++)
		look_at_file(evidence, &evidence->files.items[i], search->source, now_s, &look);
	if (look.claims.differ) {
		(void)snprintf(why, size, "VPN sessions of this address name different devices");
		return EVIDENCE_DOUBT;
	}
	if (look.claims.count > 0 && !look.claims.has_mac) {
		(void)snprintf(why, size, "the VPN session of this address names no MAC address");
		return EVIDENCE_DOUBT;
	}
	if (look.claims.count == 0) {
		(void)snprintf(why, size, "%s", look.reason);
		evidence_files_add_problem(evidence, concerns_us, why, size);
		return EVIDENCE_SILENT;
	}
	(void)snprintf(why, size, "VPN session in %.100s, heard of %lld s ago", look.origin,
		(long long)(look.heard_s < 0 ? 0 : look.heard_s));
	memcpy(search->result.mac, look.claims.mac, MAC_SIZE);
	return EVIDENCE_FOUND;
}
