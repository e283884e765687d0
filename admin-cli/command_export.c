/* account export, export get (A14): the gateway makes a CSV in the background; here it is waited for and fetched. */
#include "admin-cli/command.h"
#include "admin-cli/new_file.h"
#include "admin-cli/progress.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/cleanup.h"
#include "base/utf_8.h"
#include "base/whole.h"
#include "policy/csv/account_columns.h"
#include "policy/csv/encoding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MISSING_SHOWN 10

/* A record as it may have to be written: every character a quote. */
#define RECORD_ROOM (2 * (size_t)CSV_RECORD_MAX + 4 * CSV_COLUMNS_MAX)

struct fetching {
	struct admin *admin;
	const char *path;
	int fd;
	bool cp932;
	struct csv_cp932 table;
	struct csv_reader reader; /* only for CP932: whose cell it is that cannot be written */
	bool past_mark;
	size_t missing;
};

static enum admin_exit
write_bytes(struct fetching *fetching, const char *bytes, size_t len)
{
	int r = write_whole(fetching->fd, bytes, len);

	return r < 0 ? new_file_refuse(fetching->admin, fetching->path, r) : ADMIN_DONE;
}

/* A name with a character that CP932 lacks would come back as another name. */
static void
name_missing(struct fetching *fetching, size_t column, const char *missing)
{
	uint32_t character = 0;
	size_t len = utf_8_read(missing, strlen(missing), &character);
	char name[8];

	snprintf(name, sizeof(name), "%.*s", (int)len, missing);
	if (fetching->missing++ < MISSING_SHOWN)
		fprintf(stderr, _("%s, column %s: CP932 has no character `%s` (U+%04X)\n"),
			text_shown(csv_cell(&fetching->reader, 0, NULL)),
			column < ACCOUNT_COLUMN_COUNT
				? account_column_row((enum account_column)column)->japanese
				: "?",
			name, (unsigned int)character);
}

static enum admin_exit
write_record(struct fetching *fetching)
{
	const struct csv_reader *reader = &fetching->reader;
	auto_free char *room = malloc(RECORD_ROOM);
	auto_free char *bytes = malloc(RECORD_ROOM);
	struct csv_writer writer;
	const char *missing;
	size_t len;

	if (room == NULL || bytes == NULL)
		return admin_refuse(fetching->admin, ADMIN_REFUSED, "%s", _("out of memory"));
	csv_writer_init(&writer, room, RECORD_ROOM);
	for (size_t i = 0; i < reader->count; i++) {
		const char *cell = csv_cell(reader, i, &len);

		if (csv_cp932_encode(&fetching->table, cell, len, bytes, &len, &missing) < 0)
			name_missing(fetching, i, missing);
		csv_put(&writer, csv_plain(cell));
	}
	csv_end_record(&writer);
	if (fetching->missing > 0)
		return ADMIN_DONE;
	if (writer.full ||
		csv_cp932_encode(&fetching->table, room, writer.len, bytes, &len, &missing) < 0)
		return admin_refuse(fetching->admin, ADMIN_REFUSED, "%s",
			_("the export cannot be written in CP932"));
	return write_bytes(fetching, bytes, len);
}

static enum admin_exit
write_text(struct fetching *fetching, const char *text, size_t len)
{
	enum admin_exit exit_code = ADMIN_DONE;
	size_t used, at = 0;

	if (!fetching->cp932)
		return write_bytes(fetching, text, len);
	if (!fetching->past_mark && len >= strlen(CSV_BOM))
		at = strlen(CSV_BOM);
	fetching->past_mark = true;
	for (; at < len && exit_code == ADMIN_DONE; at += used)
		if (csv_reader_feed(&fetching->reader, text + at, len - at, &used) == CSV_RECORD)
			exit_code = write_record(fetching);
	return exit_code;
}

