/* Outputs while the gateway runs; see outputs.h.
 *
 *	account.export   a row is written (waiting), and the export queued
 *	start_next       the row says running, the walk through the accounts begins
 *	walk_done        the row says done or failed; whoever waits is told
 *
 * Reading and deleting them: answer_outputs.c.
 */
#include "policy/outputs.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "policy/sessions.h"
#include "policy/store/store.h"
#include "settings/settings.h"
#include "supervisor/control_calls.h"
#include "supervisor/outputs_private.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR_MS (60 * 60 * 1000)
#define PROGRESS_MS 200
#define WAITING_MOST 16

/* An export from the question to its end. */
struct export
{
	struct store_job job; /* first; one after the other */
	struct export *next;
	struct outputs *outputs;
	struct output output;
	bool extended;
	struct output_walk walk;
	const char *why;           /* it failed; NULL: it did not */
	struct control_call *call; /* who waits for its end, or NULL */
};

static void start_next(struct outputs *outputs);

static uint32_t
validity_ms(const struct outputs *outputs)
{
	return outputs->supervisor->settings->exports.validity_ms;
}

/* Tidying */

struct tidy_job {
	struct store_job job;
	struct outputs *outputs;
	bool starting;
	uint32_t validity_ms;
	json_t *kept;
};

static int
tidy_work(struct store_db *db, struct store_job *job)
{
	struct tidy_job *tidy = (struct tidy_job *)job;

	json_decref(tidy->kept);
	tidy->kept = NULL;
	return output_tidy(db, tidy->starting, tidy->validity_ms, &tidy->kept);
}

static bool
is_kept(const json_t *kept, int64_t number)
{
	const json_t *one;
	size_t i;

	json_array_foreach (kept, i, one)
		if (json_integer_value(one) == number)
			return true;
	return false;
}

/* Also what no row names any more: a crash may have come between a row's end and its file's. A walk like the exports',
 * of which there is one at a time: one that began after the rows were looked at writes its file after this. */
static int
remove_files_work(struct store_db *db, struct store_job *job)
{
	const struct tidy_job *tidy = (const struct tidy_job *)job;
	DIR *folder = opendir(tidy->outputs->folder);
	const struct dirent *entry;
	long long number;
	char ending[8], extra;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (sscanf(entry->d_name, "%lld.%4[a-z]%c", &number, ending, &extra) != 2 ||
			is_kept(tidy->kept, number))
			continue;
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	}
	if (folder != NULL)
		(void)closedir(folder);
	(void)db;
	return 0;
}

static void
remove_files_done(struct store_job *job, int status)
{
	struct tidy_job *tidy = (struct tidy_job *)job;

	(void)status; /* what could not be removed is removed an hour later */
	json_decref(tidy->kept);
	free(tidy);
}

static void
tidy_done(struct store_job *job, int status)
{
	struct tidy_job *tidy = (struct tidy_job *)job;

	if (status < 0)
		log_event(EV_STORE_FAILED, "what='outputs' why='%s'", store_error_text(status));
	if (status < 0 || tidy->outputs->stopping) {
		json_decref(tidy->kept);
		free(tidy);
		return;
	}
	tidy->job.work = remove_files_work;
	tidy->job.done = remove_files_done;
	store_walk(tidy->outputs->supervisor->store, &tidy->job);
}

static void
tidy(struct outputs *outputs, bool starting)
{
	struct tidy_job *tidy = calloc(1, sizeof(*tidy));

	if (tidy == NULL)
		return;
	tidy->job.work = tidy_work;
	tidy->job.done = tidy_done;
	tidy->outputs = outputs;
	tidy->starting = starting;
	tidy->validity_ms = validity_ms(outputs);
	store_write(outputs->supervisor->store, &tidy->job);
}

static void
on_hour(uv_timer_t *timer)
{
	tidy(timer->data, false);
}

/* Exports */

