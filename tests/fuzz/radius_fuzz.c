/* A RADIUS Accounting-Request, and what its record does to the table of sessions: supervisor/accounting.h. */
#include "fuzz.h"

#include <string.h>

#include "supervisor/accounting.h"
#include "tests/unit/supervisor/evidence_samples.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint8_t sender[ADDRESS_SIZE];
	struct accounting_sessions *sessions;
	struct accounting_record record;
	struct accounting_known known;
	enum radius_verdict whole;

	whole = radius_read(
		bytes, len, SAMPLE_RADIUS_SECRET, strlen(SAMPLE_RADIUS_SECRET), &record);
	if (radius_read_attributes(bytes, len, &record) != RADIUS_GOOD) {
		fuzz_expect(whole == RADIUS_MALFORMED);
		return 0;
	}
	fuzz_expect(!record.has_mac || mac_is_usable(record.mac));
	sessions = accounting_sessions_new();
	if (sessions == NULL)
		return 0;
	for (int64_t now_s = 1; now_s < 4; now_s++) {
		(void)accounting_sessions_apply(sessions, &record, sender, now_s);
		accounting_sessions_find(sessions, record.ipv4, now_s, 10, &known);
		fuzz_expect(known.live <= 1 && (known.live == 0 || record.has_ipv4));
	}
	accounting_sessions_free(sessions);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t on[] = {4, 1, 0, 26, [20] = 40, 6, 0, 0, 0, 7};

	fuzz_seed(seeds, sample_radius, sizeof(sample_radius));
	fuzz_seed(seeds, on, sizeof(on));
}
