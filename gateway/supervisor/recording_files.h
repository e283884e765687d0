/* Recordings that lie in their folder (F7): made at the start, what a crash has left open is said so, and what its time is
 * over for is erased every night. Who records is recordings.c. The loop's.
 */
#ifndef SUPERVISOR_RECORDING_FILES_H
#define SUPERVISOR_RECORDING_FILES_H

#include "policy/recordings.h"
#include "supervisor/fetches.h"

struct supervisor;
struct recording_files;

/* At the start, before listeners: the folder, which is made if it is not there, and an end for recordings that are said to run. It must be
 * a folder itself, of this process's user, and nobody else's: else -EPERM. Returns 0 or a negative errno with ret_why: which folder, what
 * it is, and what is allowed. */
#define RECORDING_FILES_WHY_SIZE (RECORDING_PATH_SIZE + 160)
int recording_files_open(struct supervisor *supervisor, struct recording_files **ret_files,
	char ret_why[RECORDING_FILES_WHY_SIZE]);
void recording_files_free(struct recording_files *files);

/* Where they lie: recording.directory, or beside the database. It is there, and 0700. */
const char *recording_files_folder(const struct recording_files *files);

/* Path of one. */
void recording_files_path(const struct recording_files *files, const uint8_t *session, int64_t part,
	char ret_path[RECORDING_PATH_SIZE]);

/* One of them, open for reading. Returns a descriptor, or a negative errno: -ENOMEM says nothing of the file, there is no descriptor or
 * no memory to be had. */
int recording_files_read(const struct recording_files *files, const uint8_t *session, int64_t part);

/* Erases what is due by the settings, portion by portion, in the background. Once more while it is under way: nothing. */
void recording_files_nightly(struct supervisor *supervisor);

/* Who is fetching what (fetches.h). */
struct fetches *recording_files_fetches(struct recording_files *files);

#endif
