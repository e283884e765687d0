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

#define SCENE_TERMINAL "998-放射線部PACS02"
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
	SET(error, "The account, the password or the code is wrong.");
	show->field = 1;
}

static void
type_with_caps_lock(struct screen *screen)
{
	scene_type(screen, "correct horse");
	screen_modifiers(screen, DESK_CAPS_LOCK);
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
	screen_key(screen, 'a', 1, DESK_CONTROL);
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
set_value(struct msg_show *show, const char *value)
{
	show->values_len = (uint32_t)strlen(value) + 1;
	memcpy(show->values, value, show->values_len);
}

static void
number(struct msg_show *show)
{
	SET(text,
		"%s needs the hospital's permission. Type the number of 8 digits that it has told "
		"you. If you have none, leave it empty: somebody there is asked.");
	set_value(show, SCENE_TERMINAL);
	SET(error, "Too many wrong numbers. Wait 15 minutes, or leave it empty.");
}

static void
number_too_old(struct msg_show *show)
{
	number(show);
	SET(error, "This number is wrong, used or too old.");
}

static void
type_number(struct screen *screen)
{
	scene_type(screen, "30417");
}

static void
waiting(struct msg_show *show)
{
	SET(text, "Somebody at the hospital is asked whether you may connect to %s.");
	set_value(show, SCENE_TERMINAL);
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
closes_soon(struct msg_show *show)
{
	static const char values[] = SCENE_TERMINAL "\0"
						    "04:00\0"
						    "毎日の再起動";

	SET(text, "The terminal %s restarts at %s. Your session will end then. %s");
	memcpy(show->values, values, sizeof(values));
	show->values_len = sizeof(values);
}

static void
place(struct msg_show *show)
{
	SET(text, "A session of lower priority makes place at %s. You are connected when this time "
		  "is over, or earlier.");
	set_value(show, SCENE_TERMINAL);
	show->seconds = 60;
}

static void
connecting(struct msg_show *show)
{
	SET(text, "Connecting to %s.");
	set_value(show, SCENE_TERMINAL);
}

static void
outside_hours(struct msg_show *show)
{
	SET(text, "It is outside your hours. You can connect at %s.");
	set_value(show, "08:30-17:30");
}

static void
unknown_device(struct msg_show *show)
{
	SET(text, "Your device could not be recognised: its MAC address is not seen on the "
		  "hospital's network. Connect by a network of the hospital, then try again.");
}

static void
other_certificate(struct msg_show *show)
{
	SET(text, "The terminal %s is not known to be the right one: its certificate is another. "
		  "Tell the hospital's IT department.");
	set_value(show, SCENE_TERMINAL);
}

static void
recorded(struct msg_show *show)
{
	static const char values[] = SCENE_TERMINAL "\00090";

	SET(text, "Your session at %s will be recorded: what is on the screen, and every key that "
		  "you "
		  "press and each movement of the mouse, passwords that you type among them. The "
		  "hospital keeps the recording for %u days; its auditors may look at it.");
	memcpy(show->values, values, sizeof(values));
	show->values_len = sizeof(values);
}

static void
not_watched(struct msg_show *show)
{
	SET(text, "Sessions at %s begin when somebody at the hospital watches them. If nobody "
		  "comes, call the "
		  "hospital's IT department.");
	set_value(show, SCENE_TERMINAL);
	show->seconds = 600;
}

/* What the error box is to hold at most, with a name that breaks nowhere. */
static void
long_error(struct msg_show *show)
{
	SET(account, "maintenance-engineer.radiology-department@long-company-name.example.co.jp");
	SET(error, "No terminal called %s is assigned to you.");
	static const char name[] =
		"998-maintenance-terminal-of-the-radiology-department-building-2-room-204";

	memcpy(show->error_values, name, sizeof(name));
	show->error_values_len = sizeof(name);
	show->field = 1;
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
	{"closes-soon", SCREEN_QUESTION, closes_soon, 0, NULL},
	{"place", SCREEN_PLACE, place, 0, NULL},
	{"recorded", SCREEN_RECORDED, recorded, 0, NULL},
	{"watched", SCREEN_WATCHED, not_watched, 0, wait_a_minute},
	{"busy", SCREEN_BUSY, connecting, 0, NULL},
	{"sorry", SCREEN_SORRY, outside_hours, 0, NULL},
	{"device", SCREEN_SORRY, unknown_device, 0, NULL},
	{"certificate", SCREEN_SORRY, other_certificate, 0, NULL},
	{"long-error", SCREEN_SIGN_IN, long_error, 0, type_with_caps_lock},
	{"number-too-old", SCREEN_NUMBER, number_too_old, 0, NULL},
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
		{"998-検査部LIS%02u", "not available now", "", 0},
		/* Once, longer than its place. */
		{"998-医療情報部 保守用踏み台端末（放射線画像サーバー室）%02u",
			"free; needs the hospital's permission", "", 1},
		{"998-資格確認端末%02u", "restarts; opens at %s", "04:30", 0},
	};
	const size_t at = index == 3 ? 3 : index == 5 ? 4 : index % 3;
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
