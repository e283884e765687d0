/* The files that evidence is read from: DHCP leases, FreeRADIUS's detail, OpenVPN's status.
 *
 * evidence_files_refresh runs on a thread of libuv's pool and reads what has changed; all else runs on the loop thread.
 * The caller sees to it that the two never overlap, so there is no lock.
 */
#ifndef SUPERVISOR_EVIDENCE_FILES_H
#define SUPERVISOR_EVIDENCE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct settings;
struct lease_table;
struct accounting_sessions;
struct evidence_format;

/* Larger files are not read: 131,072 leases fit in 16 MB. */
#define EVIDENCE_FILE_MAX (32u << 20)
/* How much of a detail file is read at the first time; later only what was added. */
#define EVIDENCE_DETAIL_MAX (8u << 20)
#define EVIDENCE_PATHS_MAX 4
#define EVIDENCE_PROBLEM_SIZE 160

struct file_mark {
	bool exists;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

/* One configured file with the companions that belong to it. */
struct evidence_source {
	const struct evidence_format *format;
	char *paths[EVIDENCE_PATHS_MAX];
	const char *path;                           /* the one of these that the settings name */
	struct file_mark marks[EVIDENCE_PATHS_MAX]; /* as they were when last read */
	bool settled;      /* they had been quiet then: an equal mark means equal contents */
	int64_t changed_s; /* the latest change of any, seconds since 1970; 0: none exists */
	int64_t written_s; /* OpenVPN: when the status file says it was written */
	off_t offset;      /* detail: what has been read */
	struct lease_table *table; /* leases and OpenVPN; NULL before the first reading */
	struct accounting_sessions *sessions; /* detail */
	char problem[EVIDENCE_PROBLEM_SIZE];  /* why it cannot be read; "" if it can */
	char reported[EVIDENCE_PROBLEM_SIZE]; /* the problem last logged; the loop's */
};

struct evidence_files {
	struct evidence_source *items;
	size_t count;
};

/* What a source tells: the evidence function that asks for it. */
enum evidence_told {
	EVIDENCE_TOLD_LEASES,
	EVIDENCE_TOLD_SESSIONS,
	EVIDENCE_TOLD_OPENVPN,
};

enum evidence_told evidence_source_told(const struct evidence_source *source);

/* Makes the list from the settings; reads nothing yet. Returns 0 or -ENOMEM. */
int evidence_files_init(struct evidence_files *files, const struct settings *settings);
void evidence_files_done(struct evidence_files *files);

/* Reads again what has changed. now_s: seconds since 1970. */
void evidence_files_refresh(struct evidence_files *files, int64_t now_s);

#endif
