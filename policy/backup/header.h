/* The header of a backup file. Pure: bytes in, struct out; whoever has the file may have written it.
 *
 *	"Sekisho backup\r\n"                                  16
 *	format (1), bytes of the whole header                 2 + 2
 *	id, created, schema version, bytes of a chunk         16 + 8 + 4 + 4
 *	bytes of the database, newest event: id and hash      8 + 8 + 32
 *	public key of the facility's signatures               32
 *	facility's prefix, its domain: length, then text      1 + n, 1 + n
 *	label: length, then JSON sealed with the facility key 2 + n
 *	signature of all this                                 64
 *
 * Numbers are big endian. Behind it stand the chunks (see file.h). Nothing here is secret; who made the backup, and
 * the note, are in the label.
 */
#ifndef POLICY_BACKUP_HEADER_H
#define POLICY_BACKUP_HEADER_H

#include "policy/accounts.h"
#include "policy/chain.h"
#include "policy/sealing.h"

#include <stddef.h>
#include <stdint.h>

#define BACKUP_FORMAT 1
#define BACKUP_HEADER_MOST 4096
#define BACKUP_LABEL_MOST 2048 /* sealed */
#define BACKUP_CHUNK_BYTES 65536
#define BACKUP_CHUNK_MOST (1u << 20)
#define BACKUP_CHUNK_EXTRA 16                /* the tag */
#define BACKUP_PLAIN_MOST (INT64_C(1) << 40) /* 1 TiB: far more than a gateway will ever log */
#define BACKUP_ID_TEXT_SIZE 9                /* as people see it: the first eight digits */

enum backup_fault {
	BACKUP_SOUND,
#define BACKUP_FAULT(name, text) BACKUP_##name,
#include "policy/backup/faults.def"
#undef BACKUP_FAULT
	BACKUP_FAULT_COUNT
};

/* A literal; "" for BACKUP_SOUND. */
const char *backup_fault_text(enum backup_fault fault);

struct backup_header {
	uint8_t id[FILE_ID_BYTES];
	int64_t created_us;
	uint32_t schema;
	uint32_t chunk_bytes;
	uint64_t plain_bytes;
	int64_t log_event; /* 0: the log was empty */
	uint8_t log_hash[CHAIN_HASH_BYTES];
	uint8_t key[SIGNING_PUBLIC_BYTES];
	struct facility facility;
	uint8_t label[BACKUP_LABEL_MOST];
	size_t label_len;
	uint8_t signature[SIGNATURE_BYTES];

	size_t len; /* of the whole, the signature included */
};

/* Reads a header that stands at the start of the bytes. Returns 0; -EAGAIN if it is longer than what is there (never
 * for BACKUP_HEADER_MOST bytes); -EBADMSG with *ret_fault, which says nothing yet about keys and signatures. */
int backup_header_parse(const void *bytes, size_t len, struct backup_header *ret_header,
	enum backup_fault *ret_fault);

/* Writes it, but for the signature: header->len is set, and the SIGNATURE_BYTES at its end are left to the caller.
 * ret_bytes has room for BACKUP_HEADER_MOST. */
void backup_header_build(struct backup_header *header, uint8_t *ret_bytes);

/* Bytes of the whole file. */
uint64_t backup_file_bytes(const struct backup_header *header);
uint64_t backup_chunks(const struct backup_header *header);

void backup_id_text(const uint8_t *id, char ret_text[BACKUP_ID_TEXT_SIZE]);

#endif
