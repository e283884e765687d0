/* See screen_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "screen_fixture.h"

#include "base/lock_down_parts.h"
#include "scenes.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TILES 16384

struct screen_answers got;

void
note_answer(void *owner, const struct msg_answer *answer)
{
	(void)owner;
	got.answer = *answer;
	got.count++;
}

struct screen *
new_screen(uint16_t width, uint16_t height, uint16_t scale, const char *language)
{
	const struct screen_setup setup = {.width = width,
		.height = height,
		.scale_percent = scale,
		.facility = "関所総合病院",
		.language = language,
		.now_ms = scene_clock,
		.answered = note_answer};
	struct screen *screen = NULL;

	memset(&got, 0, sizeof(got));
	assert_int_equal(screen_new(&setup, &screen), 0);
	return screen;
}

void
show_page(struct screen *screen, enum greeter_screen page)
{
	struct msg_show show = {.serial = 7, .screen = (uint8_t)page};

	assert_int_equal(screen_show(screen, &show), 0);
}

void
press(struct screen *screen, uint32_t keysym, uint32_t modifiers)
{
	screen_key(screen, keysym, 0, modifiers);
}

void
click(struct screen *screen, int x, int y)
{
	screen_pointer(screen, x, y, DESK_BUTTON_LEFT, 0);
	screen_pointer(screen, x, y, 0, 0);
}

void
click_part(struct screen *screen, enum part part)
{
	const struct box *box = &screen->parts[part];

	click(screen, box->x + box->width / 2, box->y + box->height / 2);
}

size_t
draw(struct screen *screen)
{
	static struct picture_rectangle tiles[TILES];

	return screen_draw(screen, tiles, TILES);
}

/* As the greeter's sandbox: whoever opens a file or starts a thread ends here. */
int
close_sandbox(void **state)
{
	static const int calls[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(clone),
		SCMP_SYS(clone3), SCMP_SYS(socket), SCMP_SYS(execve)};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = filter != NULL ? 0 : -1;

	(void)state;
	/* The leak check of AddressSanitizer opens files and starts a thread of its own. */
	if (LOCK_DOWN_SANITIZED) {
		seccomp_release(filter);
		return 0;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, calls[i], 0);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

bool
warm_up(int argc, char **argv)
{
	const char *why = "";

	if (argc == 2 && screen_warm_up(argv[1], &why) == 0)
		return true;
	fprintf(stderr, "%s: %s\n", argv[0], why);
	return false;
}
