/* See verify.h. */
#include "recording/verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *
recording_state_name(enum recording_state state)
{
	static const char *const names[] = {
		[RECORDING_WHOLE] = "whole",
		[RECORDING_NOT_CLOSED] = "not closed",
		[RECORDING_BROKEN] = "broken",
		[RECORDING_FOREIGN] = "foreign",
	};

	return names[state];
}

static void
say(struct recording_report *report, enum recording_state state, const char *why)
{
	report->state = state;
	(void)snprintf(report->why, sizeof(report->why), "%s", why);
}

static int
read_all(struct recording_reader *reader, bool (*each)(void *argument, uint64_t bytes),
	void *argument, struct recording_report *report)
{
	struct recording_record record;
	struct recording_gap gap;
	uint64_t told = 0;
	int r;

	while ((r = recording_reader_next(reader, &record)) > 0) {
		if (record.kind == RECORDING_GAP && recording_gap_get(&record, &gap) == 0) {
			report->gaps++;
			report->missing += gap.bytes;
		}
		report->length_ms = record.ms;
		if (each != NULL && recording_reader_offset(reader) > told + RECORDING_CHUNK_MOST) {
			told = recording_reader_offset(reader);
			if (!each(argument, told))
				return -ECANCELED;
		}
	}
	return r;
}

static void
judge(const struct recording_reader *reader, int r, const uint8_t *signer,
	struct recording_report *report)
{
	const struct recording_summary *summary = recording_reader_summary(reader);

	report->chunks = recording_reader_chunks(reader);
	report->bytes = recording_reader_offset(reader);
	report->rest = recording_reader_rest(reader);
	if (signer != NULL && memcmp(signer, report->about.signer, RECORDING_PUBLIC_BYTES) != 0)
		say(report, RECORDING_FOREIGN, "it was not recorded by this gateway");
	else if (r == 0)
		say(report, RECORDING_NOT_CLOSED, recording_reader_why(reader));
	else if (r != -ENODATA)
		say(report, RECORDING_BROKEN, recording_reader_why(reader));
	if (summary == NULL)
		return;
	report->has_summary = true;
	report->summary = *summary;
	report->gaps = summary->gaps;
	report->missing = summary->missing;
	memcpy(report->chain, summary->chain, RECORDING_HASH_BYTES);
}

int
recording_verify(int fd, const uint8_t *key, const uint8_t *signer,
	bool (*each)(void *argument, uint64_t bytes), void *argument,
	struct recording_report *ret_report)
{
	struct recording_reader *reader = NULL;
	const char *why = NULL;
	int r = recording_reader_new(fd, key, &reader, &why);

	*ret_report = (struct recording_report){0};
	if (r == -EBADMSG || r == -EPROTONOSUPPORT || r == -EAGAIN) {
		say(ret_report, r == -EAGAIN ? RECORDING_NOT_CLOSED : RECORDING_BROKEN, why);
		return 0;
	}
	if (r < 0)
		return r;
	ret_report->about = *recording_reader_about(reader);
	memcpy(ret_report->header, recording_reader_header(reader), RECORDING_HASH_BYTES);
	r = read_all(reader, each, argument, ret_report);
	if (r != -ECANCELED)
		judge(reader, r, signer, ret_report);
	recording_reader_free(reader);
	return r == -ECANCELED || r == -EIO ? r : 0;
}
