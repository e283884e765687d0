/* policy/backup/header.c: a file that somebody says is a backup. */
#include "fuzz.h"

#include "policy/backup/header.h"

#include <errno.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	enum backup_fault fault = BACKUP_SOUND;
	uint8_t again[BACKUP_HEADER_MOST];
	struct backup_header header;
	int r = backup_header_parse(bytes, len, &header, &fault);

	fuzz_expect(r == 0 || r == -EAGAIN || r == -EBADMSG);
	fuzz_expect((r == -EBADMSG) == (fault != BACKUP_SOUND));
	fuzz_expect(r != -EAGAIN || len < BACKUP_HEADER_MOST);
	if (r < 0)
		return 0;
	fuzz_expect(header.len <= len && header.len <= BACKUP_HEADER_MOST);
	fuzz_expect(backup_file_bytes(&header) > header.plain_bytes);
	fuzz_expect(backup_chunks(&header) * header.chunk_bytes >= header.plain_bytes);
	/* There is one way to write a header. */
	backup_header_build(&header, again);
	fuzz_expect(memcmp(again, bytes, header.len - SIGNATURE_BYTES) == 0);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	struct backup_header header = {
		.id = {1, 2, 3},
		.created_us = 1795143600000000,
		.schema = 7,
		.chunk_bytes = BACKUP_CHUNK_BYTES,
		.plain_bytes = 1 << 20,
		.log_event = 42,
		.facility = {.prefix = "998-", .domain = "example.jp"},
		.label = {1, 2, 3, 4},
		.label_len = 40,
	};
	uint8_t bytes[BACKUP_HEADER_MOST] = {0};

	backup_header_build(&header, bytes);
	fuzz_seed(seeds, bytes, header.len);
	fuzz_seed(seeds, bytes, header.len - 1);
	header.facility = (struct facility){.prefix = "", .domain = ""};
	header.label_len = 0;
	memset(bytes, 0, sizeof(bytes));
	backup_header_build(&header, bytes);
	fuzz_seed(seeds, bytes, header.len);
	header.label_len = BACKUP_LABEL_MOST;
	backup_header_build(&header, bytes);
	fuzz_seed(seeds, bytes, header.len);
}
