/* Making, checking, rehearsing and restoring a backup; see backup.h. */
#include "policy/backup/backup.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/sentence.h"
#include "policy/audit.h"
#include "policy/store/database.h"
#include "policy/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int
backup_making_begin(struct backup_making *making)
{
	uint8_t id[FILE_ID_BYTES];

	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return -EIO;
	backup_id_text(id, making->entry.id);
	return 0;
}

/* What a person is told of an error that is the machine's, not the backup's. */
static const char *
trouble_text(int status)
{
	switch (-status) {
	case ENOSPC:
	case EDQUOT:
		return N_("the disk is full");
	case ECANCELED:
		return N_("the gateway was stopped");
	case EACCES:
	case EPERM:
		return N_("the gateway's user may not write there");
	case EROFS:
		return N_("the disk may only be read");
	case ENOENT:
	case ENOTDIR:
		return N_("the folder of the backups does not exist");
	case EUCLEAN:
		return N_("the gateway's own database is damaged");
	case ENOMEM:
		return N_("there is no memory left");
	case EBUSY:
		return N_("sessions are running");
	default:
		return N_("reading or writing failed");
	}
}

/* Making */

static int
refuse_sixth(struct store_db *db, struct backup_making *making)
{
	auto_free struct backup_list *list = malloc(sizeof(*list));
	int r;

	if (list == NULL)
		return -ENOMEM;
	r = backup_folder_make(making->folder);
	if (r == 0)
		r = backup_folder_list(making->folder, store_db_sealing(db),
			&store_db_settings(db)->facility, list);
	if (r < 0 || list->count < BACKUPS_MOST)
		return r;
	making->trouble = N_("there are five backups already: delete one first");
	return -EDQUOT;
}

static int
copy_step(void *argument, int64_t done, int64_t of)
{
	struct backup_meter *meter = argument;

	atomic_store(&meter->of, (uint64_t)of);
	return backup_meter_step(meter, (uint64_t)done);
}

static void
fill_header(const struct store_db *db, const struct scratch_facts *facts,
	struct backup_making *making, struct backup_header *ret_header)
{
	*ret_header = (struct backup_header){
		.created_us = store_db_now(db),
		.schema = (uint32_t)facts->schema,
		.log_event = facts->head.id,
		.facility = store_db_settings(db)->facility,
	};
	memcpy(ret_header->log_hash, facts->head.hash, CHAIN_HASH_BYTES);
	making->entry.created_us = ret_header->created_us;
	making->entry.log_event = facts->head.id;
	making->entry.schema = facts->schema;
}

/* The first four bytes of the file's id are its name; the rest is drawn here. */
static int
draw_id(const struct backup_making *making, uint8_t *ret_id)
{
	if (getrandom(ret_id, FILE_ID_BYTES, 0) != FILE_ID_BYTES)
		return -EIO;
	return bytes_from_hex(making->entry.id, ret_id, (BACKUP_ID_TEXT_SIZE - 1) / 2);
}

static char *
label_text(const struct backup_making *making)
{
	json_t *label = json_pack("{s:s, s:s}", "by", making->by, "note", making->note);
	char *text = label == NULL ? NULL : json_dumps(label, JSON_COMPACT);

	json_decref(label);
	return text;
}

static int
seal_copy(struct store_db *db, struct backup_making *making, const struct scratch_facts *facts,
	const struct scratch *copy, const char *part)
{
	auto_fd int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	auto_free char *label = label_text(making);
	uint8_t sha256[BACKUP_SHA256_BYTES];
	struct backup_header header;
	int r;

	if (fd < 0)
		return -errno;
	if (label == NULL)
		return -ENOMEM;
	fill_header(db, facts, making, &header);
	r = draw_id(making, header.id);
	if (r == 0)
		r = backup_file_write(fd, store_db_sealing(db), &header, label, scratch_fd(copy),
			&making->meter, sha256);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		return r;
	making->entry.bytes = (int64_t)backup_file_bytes(&header);
	bytes_to_hex(sha256, sizeof(sha256), making->sha256);
	return 0;
}

static int
make_file(struct store_db *db, struct backup_making *making, struct scratch *copy)
{
	char part[BACKUP_PATH_SIZE], path[BACKUP_PATH_SIZE];
	struct scratch_facts facts;
	int r;

	r = backup_part_path(making->folder, making->entry.id, part);
	if (r == 0)
		r = backup_path(making->folder, making->entry.id, path);
	if (r < 0)
		return r;
	backup_meter_begin(&making->meter, "copying", 0);
	r = scratch_copy(db, copy, copy_step, &making->meter, &facts);
	if (r == 0)
		r = seal_copy(db, making, &facts, copy, part);
	if (r == 0 && rename(part, path) < 0)
		r = -errno;
	if (r == 0)
		r = backup_folder_sync(making->folder);
	if (r < 0) {
		(void)unlink(part);
		(void)unlink(path);
	}
	return r;
}

