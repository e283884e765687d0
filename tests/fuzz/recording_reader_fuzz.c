/* gateway/recording/reader.c: a file that somebody says is a recording; with its key and without. And what is in a chunk
 * that somebody who has the key has written. */
#include "fuzz.h"

#include "recording/reader.h"
#include "sample.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct sample sample;
static int file = -1;

/* The key that all seeds have. */
static void
prepare(void)
{
	if (file >= 0)
		return;
	sample_init(&sample);
	memset(sample.key, 7, sizeof(sample.key));
	file = memfd_create("fuzz", MFD_CLOEXEC);
}

static void
read_file(int fd, const uint8_t *key)
{
	struct recording_reader *reader;
	struct recording_record record;
	const char *why = NULL;
	uint32_t last_ms = 0;
	int r = recording_reader_new(fd, key, &reader, &why);

	fuzz_expect(r == 0 || why != NULL);
	if (r < 0)
		return;
	(void)recording_reader_length_ms(reader);
	while ((r = recording_reader_next(reader, &record)) > 0) {
		fuzz_expect(record.ms >= last_ms);
		last_ms = record.ms;
		fuzz_expect(key == NULL || recording_record_check(&record) == 0);
	}
	fuzz_expect(r == -ENODATA || recording_reader_why(reader)[0] != '\0');
	fuzz_expect((r == -ENODATA) == (recording_reader_summary(reader) != NULL));
	recording_reader_free(reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int raw;

	prepare();
	fuzz_expect(ftruncate(file, 0) == 0 && pwrite(file, bytes, len, 0) == (ssize_t)len);
	read_file(file, sample.key);
	read_file(file, NULL);
	if (len > 0 && len <= RECORDING_CHUNK_MOST) {
		raw = sample_raw(&sample, bytes, len);
		read_file(raw, sample.key);
		(void)close(raw);
	}
	return 0;
}

static void
seed(struct fuzz_seeds *seeds, int fd)
{
	static uint8_t room[65536];
	ssize_t len = pread(fd, room, sizeof(room), 0);

	fuzz_seed(seeds, room, (size_t)len);
	(void)close(fd);
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	prepare();
	seed(seeds, sample_file(&sample, 2, 30, 1, true));
	seed(seeds, sample_file(&sample, 1, 10, 1, false));
	seed(seeds, sample_file(&sample, 0, 1, 1, true));
}
