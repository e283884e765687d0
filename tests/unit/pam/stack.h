/* A folder with a PAM stack of the test's own, and the account that the supervisor would tell of. */
#ifndef TESTS_PAM_STACK_H
#define TESTS_PAM_STACK_H

#include "messages/messages.h"

#define STACK_USER "taro"
#define STACK_PASSWORD "kM4rTx-hW9bQe"

/* The gateway's own: auth, account and password by the built pam_sekisho.so. */
#define STACK_SEKISHO                           \
	"auth required " PAM_SEKISHO_SO "\n"    \
	"account required " PAM_SEKISHO_SO "\n" \
	"password required " PAM_SEKISHO_SO "\n"

/* A module that does what its argument says (misbehave.c). */
#define STACK_MISBEHAVE(argument)                              \
	"auth required " PAM_MISBEHAVE_SO " " argument "\n"    \
	"account required " PAM_MISBEHAVE_SO " " argument "\n" \
	"password required " PAM_MISBEHAVE_SO " " argument "\n"

/* Writes the service file into a new folder, whose name lives until the next call. */
const char *stack_make(const char *text);
void stack_remove(void);

/* Known, STACK_PASSWORD opens it (a hash of full cost), no second factor, long passwords. */
void stack_account(struct msg_pam_account *ret_account);
void stack_account_hash(struct msg_pam_account *account, const char *hash);

/* STACK_PASSWORD's hash with yescrypt's smallest setting, as initial passwords have. */
const char *stack_cheap_hash(void);

/* The telephone's code for a seed, `steps` from now. */
void stack_code(const uint8_t *seed, size_t len, int steps, char ret_code[7]);

#endif
