/* recording export: a video, pictures and a contact sheet, made here, on the auditor's own machine. What the gateway gives is the encrypted
 * file; the private key opens its key here; sekisho-export decodes it in a sandbox of its own, into files that this program has made.
 */
#include "admin-cli/command.h"
#include "admin-cli/export_run.h"
#include "admin-cli/new_file.h"
#include "admin-cli/progress.h"
#include "admin-cli/recording_key.h"
#include "admin-cli/recording_named.h"
#include "admin-cli/session_time.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "base/whole.h"
#include "recording/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX_SIZE 8
#define PURPOSE_MOST 200 /* of the 250 characters that the gateway takes */

/* Of the file's name, as sekisho-export calls it. */
static const struct {
	char suffix[SUFFIX_SIZE];
	const char *format;
} formats[] = {{".mkv", "matroska"}, {".mp4", "mp4"}, {".webm", "webm"}};

static const char *
format_of(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		size_t suffix = strlen(formats[i].suffix);

		if (len > suffix && strcmp(path + len - suffix, formats[i].suffix) == 0)
			return formats[i].format;
	}
	return NULL;
}

/* A piece of the answer; as backup get. */
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

static void
show_progress(const struct admin *admin, long long done, long long of)
{
	json_t *progress;

	if (admin->arguments->json)
		return;
	progress = json_pack("{s:s, s:I, s:I}", "what", "downloading", "done", (json_int_t)done,
		"of", (json_int_t)of);
	progress_show(progress);
	json_decref(progress);
}

/* For the log of who gives the recording out: "video, png 1:30". To be freed; NULL without memory. */
static char *
purpose_of(const struct admin *admin)
{
	json_t *pngs = argument_list(admin->arguments, "png");
	char *text = NULL;
	size_t len = 0, i;
	FILE *out = open_memstream(&text, &len);
	json_t *at;

	if (out != NULL) {
		if (argument_text(admin->arguments, "video") != NULL)
			fputs("video, ", out);
		if (argument_text(admin->arguments, "contact-sheet") != NULL)
			fputs("contact sheet, ", out);
		json_array_foreach (pngs, i, at)
			fprintf(out, "png %s, ", json_string_value(at));
		(void)fclose(out);
	}
	json_decref(pngs);
	if (text != NULL && len >= 2)
		text[len - 2 < PURPOSE_MOST ? len - 2 : PURPOSE_MOST] = '\0';
	return text;
}

/* From the gateway into a file without a name: whatever happens, nothing of it stays. */
static enum admin_exit
fetch(struct admin *admin, json_t *id, int fd)
{
	auto_free char *purpose = purpose_of(admin);
	enum admin_exit exit_code = ADMIN_DONE;
	long long offset = 0, size = 0;
	ssize_t written = 1;

	while (exit_code == ADMIN_DONE && written > 0 && (offset == 0 || offset < size)) {
		json_t *answer = NULL;

		exit_code = admin_ask(admin, "recording.read",
			json_pack("{s:O, s:I, s:s*}", "id", id, "offset", (json_int_t)offset,
				"purpose", purpose),
			&answer);
		if (exit_code != ADMIN_DONE)
			break;
		size = json_integer_value(json_object_get(answer, "size"));
		written = write_piece(fd, answer);
		json_decref(answer);
		offset += written > 0 ? written : 0;
		show_progress(admin, offset, size);
	}
	progress_clear();
	if (exit_code == ADMIN_DONE && written < 0)
		return admin_refuse(admin, ADMIN_REFUSED, "%s", strerror((int)-written));
	return exit_code;
}

static int
nameless_file(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder != NULL ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static enum admin_exit
read_key(const struct admin *admin, int fd, uint8_t ret_key[RECORDING_KEY_BYTES])
{
	uint8_t bytes[RECORDING_HEADER_MOST];
	struct recording_about about;
	const char *path, *why = NULL;
	ssize_t len = pread(fd, bytes, sizeof(bytes), 0);

	if (len < 0 || recording_header_get(bytes, (size_t)len, &about, &why) < 0)
		return admin_refuse(admin, ADMIN_REFUSED, _("this is no recording of Sekisho"));
	path = recording_key_path(admin);
	return path == NULL ? ADMIN_USAGE : recording_key_open_with(admin, path, &about, ret_key);
}

/* *ret_fd: at its beginning. */
static enum admin_exit
open_file(const struct admin *admin, const char *path, int *ret_fd,
	uint8_t ret_key[RECORDING_KEY_BYTES])
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum admin_exit exit_code;

	if (fd < 0)
		return admin_refuse(
			admin, ADMIN_REFUSED, "%s: %s", text_shown(path), strerror(errno));
	exit_code = read_key(admin, fd, ret_key);
	if (exit_code == ADMIN_DONE)
		*ret_fd = take_fd(&fd);
	return exit_code;
}

/* The gateway's: nothing is taken away, and logged as taken, by who cannot open it. */
static enum admin_exit
open_fetched(struct admin *admin, int *ret_fd, uint8_t ret_key[RECORDING_KEY_BYTES])
{
	json_t *named = named_parameters(admin, "RECORDING");
	enum admin_exit exit_code =
		recording_key_fetch(admin, json_object_get(named, "id"), ret_key);
	auto_fd int fd = -1;

	if (exit_code == ADMIN_DONE) {
		fd = nameless_file();
		exit_code = fd < 0 ? admin_refuse(admin, ADMIN_REFUSED, "%s", strerror(-fd))
				   : fetch(admin, json_object_get(named, "id"), fd);
	}
	json_decref(named);
	if (exit_code == ADMIN_DONE)
		*ret_fd = take_fd(&fd);
	return exit_code;
}

