/* The file of a recording. Pure: bytes in, struct out; whoever has the file may have written it.
 *
 *	recording = header ‖ chunk … ‖ closing
 *
 * Numbers are little endian. A text is a u16 length and UTF-8 without NUL.
 *
 *	header   "Sekisho record\r\n"                                     16
 *	         u16 version (1) ‖ u16 flags (1: input is recorded) ‖ u32 bytes of the whole header
 *	         session (16) ‖ u32 part ‖ u64 its start, microseconds since 1970
 *	         account, terminal                                        texts
 *	         public key that signs the closing (Ed25519)              32
 *	         check of the recording's key                             16
 *	         header of the secretstream                               24
 *	         u8 n ‖ n times: id of an auditor's key (8) ‖ the recording's key, sealed to it (80)
 *
 *	chunk    u32 bytes of ciphertext (18 … 262161) ‖ u32 ms of its first record ‖ u32 ms of its last ‖ ciphertext
 *
 *	closing  u32 0
 *	         u32 n ‖ n times: u64 offset of a chunk ‖ u32 ms of its first record (a time index, at most 4,096)
 *	         summary: session (16) ‖ u32 part ‖ u64 start ‖ u64 end, microseconds ‖ u32 length in ms ‖ u64 chunks ‖ u64 records ‖
 *	                  u64 bytes of FROM_HOST ‖ u64 bytes of FROM_CLIENT ‖ u32 segments ‖ u32 gaps ‖ u64 bytes missing ‖
 *	                  last value of the chain (32) ‖ SHA-256 of the n index entries (32)
 *	         signature: Ed25519 over "sekisho recording 1" NUL ‖ summary
 *	         u32 bytes of the whole closing ‖ "Sekisho closed\r\n"
 *
 * A chunk's plaintext is whole records (records.h), at most 262,144 bytes, in order of time. It is a message of libsodium's
 * crypto_secretstream_xchacha20poly1305 with the recording's own random key; tag MESSAGE, of the chunk that ends with END tag
 * FINAL. Associated data: the chunk's 12 bytes of head ‖ the chain's value before it. The chain needs no key:
 *
 *	c[0] = SHA-256("sekisho recording 1" NUL ‖ header);   c[i] = SHA-256(c[i-1] ‖ head ‖ ciphertext)
 *
 * So without a key it can be told that nothing was changed, moved, left out or put in (the signature says that c is the one of
 * the gateway), and with the key the same of every chunk before it is used, also while the file grows. The key is sealed with
 * crypto_box_seal to each auditor's X25519 key; its check is BLAKE2b of "sekisho recording key" with it as the key. An id of a
 * key is the first eight bytes of its SHA-256.
 *
 * A file without closing is one that still grows, or that was left behind when gateway or recorder died: what is there
 * is readable. Nothing may come behind a closing.
 */
#ifndef RECORDING_FORMAT_H
#define RECORDING_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDING_VERSION 1
#define RECORDING_SESSION_BYTES 16
#define RECORDING_KEY_BYTES 32
#define RECORDING_PUBLIC_BYTES 32
#define RECORDING_KEY_ID_BYTES 8
#define RECORDING_SEALED_KEY_BYTES (RECORDING_KEY_BYTES + 48)
#define RECORDING_KEY_CHECK_BYTES 16
#define RECORDING_STREAM_BYTES 24
#define RECORDING_HASH_BYTES 32
#define RECORDING_SIGNATURE_BYTES 64
#define RECORDING_AUDITORS_MOST 16
#define RECORDING_ACCOUNT_SIZE 400
#define RECORDING_TERMINAL_SIZE 300

#define RECORDING_CHUNK_HEAD 12
#define RECORDING_CHUNK_MOST 262144 /* plaintext */
#define RECORDING_CHUNK_EXTRA 17    /* tag and MAC of the secretstream */
#define RECORDING_SEALED_MOST (RECORDING_CHUNK_MOST + RECORDING_CHUNK_EXTRA)
#define RECORDING_INDEX_MOST 4096
#define RECORDING_INDEX_ENTRY 12
#define RECORDING_SUMMARY_BYTES 152
#define RECORDING_MAGIC_BYTES 16
#define RECORDING_SIGNED_MOST (RECORDING_SUMMARY_BYTES + 32)
#define RECORDING_HEADER_MOST                                                    \
	(16 + 8 + RECORDING_SESSION_BYTES + 4 + 8 + 4 + RECORDING_ACCOUNT_SIZE + \
		RECORDING_TERMINAL_SIZE + 32 + 16 + 24 + 1 +                     \
		RECORDING_AUDITORS_MOST * (RECORDING_KEY_ID_BYTES + RECORDING_SEALED_KEY_BYTES))
