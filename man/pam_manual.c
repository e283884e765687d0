/* sekisho-pam(8) and pam_sekisho(8), with the texts and bounds that they work by. Build time. */
#include "man/troff.h"
#include "pam/conversation.h"
#include "pam/password_rules.h"
#include "pam/prompts.h"

#include <stdio.h>
#include <string.h>

static void
write_numbers(const char *format, unsigned int one, unsigned int other)
{
	char text[512];

	snprintf(text, sizeof(text), format, one, other);
	troff_paragraph(text);
}

static void
write_program(void)
{
	troff_start("sekisho-pam", "8", "NAME", "one PAM conversation for the Sekisho gateway");
	troff_section("SYNOPSIS");
	troff_paragraph("`sekisho-pam` [--peer USER] [--confdir FOLDER]");
	troff_section("DESCRIPTION");
	troff_paragraph("sekisho-pam asks PAM, service `" SEKISHO_SERVICE "`, whether somebody may "
			"sign in on the gateway's screen. Every prompt of the modules is shown to "
			"the user, and so is every text. The account phase is honoured; where it "
			"asks for a new password, the password phase follows.");
	troff_paragraph("systemd starts one for each conversation (sekisho-pam.socket, "
			"sekisho-pam@.service), as user sekisho-pam, and it ends with it. It "
			"answers nobody but the owner of its socket, which is the gateway's user.");
	write_numbers("A conversation has %u questions at most, and the time that limits.greet of "
		      "sekisho-gateway.yaml(5) gives (at most %u s): then the kernel ends the "
		      "process, whatever its modules are doing.",
		PROMPTS_MOST, DEADLINE_MOST_MS / 1000);
	troff_section("OPTIONS");
	troff_item("--peer USER", "The gateway's user, by name or number, where the socket belongs "
				  "to somebody else.");
	troff_item("--confdir FOLDER", "Where the stack is, in the place of /etc/pam.d.");
	troff_item("--help", "Print how it is used.");
	troff_item("--version", "Print the version.");
	troff_section("ANOTHER STACK");
	troff_paragraph("Replace /etc/pam.d/" SEKISHO_SERVICE ". Whoever it lets in must be an "
			"account of the gateway by the same name: terminals, hours and devices "
			"hold as ever. What the modules read or reach must be open to user "
			"sekisho-pam; for pam_unix and pam_oath, for example, a drop-in "
			"(systemctl edit sekisho-pam@.service) says:");
	troff_example("[Service]\nSupplementaryGroups=shadow\nReadWritePaths=/etc/sekisho/oath");
	troff_paragraph(
		"The stack to it is in /usr/share/doc/sekisho/examples/sekisho.unix-oath. "
		"Modules that ask a server need PrivateNetwork=no, RestrictAddressFamilies= "
		"and IPAddressAllow= besides.");
	troff_section("FILES");
	troff_item("/etc/pam.d/" SEKISHO_SERVICE, "The stack.");
	troff_item("/run/sekisho/pam.sock", "The socket (sign_in.pam_socket in the settings).");
	troff_section("EXIT STATUS");
	troff_item("0", "The conversation is over, or the gateway has gone.");
	troff_item("1", "It could not go on; the journal says why.");
	troff_item("2", "It was called wrongly.");
	troff_section("SEE ALSO");
	troff_paragraph("pam_sekisho(8), sekisho-gateway(8), sekisho-gateway.yaml(5), pam.conf(5)");
}

static void
write_module(void)
{
	troff_start(
		"pam_sekisho", "8", "NAME", "PAM module for the Sekisho gateway's own accounts");
	troff_section("SYNOPSIS");
	troff_example("auth      required  pam_sekisho.so\n"
		      "account   required  pam_sekisho.so\n"
		      "password  required  pam_sekisho.so");
	troff_section("DESCRIPTION");
	troff_paragraph("pam_sekisho signs in with the accounts that sekisho-admin(8) manages. It "
			"opens no file: it asks the gateway through the conversation of "
			"sekisho-pam(8), and in any other program answers that it is not "
			"available. It takes no options but those of pam_get_authtok(3); what is "
			"asked for stands in sekisho-gateway.yaml(5), `sign_in`.");
	troff_item("auth",
		"The password, then the one-time code where one is asked for. An "
		"account that does not exist and a wrong password get the same answer in "
		"the same time. At the first sign-in a telephone is registered: an "
		"authenticator app reads the picture, and the telephone is bound once "
		"a code of it was right. No code is taken twice.");
	troff_item("account", "Asks for a change of the password where it is an initial one or too "
			      "old for the policy.");
	troff_item("password", "Asks for a new password, twice.");
	troff_section("PASSWORDS");
	troff_paragraph("By the guideline of the Ministry (sign_in.password_policy):");
	for (int i = PASSWORD_POLICY_LONG; i <= PASSWORD_POLICY_SECOND_FACTOR; i++) {
		static const char *const names[] = {"long", "two-months", "second-factor"};

		troff_item(names[i], prompt_text(password_rules_told((enum password_policy)i)));
	}
	write_numbers("%u characters at most, %u of them different; neither the account's name nor "
		      "one of its earlier passwords (sign_in.earlier_passwords).",
		CHOSEN_PASSWORD_CHARACTERS_MOST, CHOSEN_PASSWORD_DIFFERENT);
	troff_section("RETURN VALUES");
	troff_item(
		"PAM_AUTH_ERR", "The password or the code is wrong, or there is no such account.");
	troff_item("PAM_MAXTRIES", "Too many tries have failed; it was not looked at.");
	troff_item("PAM_AUTHINFO_UNAVAIL", "The gateway is not there, or is of another version.");
	troff_item("PAM_NEW_AUTHTOK_REQD", "The password must be changed.");
	troff_section("SEE ALSO");
	troff_paragraph("sekisho-pam(8), sekisho-gateway.yaml(5), sekisho-admin(8)");
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "module") == 0)
		write_module();
	else
		write_program();
	return 0;
}
