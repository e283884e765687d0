/* A backup file: its header, and behind it the whole database in chunks, each sealed with AES-256-GCM under a key that
 * is derived from the facility key for this file alone.
 *
 *	chunk = ciphertext ‖ tag;  nonce = 1 for the last chunk, else 0 (4 bytes) ‖ number from 0 (8 bytes, big endian)
 *
 * The whole header is authenticated with each chunk. So a chunk that was changed, moved, left out, cut off or comes from
 * another file is found, and so is a header that does not belong to them.
 *
 * Supervisor, on a thread of the store: these functions read and write files.
 */
#ifndef POLICY_BACKUP_FILE_H
#define POLICY_BACKUP_FILE_H

#include "policy/backup/header.h"

#include <stdatomic.h>
#include <stdbool.h>

#define BACKUP_SHA256_BYTES 32

/* Shared with the loop, which shows how far something has come and may want it to end. */
struct backup_meter {
	_Atomic(const char *) what; /* a word for control_call_progress */
	atomic_ullong done;
	atomic_ullong of;
	atomic_bool cancel;
};

void backup_meter_begin(struct backup_meter *meter, const char *what, uint64_t of);

/* 0, or -ECANCELED. */
int backup_meter_step(struct backup_meter *meter, uint64_t done);

/* Seals the database file `plain_fd` behind a header. `header` comes with everything but key, signature, plain_bytes,
 * chunk_bytes and label; `label` is sealed into it. Nothing is synced. Returns 0 or a negative errno; -E2BIG for a label
 * that is too long. */
int backup_file_write(int fd, const struct sealing *sealing, struct backup_header *header,
	const char *label, int plain_fd, struct backup_meter *meter, uint8_t *ret_sha256);

/* Reads the header at the start of the file, and checks it: ours, unchanged, the file neither too short nor too long.
 * ret_label is JSON, room for BACKUP_LABEL_MOST. Returns 0; -EBADMSG with *ret_fault; another negative errno. */
int backup_file_open(int fd, const struct sealing *sealing, const struct facility *facility,
	struct backup_header *ret_header, char *ret_label, enum backup_fault *ret_fault);

/* The part of backup_file_open that needs no file: the header alone, and the size that the file has or will have. */
int backup_header_check(const void *bytes, size_t len, uint64_t file_bytes,
	const struct sealing *sealing, const struct facility *facility,
	struct backup_header *ret_header, char *ret_label, enum backup_fault *ret_fault);

/* Opens every chunk and writes the database to `plain_fd`. */
int backup_file_read(int fd, const struct sealing *sealing, const struct backup_header *header,
	int plain_fd, struct backup_meter *meter, uint8_t *ret_sha256,
	enum backup_fault *ret_fault);

#endif
