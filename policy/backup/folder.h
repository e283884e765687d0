/* The folder of the backups: the list of backups is its files.
 *
 *	sekisho-0a1b2c3d.backup        a backup
 *	sekisho-0a1b2c3d.backup.part   one that is being made
 *	upload-7.part                  one that is being sent by a client
 *	rehearsal                      when a restore was rehearsed last, sealed
 *	restore-failed-….log           what went wrong
 *
 * Blocking: on a store thread or one of libuv's.
 */
#ifndef POLICY_BACKUP_FOLDER_H
#define POLICY_BACKUP_FOLDER_H

#include "policy/backup/header.h"

#include <stdbool.h>

#define BACKUPS_MOST 5
#define BACKUP_PATH_SIZE 4096
#define BACKUP_NOTE_MOST 200 /* characters */
#define BACKUP_BY_SIZE 80
#define BACKUP_NOTE_SIZE (4 * BACKUP_NOTE_MOST + 1)
#define REHEARSAL_WHY_SIZE 400

struct backup_entry {
	char id[BACKUP_ID_TEXT_SIZE];
	enum backup_fault
		fault; /* BACKUP_SOUND, or why it cannot be restored, as far as its header tells */
	int64_t bytes;
	int64_t created_us; /* of a sound one; of others, of the file */
	int64_t log_event;
	int64_t schema;
	char by[BACKUP_BY_SIZE];
	char note[BACKUP_NOTE_SIZE];
};

struct backup_list {
	struct backup_entry entries[4 * BACKUPS_MOST]; /* somebody may have put more there */
	size_t count;
};

/* Makes the folder, 0700, if it is not there. 0 or a negative errno. */
int backup_folder_make(const char *folder);

/* Oldest first. */
int backup_folder_list(const char *folder, const struct sealing *sealing,
	const struct facility *facility, struct backup_list *ret_list);

/* The entry of one file, wherever it lies. Its fault stands in it. */
int backup_entry_read(const char *path, const struct sealing *sealing,
	const struct facility *facility, struct backup_entry *ret_entry);

/* Eight hexadecimal digits. */
bool backup_id_is(const char *text);

/* -ENAMETOOLONG. */
int backup_path(const char *folder, const char *id, char ret_path[BACKUP_PATH_SIZE]);
int backup_part_path(const char *folder, const char *id, char ret_path[BACKUP_PATH_SIZE]);
int backup_upload_path(const char *folder, uint64_t number, char ret_path[BACKUP_PATH_SIZE]);

/* What is in the folder is durable from here on. */
int backup_folder_sync(const char *folder);

/* -ENOENT. */
int backup_remove(const char *folder, const char *id);

/* Removes what a killed gateway left half done; calls `each` for a backup that was being made. */
void backup_folder_sweep(
	const char *folder, void (*each)(void *argument, const char *id), void *argument);

/* The last rehearsal of a restore. */
struct backup_rehearsal {
	int64_t at_us; /* 0: there was none */
	bool succeeded;
	char id[BACKUP_ID_TEXT_SIZE];
	char by[BACKUP_BY_SIZE];
	char why[REHEARSAL_WHY_SIZE]; /* it failed */
};

/* One that is missing, or not ours, is none. */
void backup_rehearsal_read(
	const char *folder, const struct sealing *sealing, struct backup_rehearsal *ret_rehearsal);
int backup_rehearsal_write(const char *folder, const struct sealing *sealing,
	const struct backup_rehearsal *rehearsal);

/* Leaves a file that says what went wrong; the oldest of more than BACKUPS_MOST are removed. */
int backup_error_log(
	const char *folder, int64_t at_us, const char *text, char ret_path[BACKUP_PATH_SIZE]);

#endif
