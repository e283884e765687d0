/* Numbers of attended access, and who waits for permission, for people. */
#include "admin-cli/command.h"
#include "admin-cli/list.h"
#include "admin-cli/print.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"

#include <string.h>

#define DIGITS 8

/* As they are said on the telephone, so that 1 and 7 are not taken for each other. */
static const char *
spoken(char digit)
{
	static const char *const words[] = {
		N_("zero"),
		N_("one"),
		N_("two"),
		N_("three"),
		N_("four"),
		N_("five"),
		N_("six"),
		N_("seven"),
		N_("eight"),
		N_("nine"),
	};

	return digit >= '0' && digit <= '9' ? _(words[digit - '0']) : "?";
}

/* "1234 5678", and how it is said. */
static void
print_digits(const char *digits)
{
	if (strlen(digits) != DIGITS) {
		printf("%s\n\n", text_shown(digits));
		return;
	}
	printf("  %.4s %s\n  ", digits, digits + 4);
	printf(_("%s-%s-%s-%s, %s-%s-%s-%s"), spoken(digits[0]), spoken(digits[1]),
		spoken(digits[2]), spoken(digits[3]), spoken(digits[4]), spoken(digits[5]),
		spoken(digits[6]), spoken(digits[7]));
	printf("\n\n");
}

void
print_number_issued(const struct admin *admin, const json_t *result)
{
	static const struct value_row rows[] = {
		{"terminal", VALUE_TEXT},
		{"account", VALUE_TEXT},
		{"control", VALUE_YES},
		{"files", VALUE_YES},
		{"expires", VALUE_TIME},
	};

	(void)admin;
	print_digits(value_text(result, "digits"));
	values_print(result, rows, ARRAY_SIZE(rows));
	printf("\n%s\n", _("It lets one engineer in, once, and dies after five wrong tries. Tell "
			   "it to nobody but "
			   "the engineer\nyou expect, who types it on the sign-in screen."));
}

void
print_waiting(const json_t *rows)
{
	static const struct list_column columns[] = {
		{N_("ID"), 0, "id", VALUE_TEXT},
		{N_("Account"), 50, "account", VALUE_TEXT},
		{N_("User name"), 40, "name", VALUE_TEXT},
		{N_("Terminal"), 50, "terminal", VALUE_TEXT},
		{N_("Source address"), 0, "source", VALUE_TEXT},
		{N_("Waits since"), 0, "since", VALUE_TIME},
		{N_("Waits until"), 0, "until", VALUE_TIME},
	};

	(void)list_print(rows, columns, ARRAY_SIZE(columns));
}

void
print_waits_no_longer(const json_t *row)
{
	printf(_("%s waits no longer for %s (%s).\n"), text_shown(value_text(row, "account")),
		text_shown(value_text(row, "terminal")), text_shown(value_text(row, "id")));
}

static void
print_numbers(const json_t *rows)
{
	static const struct list_column columns[] = {
		{N_("ID"), 0, "number", VALUE_TEXT},
		{N_("Terminal"), 50, "terminal", VALUE_TEXT},
		{N_("Account"), 50, "account", VALUE_TEXT},
		{N_("Control"), 0, "control", VALUE_YES},
		{N_("Clipboard, drives, devices"), 0, "files", VALUE_YES},
		{N_("Issued by"), 40, "issued_by", VALUE_TEXT},
		{N_("Issued"), 0, "issued", VALUE_TIME},
		{N_("Expires"), 0, "expires", VALUE_TIME},
	};

	(void)list_print(rows, columns, ARRAY_SIZE(columns));
}

void
print_attendances(const struct admin *admin, const json_t *result)
{
	const json_t *waiting = json_object_get(result, "waiting");
	const json_t *numbers = json_object_get(result, "numbers");

	(void)admin;
	if (json_array_size(waiting) > 0)
		print_waiting(waiting);
	else
		printf("%s\n", _("Nobody waits for permission."));
	putchar('\n');
	if (json_array_size(numbers) == 0) {
		printf("%s\n", _("No number has been issued that could still be used."));
		return;
	}
	printf("%s\n", _("Numbers that have not been used:"));
	print_numbers(numbers);
}

void
print_allowed(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("%s is let in to %s.\n"), text_shown(value_text(result, "account")),
		text_shown(value_text(result, "terminal")));
}

void
print_refused(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("%s is not let in to %s.\n"), text_shown(value_text(result, "account")),
		text_shown(value_text(result, "terminal")));
}

void
print_number_cancelled(const struct admin *admin, const json_t *result)
{
	(void)admin;
	printf(_("The number for %s lets nobody in any more.\n"),
		text_shown(value_text(result, "terminal")));
}
