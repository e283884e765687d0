/* Evidence from DHCP leases. Supervisor, loop thread.
 *
 * A row counts until its lease ends, and only while the DHCP server is evidently alive: a file that nobody has written
 * to for longer than lease_max_age was left behind. Files that disagree about an address are a contradiction.
 */
#include "base/clock.h"
#include "supervisor/evidence_private.h"
#include "supervisor/lease.h"

#include <stdio.h>
#include <string.h>

struct look {
	struct evidence_claims claims;
	const char *path; /* of the row that counts */
	int64_t until_s;
	const char *reason; /* why another one does not */
};

/* What one file says. */
static void
look_at(const struct evidence *evidence, const struct evidence_source *source,
	const uint8_t *address, int64_t now_s, struct look *look)
{
	const struct lease_known *known;

	if (source->table == NULL)
		return;
	known = lease_table_find(source->table, address);
	if (known == NULL)
		return;
	if (known->contradicted) {
		look->claims.count++;
		look->claims.differ = true;
	} else if (!lease_holds(&known->row, now_s)) {
		look->reason = "the lease of this address has ended";
	} else if (now_s - source->changed_s > evidence->lease_max_age_s) {
		look->reason = "the lease file has not been written to for too long";
	} else {
		evidence_claims_add(&look->claims, known->row.has_mac ? known->row.mac : NULL);
		look->path = source->path;
		look->until_s = known->row.until_s;
	}
}

static void
describe(const struct look *look, char *why, size_t size)
{
	char until[CLOCK_TEXT_SIZE] = "for ever";

	if (look->until_s < INT64_MAX / 1000000) {
		clock_format_utc(look->until_s * 1000000, until);
		(void)snprintf(why, size, "lease in %.100s until %.19sZ", look->path, until);
	} else {
		(void)snprintf(why, size, "lease in %.100s without end", look->path);
	}
}

static bool
concerns_us(enum evidence_told told)
{
	return told == EVIDENCE_TOLD_LEASES;
}

enum evidence_answer
evidence_look_lease(
	struct evidence *evidence, struct evidence_search *search, char *why, size_t size)
{
	struct look look = {.reason = "no lease of this address"};
	int64_t now_s = clock_now() / 1000000;

	switch (evidence_files_ready(search)) {
	case EVIDENCE_FILES_WAIT:
		return EVIDENCE_WAIT;
	case EVIDENCE_FILES_LATE:
		(void)snprintf(why, size, "the lease files could not be read in time");
		return EVIDENCE_SILENT;
	case EVIDENCE_FILES_READY:
		break;
	}
	for (size_t i = 0; i < evidence->files.count && search->has_source; i++) {
		const struct evidence_source *source = &evidence->files.items[i];

		if (evidence_source_told(source) == EVIDENCE_TOLD_LEASES)
			look_at(evidence, source, search->source, now_s, &look);
	}
	if (look.claims.differ) {
		(void)snprintf(why, size, "leases of this address name different devices");
		return EVIDENCE_DOUBT;
	}
	if (look.claims.count > 0 && !look.claims.has_mac) {
		(void)snprintf(why, size, "the lease of this address names no MAC address");
		return EVIDENCE_DOUBT;
	}
	if (look.claims.count == 0) {
		(void)snprintf(why, size, "%s", look.reason);
		evidence_files_add_problem(evidence, concerns_us, why, size);
		return EVIDENCE_SILENT;
	}
	describe(&look, why, size);
	memcpy(search->result.mac, look.claims.mac, MAC_SIZE);
	return EVIDENCE_FOUND;
}