int
backup_make(struct store_db *db, struct backup_making *making)
{
	struct scratch *copy = NULL;
	int r;

	making->trouble = NULL;
	snprintf(making->entry.by, sizeof(making->entry.by), "%s", making->by);
	snprintf(making->entry.note, sizeof(making->entry.note), "%s", making->note);
	r = refuse_sixth(db, making);
	if (r == 0)
		r = scratch_new(db, SCRATCH_COPY, &copy);
	if (r == 0)
		r = make_file(db, making, copy);
	scratch_free(copy);
	if (r < 0 && making->trouble == NULL)
		making->trouble = trouble_text(r);
	return r;
}

/* Restoring */

static int
blame_file(struct backup_restoring *restoring, enum backup_fault fault)
{
	restoring->fault = fault;
	return -EBADMSG;
}

/* Every chunk of the file, into the scratch database's. */
static int
unseal(struct store_db *db, struct backup_restoring *restoring)
{
	auto_fd int fd = open(restoring->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t sha256[BACKUP_SHA256_BYTES];
	struct backup_header header;
	char label[BACKUP_LABEL_MOST];
	int r;

	if (fd < 0)
		return -errno;
	r = backup_file_open(fd, store_db_sealing(db), &store_db_settings(db)->facility, &header,
		label, &restoring->fault);
	if (r < 0)
		return r;
	if (header.schema > database_schema())
		return blame_file(restoring, BACKUP_NEWER_SCHEMA);
	r = scratch_new(db, SCRATCH_RESTORED, &restoring->scratch);
	if (r == 0)
		r = backup_file_read(fd, store_db_sealing(db), &header,
			scratch_fd(restoring->scratch), &restoring->meter, sha256,
			&restoring->fault);
	if (r < 0)
		return r;
	bytes_to_hex(sha256, sizeof(sha256), restoring->sha256);
	restoring->schema_then = header.schema;
	restoring->head = (struct chain_event){.id = header.log_event};
	memcpy(restoring->head.hash, header.log_hash, CHAIN_HASH_BYTES);
	return 0;
}

/* What the backup is to blame for, and what this machine. */
static int
open_unsealed(struct backup_restoring *restoring)
{
	int r = scratch_open(restoring->scratch);

	switch (r) {
	case -EUCLEAN:
		return blame_file(restoring, BACKUP_NOT_WHOLE);
	case -EPROTO:
		return blame_file(restoring, BACKUP_NEWER_SCHEMA);
	case -EEXIST:
		return blame_file(restoring, BACKUP_NOT_MIGRATED);
	default:
		return r;
	}
}

static int
check_and_compare(struct store_db *db, struct backup_restoring *restoring)
{
	int r, end;

	restoring->stage = N_("migrating the database of the backup");
	backup_meter_begin(&restoring->meter, "checking", 0);
	r = open_unsealed(restoring);
	if (r < 0)
		return r;
	restoring->stage = N_("checking the database of the backup");
	r = scratch_check(restoring->scratch);
	if (r == -EUCLEAN)
		r = blame_file(restoring, BACKUP_NOT_WHOLE);
	if (r == 0) {
		restoring->stage = N_("comparing the backup with the present state");
		r = database_run(db, "BEGIN");
	}
	if (r == 0) {
		r = restore_compare(
			db, scratch_db(restoring->scratch, db), &restoring->head, &restoring->plan);
		end = database_run(db, "ROLLBACK");
		r = r < 0 ? r : end;
	}
	return r;
}

static void
name_trouble(struct backup_restoring *restoring, int status)
{
	restoring->trouble =
		status == -EBADMSG ? backup_fault_text(restoring->fault) : trouble_text(status);
}

static int
unpack(struct store_db *db, struct backup_restoring *restoring)
{
	int r;

	restoring->fault = BACKUP_SOUND;
	restoring->trouble = NULL;
	restoring->stage = N_("opening the backup");
	backup_discard(restoring);
	r = backup_entry_read(restoring->path, store_db_sealing(db),
		&store_db_settings(db)->facility, &restoring->entry);
	if (r == 0) {
		restoring->stage = N_("unsealing the backup");
		r = unseal(db, restoring);
	}
	return r == 0 ? check_and_compare(db, restoring) : r;
}

int
backup_unpack(struct store_db *db, struct backup_restoring *restoring)
{
	int r = unpack(db, restoring);

	if (r < 0) {
		name_trouble(restoring, r);
		backup_discard(restoring);
	}
	return r;
}

void
backup_discard(struct backup_restoring *restoring)
{
	scratch_free(restoring->scratch);
	restoring->scratch = NULL;
}

static void
restore_step(void *argument, int64_t done, int64_t of)
{
	struct backup_meter *meter = argument;

	atomic_store(&meter->of, (uint64_t)of);
	(void)backup_meter_step(meter, (uint64_t)done);
}

/* Into the live database, or into a copy of it. */
static int
apply(struct store_db *target, struct backup_restoring *restoring, bool despite_sessions)
{
	const struct restore_request request = {
		.actor = restoring->by,
		.backup = restoring->entry.id,
		.sha256 = restoring->sha256,
		.created_us = restoring->entry.created_us,
		.head = restoring->head,
		.despite_sessions = despite_sessions,
		.step = restore_step,
		.argument = &restoring->meter,
	};

	restoring->stage = N_("putting the backup in the place of the present state");
	backup_meter_begin(&restoring->meter, "restoring", 0);
	return restore_apply(
		target, scratch_db(restoring->scratch, target), &request, &restoring->plan);
}

int
backup_restore(struct store_db *db, struct backup_restoring *restoring)
{
	int r = apply(db, restoring, false);

	if (r < 0)
		name_trouble(restoring, r);
	return r;
}

/* As `log verify` would, inside a transaction that it renews by itself. */
static int
verify_log(struct store_db *rehearsed, struct backup_restoring *restoring)
{
	struct audit_report report;
	int r, end;

	r = database_run(rehearsed, "BEGIN");
	if (r < 0)
		return r;
	r = audit_verify(rehearsed, copy_step, &restoring->meter, &report);
	end = database_run(rehearsed, "ROLLBACK");
	if (r == 0 && report.found > 0)
		r = blame_file(restoring, BACKUP_LOG_NOT_WHOLE);
	return r < 0 ? r : end;
}

/* Nobody looks at the rehearsed database but this. */
static int
check_rehearsed(struct store_db *db, struct scratch *rehearsed, struct backup_restoring *restoring)
{
	int r;

	restoring->stage = N_("checking the restored database");
	backup_meter_begin(&restoring->meter, "verifying", 0);
	r = scratch_check(rehearsed);
	if (r == -EUCLEAN)
		r = blame_file(restoring, BACKUP_NOT_WHOLE);
	return r == 0 ? verify_log(scratch_db(rehearsed, db), restoring) : r;
}

static int
rehearse_into(struct store_db *db, struct backup_restoring *restoring, struct scratch *rehearsed)
{
	struct scratch_facts facts;
	int r;

	restoring->stage = N_("copying the present state for the rehearsal");
	backup_meter_begin(&restoring->meter, "copying", 0);
	r = scratch_copy(db, rehearsed, copy_step, &restoring->meter, &facts);
	if (r == 0)
		r = scratch_open(rehearsed);
	if (r == 0)
		r = apply(scratch_db(rehearsed, db), restoring, true);
	return r == 0 ? check_rehearsed(db, rehearsed, restoring) : r;
}

static int
write_rehearsal(struct store_db *db, const struct backup_restoring *restoring, int status)
{
	struct backup_rehearsal rehearsal = {
		.at_us = store_db_now(db),
		.succeeded = status == 0,
	};

	snprintf(rehearsal.id, sizeof(rehearsal.id), "%s", restoring->entry.id);
	snprintf(rehearsal.by, sizeof(rehearsal.by), "%s", restoring->by);
	snprintf(rehearsal.why, sizeof(rehearsal.why), "%s", status < 0 ? restoring->trouble : "");
	return backup_rehearsal_write(restoring->folder, store_db_sealing(db), &rehearsal);
}

int
backup_rehearse(struct store_db *db, struct backup_restoring *restoring)
{
	struct scratch *rehearsed = NULL;
	int r, written;

	r = unpack(db, restoring);
	if (r == 0)
		r = scratch_new(db, SCRATCH_REHEARSED, &rehearsed);
	if (r == 0)
		r = rehearse_into(db, restoring, rehearsed);
	scratch_free(rehearsed);
	backup_discard(restoring);
	if (r < 0)
		name_trouble(restoring, r);
	written = write_rehearsal(db, restoring, r);
	if (r == 0 && written < 0) {
		name_trouble(restoring, written);
		r = written;
	}
	return r;
}
