/* A CSV that is to be imported; see import_file.h. The bytes come from whoever made the file. */
#include "admin-cli/import_file.h"

#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where to write to, once something is wrong. */
struct why {
	char *text;
	size_t size;
};

static int say(const struct why *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int
say(const struct why *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why->text, why->size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

void
import_column_name(size_t column, char *ret_name)
{
	char letters[8];
	size_t count = 0;

	do {
		letters[count++] = (char)('A' + column % 26);
		column = column / 26;
	} while (column-- > 0 && count < sizeof(letters) - 1);
	for (size_t i = 0; i < count; i++)
		ret_name[i] = letters[count - 1 - i];
	ret_name[count] = '\0';
}

static int
say_place(const struct why *why, size_t line, size_t column, const char *what)
{
	char name[8];

	import_column_name(column - 1, name);
	return say(why, _("line %zu, column %s: %s"), line, name, said_translate(what));
}

/* The next record, from the file as it is. 1, 0 at the end, or a negative errno. */
static int
read_record(struct import_file *file, const struct why *why)
{
	enum csv_step step = CSV_MORE;
	size_t used;

	while (step == CSV_MORE) {
		if (file->at == file->len && !file->ended) {
			ssize_t count = read(file->fd, file->bytes, sizeof(file->bytes));

			if (count < 0) {
				(void)say(why, "%s", strerror(errno));
				return -EIO;
			}
			file->ended = count == 0;
			file->at = 0;
			file->len = (size_t)count;
		}
		if (file->at == file->len && file->ended) {
			step = csv_reader_end(&file->reader);
			if (step == CSV_MORE)
				return 0;
			continue;
		}
		step = csv_reader_feed(
			&file->reader, file->bytes + file->at, file->len - file->at, &used);
		file->at += used;
	}
	if (step == CSV_BAD)
		return say_place(why, file->reader.line, file->reader.count + 1, file->reader.why);
	return 1;
}

/* From the first byte. The mark of UTF-8 is no part of the first heading. */
static int
rewind_file(struct import_file *file, const struct why *why)
{
	const char *other;
	ssize_t count;

	if (lseek(file->fd, 0, SEEK_SET) < 0)
		return say(why, "%s", strerror(errno));
	count = read(file->fd, file->bytes, sizeof(file->bytes));
	if (count < 0)
		return say(why, "%s", strerror(errno));
	other = csv_not_csv(file->bytes, (size_t)count);
	if (other != NULL)
		return say(why, _("this is no CSV but %s"), said_translate(other));
	csv_reader_init(&file->reader);
	file->len = (size_t)count;
	file->ended = count == 0;
	file->evidence.bom = count >= 3 && memcmp(file->bytes, CSV_BOM, 3) == 0;
	file->at = file->evidence.bom ? 3 : 0;
	return 0;
}

static bool
is_empty(const struct csv_reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		const char *text = csv_cell(reader, i, NULL);

		if (strspn(text, " \t\r\n") != strlen(text))
			return false;
	}
	return true;
}

/* A cell as UTF-8, new reference; NULL if it is none. */
static json_t *
cell_text(struct import_file *file, size_t column)
{
	size_t len;
	const char *cell = csv_cell(&file->reader, column, &len);

	if (file->encoding == CSV_UTF_8)
		return json_string(csv_plain(cell));
	if (csv_cp932_decode(&file->cp932, cell, len, file->evidence.room) < 0)
		return NULL;
	return json_string(csv_plain(file->evidence.room));
}

static int
read_texts(struct import_file *file, json_t **ret_texts, const struct why *why)
{
	json_t *texts = json_array();

	for (size_t i = 0; i < file->reader.count; i++) {
		json_t *text = cell_text(file, i);

		if (text == NULL || json_array_append_new(texts, text) < 0) {
			json_decref(texts);
			return say_place(why, file->reader.record_line, i + 1,
				N_("the cell is not in the encoding of the file"));
		}
	}
	*ret_texts = texts;
	return 0;
}

/* Every record once: is it CSV, in which encoding, how many rows. */
static int
look_through(struct import_file *file, const struct why *why)
{
	struct csv_place place;
	const char *reason;
	size_t records = 0;
	int r;

	r = rewind_file(file, why);
	while (r >= 0 && (r = read_record(file, why)) > 0) {
		csv_evidence_add(&file->evidence, &file->reader, records == 0);
		if (records++ > 0 && !is_empty(&file->reader))
			file->rows++;
	}
	if (r < 0)
		return r;
	if (records == 0)
		return say(why, "%s", _("the file is empty"));
	if (csv_evidence_judge(&file->evidence, &file->encoding, &place, &reason) < 0)
		return say_place(why, place.line, place.column, reason);
	return 0;
}

static int
say_header(const struct import_file *file, const struct account_header_error *error,
	const struct why *why)
{
	char name[8];

	if (error->problem == ACCOUNT_HEADER_MISSING)
		return say(why, _("line 1: the column `%s` is missing"),
			account_column_row(error->column)->japanese);
	if (error->problem == ACCOUNT_HEADER_SEMICOLONS)
		return say(why, "%s",
			_("line 1: the cells are parted by semicolons: save it as a CSV with "
			  "commas"));
	if (error->problem == ACCOUNT_HEADER_TABS)
		return say(why, "%s",
			_("line 1: the cells are parted by tabs (Excel's \"Text\"): save it as "
			  "CSV UTF-8"));
	import_column_name(error->place - 1, name);
	if (error->problem == ACCOUNT_HEADER_TWICE)
		return say(why, _("line 1, column %s: `%s` is there twice"), name,
			account_column_row(error->column)->japanese);
	return say(why,
		_("line 1, column %s: there is no column `%s`; export the accounts to see which "
		  "there are"),
		name, text_shown(json_string_value(json_array_get(file->names, error->place - 1))));
}

static int
read_header(struct import_file *file, const struct why *why)
{
	const char *headings[CSV_COLUMNS_MAX];
	struct account_header_error error;
	int r;

	r = rewind_file(file, why);
	if (r == 0)
		r = read_record(file, why);
	if (r <= 0)
		return r < 0 ? r : say(why, "%s", _("the file is empty"));
	r = read_texts(file, &file->names, why);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(file->names); i++)
		headings[i] = json_string_value(json_array_get(file->names, i));
	if (account_header_read(headings, json_array_size(file->names), &file->header, &error) < 0)
		return say_header(file, &error, why);
	if (file->rows == 0)
		return say(why, "%s", _("there is no row below the first line"));
	return 0;
}

