/* A PAM module that does what its argument says, for tests: other people's code is like that. */
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
hang(pam_handle_t *pam)
{
	sigset_t all;

	(void)pam;
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	(void)alarm(0);
	for (;;)
		(void)pause();
	return PAM_SUCCESS;
}

static int
spin(pam_handle_t *pam)
{
	volatile int turning = 1;

	(void)pam;
	while (turning)
		continue;
	return PAM_SUCCESS;
}

static int
crash(pam_handle_t *pam)
{
	(void)pam;
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}

static int
leave(pam_handle_t *pam)
{
	(void)pam;
	exit(0);
}

/* Also when it is told to stop. */
static int
ask_on(pam_handle_t *pam)
{
	for (int i = 0; i < 100; i++) {
		char *answer = NULL;

		(void)pam_prompt(pam, PAM_PROMPT_ECHO_ON, &answer, "Question %d", i);
		free(answer);
	}
	return PAM_SUCCESS;
}

static int
talk_on(pam_handle_t *pam)
{
	for (int i = 0; i < 100000; i++)
		(void)pam_prompt(pam, PAM_TEXT_INFO, NULL, "Text %d", i);
	return PAM_SUCCESS;
}

/* Bytes that are no text, control characters, more than fits. */
static int
babble(pam_handle_t *pam)
{
	char text[6000];
	char *answer = NULL;
	int r;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "\xff\x1b[2J\xe9\x96\xa2", 8);
	r = pam_prompt(pam, PAM_PROMPT_ECHO_ON, &answer, "%s", text);
	free(answer);
	return r;
}

/* A binary prompt of another kind than ours. */
static int
talk_binary(pam_handle_t *pam)
{
	static const unsigned char frame[] = {0, 0, 0, 40, 1, '@', 'a', 'g', 'e', 'n', 't', '/'};
	unsigned char room[40] = {0};
	const struct pam_message message = {
		.msg_style = PAM_BINARY_PROMPT, .msg = (const char *)room};
	const struct pam_message *messages = &message;
	struct pam_response *response = NULL;
	const void *item = NULL;
	const struct pam_conv *conv;

	memcpy(room, frame, sizeof(frame));
	(void)pam_get_item(pam, PAM_CONV, &item);
	conv = item;
	return conv->conv(1, &messages, &response, conv->appdata_ptr) == PAM_CONV_ERR
		       ? PAM_SUCCESS
		       : PAM_SYSTEM_ERR;
}

/* Lets everybody in, under another name. */
static int
rename_user(pam_handle_t *pam)
{
	return pam_set_item(pam, PAM_USER, "jiro");
}

static int
allow(pam_handle_t *pam)
{
	(void)pam;
	return PAM_SUCCESS;
}

/* As an old conversation: a password, then the account is no good. */
static int
ask_password(pam_handle_t *pam)
{
	const char *password = NULL;

	return pam_get_authtok(pam, PAM_AUTHTOK, &password, "Secret of the other stack");
}

static const struct {
	const char *name;
	int (*function)(pam_handle_t *pam);
} ways[] = {
	{"hang", hang},
	{"spin", spin},
	{"crash", crash},
	{"leave", leave},
	{"ask-on", ask_on},
	{"talk-on", talk_on},
	{"babble", babble},
	{"binary", talk_binary},
	{"rename", rename_user},
	{"ask", ask_password},
	{"allow", allow},
};

int
pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)flags;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (argc > 0 && strcmp(argv[0], ways[i].name) == 0)
			return ways[i].function(pam);
	return PAM_AUTH_ERR;
}

int
pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

/* The second argument, if there is one, is what the account phase says. */
int
pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam;
	(void)flags;
	if (argc < 2)
		return PAM_SUCCESS;
	return strcmp(argv[1], "expired") == 0 ? PAM_ACCT_EXPIRED : PAM_PERM_DENIED;
}

int
pam_sm_chauthtok(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_AUTHTOK_ERR;
}