static void
show_progress(const struct admin *admin, json_int_t done, json_int_t of)
{
	json_t *progress = json_pack("{s:s, s:I, s:I}", "what", "fetching", "done", done, "of", of);

	if (!admin->arguments->json)
		progress_show(progress);
	json_decref(progress);
}

/* Part by part, until one is empty. */
static enum admin_exit
fetch_parts(struct fetching *fetching, json_int_t number, json_t **ret_output)
{
	json_int_t offset = 0;

	for (;;) {
		json_t *part = NULL;
		const json_t *text;
		enum admin_exit exit_code;
		bool last;

		exit_code = admin_ask(fetching->admin, "output.read",
			json_pack("{s:I, s:I}", "id", number, "offset", offset), &part);
		if (exit_code != ADMIN_DONE)
			return exit_code;
		text = json_object_get(part, "text");
		last = json_string_length(text) == 0;
		offset = json_integer_value(json_object_get(part, "next"));
		exit_code = write_text(fetching, json_string_value(text), json_string_length(text));
		show_progress(fetching->admin, offset,
			json_integer_value(
				json_object_get(json_object_get(part, "output"), "bytes")));
		if (last)
			*ret_output = json_incref(json_object_get(part, "output"));
		json_decref(part);
		if (last || exit_code != ADMIN_DONE)
			return exit_code;
	}
}

static enum admin_exit
fetch(struct fetching *fetching, json_int_t number, json_t **ret_output)
{
	enum admin_exit exit_code;

	exit_code = fetch_parts(fetching, number, ret_output);
	progress_clear();
	if (exit_code == ADMIN_DONE && fetching->missing > 0)
		exit_code = admin_refuse(fetching->admin, ADMIN_REFUSED,
			_("%zu cells have characters that CP932 lacks: use --encoding utf-8, which "
			  "Excel reads as well"),
			fetching->missing);
	if (exit_code == ADMIN_DONE && fsync(fetching->fd) < 0 && errno != EINVAL)
		exit_code = new_file_refuse(fetching->admin, fetching->path, -errno);
	return exit_code;
}

static bool
wants_cp932(const struct admin *admin)
{
	const char *encoding = argument_text(admin->arguments, "encoding");

	return encoding != NULL && strcmp(encoding, "cp932") == 0;
}

/* The file is made before anything is asked of the gateway, and goes again if nothing comes of it. */
static enum admin_exit
open_target(struct admin *admin, const char *path, struct fetching **ret_fetching)
{
	struct fetching *fetching = calloc(1, sizeof(*fetching));

	if (fetching == NULL)
		return admin_refuse(admin, ADMIN_REFUSED, "%s", _("out of memory"));
	fetching->admin = admin;
	fetching->path = path;
	fetching->cp932 = wants_cp932(admin);
	csv_reader_init(&fetching->reader);
	if (csv_cp932_open(&fetching->table) < 0 && fetching->cp932) {
		free(fetching);
		return admin_refuse(admin, ADMIN_REFUSED, "%s",
			_("this system has no table of CP932: install libc-bin, or on newer "
			  "systems libc-gconv-modules-extra"));
	}
	fetching->fd = new_file_create(path);
	if (fetching->fd < 0) {
		enum admin_exit exit_code = new_file_refuse(admin, path, fetching->fd);

		csv_cp932_close(&fetching->table);
		free(fetching);
		return exit_code;
	}
	*ret_fetching = fetching;
	return ADMIN_DONE;
}

static void
close_target(struct fetching *fetching, enum admin_exit exit_code)
{
	if (fetching == NULL)
		return;
	if (exit_code != ADMIN_DONE)
		(void)unlink(fetching->path);
	(void)close(fetching->fd);
	csv_cp932_close(&fetching->table);
	free(fetching);
}

