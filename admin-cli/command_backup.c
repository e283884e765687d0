/* backup create, get, restore, delete: what is asked before, and files that are sent in pieces. */
#include "admin-cli/command.h"
#include "admin-cli/new_file.h"
#include "admin-cli/progress.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RESTORE_MAY_LAST_US INT64_C(3600000000)

#define PIECE_BYTES 262144
#define ID_DIGITS 8
#define WEEK_SECONDS (7 * 24 * 60 * 60)

static bool
is_id(const char *text)
{
	return strlen(text) == ID_DIGITS && strspn(text, "0123456789abcdef") == ID_DIGITS;
}

/* Of work that this program does itself; the gateway's comes as notifications. */
static void
show_progress(const struct admin *admin, const char *what, long long done, long long of)
{
	json_t *progress;

	if (admin->arguments->json)
		return;
	progress = json_pack(
		"{s:s, s:I, s:I}", "what", what, "done", (json_int_t)done, "of", (json_int_t)of);
	progress_show(progress);
	json_decref(progress);
}

static enum admin_exit
list_backups(struct admin *admin, json_t **ret_list)
{
	return admin_ask(admin, "backup.list", NULL, ret_list);
}

/* A backup of the list, borrowed from it. */
static const json_t *
find_backup(const json_t *list, const char *id)
{
	const json_t *backup;
	size_t i;

	json_array_foreach (value_rows(list, "backups"), i, backup) {
		if (strcmp(value_text(backup, "id"), id) == 0)
			return backup;
	}
	return NULL;
}

static size_t
count_files(const json_t *list)
{
	const json_t *backup;
	size_t count = 0;
	size_t i;

	json_array_foreach (value_rows(list, "backups"), i, backup)
		count += strcmp(value_text(backup, "state"), "failed") != 0;
	return count;
}

/* Creating */

static enum admin_exit
confirm_create(struct admin *admin)
{
	const char *note = argument_text(admin->arguments, "note");
	char count[32];
	json_t *list = NULL;
	enum admin_exit exit_code;

	exit_code = list_backups(admin, &list);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	snprintf(count, sizeof(count), "%zu / %s", count_files(list), value_text(list, "most"));
	{
		const struct fact facts[] = {
			{_("Backups there are"), count},
			{_("Folder"), value_text(list, "folder")},
			{_("Note"), note != NULL ? note : "-"},
		};

		exit_code = admin_confirm(admin, facts, ARRAY_SIZE(facts), NULL,
			_("Make a backup of the present state?"));
	}
	json_decref(list);
	return exit_code;
}

enum admin_exit
command_backup_create(struct admin *admin)
{
	enum admin_exit exit_code = confirm_create(admin);

	if (exit_code != ADMIN_DONE)
		return exit_code;
	return admin_ask_and_print(admin, arguments_parameters(admin->arguments));
}

/* Deleting */

static enum admin_exit
confirm_delete(struct admin *admin, const char *id)
{
	json_t *list = NULL;
	const json_t *backup;
	enum admin_exit exit_code;

	exit_code = list_backups(admin, &list);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	backup = find_backup(list, id);
	if (backup == NULL) {
		json_decref(list);
		return admin_refuse(admin, ADMIN_REFUSED,
			_("there is no backup %s: see backup list"), text_shown(id));
	}
	{
		const struct fact facts[] = {
			{_("Backup"), value_text(backup, "id")},
			{_("State"), value_word(backup, "state")},
			{_("Created"), value_time(backup, "created")},
			{_("Size"), value_bytes(backup, "bytes")},
			{_("By"), value_text(backup, "by")},
			{_("Note"), value_text(backup, "note")},
		};

		exit_code = admin_confirm(admin, facts, ARRAY_SIZE(facts),
			_("This cannot be undone."), _("Delete this backup?"));
	}
	json_decref(list);
	return exit_code;
}

enum admin_exit
command_backup_delete(struct admin *admin)
{
	const char *id = argument_text(admin->arguments, "BACKUP");
	enum admin_exit exit_code = confirm_delete(admin, id);

	if (exit_code != ADMIN_DONE)
		return exit_code;
	return admin_ask_and_print(admin, json_pack("{s:s}", "id", id));
}

/* Fetching */

