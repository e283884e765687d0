/* bench_greeter PROGRAM [COUNT]    what a sign-in screen costs: ready, first frame, memory. One at a time, each a new process.
 *
 * first frame   from BEGIN_SCREEN until the whole picture of SIGN_IN is in the socket (SHOWN), the client's connection
 *               sequence included; the client (libfreerdp) shares the machine
 * echo          from a letter that is typed until the client has the picture of it
 * cpu           the greeter's own time on a processor for that: hardly another on a busy machine
 * memory        PSS of a warm one that waits, and of one whose picture is shown
 */
#include "greeter/stage.h"
#include "greeter/viewer.h"

#include "base/cleanup.h"
#include "greeter/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT_MS 20000
#define COUNT_MOST 1000
#define LETTERS 20

static double
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static unsigned long
pss_kb(pid_t pid)
{
	char path[64], line[128];
	unsigned long kb = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && kb == 0 && fgets(line, sizeof(line), file) != NULL)
		(void)sscanf(line, "Pss: %lu", &kb);
	if (file != NULL)
		(void)fclose(file);
	return kb; /* 0: only root may know */
}

/* Time on a processor so far. */
static double
cpu_ms(pid_t pid)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	file = fopen(path, "re");
	if (file != NULL) {
		if (fscanf(file, "%llu", &ns) != 1)
			ns = 0;
		(void)fclose(file);
	}
	return (double)ns / 1e6;
}

struct figures {
	double ready_ms[COUNT_MOST], ready_cpu_ms[COUNT_MOST];
	double frame_ms[COUNT_MOST], frame_cpu_ms[COUNT_MOST];
	double echo_ms[COUNT_MOST], echo_cpu_ms[COUNT_MOST]; /* of LETTERS, divided */
	unsigned long warm_kb, shown_kb;                     /* sums */
};

/* Letter by letter, each once the one before is seen. */
static void
type_letters(struct viewer *viewer, struct stage *stage, struct figures *figures, size_t i)
{
	double cpu = cpu_ms(stage->pid), began = now_ms();

	for (unsigned int letter = 0; letter < LETTERS; letter++) {
		unsigned int updates = viewer_updates(viewer);

		viewer_character(viewer, (uint16_t)('a' + letter % 26));
		while (viewer_updates(viewer) == updates && now_ms() - began < LIMIT_MS) {
			stage_serve(stage);
			if (!viewer_serve(viewer, 1))
				break;
		}
	}
	figures->echo_ms[i] = (now_ms() - began) / LETTERS;
	figures->echo_cpu_ms[i] = (cpu_ms(stage->pid) - cpu) / LETTERS;
}

static void
measure(const char *program, const struct viewer_setup *setup, struct figures *figures, size_t i)
{
	static const struct msg_show show = {.screen = SCREEN_SIGN_IN};
	struct stage stage;
	struct viewer *viewer;
	double began = now_ms();
	int fd;

	stage_start(&stage, program);
	while (!stage.hello && !stage.gone)
		(void)stage_wait(&stage, &stage.shown, 1, 1);
	figures->ready_ms[i] = now_ms() - began;
	figures->ready_cpu_ms[i] = cpu_ms(stage.pid);
	figures->warm_kb += pss_kb(stage.pid);
	began = now_ms();
	fd = stage_begin(&stage, setup->keyboard_layout, -1);
	stage_show(&stage, &show);
	viewer = viewer_new(setup, fd);
	while (viewer != NULL && stage.shown == 0 && !stage.gone && now_ms() - began < LIMIT_MS) {
		stage_serve(&stage);
		if (stage.shown == 0 && !viewer_serve(viewer, 1))
			break;
	}
	figures->frame_ms[i] = now_ms() - began;
	figures->frame_cpu_ms[i] = cpu_ms(stage.pid) - figures->ready_cpu_ms[i];
	if (stage.shown == 0) {
		fprintf(stderr, "bench_greeter: no picture came\n");
		exit(1);
	}
	figures->shown_kb += pss_kb(stage.pid);
	type_letters(viewer, &stage, figures, i);
	viewer_free(viewer);
	(void)stage_end(&stage);
}

static int
compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return a < b ? -1 : a > b;
}

static void
print_times(const char *name, double *times, size_t count)
{
	qsort(times, count, sizeof(*times), compare);
	printf(" %s_p50_ms=%.1f %s_p95_ms=%.1f %s_max_ms=%.1f", name, times[count / 2], name,
		times[count * 95 / 100], name, times[count - 1]);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		struct viewer_setup setup;
	} runs[] = {
		{"1024x768", {.width = 1024, .height = 768, .depth = 32, .keyboard_layout = 0x411}},
		{"1920x1080",
			{.width = 1920, .height = 1080, .depth = 32, .keyboard_layout = 0x411}},
		{"3840x2160", {.width = 3840,
				      .height = 2160,
				      .depth = 32,
				      .scale_percent = 200,
				      .keyboard_layout = 0x411}},
	};
	static struct figures figures;
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 20;

	if (argc < 2 || count == 0 || count > COUNT_MOST) {
		fprintf(stderr, "usage: bench_greeter PROGRAM [COUNT]\n");
		return 2;
	}
	for (size_t run = 0; run < ARRAY_SIZE(runs); run++) {
		memset(&figures, 0, sizeof(figures));
		for (size_t i = 0; i < count; i++)
			measure(argv[1], &runs[run].setup, &figures, i);
		printf("%s count=%zu", runs[run].name, count);
		print_times("ready", figures.ready_ms, count);
		print_times("ready_cpu", figures.ready_cpu_ms, count);
		print_times("frame", figures.frame_ms, count);
		print_times("frame_cpu", figures.frame_cpu_ms, count);
		print_times("echo", figures.echo_ms, count);
		print_times("echo_cpu", figures.echo_cpu_ms, count);
		printf(" pss_warm_kb=%lu pss_shown_kb=%lu\n", figures.warm_kb / count,
			figures.shown_kb / count);
	}
	return 0;
}
