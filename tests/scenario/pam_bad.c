/* A PAM module that misbehaves as its first argument says. For h006_pam_stacks.py. */
#define PAM_SM_AUTH
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
ask(pam_handle_t *pam, int style, const char *text)
{
	char *answer = NULL;
	int r = pam_prompt(pam, style, &answer, "%s", text);

	free(answer);
	return r;
}

static int
ask_every_kind(pam_handle_t *pam)
{
	(void)ask(pam, PAM_PROMPT_ECHO_OFF, "Password: ");
	(void)ask(pam, PAM_TEXT_INFO, "Welcome to the test");
	(void)ask(pam, PAM_PROMPT_ECHO_ON, "Your favourite colour: ");
	(void)ask(pam, PAM_ERROR_MSG, "Not blue");
	return ask(pam, PAM_PROMPT_ECHO_OFF, "And in the dark: ");
}

int
pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	const char *what = argc > 0 ? argv[0] : "";

	(void)flags;
	if (strcmp(what, "hang") == 0)
		for (;;)
			(void)pause();
	if (strcmp(what, "crash") == 0)
		abort();
	if (strcmp(what, "exit") == 0)
		_exit(0);
	if (strcmp(what, "kinds") == 0)
		return ask_every_kind(pam);
	for (int i = 0; i < 100; i++)
		if (ask(pam, PAM_PROMPT_ECHO_ON, "Once more: ") != PAM_SUCCESS)
			return PAM_CONV_ERR;
	return PAM_SUCCESS;
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