/* Writes the piece of an answer. Returns its bytes, 0 at the end, or a negative errno. */
static ssize_t
write_piece(int fd, const json_t *answer)
{
	const char *text = value_text(answer, "bytes");
	size_t len = strlen(text) / 2;
	auto_free uint8_t *bytes = malloc(len + 1);
	int r;

	if (bytes == NULL)
		return -ENOMEM;
	if (bytes_from_hex(text, bytes, len) < 0)
		return -EPROTO;
	r = write_whole(fd, bytes, len);
	return r < 0 ? r : (ssize_t)len;
}

static enum admin_exit
fetch(struct admin *admin, const char *id, const char *path, int fd)
{
	enum admin_exit exit_code = ADMIN_DONE;
	long long offset = 0, size = 0;
	ssize_t written = 1;
	json_t *answer;

	while (exit_code == ADMIN_DONE && written > 0 && (offset == 0 || offset < size)) {
		answer = NULL;
		exit_code = admin_ask(admin, "backup.read",
			json_pack("{s:s, s:I}", "id", id, "offset", (json_int_t)offset), &answer);
		if (exit_code != ADMIN_DONE)
			break;
		size = json_integer_value(json_object_get(answer, "size"));
		written = write_piece(fd, answer);
		json_decref(answer);
		offset += written > 0 ? written : 0;
		show_progress(admin, "downloading", offset, size);
	}
	progress_clear();
	if (exit_code != ADMIN_DONE)
		return exit_code;
	if (written >= 0)
		written = offset == size ? new_file_write(fd, "", 0) : -EPROTO;
	return written < 0 ? new_file_refuse(admin, path, (int)written) : ADMIN_DONE;
}

enum admin_exit
command_backup_get(struct admin *admin)
{
	const char *id = argument_text(admin->arguments, "BACKUP");
	const char *path = argument_text(admin->arguments, "output");
	auto_fd int fd = new_file_create(path);
	enum admin_exit exit_code;
	json_t *result;

	if (fd < 0)
		return new_file_refuse(admin, path, fd);
	exit_code = fetch(admin, id, path, fd);
	if (exit_code != ADMIN_DONE) {
		(void)unlink(path);
		return exit_code;
	}
	result = json_pack("{s:s, s:s}", "id", id, "file", path);
	admin_print(admin, result);
	json_decref(result);
	return ADMIN_DONE;
}

/* Sending */

static enum admin_exit
send_piece(struct admin *admin, const uint8_t *bytes, size_t len, long long offset, long long size)
{
	auto_free char *text = malloc(2 * len + 1);
	json_t *answer = NULL;
	enum admin_exit exit_code;

	if (text == NULL)
		return admin_refuse(admin, ADMIN_REFUSED, _("out of memory"));
	bytes_to_hex(bytes, len, text);
	exit_code = admin_ask(admin, "backup.upload",
		json_pack("{s:I, s:I, s:s}", "offset", (json_int_t)offset, "size", (json_int_t)size,
			"bytes", text),
		&answer);
	json_decref(answer);
	return exit_code;
}

static enum admin_exit
send_file(struct admin *admin, const char *path)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_free uint8_t *piece = malloc(PIECE_BYTES);
	enum admin_exit exit_code = ADMIN_DONE;
	long long offset = 0;
	struct stat stat;

	if (fd < 0 && errno == ENOENT && strchr(path, '/') == NULL)
		return admin_refuse(admin, ADMIN_REFUSED,
			_("%s is neither a backup of the gateway (see backup list) nor a file "
			  "here"),
			text_shown(path[0] == '\0' ? "''" : path));
	if (fd < 0 || fstat(fd, &stat) < 0 || piece == NULL)
		return admin_refuse(
			admin, ADMIN_REFUSED, "%s: %s", text_shown(path), strerror(errno));
	if (!S_ISREG(stat.st_mode) || stat.st_size == 0)
		return admin_refuse(
			admin, ADMIN_REFUSED, _("%s is not a backup of Sekisho"), text_shown(path));
	while (exit_code == ADMIN_DONE && offset < stat.st_size) {
		ssize_t got = read(fd, piece, PIECE_BYTES);

		if (got <= 0)
			return admin_refuse(admin, ADMIN_REFUSED, "%s: %s", text_shown(path),
				got < 0 ? strerror(errno) : _("it became shorter"));
		exit_code = send_piece(admin, piece, (size_t)got, offset, stat.st_size);
		offset += got;
		show_progress(admin, "uploading", offset, stat.st_size);
	}
	progress_clear();
	return exit_code;
}

