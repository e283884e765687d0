/* Keys, clicks, texts and pages in any order: greeter/screen.h. The input is a list of small steps. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <xkbcommon/xkbcommon-keysyms.h>

#include "greeter/screen.h"

static int64_t now_ms;

struct input {
	const uint8_t *bytes;
	size_t left;
};

static uint32_t
take(struct input *input, size_t len)
{
	uint32_t value = 0;

	for (; len > 0 && input->left > 0; len--, input->left--)
		value = value << 8 | *input->bytes++;
	return value;
}

static void
take_bytes(struct input *input, void *ret_bytes, size_t most)
{
	size_t len = take(input, 1);

	len = len < most ? len : most;
	len = len < input->left ? len : input->left;
	memcpy(ret_bytes, input->bytes, len);
	input->bytes += len;
	input->left -= len;
}

static int64_t
clock_ms(void)
{
	return now_ms;
}

/* Each page is answered once at most, and only what it has. */
static uint32_t last_answered;

static void
answered(void *owner, const struct msg_answer *answer)
{
	struct screen **screen = owner;

	fuzz_expect(answer->serial == screen_serial(*screen) && answer->serial != last_answered);
	fuzz_expect(answer->action == SCREEN_SUBMIT || answer->action == SCREEN_CANCEL);
	fuzz_expect(answer->secret_len <= 512 && strlen(answer->account) <= 256);
	last_answered = answer->serial;
}

static void
show(struct screen *screen, struct input *input, uint32_t serial)
{
	static struct msg_show message;
	struct msg_choice choice = {.serial = serial};
	uint32_t choices = take(input, 1) % 32;
	int r;

	message = (struct msg_show){.serial = serial, .screen = (uint8_t)(take(input, 1) % 11)};
	message.field = (uint8_t)take(input, 1);
	message.echo = message.field >> 7;
	message.seconds = take(input, 2);
	take_bytes(input, message.account, 256);
	take_bytes(input, message.prompt, 512);
	take_bytes(input, message.text, 4096);
	take_bytes(input, message.error, 512);
	take_bytes(input, message.otpauth, 512);
	message.values_len = take(input, 1);
	memcpy(message.values, message.text, message.values_len);
	take_bytes(input, choice.name, 256);
	take_bytes(input, choice.state, 256);
	for (; choices > 0; choices--) {
		choice.index = (uint16_t)choices;
		choice.allowed = choices & 1;
		choice.name[0] = (char)('a' + choices);
		fuzz_expect(screen_add_choice(screen, &choice) == 0);
	}
	r = screen_show(screen, &message);
	fuzz_expect(r == (message.screen < SCREEN_COUNT ? 0 : -EPROTO));
}

static void
press(struct screen *screen, struct input *input)
{
	static const uint32_t keys[] = {XKB_KEY_Tab, XKB_KEY_ISO_Left_Tab, XKB_KEY_Return,
		XKB_KEY_Escape, XKB_KEY_F2, XKB_KEY_space, XKB_KEY_Left, XKB_KEY_Right, XKB_KEY_Up,
		XKB_KEY_Down, XKB_KEY_Home, XKB_KEY_End, XKB_KEY_Page_Up, XKB_KEY_Page_Down,
		XKB_KEY_BackSpace, XKB_KEY_Delete, XKB_KEY_a};
	uint32_t key = take(input, 1);

	if (key < sizeof(keys) / sizeof(keys[0]))
		screen_key(screen, keys[key], 0, take(input, 1));
	else
		screen_key(screen, key, take(input, 3), take(input, 1));
}

static void
draw(struct screen *screen, size_t most)
{
	struct picture_rectangle tiles[32];

	while (screen_draw(screen, tiles, most) > 0)
		;
}

static void
step(struct screen *screen, struct input *input, uint32_t serial)
{
	char text[257] = "";

	switch (take(input, 1) % 8) {
	case 0:
		show(screen, input, serial);
		break;
	case 1:
		take_bytes(input, text, 256);
		screen_text(screen, text);
		break;
	case 2:
		screen_pointer(screen, (int)take(input, 2) - 100, (int)take(input, 2) - 100,
			take(input, 1), (int)take(input, 1) - 128);
		break;
	case 3:
		now_ms += take(input, 2);
		fuzz_expect(screen_tick(screen) >= -1);
		break;
	case 4:
		draw(screen, 1 + take(input, 1) % 32);
		break;
	case 5:
		screen_modifiers(screen, take(input, 1));
		break;
	default:
		press(screen, input);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input input = {bytes, len};
	struct screen *screen = NULL;
	const struct screen_setup setup = {.width = (uint16_t)(200 + take(&input, 1)),
		.height = (uint16_t)(200 + take(&input, 1)),
		.scale_percent = (uint16_t)(100 + take(&input, 1)),
		.facility = "facility",
		.language = take(&input, 1) & 1 ? "ja" : "en",
		.now_ms = clock_ms,
		.answered = answered,
		.owner = &screen};
	const char *why;
	uint32_t serial = 1;

	last_answered = 0;
	fuzz_expect(screen_warm_up(SCREEN_CATALOGUE, &why) == 0);
	fuzz_expect(screen_new(&setup, &screen) == 0);
	while (input.left > 0 && serial < 200)
		step(screen, &input, serial++);
	draw(screen, 32);
	screen_free(screen);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t sign_in[] = {120, 140, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 1, 4, 's', 'a', 't', 'o', 6, 0, 0, 1, 3, 'a', 'b', 'c', 4, 7, 6, 2, 0};
	static const uint8_t terminals[] = {200, 200, 50, 0, 0, 24, 3, 0, 0, 0, 0, 0, 3, 'a', '%',
		's', 0, 0, 2, 3, 't', '-', '1', 4, 'f', 'r', 'e', 'e', 4, 9, 6, 9, 0, 6, 13, 0, 2,
		1, 0, 1, 0, 1, 120};
	static const uint8_t enrol[] = "\x80\x80\x10\1\0\0\2\x80\0\0\0\4code\6scan\xe2\x80\0\x20"
				       "otpauth://totp/a?secret=ABCDEFGH\0\0\0\4\x1f\7\4\0";

	fuzz_seed(seeds, sign_in, sizeof(sign_in));
	fuzz_seed(seeds, terminals, sizeof(terminals));
	fuzz_seed(seeds, enrol, sizeof(enrol));
}
