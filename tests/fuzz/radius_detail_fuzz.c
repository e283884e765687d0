/* FreeRADIUS's detail file: supervisor/accounting.h. */
#include "fuzz.h"

#include <string.h>

#include "supervisor/accounting.h"
#include "tests/unit/supervisor/evidence_samples.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct radius_detail reader;
	struct accounting_record record;
	size_t left = len;

	radius_detail_init(&reader, (const char *)bytes, len);
	while (radius_detail_next(&reader, &record)) {
		fuzz_expect(record.status != 0 && record.event_s > 0);
		fuzz_expect(!record.has_mac || mac_is_usable(record.mac));
		fuzz_expect(reader.rest.len < left);
		left = reader.rest.len;
	}
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	fuzz_seed(seeds, sample_detail, strlen(sample_detail));
}