/* Restoring */

static const char *
then_now(const json_t *plan, const char *key)
{
	static char buffers[4][96];
	static unsigned int next;
	char *buffer = buffers[next++ % 4];
	const json_t *now = json_object_get(plan, "now"), *then = json_object_get(plan, "then");
	bool time = strcmp(key, "newest_change") == 0;

	snprintf(buffer, sizeof(buffers[0]), "%s → %s",
		time ? value_time(now, key) : value_text(now, key),
		time ? value_time(then, key) : value_text(then, key));
	return buffer;
}

static long long
number(const json_t *plan, const char *key)
{
	return json_integer_value(json_object_get(plan, key));
}

/* RFC 3339 in UTC, as the gateway writes it. */
static bool
is_less_than_a_week_ago(const char *instant)
{
	struct tm when = {0};

	if (strptime(instant, "%Y-%m-%dT%H:%M:%S", &when) == NULL)
		return true;
	return clock_now() / 1000000 - timegm(&when) < WEEK_SECONDS;
}

static void
warn_of_rehearsal(FILE *out, const json_t *plan)
{
	const json_t *rehearsal = json_object_get(plan, "rehearsal");

	if (!json_is_object(rehearsal))
		fprintf(out, "%s\n",
			_("No restore has ever been rehearsed on this gateway: try --rehearse "
			  "first, a week before it matters."));
	else if (!json_is_true(json_object_get(rehearsal, "succeeded")))
		fprintf(out, _("The last rehearsal failed (%s): %s\n"), value_time(rehearsal, "at"),
			said_translate(value_text(rehearsal, "why")));
	else if (is_less_than_a_week_ago(value_text(rehearsal, "at")))
		fprintf(out, _("The last rehearsal is less than a week old (%s).\n"),
			value_time(rehearsal, "at"));
}

/* Everything that somebody might regret. */
static char *
write_warnings(const json_t *plan)
{
	bool same = strcmp(value_text(plan, "log"), "same") == 0;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	fprintf(out, "%s\n",
		same ? _("The present accounts, terminals and vendors are overwritten; passwords "
			 "are those of then. The logs stay.")
		     : _("The whole present database is overwritten, its logs included: it is "
			 "not the one that the backup was made of."));
	if (number(plan, "accounts_unlocked") > 0)
		fprintf(out,
			ngettext("%lld account that is locked now will be unlocked.\n",
				"%lld accounts that are locked now will be unlocked.\n",
				(unsigned long)number(plan, "accounts_unlocked")),
			number(plan, "accounts_unlocked"));
	if (number(plan, "sessions") > 0)
		fprintf(out,
			ngettext("%lld session is running: it ends if the backup does not allow "
				 "it.\n",
				"%lld sessions are running: those that the backup does not allow "
				"end.\n",
				(unsigned long)number(plan, "sessions")),
			number(plan, "sessions"));
	warn_of_rehearsal(out, plan);
	(void)fclose(out);
	if (text != NULL && size > 0 && text[size - 1] == '\n')
		text[size - 1] = '\0';
	return text;
}

static const char *
count_text(const json_t *plan, const char *gone, const char *back)
{
	static char buffers[2][128];
	static unsigned int next;
	char *buffer = buffers[next++ % 2];

	snprintf(buffer, sizeof(buffers[0]), _("%lld disappear, %lld come back"),
		number(plan, gone), number(plan, back));
	return buffer;
}

static enum admin_exit
confirm_restore(struct admin *admin, const json_t *plan)
{
	const json_t *backup = json_object_get(plan, "backup");
	auto_free char *warnings = write_warnings(plan);
	const struct fact facts[] = {
		{_("Backup"), value_text(backup, "id")},
		{_("Created"), value_time(backup, "created")},
		{_("By"), value_text(backup, "by")},
		{_("Note"), value_text(backup, "note")},
		{_("Accounts"), then_now(plan, "accounts")},
		{"", count_text(plan, "accounts_gone", "accounts_back")},
		{_("Terminals"), then_now(plan, "terminals")},
		{"", count_text(plan, "terminals_gone", "terminals_back")},
		{_("Vendors"), then_now(plan, "vendors")},
		{_("Newest change"), then_now(plan, "newest_change")},
	};

	/* Whoever says --yes is warned all the same. */
	if (argument_flag(admin->arguments, "yes") && warnings != NULL)
		fprintf(stderr, "%s\n", warnings);
	return admin_confirm(admin, facts, ARRAY_SIZE(facts), warnings, _("Restore this backup?"));
}

