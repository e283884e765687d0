/* The store: one SQLite database, one writer thread, reader threads. Used by the supervisor, whose
 * loop never waits for a disk: it hands in jobs and is told when they are done.
 *
 * Writer: all jobs that wait are done in one transaction (group commit), each in its own savepoint: a
 * job whose work fails is rolled back alone. `done` runs only after the transaction is durable
 * (synchronous=FULL); if the commit fails, every job of the group gets that error. Readers: each job
 * in a read-only transaction of its own. Walker: one thread for jobs that go through a whole table, so that the
 * short reads behind them do not wait.
 */
#ifndef POLICY_STORE_STORE_H
#define POLICY_STORE_STORE_H

#include "policy/accounts.h"
#include "policy/passwords.h"
#include "policy/sealing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct sign_in_decoy;
struct store_db; /* a connection, inside a job; see the operations in policy/sessions.h, methods.h … */

/* Embedded in what the caller needs for work and answer; it must live until done has run.
 *
 * work   on a store thread. May touch only db and the job. It may be called again from the start
 *        (a group that has to be repeated), so it sets every result anew. Negative errno: rolled back.
 * done   on the owner's thread, inside store_collect. status: work's result, or why nothing was kept:
 *        -ENOSPC disk full, -EBUSY locked by another process for too long, -EIO, -EUCLEAN damaged,
 *        -EROFS, -ENOMEM, -ESHUTDOWN handed in while the store was closing. store_error_text
 *        says it in words.
 * stubborn  a job that must not be lost (the end of a session): while the disk is full, the file
 *        locked or I/O fails it is tried again, every second, and other jobs go on; it fails only if
 *        work itself refuses or the store is closed.
 * bare   a write that begins and ends its own transactions: it runs alone, and what it has committed
 *        stays. Never stubborn. */
struct store_job {
	int (*work)(struct store_db *db, struct store_job *job);
	void (*done)(struct store_job *job, int status);
	bool stubborn;
	bool bare;

	/* the store's own */
	struct store_job *next;
	int status;
};

/* As settings.sign_in. */
enum second_factor_rule {
	SECOND_FACTOR_OFF,
	SECOND_FACTOR_OPTIONAL,
	SECOND_FACTOR_REQUIRED,
};

/* Whom engineers read of as having a terminal. As settings.sessions.holder. */
enum holder_shown {
	HOLDER_ACCOUNT,
	HOLDER_NAME,
	HOLDER_VENDOR,
	HOLDER_NOBODY,
};

/* What policy needs from the settings. */
struct policy_settings {
	struct facility facility;
	bool hours_end_disconnects; /* A6; default no */
	enum holder_shown holder_shown;
	uint32_t window_warning_ms; /* a window that begins so soon is told of; 0: never */
	uint32_t
		idle_ms; /* D4: a session may be without input, where its terminal says nothing; 0: no limit */
	uint32_t longest_ms; /* … and last */
	bool recording_keys; /* there are auditors to whom recordings can be sealed */
	uint32_t ticket_ms;  /* how long a ticket lives; 60000 */
	uint32_t grace_ms;   /* how long a lost session may be continued */
	struct {
		enum password_policy password_policy;
		enum second_factor_rule second_factor;
		uint32_t earlier_passwords; /* that may not come again; 0-SIGN_IN_EARLIER_MOST */
	} sign_in;
	bool has_kerberos;                                               /* kerberos.config */
	char linked_services[LINKED_SERVICES_MOST][LINKED_SERVICE_SIZE]; /* A8; the rest "" */
};

struct store_options {
	const char *path;
	const struct policy_settings *settings; /* copied */
	const struct sealing *sealing;          /* kept; outlives the store */
	const char *boot_id;                    /* NULL: this machine's */
	unsigned readers;                       /* 0: one */
	uint32_t patience_ms;                   /* for a lock that another process holds; 0: 5000 */

	/* Called on a store thread when jobs are waiting for store_collect; uv_async_send fits. */
	void (*notify)(void *argument);
	void *notify_argument;
};

/* Opens (makes, migrates) the database and starts the threads. Blocks: call it before the loop runs.
 * Errors: -EUCLEAN damaged or not a database of ours, -EPROTO made by a newer Sekisho, -EBUSY used by
 * another process, -EACCES, -EROFS, -ENOSPC, -ENOENT (folder), -EIO. *ret_why is a sentence for the
 * log that lives as long as the process. */
int store_open(const struct store_options *options, struct store **ret_store, const char **ret_why);

/* What its threads have kept of the file goes back to the system, as soon as they have nothing else to do. Any thread. */
void store_give_memory_back(struct store *store);

/* Jobs that begin from now on see these settings (copied). */
void store_change_settings(struct store *store, const struct policy_settings *settings);

/* Never fail; the answer comes through done. */
void store_write(struct store *store, struct store_job *job);

/* The same for several at once: the writer finds them all, and commits them together if they are not too many
 * (256); one by one, the first would have a COMMIT of its own. */
void store_write_all(struct store *store, struct store_job *const *jobs, size_t count);
void store_read(struct store *store, struct store_job *job);

/* For what takes seconds: a thread of its own, one such job at a time, each with a fresh connection. The job
 * renews its transaction now and then (store_db_renew): the write-ahead log cannot be reset behind one that stays
 * open. It asks its caller whether it is still wanted, since store_close waits for it. */
void store_walk(struct store *store, struct store_job *job);

/* For backups: a thread of its own, one such job at a time, each with a fresh connection that reads, in no
 * transaction. Nobody waits for it but store_close. */
void store_slow(struct store *store, struct store_job *job);

/* Runs done of every finished job, on the caller's thread. Returns how many. */
size_t store_collect(struct store *store);

/* Jobs handed in whose done has not run yet. */
size_t store_pending(struct store *store);

/* Rows changed since the store was opened, in transactions that are on the disk: tells whether there may be news. */
int64_t store_changes(struct store *store);

/* Finishes what is queued (stubborn jobs get one last try), runs every done, closes. Accepts NULL. */
void store_close(struct store *store);

/* Where an error of work or commit came from, in words, for the log: "disk is full" … A literal. */
const char *store_error_text(int status);

/* Inside a job. */
const struct policy_settings *store_db_settings(const struct store_db *db);
const struct sealing *store_db_sealing(const struct store_db *db);
const struct sign_in_decoy *store_db_decoy(const struct store_db *db);

/* Inside a job: the instant all records of this transaction carry (clock_now when it began). */
int64_t store_db_now(const struct store_db *db);

/* Inside a walk, with no question open: what has been written meanwhile is seen from now on. */
int store_db_renew(struct store_db *db);

/* Inside a walk: another connection, for a second thread, in a transaction of its own. -EOPNOTSUPP: of a scratch
 * database, which has one alone. */
int store_db_again(const struct store_db *db, struct store_db **ret_again);
void store_db_done(struct store_db *again); /* accepts NULL */

#endif