static void
answer_with(struct control_call *call, const struct output *output)
{
	control_call_answer(call, json_pack("{s:o}", "output", output_json(output)));
}

static void
export_free(struct export *export)
{
	struct export **at = &export->outputs->first;

	while (*at != NULL && *at != export)
		at = &(*at)->next;
	if (*at != NULL) {
		*at = export->next;
		export->outputs->count--;
	}
	free(export);
}

static int
finish_work(struct store_db *db, struct store_job *job)
{
	struct export *export = (struct export *)job;
	int r;

	r = output_finish(db, export->output.number, export->why, export->walk.bytes,
		validity_ms(export->outputs));
	if (r == 0)
		r = output_load(db, export->output.number, &export->output);
	if (r != -ENOENT)
		return r;
	/* A restored backup has brought the log of another machine, and this one's outputs are gone with its own. */
	export->output.state = OUTPUT_FAILED;
	snprintf(export->output.why, sizeof(export->output.why), "%s",
		N_("a backup was restored meanwhile"));
	output_file_remove(export->outputs->folder, export->output.number);
	return 0;
}

static void
finish_done(struct store_job *job, int status)
{
	struct export *export = (struct export *)job;
	struct outputs *outputs = export->outputs;

	if (status < 0)
		log_event(EV_STORE_FAILED, "what='output %" PRId64 "' why='%s'",
			export->output.number, store_error_text(status));
	if (export->call != NULL && status < 0)
		control_call_fail(export->call, status);
	else if (export->call != NULL)
		answer_with(export->call, &export->output);
	export_free(export);
	start_next(outputs);
}

static void
finish(struct export *export, const char *why)
{
	struct outputs *outputs = export->outputs;

	if (why != NULL)
		log_event(EV_OUTPUT_FAILED, "output=%" PRId64 " why='%s'", export->output.number,
			log_quote(why));
	export->why = why;
	export->job.work = finish_work;
	export->job.done = finish_done;
	/* The disk that was too full for the file may be too full for this. */
	export->job.stubborn = true;
	uv_timer_stop(&outputs->progress);
	store_write(outputs->supervisor->store, &export->job);
}

static const char *
why_of(int status)
{
	switch (status) {
	case -ECANCELED:
		return N_("the gateway was stopped");
	case -EFBIG:
		return N_("the row of an account is longer than 384 KB");
	default:
		return store_error_text(status);
	}
}

static int
walk_work(struct store_db *db, struct store_job *job)
{
	struct export *export = (struct export *)job;

	return output_write_accounts(db, &export->walk);
}

static void
walk_done(struct store_job *job, int status)
{
	finish((struct export *)job, status < 0 ? why_of(status) : NULL);
}

static void
on_progress(uv_timer_t *timer)
{
	const struct outputs *outputs = timer->data;
	const struct export *export = outputs->first;

	if (export != NULL && export->call != NULL)
		control_call_progress(export->call, "accounts", atomic_load(&export->walk.done),
			atomic_load(&export->walk.of));
}

static int
running_work(struct store_db *db, struct store_job *job)
{
	struct export *export = (struct export *)job;

	export->output.state = OUTPUT_RUNNING;
	return output_update(db, &export->output);
}

static void
running_done(struct store_job *job, int status)
{
	struct export *export = (struct export *)job;
	struct outputs *outputs = export->outputs;

	if (status < 0 || outputs->stopping) {
		finish(export, why_of(status < 0 ? status : -ECANCELED));
		return;
	}
	export->walk.folder = outputs->folder;
	export->walk.number = export->output.number;
	export->walk.extended = export->extended;
	export->job.work = walk_work;
	export->job.done = walk_done;
	uv_timer_start(&outputs->progress, on_progress, PROGRESS_MS, PROGRESS_MS);
	store_walk(outputs->supervisor->store, &export->job);
}

