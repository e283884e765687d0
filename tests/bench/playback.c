/* bench_playback FILE: how fast a recording becomes a picture. FILE has its records as `recording_tool open` writes them.
 *
 * Prints `recorded_s=… cpu_s=… records=… bytes=…`: how long the session was, and the processor time of this process for decoding all
 * of it, without the time that libfreerdp takes to start.
 */
#include "playback/playback.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct file {
	const uint8_t *bytes;
	size_t len;
	size_t at;
	size_t records;
	const char *why;
};

static int
file_next(void *owner, struct recording_record *ret_record)
{
	struct file *file = owner;
	int r = recording_head_get(
		file->bytes + file->at, file->len - file->at, ret_record, &file->why);

	if (r == 0)
		return -ENODATA;
	if (r < 0)
		return r;
	file->at += (size_t)r;
	file->records++;
	return 1;
}

static int
file_rewind(void *owner)
{
	((struct file *)owner)->at = 0;
	return 0;
}

static const char *
file_why(void *owner)
{
	return ((struct file *)owner)->why;
}

static double
processor_seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int
map(const char *path, struct file *file)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat about;
	void *bytes;

	if (fd < 0 || fstat(fd, &about) < 0)
		return -errno;
	bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	*file = (struct file){.bytes = bytes, .len = (size_t)about.st_size};
	return 0;
}

int
main(int argc, char **argv)
{
	struct file file;
	const struct playback_source source = {file_next, file_rewind, file_why, &file};
	struct playback *playback = NULL;
	enum playback_result result;
	double begun;

	if (argc != 2 || map(argv[1], &file) < 0 || playback_warm_up() < 0 ||
		playback_new(&source, &playback) < 0) {
		fprintf(stderr, "usage: bench_playback FILE\n");
		return 2;
	}
	begun = processor_seconds();
	do {
		result = playback_advance(playback, UINT32_MAX, 1000000);
	} while (result == PLAYBACK_MORE);
	printf("recorded_s=%.1f cpu_s=%.3f records=%zu bytes=%zu\n",
		playback_now_ms(playback) / 1e3, processor_seconds() - begun, file.records,
		file.len);
	if (result != PLAYBACK_ENDED)
		fprintf(stderr, "bench_playback: %s\n", playback_why(playback));
	playback_free(playback);
	return result == PLAYBACK_ENDED ? 0 : 1;
}
