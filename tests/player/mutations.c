/* Recordings made to attack: records of real sessions with bytes changed, left out, twice or elsewhere, encrypted as a good recording is, played by
 * sekisho-player itself in its sandbox. Only the player may die of one, and none may keep it from answering.
 *
 *	player_mutations PROGRAM SEEDS records|files|cut|moved HOW-MANY
 *	player_mutations PROGRAM FILE show KEY         one recording as it is; KEY in hexadecimal
 *
 * records  what a hostile host could have sent: the decoder sees it
 * files    bytes of the file changed afterwards: all of them are refused, with a reason
 * moved    chunks of the file in another order: so are these
 * cut      a file that ends somewhere: it is shown as far as it goes
 *
 * Prints how many were shown, refused, or died by which signal. Exit 1: one hung, or broke the channel's rules, or was shown or refused
 * where it must not be.
 */
#include "stage.h"
#include "take.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "player/states.h"
#include "recording/reader.h"

#include <fcntl.h>
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
	struct msg_play_state last;
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

/* One to eight of them are changed, and sometimes one is left out, comes twice, or comes again behind those that follow it. */
static int
mutated_records(const struct take *take)
{
	uint32_t count = count_from_host(take), number = 0, changed[8], changes = 1 + below(8);
	uint32_t left_out = below(4) == 0 ? below(count) : UINT32_MAX;
	uint32_t twice = below(4) == 0 ? below(count) : UINT32_MAX;
	uint32_t late = below(4) == 0 ? below(count) : UINT32_MAX, how_late = 1 + below(5);
	struct recording_record record, kept = {0};
	struct take_file file;
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
		if (from_host && number == late)
			kept = record;
		else if (!from_host || number != left_out)
			take_file_put(&file, &one, ms);
		if (from_host && number == twice)
			take_file_put(&file, &one, ms);
		if (from_host && kept.len > 0 && number == late + how_late)
			take_file_put(&file, &kept, ms);
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

/* The same, in as many chunks as a session would make of it. */
static int
file_in_chunks(const struct take *take)
{
	struct take_file file;
	struct recording_record record;
	size_t at = 0;
	uint32_t ms = 0, count = 0;
	int fd;

	take_file_begin(&file);
	while (take_next(take, &at, &record)) {
		ms = record.ms;
		take_file_put(&file, &record, ms);
		if (++count % 8 == 0)
			take_file_flush(&file);
	}
	take_file_end(&file, ms);
	fd = file.fd;
	file.fd = -1;
	take_file_done(&file);
	return fd;
}

/* Where the chunks of a file lie: each place and the one behind the last. Returns how many there are. */
static size_t
find_chunks(int fd, off_t *places, size_t most)
{
	struct recording_reader *reader;
	struct recording_chunk_head head;
	uint8_t bytes[RECORDING_CHUNK_HEAD];
	const char *why = "";
	size_t count = 0;

	if (recording_reader_new(fd, NULL, &reader, &why) < 0)
		exit(2);
	places[0] = (off_t)recording_reader_about(reader)->header_bytes;
	recording_reader_free(reader);
	while (count + 1 < most &&
		pread(fd, bytes, sizeof(bytes), places[count]) == sizeof(bytes)) {
		if (recording_chunk_head_get(bytes, &head, &why) < 0 || head.len == 0)
			break;
		places[count + 1] = places[count] + RECORDING_CHUNK_HEAD + (off_t)head.len;
		count++;
	}
	return count;
}

/* A chunk goes in front of the one before it. */
static int
moved_chunk(const struct take *take)
{
	int fd = file_in_chunks(take);
	off_t places[512];
	size_t count = find_chunks(fd, places, ARRAY_SIZE(places)), at, first, second;
	uint8_t *bytes;

	if (count < 2)
		exit(2);
	at = below((uint32_t)count - 1);
	first = (size_t)(places[at + 1] - places[at]);
	second = (size_t)(places[at + 2] - places[at + 1]);
	bytes = malloc(first + second);
	if (bytes == NULL || pread(fd, bytes + second, first, places[at]) != (ssize_t)first ||
		pread(fd, bytes, second, places[at + 1]) != (ssize_t)second ||
		pwrite(fd, bytes, first + second, places[at]) != (ssize_t)(first + second))
		exit(2);
	free(bytes);
	return fd;
}

/* Behind its first chunk, and before its end. */
static int
cut_file(const struct take *take)
{
	int fd = file_in_chunks(take);
	off_t places[512], len = lseek(fd, 0, SEEK_END);

	if (find_chunks(fd, places, ARRAY_SIZE(places)) < 2 ||
		ftruncate(fd, places[1] + (off_t)below((uint32_t)(len - places[1]))) < 0)
		exit(2);
	return fd;
}

static const struct way {
	const char *name;
	int (*make)(const struct take *take);
	bool refused, shown; /* all of them are */
} ways[] = {
	{"records", mutated_records, false, false},
	{"files", mutated_file, true, false},
	{"moved", moved_chunk, true, false},
	{"cut", cut_file, false, true},
};

/* Known without a key: what a player that has caught up says. */
static uint32_t
length_of(int fd)
{
	struct recording_reader *reader;
	const char *why;
	uint32_t length;

	if (recording_reader_new(fd, NULL, &reader, &why) < 0)
		return UINT32_MAX;
	length = recording_reader_length_ms(reader);
	recording_reader_free(reader);
	return length;
}

/* All that there is has been played: of a file without an end, that is what a running session shows now. Before anybody saw it the player is waiting; one that
 * searched first has caught up, and so has one that says that it stands at the end. */
static bool
is_through(const struct stage *stage, uint32_t length_ms)
{
	const struct msg_play_state *play = &stage->play;

	if (stage->plays == 0)
		return false;
	if (play->state == PLAY_WAITING)
		return (stage->states & 1u << PLAY_SEEKING) != 0 || play->at_ms == length_ms;
	return play->state >= PLAY_LIVE;
}

/* As fast as it decodes: it is told that the session runs. */
static void
play(const char *program, int fd, const uint8_t *key, struct figures *figures)
{
	struct stage stage;
	uint32_t length_ms = length_of(fd);
	int64_t began = clock_boottime_ms(), took;
	int client, status;
	bool through;

	stage_start_player(&stage, program);
	client = stage_play(&stage, fd, key, true, "en");
	while (!is_through(&stage, length_ms) && stage_serve_until(&stage, began + LIMIT_MS))
		;
	through = is_through(&stage, length_ms);
	took = clock_boottime_ms() - began;
	figures->longest_ms = took > figures->longest_ms ? took : figures->longest_ms;
	if (stage.play.state == PLAY_BROKEN && stage.play.why[0] != '\0')
		figures->refused++;
	else if (through && stage.play.state != PLAY_BROKEN)
		figures->shown++;
	figures->last = stage.play;
	(void)close(client);
	/* Whatever it has read, it ends when its watcher leaves. */
	if ((!stage.gone && !through) || !stage_wait_gone(&stage, LIMIT_MS)) {
		figures->hung++;
		(void)kill(stage.pid, SIGKILL);
	}
	figures->misbehaved += stage.broke != NULL;
	status = stage_end(&stage);
	if (WIFSIGNALED(status) && WTERMSIG(status) < SIGNALS)
		figures->signals[WTERMSIG(status)]++;
	else if (WEXITSTATUS(status) != 0)
		figures->failed++;
	else
		figures->ended++;
}

static const char *const states[] = {
#define PLAY(NAME, what) [PLAY_##NAME] = #NAME,
#include "player/states.def"
#undef PLAY
};

static int
show(const char *program, const char *path, const char *key_text)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct figures figures = {0};
	uint8_t key[32];

	if (fd < 0 || strlen(key_text) != 2 * sizeof(key) ||
		bytes_from_hex(key_text, key, sizeof(key)) < 0)
		return 2;
	play(program, fd, key, &figures);
	printf("state=%s at_ms=%u length_ms=%u why='%s'\n", states[figures.last.state],
		figures.last.at_ms, figures.last.length_ms, figures.last.why);
	return figures.hung > 0 || figures.ended == 0;
}