#define RECORDING_CLOSING_LEAST \
	(8 + RECORDING_SUMMARY_BYTES + RECORDING_SIGNATURE_BYTES + 4 + RECORDING_MAGIC_BYTES)
#define RECORDING_CLOSING_MOST \
	(RECORDING_CLOSING_LEAST + RECORDING_INDEX_MOST * RECORDING_INDEX_ENTRY)

struct recording_sealed_key {
	uint8_t key_id[RECORDING_KEY_ID_BYTES];
	uint8_t sealed[RECORDING_SEALED_KEY_BYTES];
};

struct recording_about {
	uint16_t version;
	bool with_input;
	uint8_t session[RECORDING_SESSION_BYTES];
	uint32_t part; /* from 1 */
	int64_t started_us;
	char account[RECORDING_ACCOUNT_SIZE];
	char terminal[RECORDING_TERMINAL_SIZE];
	uint8_t signer[RECORDING_PUBLIC_BYTES]; /* Ed25519 */
	uint8_t key_check[RECORDING_KEY_CHECK_BYTES];
	uint8_t stream[RECORDING_STREAM_BYTES];
	uint8_t sealed_count;
	struct recording_sealed_key sealed[RECORDING_AUDITORS_MOST];
	uint32_t header_bytes;
};

struct recording_chunk_head {
	uint32_t len; /* of the ciphertext; 0: the closing begins here */
	uint32_t first_ms;
	uint32_t last_ms;
};

struct recording_summary {
	uint8_t session[RECORDING_SESSION_BYTES];
	uint32_t part;
	int64_t started_us;
	int64_t ended_us;
	uint32_t length_ms;
	uint64_t chunks;
	uint64_t records;
	uint64_t from_host;
	uint64_t from_client;
	uint32_t segments;
	uint32_t gaps;
	uint64_t missing;
	uint8_t chain[RECORDING_HASH_BYTES];
	uint8_t index[RECORDING_HASH_BYTES];
};

/* Bounds of the closing's parts, from its first byte on. */
struct recording_closing {
	uint32_t entries;
	size_t index_at;
	struct recording_summary summary;
	uint8_t signature[RECORDING_SIGNATURE_BYTES];
	size_t len;
};

/* Returns 0; -EAGAIN if the header is longer than what is there (never for RECORDING_HEADER_MOST bytes); -EBADMSG: it is none;
 * -EPROTONOSUPPORT: of a newer version. *ret_why is a literal on every failure. */
int recording_header_get(
	const uint8_t *bytes, size_t len, struct recording_about *ret_about, const char **ret_why);

/* Writes it and sets header_bytes. room has RECORDING_HEADER_MOST bytes. Texts that are too long or no UTF-8: -EINVAL. */
int recording_header_put(struct recording_about *about, uint8_t *room);

/* RECORDING_CHUNK_HEAD bytes. 0, or -EBADMSG. Of len 0 nothing else is looked at: bytes need be four. */
int recording_chunk_head_get(
	const uint8_t *bytes, struct recording_chunk_head *ret_head, const char **ret_why);
void recording_chunk_head_put(const struct recording_chunk_head *head, uint8_t *room);

void recording_summary_put(
	const struct recording_summary *summary, uint8_t room[RECORDING_SUMMARY_BYTES]);
void recording_summary_get(
	const uint8_t bytes[RECORDING_SUMMARY_BYTES], struct recording_summary *ret_summary);

/* What the signature is over. Returns its length. */
size_t recording_summary_signed(
	const struct recording_summary *summary, uint8_t room[RECORDING_SIGNED_MOST]);

/* Behind the index, which the caller has written: summary and signature, length and magic. Returns the bytes written. `entries`
 * stand before it. */
size_t recording_closing_put(const struct recording_summary *summary, const uint8_t *signature,
	uint32_t entries, uint8_t *room);

/* As recording_header_get. Behind the closing nothing may follow: len must be its length. */
int recording_closing_get(const uint8_t *bytes, size_t len, struct recording_closing *ret_closing,
	const char **ret_why);

#endif
