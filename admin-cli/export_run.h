/* Running sekisho-export: with a recording, its key, and the files that it shall fill; nothing half stays behind.
 */
#ifndef ADMIN_EXPORT_RUN_H
#define ADMIN_EXPORT_RUN_H

#include "admin-cli/command.h"
#include "recording/format.h"

#define EXPORT_PNG_MOST 32
#define EXPORT_OUTPUTS_MOST (EXPORT_PNG_MOST + 2)
#define EXPORT_PATH_SIZE 4096

/* Zeroed at first. */
struct export_run {
	const char *format; /* of the video; NULL: none */
	size_t video;       /* place of its output */
	bool wants_sheet;
	size_t sheet;
	size_t png; /* place of the first */
	uint32_t png_ms[EXPORT_PNG_MOST];
	size_t png_count;
	bool skip_idle;
	struct {
		int fd; /* new and empty */
		char path[EXPORT_PATH_SIZE];
	} outputs[EXPORT_OUTPUTS_MOST];
	size_t count;
	bool broken; /* out: the recording could not be read any further than … */
	uint32_t broken_ms;
};

/* Waits until it is done; Ctrl-C ends it. ADMIN_DONE, or the reason has been told. */
enum admin_exit export_run(struct admin *admin, struct export_run *run, int recording,
	const uint8_t key[RECORDING_KEY_BYTES]);

/* Closes the outputs; keep false: they are removed. */
void export_run_done(struct export_run *run, bool keep);

#endif
