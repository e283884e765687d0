/* Recordings made to attack: records of real sessions with bytes changed, left out, twice or elsewhere, encrypted as a good recording is, played by
 * sekisho-player itself in its sandbox. Only the player may die of one, and none may keep it from answering.
 *
 *	player_mutations PROGRAM SEEDS records|files HOW-MANY
 *
 * records  what a hostile host could have sent: the decoder sees it
 * files    the file changed afterwards: all of them are refused, with a reason
 *
 * Prints how many were shown, refused, or died by which signal. Exit 1: one hung, or broke the channel's rules, or a changed file was not
 * refused.
 */
#include "stage.h"
#include "take.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "player/states.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS 30000
#define SIGNALS 65

struct figures {
	unsigned int shown, ended, refused, hung, misbehaved, failed;
	unsigned int signals[SIGNALS];
	int64_t longest_ms;
};

static uint32_t chance = 0x2545f491;

static uint32_t
below(uint32_t most)
{
	chance ^= chance << 13;
	chance ^= chance >> 17;
	chance ^= chance << 5;
	return most == 0 ? 0 : chance % most;
}

/* Often near each other: one field, or one PDU. */
static void
change_bytes(uint8_t *bytes, size_t len)
{
	uint32_t changes = 1 + below(8), at = below((uint32_t)len);

	for (uint32_t i = 0; i < changes && len > 0; i++) {
		switch (below(4)) {
		case 0:
			bytes[at] ^= (uint8_t)(1u << below(8));
			break;
		case 1:
			bytes[at] = (uint8_t)below(256);
			break;
		case 2:
			bytes[at] = 0xff;
			break;
		default:
			bytes[at] = 0;
			break;
		}
		at = below(3) == 0 ? below((uint32_t)len) : (at + below(16)) % (uint32_t)len;
	}
}

static uint32_t
count_from_host(const struct take *take)
{
	struct recording_record record;
	uint32_t count = 0;
	size_t at = 0;

	while (take_next(take, &at, &record))
		count += record.kind == RECORDING_FROM_HOST;
	return count;
}

/* One to eight of them are changed, and sometimes one is left out or comes twice. */
static int
mutated_records(const struct take *take)
{
	uint32_t count = count_from_host(take), number = 0, changed[8], changes = 1 + below(8);
	uint32_t left_out = below(4) == 0 ? below(count) : UINT32_MAX;
	uint32_t twice = below(4) == 0 ? below(count) : UINT32_MAX;
	struct take_file file;
	struct recording_record record;
	size_t at = 0;
	uint32_t ms = 0;
	int fd;

	for (uint32_t i = 0; i < changes; i++)
		changed[i] = below(count);
	take_file_begin(&file);
	while (take_next(take, &at, &record)) {
		uint8_t *copy = malloc(record.len + 1);
		struct recording_record one = record;
		bool from_host = record.kind == RECORDING_FROM_HOST;

		if (copy == NULL)
			exit(2);
		memcpy(copy, record.bytes, record.len);
		one.bytes = copy;
		ms = record.ms;
		for (uint32_t i = 0; i < changes; i++)
			if (from_host && changed[i] == number)
				change_bytes(copy, record.len);
		if (!from_host || number != left_out)
			take_file_put(&file, &one, ms);
		if (from_host && number == twice)
			take_file_put(&file, &one, ms);
		number += from_host;
		free(copy);
	}
	take_file_end(&file, ms);
	fd = file.fd;
	file.fd = -1;
	take_file_done(&file);
	return fd;
}

static int
mutated_file(const struct take *take)
{
	int fd = take_file_of(take, 1);
	off_t len = lseek(fd, 0, SEEK_END);
	uint8_t bytes[64], before[64];
	off_t at = (off_t)below((uint32_t)len - (uint32_t)sizeof(bytes));

	if (pread(fd, bytes, sizeof(bytes), at) != sizeof(bytes))
		exit(2);
	memcpy(before, bytes, sizeof(bytes));
	while (memcmp(bytes, before, sizeof(bytes)) == 0)
		change_bytes(bytes, sizeof(bytes));
	if (pwrite(fd, bytes, sizeof(bytes), at) != sizeof(bytes))
		exit(2);
	return fd;
}

/* As fast as it decodes: it is told that the session runs. */
static void
play(const char *program, int fd, struct figures *figures)
{
	struct stage stage;
	int64_t began = clock_boottime_ms(), took;
	int client, status;

	stage_start_player(&stage, program);
	client = stage_play(&stage, fd, take_key, true, "en");
	while (!stage.gone && (stage.plays == 0 || stage.play.state < PLAY_LIVE) &&
		clock_boottime_ms() - began < LIMIT_MS) {
		struct pollfd wanted = {.fd = channel_fd(stage.channel), .events = POLLIN};

		(void)poll(&wanted, 1, 1000);
		stage_serve(&stage);
	}
	took = clock_boottime_ms() - began;
	if (!stage.gone && stage.play.state < PLAY_LIVE) {
		figures->hung++;
		(void)kill(stage.pid, SIGKILL);
	}
	figures->longest_ms = took > figures->longest_ms ? took : figures->longest_ms;
	if (stage.play.state == PLAY_BROKEN && stage.play.why[0] != '\0')
		figures->refused++;
	if (stage.play.state == PLAY_ENDED || stage.play.state == PLAY_LIVE)
		figures->shown++;
	(void)close(client);
	(void)stage_wait_gone(&stage, LIMIT_MS);
	figures->misbehaved += stage.broke != NULL;
	status = stage_end(&stage);
	if (WIFSIGNALED(status) && WTERMSIG(status) < SIGNALS)
		figures->signals[WTERMSIG(status)]++;
	else if (WEXITSTATUS(status) != 0)
		figures->failed++;
	else
		figures->ended++;
}

int
main(int argc, char **argv)
{
	struct figures figures = {0};
	struct take takes[2];
	char path[512];
	bool files;
	unsigned int count;

	if (argc != 5)
		return 2;
	files = strcmp(argv[3], "files") == 0;
	count = (unsigned int)strtoul(argv[4], NULL, 10);
	snprintf(path, sizeof(path), "%s/gfx", argv[2]);
	take_read(&takes[0], path);
	snprintf(path, sizeof(path), "%s/bitmaps", argv[2]);
	take_read(&takes[1], path);
	for (unsigned int i = 0; i < count; i++) {
		auto_fd int fd =
			files ? mutated_file(&takes[i % 2]) : mutated_records(&takes[i % 2]);

		play(argv[1], fd, &figures);
	}
	printf("%u mutated %s: shown to their end %u, refused with a reason %u, hung %u; the "
	       "player ended orderly %u, "
	       "with an error %u, against the rules %u; longest %lld ms\n",
		count, argv[3], figures.shown, figures.refused, figures.hung, figures.ended,
		figures.failed, figures.misbehaved, (long long)figures.longest_ms);
	for (int i = 0; i < SIGNALS; i++)
		if (figures.signals[i] > 0)
			printf("died of signal %d (%s): %u\n", i, strsignal(i), figures.signals[i]);
	take_done(&takes[0]);
	take_done(&takes[1]);
	return figures.hung > 0 || figures.misbehaved > 0 || figures.failed > 0 ||
	       (files && figures.refused < count);
}
