/* gateway/supervisor/greeters.c: a greeter that answers what it was asked, and one that does anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "greeter/screens.h"
#include "settings/settings.h"
#include "supervisor/children.h"
#include "supervisor/connections.h"
#include "supervisor/greeter_messages.h"
#include "supervisor/greeters.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char child_place, worker_place;
#define CHILD ((struct child *)&child_place)
#define WORKER ((struct child *)&worker_place)

static struct settings settings = {.facility = {.name = (char[]){"Aoba"}}};
static struct supervisor supervisor = {.settings = &settings};
static struct connection connection;

static struct {
	void *tag;
	int take, begin, greet; /* what taking one and sending the two answers */
	struct msg_begin_screen screen;
	int greeters_end, workers_end; /* duplicates of what went over the channels, or -1 */
	struct msg_choice choice;
	struct msg_show show;
	unsigned int answers, shown, deaths, ended;
	struct msg_answer answer;
	uint32_t shown_serial;
	bool end_in_answer;
} seen;

static struct greeter *greeter;

int
children_take(
	struct children *children, enum child_kind kind, void *tag, struct child **ret_greeter)
{
	assert_int_equal(kind, CHILD_GREETER);
	(void)children;
	if (seen.take < 0)
		return seen.take;
	seen.tag = tag;
	*ret_greeter = CHILD;
	return 0;
}

void
children_end_taken(struct child *child)
{
	assert_ptr_equal(child, CHILD);
	seen.ended++;
	seen.tag = NULL;
}

void *
child_tag(const struct child *child)
{
	assert_ptr_equal(child, CHILD);
	return seen.tag;
}

void *
channel_owner(const struct channel *channel)
{
	(void)channel;
	return CHILD;
}

unsigned int
children_warm(const struct children *children, enum child_kind kind)
{
	assert_int_equal(kind, CHILD_GREETER);
	(void)children;
	return 3;
}

unsigned int
children_taken(const struct children *children, enum child_kind kind)
{
	assert_int_equal(kind, CHILD_GREETER);
	(void)children;
	return 1;
}

int
children_send(struct child *child, enum message number, const void *body, int fd)
{
	switch (number) {
	case MSG_BEGIN_SCREEN:
		assert_ptr_equal(child, CHILD);
		seen.screen = *(const struct msg_begin_screen *)body;
		if (seen.begin == 0)
			seen.greeters_end = dup(fd);
		return seen.begin;
	case MSG_GREET:
		assert_ptr_equal(child, WORKER);
		if (seen.greet == 0)
			seen.workers_end = dup(fd);
		return seen.greet;
	case MSG_CHOICE:
		seen.choice = *(const struct msg_choice *)body;
		return 0;
	default:
		assert_int_equal(number, MSG_SHOW);
		seen.show = *(const struct msg_show *)body;
		return 0;
	}
}

static void
on_answered(void *owner, const struct msg_answer *answer)
{
	assert_ptr_equal(owner, &connection);
	seen.answers++;
	seen.answer = *answer;
	if (seen.end_in_answer) {
		greeter_end(greeter);
		greeter = NULL;
	}
}

static void
on_shown(void *owner, uint32_t serial)
{
	assert_ptr_equal(owner, &connection);
	seen.shown++;
	seen.shown_serial = serial;
}

static void
on_died(void *owner)
{
	assert_ptr_equal(owner, &connection);
	seen.deaths++;
}

static const struct greeter_events events = {
	.answered = on_answered, .shown = on_shown, .died = on_died};

static int
setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.greeters_end = seen.workers_end = -1;
	connection = (struct connection){.id = 7, .supervisor = &supervisor, .worker = WORKER};
	assert_int_equal(greeter_begin(&connection, 0x409, &events, &connection, &greeter), 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	greeter_end(greeter);
	greeter = NULL;
	if (seen.greeters_end >= 0)
		(void)close(seen.greeters_end);
	if (seen.workers_end >= 0)
		(void)close(seen.workers_end);
	return 0;
}

static int
say(enum message number, union message_body *message)
{
	const struct channel_handler *handler = greeter_messages;

	while (handler->number != number)
		handler++;
	return handler->function(NULL, message);
}

static uint32_t
show(enum greeter_screen screen)
{
	struct msg_show message = {.screen = (uint8_t)screen};

	assert_int_equal(greeter_show(greeter, &message), 0);
	assert_int_equal(message.serial, seen.show.serial);
	return message.serial;
}

static int
answer(uint32_t serial, const struct msg_answer *fields)
{
	union message_body message = {.answer = *fields};

	message.answer.serial = serial;
	if (message.answer.action == 0)
		message.answer.action = SCREEN_SUBMIT;
	return say(MSG_ANSWER, &message);
}