/* What is made, in the order of sekisho-export's descriptors. */

/* Made when all else is there; that it is in the way of another file is told before anything is asked. */
static enum admin_exit
add_output(struct admin *admin, struct export_run *run, const char *path)
{
	struct stat status;

	if (lstat(path, &status) == 0)
		return new_file_refuse(admin, path, -EEXIST);
	run->outputs[run->count].fd = -1;
	snprintf(run->outputs[run->count++].path, EXPORT_PATH_SIZE, "%s", path);
	return ADMIN_DONE;
}

static enum admin_exit
add_video(struct admin *admin, struct export_run *run)
{
	const char *path = argument_text(admin->arguments, "video");

	if (path == NULL)
		return ADMIN_DONE;
	run->format = format_of(path);
	if (run->format == NULL)
		return admin_refuse(admin, ADMIN_USAGE,
			_("--video: the name says what is made; it ends with .mkv, .mp4 or .webm"));
	run->video = run->count;
	return add_output(admin, run, path);
}

static enum admin_exit
add_sheet(struct admin *admin, struct export_run *run)
{
	const char *path = argument_text(admin->arguments, "contact-sheet");

	if (path == NULL)
		return ADMIN_DONE;
	run->wants_sheet = true;
	run->sheet = run->count;
	return add_output(admin, run, path);
}

/* "9f2c41d0-000130.png" in the folder where the person is. */
static enum admin_exit
add_png(struct admin *admin, struct export_run *run, const char *at)
{
	const char *named = argument_text(admin->arguments, "RECORDING");
	const char *slash = strrchr(named, '/');
	char path[EXPORT_PATH_SIZE];
	uint32_t ms;

	if (!session_time_read(at, &ms))
		return admin_refuse(admin, ADMIN_USAGE,
			_("--png: %s is no time since the session began; allowed are 90, 1:30 or "
			  "1:02:03"),
			text_shown(at));
	if (run->png_count == EXPORT_PNG_MOST)
		return admin_refuse(admin, ADMIN_USAGE, _("too many pictures at once"));
	run->png_ms[run->png_count++] = ms;
	snprintf(path, sizeof(path), "%.8s-%02u%02u%02u.png", slash != NULL ? slash + 1 : named,
		ms / 3600000, ms / 60000 % 60, ms / 1000 % 60);
	return add_output(admin, run, path);
}

static enum admin_exit
add_pngs(struct admin *admin, struct export_run *run)
{
	json_t *list = argument_list(admin->arguments, "png");
	enum admin_exit exit_code = ADMIN_DONE;
	json_t *at;
	size_t i;

	run->png = run->count;
	json_array_foreach (list, i, at)
		if (exit_code == ADMIN_DONE)
			exit_code = add_png(admin, run, json_string_value(at));
	json_decref(list);
	return exit_code;
}

static enum admin_exit
add_outputs(struct admin *admin, struct export_run *run)
{
	enum admin_exit exit_code = add_video(admin, run);

	if (exit_code == ADMIN_DONE)
		exit_code = add_sheet(admin, run);
	if (exit_code == ADMIN_DONE)
		exit_code = add_pngs(admin, run);
	if (exit_code == ADMIN_DONE && run->count == 0)
		return admin_refuse(admin, ADMIN_USAGE,
			_("say what is to be made: --video FILE, --png TIME or --contact-sheet "
			  "FILE"));
	run->skip_idle = argument_flag(admin->arguments, "skip-idle");
	return exit_code;
}

static void
show(const struct admin *admin, const struct export_run *run)
{
	json_t *files = json_array(), *result;

	for (size_t i = 0; i < run->count; i++)
		(void)json_array_append_new(files, json_string(run->outputs[i].path));
	result = json_pack("{s:o, s:o}", "files", files, "broken_at",
		run->broken ? json_integer(run->broken_ms) : json_null());
	if (admin->arguments->json) {
		admin_print(admin, result);
	} else {
		for (size_t i = 0; i < run->count; i++)
			printf("%s\n", text_shown(run->outputs[i].path));
		if (run->broken)
			fprintf(stderr,
				_("The recording cannot be read any further than %u:%02u:%02u; "
				  "what is "
				  "before is there.\n"),
				run->broken_ms / 3600000, run->broken_ms / 60000 % 60,
				run->broken_ms / 1000 % 60);
	}
	json_decref(result);
}

static enum admin_exit
make(struct admin *admin, struct export_run *run)
{
	const char *named = argument_text(admin->arguments, "RECORDING");
	bool is_file = strchr(named, '/') != NULL || strchr(named, '.') != NULL;
	uint8_t key[RECORDING_KEY_BYTES];
	auto_fd int fd = -1;
	enum admin_exit exit_code =
		is_file ? open_file(admin, named, &fd, key) : open_fetched(admin, &fd, key);

	if (exit_code == ADMIN_DONE)
		exit_code = export_run(admin, run, fd, key);
	secret_wipe(key, sizeof(key));
	return exit_code;
}

enum admin_exit
command_recording_export(struct admin *admin)
{
	struct export_run *run = calloc(1, sizeof(*run));
	enum admin_exit exit_code;

	if (run == NULL)
		return admin_refuse(admin, ADMIN_REFUSED, _("out of memory"));
	exit_code = add_outputs(admin, run);
	if (exit_code == ADMIN_DONE)
		exit_code = make(admin, run);
	if (exit_code == ADMIN_DONE)
		show(admin, run);
	export_run_done(run, exit_code == ADMIN_DONE);
	free(run);
	return exit_code;
}