static int
open_regular(const char *path, const struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return say(why, "%s", strerror(errno));
	/* It is read twice. */
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fd;
	(void)close(fd);
	return say(why, "%s", _("this is no file"));
}

int
import_file_open(const char *path, struct import_file **ret_file, char *ret_why, size_t size)
{
	struct import_file *file = calloc(1, sizeof(*file));
	const struct why why = {ret_why, size};
	int r;

	if (file == NULL)
		return say(&why, "%s", _("out of memory"));
	file->fd = open_regular(path, &why);
	r = csv_cp932_open(&file->cp932);
	if (r < 0)
		(void)say(&why, "%s",
			_("this system has no table of CP932: install libc-bin, or on newer "
			  "systems libc-gconv-modules-extra"));
	file->evidence.cp932 = &file->cp932;
	if (file->fd < 0)
		r = file->fd;
	if (r == 0)
		r = look_through(file, &why);
	if (r == 0)
		r = read_header(file, &why);
	if (r < 0) {
		import_file_close(file);
		return r;
	}
	*ret_file = file;
	return 0;
}

void
import_file_close(struct import_file *file)
{
	if (file == NULL)
		return;
	if (file->fd >= 0)
		(void)close(file->fd);
	csv_cp932_close(&file->cp932);
	json_decref(file->names);
	free(file);
}

int
import_file_next(
	struct import_file *file, struct import_record *ret_record, char *ret_why, size_t size)
{
	const struct why why = {ret_why, size};
	int r;

	do
		r = read_record(file, &why);
	while (r > 0 && is_empty(&file->reader));
	if (r <= 0)
		return r;
	/* What has been made for as many rows as there were has no room for more. */
	if (file->given++ == file->rows)
		return say(&why, "%s",
			_("the file has grown while it was being read: import it again"));
	ret_record->line = file->reader.record_line;
	r = read_texts(file, &ret_record->texts, &why);
	return r < 0 ? r : 1;
}
