/* Bounded reading and writing of byte strings.
 *
 * A reader or writer that would pass its end sets `failed`, reads zeros and writes nothing from
 * then on: a parser reads all its fields and asks once, at the end. No allocation, no I/O.
 * Names: u16le = 16 bits, little endian (RDP proper); u16be = big endian (TPKT, X.224, MCS).
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

void bytes_reader_init(struct bytes_reader *reader, const void *bytes, size_t len);
size_t bytes_left(const struct bytes_reader *reader);

uint8_t bytes_read_u8(struct bytes_reader *reader);
uint16_t bytes_read_u16le(struct bytes_reader *reader);
uint16_t bytes_read_u16be(struct bytes_reader *reader);
uint32_t bytes_read_u32le(struct bytes_reader *reader);
uint32_t bytes_read_u32be(struct bytes_reader *reader);
uint64_t bytes_read_u64le(struct bytes_reader *reader);

/* Returns a borrowed pointer to the next len bytes and steps over them; NULL (and failed) if there
 * are fewer. len 0 gives a pointer that must not be dereferenced. */
const uint8_t *bytes_read(struct bytes_reader *reader, size_t len);

/* A reader over the next len bytes alone; the outer one steps over them. If there are fewer, both
 * have failed. */
struct bytes_reader bytes_read_part(struct bytes_reader *reader, size_t len);

struct bytes_writer {
	uint8_t *start;
	size_t len;  /* written so far */
	size_t size; /* room at start */
	bool failed;
};

void bytes_writer_init(struct bytes_writer *writer, void *room, size_t size);

void bytes_write_u8(struct bytes_writer *writer, uint8_t value);
void bytes_write_u16le(struct bytes_writer *writer, uint16_t value);
void bytes_write_u16be(struct bytes_writer *writer, uint16_t value);
void bytes_write_u32le(struct bytes_writer *writer, uint32_t value);
void bytes_write_u32be(struct bytes_writer *writer, uint32_t value);
void bytes_write_u64le(struct bytes_writer *writer, uint64_t value);
void bytes_write(struct bytes_writer *writer, const void *bytes, size_t len);
void bytes_write_zeros(struct bytes_writer *writer, size_t len);

/* Unchecked access to a place whose room the caller has checked. */
uint16_t bytes_get_u16le(const uint8_t *at);
uint16_t bytes_get_u16be(const uint8_t *at);
uint32_t bytes_get_u32le(const uint8_t *at);
void bytes_put_u16le(uint8_t *at, uint16_t value);
void bytes_put_u16be(uint8_t *at, uint16_t value);
void bytes_put_u32le(uint8_t *at, uint32_t value);

/* Lower-case hexadecimal; ret_text has room for 2 * len + 1 characters. */
void bytes_to_hex(const void *bytes, size_t len, char *ret_text);

/* Reads exactly 2 * len hexadecimal digits, either case. Returns 0 or -EINVAL. */
int bytes_from_hex(const char *text, void *ret_bytes, size_t len);

/* Compares in a time that depends on len alone. */
bool bytes_equal_constant_time(const void *one, const void *other, size_t len);

#endif
