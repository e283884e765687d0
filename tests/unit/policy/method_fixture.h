/* Calling methods in a facility for tests. */
#ifndef METHOD_FIXTURE_H
#define METHOD_FIXTURE_H

#include "policy/methods.h"
#include "store_fixture.h"

extern struct method_call call;

#define PIN "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

#define NEW_ACCOUNT(id)                                                                       \
	"{\"id\":\"" id "\",\"family_name\":\"山田\",\"given_name\":\"太郎\",\"email\":\"" id \
	"@example.jp\"}"
#define NEW_ADMIN(id)                                                                         \
	"{\"id\":\"" id "\",\"family_name\":\"佐藤\",\"given_name\":\"花子\",\"email\":\"" id \
	"@example.jp\",\"kind\":\"admin\"}"

/* A method as the control socket would call it, for tests that keep several, or look that nothing leaks. */
struct asking {
	method_function *method;
	struct method_call call;
};

/* Work of a job; may run again. */
int ask_work(struct store_db *db, void *asking);

void asking_init(struct asking *asking, method_function *method, const char *params);
void asking_done(struct asking *asking);

/* Expects that it works, and keeps nothing. */
void change(method_function *method, const char *params);

/* Runs a method in a write; the answer stays in `call`. */
int ask(method_function *method, const char *params);
void expect_ok(method_function *method, const char *params);

/* field NULL: refused by a rule of the whole. */
void expect_refused(method_function *method, const char *params, enum method_error_code code,
	const char *field, const char *words);

/* Of the answer. */
const char *answer_text(const char *name);
size_t list_length(const char *name);

/* As fixture_setup, with the terminal pacs-01. */
int method_setup(void **state);
int method_teardown(void **state);

/* How many events the log has. */
int64_t events(void);

/* The newest event, new reference. */
json_t *newest_event(void);

/* The newest administration event; before and after as JSON, NULL: whatever. */
void expect_event(const char *action, const char *target, const char *before, const char *after);
void expect_event_by(const char *actor, const char *action, const char *target, const char *before,
	const char *after);

#endif