static int
submit(uint32_t serial)
{
	return answer(serial, &(struct msg_answer){0});
}

static void
worker_and_greeter_get_two_ends_of_one_stream(void **state)
{
	char byte = 0;
	int type;
	socklen_t len = sizeof(type);

	(void)state;
	assert_string_equal(seen.screen.facility, "Aoba");
	assert_string_equal(seen.screen.language, "en");
	assert_int_equal(seen.screen.keyboard_layout, 0x409);
	assert_int_equal(write(seen.greeters_end, "x", 1), 1);
	assert_int_equal(read(seen.workers_end, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(getsockopt(seen.workers_end, SOL_SOCKET, SO_TYPE, &type, &len), 0);
	assert_int_equal(type, SOCK_STREAM);
	/* The supervisor has kept neither. */
	(void)close(seen.workers_end);
	seen.workers_end = -1;
	assert_int_equal(read(seen.greeters_end, &byte, 1), 0);
}

static void
japanese_keyboards_are_greeted_in_japanese(void **state)
{
	static const uint32_t layouts[] = {0x411, 0xe0010411, 0x00010411};

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		(void)teardown(state);
		(void)setup(state);
		greeter_end(greeter);
		(void)close(seen.greeters_end);
		(void)close(seen.workers_end);
		assert_int_equal(
			greeter_begin(&connection, layouts[i], &events, &connection, &greeter), 0);
		assert_string_equal(seen.screen.language, "ja");
	}
}

static void
what_cannot_begin_leaves_nothing(void **state)
{
	struct greeter *other = NULL;

	(void)state;
	seen.take = -EAGAIN;
	assert_int_equal(greeter_begin(&connection, 0, &events, &connection, &other), -EAGAIN);
	assert_int_equal(seen.ended, 0);
	(void)teardown(state);
	memset(&seen, 0, sizeof(seen));
	seen.greeters_end = seen.workers_end = -1;
	seen.begin = -ENOTCONN;
	assert_int_equal(greeter_begin(&connection, 0, &events, &connection, &other), -ENOTCONN);
	assert_int_equal(seen.ended, 1);
	seen.begin = 0;
	seen.greet = -ENOTCONN;
	assert_int_equal(greeter_begin(&connection, 0, &events, &connection, &other), -ENOTCONN);
	assert_int_equal(seen.ended, 2);
	assert_null(other);
}

static void
an_answer_is_for_its_owner_once(void **state)
{
	uint32_t serial = show(SCREEN_SIGN_IN);
	struct msg_answer typed = {.account = "taro", .secret = "right", .secret_len = 5};

	(void)state;
	assert_int_equal(answer(serial, &typed), 0);
	assert_int_equal(seen.answers, 1);
	assert_string_equal(seen.answer.account, "taro");
	assert_int_equal(answer(serial, &typed), -EPROTO); /* twice */
	assert_int_equal(seen.answers, 1);
}

static void
an_answer_that_crossed_a_new_page_is_dropped(void **state)
{
	uint32_t first = show(SCREEN_WAITING), second = show(SCREEN_SORRY);
	struct msg_answer cancelled = {.action = SCREEN_CANCEL};

	(void)state;
	assert_int_equal(answer(first, &cancelled), 0);
	assert_int_equal(seen.answers, 0);
	assert_int_equal(answer(first, &cancelled), -EPROTO);
	assert_int_equal(submit(second), 0);
	assert_int_equal(seen.answers, 1);
	assert_int_equal(answer(first, &cancelled), -EPROTO);
}

static void
an_answer_before_its_question_is_refused(void **state)
{
	(void)state;
	assert_int_equal(submit(0), -EPROTO);
	assert_int_equal(submit(1), -EPROTO);
	assert_int_equal(submit(show(SCREEN_SORRY) + 1), -EPROTO);
	assert_int_equal(seen.answers, 0);
}

static void
only_what_is_on_the_page_can_be_answered(void **state)
{
	static const struct {
		enum greeter_screen screen;
		struct msg_answer answer;
		bool fits;
	} cases[] = {
		{SCREEN_SIGN_IN, {.action = SCREEN_CANCEL}, false},
		{SCREEN_SIGN_IN, {.action = SCREEN_SUBMIT | SCREEN_CANCEL}, false},
		{SCREEN_SIGN_IN, {.action = 4}, false},
		{SCREEN_SIGN_IN, {.choice = 1}, false},
		{SCREEN_SIGN_IN, {.secret = "a\0b", .secret_len = 3}, false},
		{SCREEN_SIGN_IN, {.action = SCREEN_SUBMIT}, false},
		{SCREEN_SIGN_IN, {.account = "taro"}, false},
		{SCREEN_SIGN_IN, {.secret = "right", .secret_len = 5}, false},
		{SCREEN_BUSY, {.action = SCREEN_SUBMIT}, false},
		{SCREEN_WAITING, {.action = SCREEN_SUBMIT}, false},
		{SCREEN_WAITING, {.action = SCREEN_CANCEL}, true},
		{SCREEN_PLACE, {.action = SCREEN_SUBMIT}, false},
		{SCREEN_PLACE, {.action = SCREEN_CANCEL}, true},
		{SCREEN_PROMPT, {.secret = "123456", .secret_len = 6}, true},
		{SCREEN_PROMPT, {.account = "hanako"}, false},
		{SCREEN_NUMBER, {.secret = "12345678", .secret_len = 8}, true},
		{SCREEN_NOTICE, {.secret = "x", .secret_len = 1}, false},
		{SCREEN_TERMINALS, {.choice = 0}, true},
		{SCREEN_TERMINALS, {.choice = 1}, true},
		{SCREEN_TERMINALS, {.choice = 2}, false}, /* there are two */
		{SCREEN_TERMINALS, {.choice = 0xffff}, false},
		{SCREEN_TERMINALS, {.action = SCREEN_CANCEL, .choice = 1}, false},
		{SCREEN_TERMINALS, {.secret = "x", .secret_len = 1}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg_choice choice = {0};
		uint32_t serial;

		seen.answers = 0;
		if (cases[i].screen == SCREEN_TERMINALS) {
			assert_int_equal(greeter_choice(greeter, &choice), 0);
			assert_int_equal(greeter_choice(greeter, &choice), 0);
			assert_int_equal(seen.choice.index, 1);
		}
		serial = show(cases[i].screen);
		assert_int_equal(answer(serial, &cases[i].answer), cases[i].fits ? 0 : -EPROTO);
		assert_int_equal(seen.answers, cases[i].fits);
	}
}

/* A list is over with its page. */
static void
choices_belong_to_the_page_that_follows(void **state)
{
	struct msg_choice choice = {0};

	(void)state;
	assert_int_equal(greeter_choice(greeter, &choice), 0);
	assert_int_equal(show(SCREEN_TERMINALS), seen.choice.serial);
	assert_int_equal(submit(show(SCREEN_TERMINALS)), -EPROTO);
	for (int i = 0; i < SCREEN_CHOICES_MAX; i++)
		assert_int_equal(greeter_choice(greeter, &choice), 0);
	assert_int_equal(greeter_choice(greeter, &choice), -E2BIG);
}

static void
a_page_is_shown_once_and_not_before_it_was_sent(void **state)
{
	union message_body message = {.shown = {.serial = 1}};

	(void)state;
	assert_int_equal(say(MSG_SHOWN, &message), -EPROTO);
	message.shown.serial = show(SCREEN_BUSY);
	assert_int_equal(say(MSG_SHOWN, &message), 0);
	assert_int_equal(seen.shown_serial, message.shown.serial);
	assert_int_equal(say(MSG_SHOWN, &message), -EPROTO);
	assert_int_equal(seen.shown, 1);
	message.shown.serial = 0;
	assert_int_equal(say(MSG_SHOWN, &message), -EPROTO);
}

static void
one_that_has_been_let_go_is_not_heard(void **state)
{
	uint32_t serial = show(SCREEN_SORRY);

	(void)state;
	seen.end_in_answer = true;
	assert_int_equal(submit(serial), 0);
	assert_int_equal(seen.ended, 1);
	assert_int_equal(submit(serial), 0);
	assert_int_equal(seen.answers, 1);
	greeter_died(NULL, CHILD);
	assert_int_equal(seen.deaths, 0);
}

static void
a_dead_one_is_told_nothing(void **state)
{
	struct msg_show page = {.screen = SCREEN_SORRY};
	struct msg_choice choice = {0};

	(void)state;
	greeter_died(NULL, CHILD);
	assert_int_equal(seen.deaths, 1);
	assert_int_equal(greeter_show(greeter, &page), -ENOTCONN);
	assert_int_equal(greeter_choice(greeter, &choice), -ENOTCONN);
	greeter_end(greeter);
	greeter = NULL;
	assert_int_equal(seen.ended, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(worker_and_greeter_get_two_ends_of_one_stream),
		TEST(japanese_keyboards_are_greeted_in_japanese),
		TEST(what_cannot_begin_leaves_nothing),
		TEST(an_answer_is_for_its_owner_once),
		TEST(an_answer_that_crossed_a_new_page_is_dropped),
		TEST(an_answer_before_its_question_is_refused),
		TEST(only_what_is_on_the_page_can_be_answered),
		TEST(choices_belong_to_the_page_that_follows),
		TEST(a_page_is_shown_once_and_not_before_it_was_sent),
		TEST(one_that_has_been_let_go_is_not_heard),
		TEST(a_dead_one_is_told_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