static void
tell(const struct figures *figures, const char *what, unsigned int count)
{
	printf("%u mutated %s: shown to their end %u, refused with a reason %u, hung %u; the "
	       "player ended orderly %u, "
	       "with an error %u, against the rules %u; longest %lld ms\n",
		count, what, figures->shown, figures->refused, figures->hung, figures->ended,
		figures->failed, figures->misbehaved, (long long)figures->longest_ms);
	for (int i = 0; i < SIGNALS; i++)
		if (figures->signals[i] > 0)
			printf("died of signal %d (%s): %u\n", i, strsignal(i),
				figures->signals[i]);
}

int
main(int argc, char **argv)
{
	const struct way *way = ways;
	struct figures figures = {0};
	struct take takes[2];
	char path[512];
	unsigned int count;

	if (argc != 5)
		return 2;
	if (strcmp(argv[3], "show") == 0)
		return show(argv[1], argv[2], argv[4]);
	while (way < ways + ARRAY_SIZE(ways) && strcmp(argv[3], way->name) != 0)
		way++;
	if (way == ways + ARRAY_SIZE(ways))
		return 2;
	count = (unsigned int)strtoul(argv[4], NULL, 10);
	snprintf(path, sizeof(path), "%s/gfx", argv[2]);
	take_read(&takes[0], path);
	snprintf(path, sizeof(path), "%s/bitmaps", argv[2]);
	take_read(&takes[1], path);
	for (unsigned int i = 0; i < count; i++) {
		auto_fd int fd = way->make(&takes[i % 2]);

		play(argv[1], fd, take_key, &figures);
	}
	tell(&figures, way->name, count);
	take_done(&takes[0]);
	take_done(&takes[1]);
	return figures.hung > 0 || figures.misbehaved > 0 || figures.failed > 0 ||
	       (way->refused && figures.refused < count) || (way->shown && figures.shown < count);
}
