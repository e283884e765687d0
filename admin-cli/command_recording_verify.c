/* recording verify: one or all of the gateway's, by the gateway; or a file here, by this program. */
#include "admin-cli/command.h"
#include "admin-cli/progress.h"
#include "admin-cli/recording_named.h"
#include "admin-cli/said.h"
#include "admin-cli/text.h"
#include "admin-cli/values.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "recording/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct verdict_row {
	const char *word, *shown;
	bool good;
} verdicts[] = {
	{"whole", N_("whole: nothing was changed since the session"), true},
	{"running", N_("whole so far: the session still runs"), true},
	{"closing", N_("whole: its end is being written to the log"), true},
	{"not-closed", N_("not closed"), true},
	{"broken", N_("BROKEN"), false},
	{"foreign", N_("NOT THIS GATEWAY'S, or another session's"), false},
	{"changed", N_("CHANGED: it is not what the log says"), false},
	{"missing", N_("missing"), false},
};

static const struct verdict_row *
row_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		if (strcmp(verdicts[i].word, word) == 0)
			return &verdicts[i];
	return NULL;
}

/* One that was erased is missing as it should be. */
static bool
is_good(const json_t *result)
{
	const struct verdict_row *row = row_of(value_text(result, "verdict"));
	const json_t *recording = json_object_get(result, "recording");

	return (row != NULL && row->good) || strcmp(value_text(recording, "state"), "erased") == 0;
}

static void
print_one(const json_t *result)
{
	const json_t *recording = json_object_get(result, "recording");
	const struct verdict_row *row = row_of(value_text(result, "verdict"));
	const char *why = said_translate(value_text(result, "why"));

	printf("%.8s  %s  %s  %s%s%s\n", value_text(recording, "id"),
		value_time(recording, "started"), value_text(recording, "terminal"),
		row != NULL ? _(row->shown) : value_text(result, "verdict"),
		why[0] != '\0' ? ": " : "", why);
}

static enum admin_exit
verify_one(struct admin *admin, json_t *parameters, json_t *results, bool *good)
{
	json_t *result = NULL;
	enum admin_exit exit_code;

	exit_code = admin_ask(admin, "recording.verify", parameters, &result);
	if (exit_code != ADMIN_DONE)
		return exit_code;
	*good = *good && is_good(result);
	if (!admin->arguments->json) {
		progress_clear();
		print_one(result);
	}
	(void)json_array_append_new(results, result);
	return ADMIN_DONE;
}

static void
show_progress(const struct admin *admin, size_t done, size_t of)
{
	json_t *progress;

	if (admin->arguments->json)
		return;
	progress = json_pack("{s:s, s:I, s:I}", "what", "verifying", "done", (json_int_t)done, "of",
		(json_int_t)of);
	progress_show(progress);
	json_decref(progress);
}

/* Pages of those that are not erased. */
static enum admin_exit
verify_all(struct admin *admin, json_t *results, bool *good)
{
	json_t *parameters = json_object();
	enum admin_exit exit_code = ADMIN_DONE;
	bool more = true;

	while (more && exit_code == ADMIN_DONE) {
		json_t *page = NULL, *recording;
		const json_t *rows;
		size_t i;

		exit_code = admin_ask(admin, "recording.list", json_incref(parameters), &page);
		rows = json_object_get(page, "recordings");
		json_array_foreach (rows, i, recording) {
			if (exit_code != ADMIN_DONE ||
				strcmp(value_text(recording, "state"), "erased") == 0)
				continue;
			show_progress(admin, i, json_array_size(rows));
			exit_code = verify_one(admin,
				json_pack("{s:O}", "id", json_object_get(recording, "id")), results,
				good);
		}
		more = json_is_integer(json_object_get(page, "next"));
		if (more)
			(void)json_object_set(parameters, "cursor", json_object_get(page, "next"));
		json_decref(page);
	}
	progress_clear();
	json_decref(parameters);
	return exit_code;
}

/* A file here: what is in it, not whether it is the one that the gateway has written. */
static enum admin_exit
verify_file(struct admin *admin, const char *path, json_t *results, bool *good)
{
	static const char *const words[] = {
		[RECORDING_WHOLE] = "whole",
		[RECORDING_NOT_CLOSED] = "not-closed",
		[RECORDING_BROKEN] = "broken",
		[RECORDING_FOREIGN] = "foreign",
	};
	auto_free struct recording_report *report = calloc(1, sizeof(*report));
	char session[2 * RECORDING_SESSION_BYTES + 1], hash[2 * RECORDING_HASH_BYTES + 1],
		header[2 * RECORDING_HASH_BYTES + 1];
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : report == NULL ? -ENOMEM : 0;

	if (r == 0)
		r = recording_verify(fd, NULL, NULL, NULL, NULL, report);
	if (r < 0)
		return admin_refuse(admin, ADMIN_REFUSED, "%s: %s", text_shown(path), strerror(-r));
	bytes_to_hex(report->about.session, sizeof(report->about.session), session);
	bytes_to_hex(report->chain, sizeof(report->chain), hash);
	bytes_to_hex(report->header, sizeof(report->header), header);
	if (report->bytes == 0 && report->state == RECORDING_NOT_CLOSED)
		report->state = RECORDING_BROKEN;
	*good = report->state == RECORDING_WHOLE || report->state == RECORDING_NOT_CLOSED;
	(void)json_array_append_new(results,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "file", path, "verdict",
			words[report->state], "why", report->why, "session", session, "terminal",
			report->about.terminal, "hash", hash, "header", header));
	if (admin->arguments->json)
		return ADMIN_DONE;
	printf("%s  %s%s%s\n", text_shown(path), _(row_of(words[report->state])->shown),
		report->why[0] != '\0' ? ": " : "", said_translate(report->why));
	if (report->state == RECORDING_NOT_CLOSED) {
		printf(_("Session %s, header %s. Without a closing nothing is signed: whether it "
			 "is "
			 "the gateway's own is told\nby the header that recording show %.8s there "
			 "has, and the journal (SK2701); what follows it, by playing or\nexporting "
			 "it; whether its end is missing, by nothing.\n"),
			session, header, session);
		return ADMIN_DONE;
	}
	printf(_("Session %s, hash %s. Whether it is the gateway's own: recording show %.8s there "
		 "has "
		 "the same\nhash, and so has the journal (SK3011).\n"),
		session, hash, session);
	return ADMIN_DONE;
}

enum admin_exit
command_recording_verify(struct admin *admin)
{
	const char *named = argument_text(admin->arguments, "RECORDING");
	bool all = argument_flag(admin->arguments, "all"), good = true;
	enum admin_exit exit_code;
	json_t *results, *shown;

	if (all == (named != NULL))
		return admin_refuse(
			admin, ADMIN_USAGE, _("name a recording or a file, or say --all"));
	results = json_array();
	if (all)
		exit_code = verify_all(admin, results, &good);
	else if (strchr(named, '/') != NULL || strchr(named, '.') != NULL)
		exit_code = verify_file(admin, named, results, &good);
	else
		exit_code = verify_one(admin, named_parameters(admin, "RECORDING"), results, &good);
	if (exit_code == ADMIN_DONE && admin->arguments->json) {
		shown = json_pack("{s:O}", "recordings", results);
		admin_print(admin, shown);
		json_decref(shown);
	}
	json_decref(results);
	return exit_code == ADMIN_DONE && !good ? ADMIN_REFUSED : exit_code;
}