/* The first of the queue, unless it is under way. */
static void
start_next(struct outputs *outputs)
{
	struct export *export = outputs->first;

	if (export == NULL)
		return;
	if (outputs->stopping) {
		finish(export, why_of(-ECANCELED));
		return;
	}
	export->job.work = running_work;
	export->job.done = running_done;
	store_write(outputs->supervisor->store, &export->job);
}

static int
request_work(struct store_db *db, struct store_job *job)
{
	struct export *export = (struct export *)job;

	return output_request(db, export->call->actor, export->extended, &export->output);
}

static void
request_done(struct store_job *job, int status)
{
	struct export *export = (struct export *)job;
	struct outputs *outputs = export->outputs;
	struct control_call *call = export->call;
	struct export **at = &outputs->first;

	if (status < 0) {
		outputs->count--;
		free(export);
		control_call_fail(call, status);
		return;
	}
	if (!json_is_true(json_object_get(call->request.params, "wait"))) {
		export->call = NULL;
		answer_with(call, &export->output);
	}
	while (*at != NULL)
		at = &(*at)->next;
	*at = export;
	if (outputs->first == export)
		start_next(outputs);
}

void
method_account_export(struct control_call *call)
{
	struct outputs *outputs = call->supervisor->outputs;
	struct export *export = NULL;

	if (outputs->stopping || outputs->count >= WAITING_MOST) {
		control_call_refuse(call, METHOD_REFUSED,
			"too many exports are waiting; try again later", NULL, NULL);
		return;
	}
	export = calloc(1, sizeof(*export));
	if (export == NULL) {
		control_call_answer(call, NULL);
		return;
	}
	outputs->count++;
	export->outputs = outputs;
	export->call = call;
	export->extended = json_is_true(json_object_get(call->request.params, "extended"));
	export->job.work = request_work;
	export->job.done = request_done;
	store_write(outputs->supervisor->store, &export->job);
}

/* Start and end */

static int
make_folder(struct outputs *outputs)
{
	const char *database = outputs->supervisor->settings->database;
	const char *slash = strrchr(database, '/');
	int len = slash == NULL ? 0 : (int)(slash - database + 1);

	if (snprintf(outputs->folder, sizeof(outputs->folder), "%.*soutputs", len, database) >=
		(int)sizeof(outputs->folder))
		return -ENAMETOOLONG;
	return mkdir(outputs->folder, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int
outputs_open(struct supervisor *supervisor, struct outputs **ret_outputs, const char **ret_why)
{
	auto_free struct outputs *outputs = calloc(1, sizeof(*outputs));
	int r;

	if (outputs == NULL)
		return -ENOMEM;
	outputs->supervisor = supervisor;
	r = make_folder(outputs);
	if (r < 0) {
		*ret_why = "the folder for outputs beside the database cannot be made";
		return r;
	}
	(void)uv_timer_init(supervisor->loop, &outputs->hourly);
	(void)uv_timer_init(supervisor->loop, &outputs->progress);
	outputs->hourly.data = outputs->progress.data = outputs;
	tidy(outputs, true);
	uv_timer_start(&outputs->hourly, on_hour, HOUR_MS, HOUR_MS);
	*ret_outputs = take_pointer(&outputs);
	return 0;
}

void
outputs_restored(struct outputs *outputs)
{
	if (!outputs->stopping)
		tidy(outputs, false);
}

static void
on_closed(uv_handle_t *handle)
{
	(void)handle;
}

void
outputs_stop(struct outputs *outputs)
{
	if (outputs == NULL || outputs->stopping)
		return;
	outputs->stopping = true;
	for (struct export *export = outputs->first; export != NULL; export = export->next)
		atomic_store(&export->walk.cancelled, true);
	uv_close((uv_handle_t *)&outputs->hourly, on_closed);
	uv_close((uv_handle_t *)&outputs->progress, on_closed);
}

void
outputs_free(struct outputs *outputs)
{
	free(outputs);
}
