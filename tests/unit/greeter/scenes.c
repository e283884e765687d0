/* Pages for tests and pictures; see scenes.h. */
#include "scenes.h"

#include "base/cleanup.h"
#include "base/sentence.h"

#include <stdio.h>
#include <string.h>
#include <xkbcommon/xkbcommon-keysyms.h>

int64_t scene_now_ms = 1000000;

int64_t
scene_clock(void)
{
	return scene_now_ms;
}

void
scene_type(struct screen *screen, const char *text)
{
	for (; *text != '\0'; text++)
		screen_key(screen, (uint8_t)*text, (uint8_t)*text, 0);
}

#define SET(field, text) snprintf(show->field, sizeof(show->field), "%s", text)

static void
sign_in(struct msg_show *show)
{
	(void)show;
}

static void
type_account(struct screen *screen)
{
	scene_type(screen, "998-sato");
}

static void
wrong_password(struct msg_show *show)
{
	SET(account, "998-sato");
	SET(error, "Account or password is wrong.");
	show->field = 1;
}

static void
type_with_caps_lock(struct screen *screen)
{
	scene_type(screen, "correct horse");
	screen_modifiers(screen, SCREEN_CAPS_LOCK);
}

static void
new_password(struct msg_show *show)
{
	SET(prompt, "New password: ");
	SET(text, "Your password must be changed now: 13 characters or more, with letters, digits "
		  "and symbols.");
}

static void
code(struct msg_show *show)
{
	SET(prompt, "One-time code: ");
	show->echo = 1;
}

static void
type_code(struct screen *screen)
{
	scene_type(screen, "492817");
	screen_key(screen, 'a', 1, SCREEN_CONTROL);
}

static void
enrol(struct msg_show *show)
{
	static const char uri[] = SCENE_URI;

	SET(prompt, "One-time code: ");
	SET(text, "Register your telephone: read the picture with an authenticator app, then type "
		  "the six digits that it shows.");
	memcpy(show->otpauth, uri, sizeof(uri));
	show->otpauth_len = sizeof(uri) - 1;
	show->echo = 1;
}

static void
terminals(struct msg_show *show)
{
	(void)show;
}

static void
number(struct msg_show *show)
{
	SET(text, "Ask the hospital by telephone for the number that lets you in.");
}

static void
type_number(struct screen *screen)
{
	scene_type(screen, "30417");
}

static void
waiting(struct msg_show *show)
{
	SET(text, "The hospital has been told that you are waiting.");
	show->seconds = 300;
}

static void
wait_a_minute(struct screen *screen)
{
	scene_now_ms += 61000;
	(void)screen_tick(screen);
}

static void
notice(struct msg_show *show)
{
	SET(text, "定期メンテナンスのお知らせ\n\n"
		  "11月28日（土） "
		  "22:00〜24:"
		  "00、放射線部門システムの定期メンテナンスを行います。この時間帯は踏み台端末に接続"
		  "できません。\n\n"
		  "・作業前に必ず情報システム課（内線 2210）へ連絡してください。\n"
		  "・患者情報を端末の外へ持ち出さないでください。\n"
		  "・作業が終わったら、接続を切断してください。\n\n"
		  "Scheduled maintenance: Saturday 28 November, 22:00 to 24:00. Terminals of the "
		  "radiology systems cannot be reached "
		  "during that time. Call the IT department (extension 2210) before you start, and "
		  "do not take patient data out of the terminal.");
}

static void
connecting(struct msg_show *show)
{
	(void)show;
}

static void
sorry(struct msg_show *show)
{
	static const char values[] = "08:30-17:30";

	SET(text, "You may connect between %s only.");
	memcpy(show->values, values, sizeof(values));
	show->values_len = sizeof(values);
}

const struct scene scenes[] = {
	{"sign-in", SCREEN_SIGN_IN, sign_in, 0, type_account},
	{"wrong-password", SCREEN_SIGN_IN, wrong_password, 0, type_with_caps_lock},
	{"new-password", SCREEN_PROMPT, new_password, 0, NULL},
	{"code", SCREEN_PROMPT, code, 0, type_code},
	{"enrol", SCREEN_ENROL, enrol, 0, NULL},
	{"terminals", SCREEN_TERMINALS, terminals, 24, NULL},
	{"number", SCREEN_NUMBER, number, 0, type_number},
	{"waiting", SCREEN_WAITING, waiting, 0, wait_a_minute},
	{"notice", SCREEN_NOTICE, notice, 0, NULL},
	{"busy", SCREEN_BUSY, connecting, 0, NULL},
	{"sorry", SCREEN_SORRY, sorry, 0, NULL},
};
const size_t scene_count = ARRAY_SIZE(scenes);

void
scene_add_choice(struct screen *screen, uint32_t serial, uint16_t index)
{
	static const struct {
		const char *name, *state, *value;
		uint8_t allowed;
	} rows[] = {
		{"998-踏み台端末%02u(Local)", "free", "", 1},
		{"998-放射線部PACS%02u", "in use by %s", "998-yamada", 1},
		{"998-検査部LIS%02u", "outside hours (%s)", "08:30-17:30", 0},
	};
	const size_t at = index % ARRAY_SIZE(rows);
	struct msg_choice choice = {.serial = serial, .index = index, .allowed = rows[at].allowed};
	size_t len = strlen(rows[at].value);

	/* Each has one conversion. */
	snprintf(choice.name, sizeof(choice.name), "%.*s%02u%s",
		(int)(strchr(rows[at].name, '%') - rows[at].name), rows[at].name, index + 1u,
		strchr(rows[at].name, 'u') + 1);
	snprintf(choice.state, sizeof(choice.state), "%s", rows[at].state);
	if (len > 0) {
		memcpy(choice.state_values, rows[at].value, len + 1);
		choice.state_values_len = (uint32_t)len + 1;
	}
	(void)screen_add_choice(screen, &choice);
}

void
scene_show(struct screen *screen, const struct scene *scene, uint32_t serial)
{
	static struct msg_show show;

	show = (struct msg_show){.serial = serial, .screen = (uint8_t)scene->screen};
	scene->fill(&show);
	for (size_t i = 0; i < scene->choices; i++)
		scene_add_choice(screen, serial, (uint16_t)i);
	(void)screen_show(screen, &show);
	if (scene->use != NULL)
		scene->use(screen);
}
