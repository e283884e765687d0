/* Length determinants of aligned PER (X.691 10.9) and definite lengths and integers of BER
 * (X.690 8.1.3, 8.3), as far as MCS and GCC need them. A value that cannot be read sets
 * reader->failed. */
#ifndef RDP_PER_H
#define RDP_PER_H

#include "base/bytes.h"

enum {
	PER_LENGTH_MAX = 16383, /* 14 bits; longer things would be fragmented, which RDP never is */
};

/* One octet below 128, else two with the high bit set (also accepted for small lengths). */
size_t per_read_length(struct bytes_reader *reader);
/* Always two octets, so that the length may be put in later with per_put_length. */
void per_write_length(struct bytes_writer *writer, size_t len);
void per_put_length(uint8_t *at, size_t len);

/* The contents of one BER element; sets outer->failed, and gives a failed reader, if the next
 * tag is another one, the length is indefinite or of more than two octets, or too few bytes are
 * left. tag is of one octet, or of two (0x7f65). */
struct bytes_reader ber_read(struct bytes_reader *outer, uint16_t tag);

/* INTEGER or ENUMERATED of up to four octets (a fifth leading zero allowed). Read as unsigned,
 * since some clients write 65535 as 02 02 ff ff. */
uint32_t ber_read_number(struct bytes_reader *reader, uint8_t tag);
/* The shortest form that is not negative. */
void ber_write_number(struct bytes_writer *writer, uint8_t tag, uint32_t value);

/* Writes the tag and keeps room for the length, which ber_end puts in: one octet below 128, else
 * three (82 hh ll). begin returns what end wants. Contents of more than 65,535 bytes set
 * writer->failed. */
size_t ber_begin(struct bytes_writer *writer, uint16_t tag);
void ber_end(struct bytes_writer *writer, size_t begin);

enum {
	BER_BOOLEAN = 0x01,
	BER_INTEGER = 0x02,
	BER_OCTET_STRING = 0x04,
	BER_ENUMERATED = 0x0a,
	BER_SEQUENCE = 0x30,
};

#endif
