/* DER (X.690) as far as CredSSP and SPNEGO need it: definite lengths, elements with one byte of tag. Reading takes lengths in
 * whatever many octets, up to four. As bytes.h: a reader that has failed stays so, and is asked once, at the end.
 */
#ifndef RDP_DER_H
#define RDP_DER_H

#include "rdp/pdu.h"

enum {
	DER_INTEGER = 0x02,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_SEQUENCE = 0x30,
	DER_APPLICATION = 0x60, /* constructed */
	DER_FIELD = 0xa0,       /* + number: constructed, context-specific */
};

size_t der_read_length(struct bytes_reader *reader);

/* What is inside the next element, whose tag must be this one. */
struct bytes_reader der_read(struct bytes_reader *reader, uint8_t tag);

/* The same as bytes: what is left of a reader. */
struct pdu_bytes der_rest(const struct bytes_reader *reader);

/* Lengths are known before their contents are written, so that nothing has to be moved. */
size_t der_size(size_t len); /* of an element with these many bytes inside */
void der_write_head(struct bytes_writer *writer, uint8_t tag, size_t len);

#endif