static bool
wants_backup_first(const struct admin *admin)
{
	auto_free char *line = NULL;
	size_t size = 0;

	if (argument_flag(admin->arguments, "backup-first"))
		return true;
	if (argument_flag(admin->arguments, "yes") || isatty(STDIN_FILENO) == 0)
		return false;
	/* Not "Go on?": whoever says no to that expects that nothing happens. */
	fprintf(stderr, "%s [y/N] ",
		_("Make a backup of the present state first (n: restore without one)?"));
	(void)fflush(stderr);
	return getline(&line, &size, stdin) > 0 && confirm_is_yes(text_trim(line));
}

static enum admin_exit
backup_first(struct admin *admin)
{
	json_t *backup = NULL;
	enum admin_exit exit_code;

	if (!wants_backup_first(admin))
		return ADMIN_DONE;
	exit_code = admin_ask(
		admin, "backup.create", json_pack("{s:s}", "note", _("before a restore")), &backup);
	if (exit_code == ADMIN_DONE && !admin->arguments->json)
		fprintf(stderr, _("The present state is kept as backup %s.\n"),
			value_text(backup, "id"));
	json_decref(backup);
	return exit_code;
}

/* The parameters of check and restore: one of the gateway's by its id, or what has been sent. */
static json_t *
which(const struct admin *admin)
{
	const char *typed = argument_text(admin->arguments, "BACKUP");

	return is_id(typed) ? json_pack("{s:s}", "id", typed) : json_object();
}

/* H2: a jump host's maintenance is no time for a restore that ends sessions, nor the other way round. */
static void
warn_of_windows(struct admin *admin)
{
	char soon[CLOCK_TEXT_SIZE];
	json_t *windows = NULL;
	const json_t *window;
	size_t i;

	if (admin_ask(admin, "window.list", json_object(), &windows) != ADMIN_DONE)
		return;
	clock_format_utc(clock_now() + RESTORE_MAY_LAST_US, soon);
	json_array_foreach (value_rows(windows, "windows"), i, window) {
		const char *terminal = value_text(window, "terminal");
		const char *changes = value_text(window, "changes");

		if (terminal[0] == '\0')
			terminal = _("every terminal");
		if (json_is_true(json_object_get(window, "closed")))
			fprintf(stderr,
				_("A maintenance or restart window of %s is open until %s.\n"),
				text_shown(terminal), value_time(window, "changes"));
		else if (changes[0] != '\0' && strcmp(changes, soon) < 0)
			fprintf(stderr, _("A maintenance or restart window of %s begins at %s.\n"),
				text_shown(terminal), value_time(window, "changes"));
	}
	json_decref(windows);
}

static enum admin_exit
check_and_confirm(struct admin *admin)
{
	json_t *plan = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "backup.check", which(admin), &plan);
	if (exit_code == ADMIN_DONE) {
		warn_of_windows(admin);
		exit_code = confirm_restore(admin, plan);
	}
	json_decref(plan);
	return exit_code == ADMIN_DONE ? backup_first(admin) : exit_code;
}

enum admin_exit
command_backup_restore(struct admin *admin)
{
	const char *typed = argument_text(admin->arguments, "BACKUP");
	bool rehearse = argument_flag(admin->arguments, "rehearse");
	enum admin_exit exit_code = ADMIN_DONE;
	json_t *parameters;

	if (!is_id(typed))
		exit_code = send_file(admin, typed);
	if (exit_code == ADMIN_DONE && !rehearse)
		exit_code = check_and_confirm(admin);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	parameters = which(admin);
	(void)json_object_set_new(parameters, "rehearse", json_boolean(rehearse));
	(void)json_object_set_new(parameters, "end_sessions",
		json_boolean(argument_flag(admin->arguments, "end-sessions")));
	return admin_ask_and_print(admin, parameters);
}