static void
print_fetched(const struct admin *admin, const json_t *output, const char *path)
{
	if (admin->arguments->json) {
		json_t *result = json_pack("{s:O, s:s}", "output", output, "file", path);

		admin_print(admin, result);
		json_decref(result);
		return;
	}
	printf(_("Exported to %s (%s).\n"), text_shown(path), value_bytes(output, "bytes"));
	/* What the accounts were when it was made: to be given to the import. */
	printf(_("If others work on the accounts meanwhile, import it with "
		 "--unless-changed-since %s\n"),
		value_text(output, "created"));
}

enum admin_exit
command_export_get(struct admin *admin)
{
	const char *path = argument_text(admin->arguments, "output");
	json_int_t number = strtoll(argument_text(admin->arguments, "ID"), NULL, 10);
	struct fetching *fetching = NULL;
	json_t *output = NULL;
	enum admin_exit exit_code;

	exit_code = open_target(admin, path, &fetching);
	if (exit_code == ADMIN_DONE)
		exit_code = fetch(fetching, number, &output);
	close_target(fetching, exit_code);
	if (exit_code == ADMIN_DONE)
		print_fetched(admin, output, path);
	json_decref(output);
	return exit_code;
}

static enum admin_exit
export_now(struct admin *admin, struct fetching *fetching, json_t **ret_output)
{
	json_t *answer = NULL;
	const json_t *output;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "account.export",
		json_pack("{s:b, s:b}", "extended", argument_flag(admin->arguments, "extended"),
			"wait", 1),
		&answer);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	output = json_object_get(answer, "output");
	if (strcmp(value_text(output, "state"), "done") != 0)
		exit_code = admin_refuse(admin, ADMIN_REFUSED, _("the export failed: %s"),
			said_translate(value_text(output, "why")));
	else
		exit_code = fetch(
			fetching, json_integer_value(json_object_get(output, "id")), ret_output);
	json_decref(answer);
	return exit_code;
}

/* "accounts-20250101.csv" in the folder where the person is; a second one of the day needs a name. */
static char *
default_name(void)
{
	time_t now = time(NULL);
	struct tm parts;
	char *name = NULL;

	localtime_r(&now, &parts);
	if (asprintf(&name, "accounts-%04d%02d%02d.csv", parts.tm_year + 1900, parts.tm_mon + 1,
		    parts.tm_mday) < 0)
		return NULL;
	return name;
}

enum admin_exit
command_account_export(struct admin *admin)
{
	const char *given = argument_text(admin->arguments, "output");
	auto_free char *path = NULL;
	struct fetching *fetching = NULL;
	json_t *output = NULL;
	enum admin_exit exit_code;

	if (argument_flag(admin->arguments, "background")) {
		if (given != NULL || wants_cp932(admin))
			return admin_refuse(admin, ADMIN_USAGE,
				_("--output and --encoding are said to `export get`, once the "
				  "export is complete"));
		return admin_ask_and_print(
			admin, json_pack("{s:b}", "extended",
				       argument_flag(admin->arguments, "extended")));
	}
	exit_code = admin_connect(admin);
	path = given != NULL ? strdup(given) : default_name();
	if (exit_code == ADMIN_DONE && path == NULL)
		exit_code = admin_refuse(admin, ADMIN_REFUSED, "%s", _("out of memory"));
	if (exit_code == ADMIN_DONE)
		exit_code = open_target(admin, path, &fetching);
	if (exit_code == ADMIN_DONE)
		exit_code = export_now(admin, fetching, &output);
	close_target(fetching, exit_code);
	if (exit_code == ADMIN_DONE)
		print_fetched(admin, output, path);
	json_decref(output);
	return exit_code;
}

enum admin_exit
command_export_delete(struct admin *admin)
{
	const char *id = argument_text(admin->arguments, "ID");
	const struct fact facts[] = {{_("Export"), text_shown(id)}};
	enum admin_exit exit_code;

	exit_code = admin_confirm(admin, facts, 1, NULL, _("Delete this export?"));
	if (exit_code != ADMIN_DONE)
		return exit_code;
	return admin_ask_and_print(
		admin, json_pack("{s:I}", "id", (json_int_t)strtoll(id, NULL, 10)));
}
