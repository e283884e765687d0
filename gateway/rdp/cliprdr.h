/* The clipboard's channel (MS-RDPECLIP): what its filter must know of each PDU. */
#ifndef RDP_CLIPRDR_H
#define RDP_CLIPRDR_H

#include <stdbool.h>

#include "rdp/pdu.h"

enum {
	CLIPRDR_HEAD_LEN = 8,
	CLIPRDR_FILE_LEN = 592, /* one FILEDESCRIPTORW, 2.2.5.2.3.1 */
	CLIPRDR_FILE_NAME_SIZE = 260 * 3 + 1,
	CLIPRDR_FAIL_MAX = CLIPRDR_HEAD_LEN + 4,
};

enum cliprdr_type {
	CLIPRDR_MONITOR_READY = 1,
	CLIPRDR_FORMAT_LIST = 2,
	CLIPRDR_FORMAT_LIST_RESPONSE = 3,
	CLIPRDR_DATA_REQUEST = 4,
	CLIPRDR_DATA_RESPONSE = 5,
	CLIPRDR_TEMP_DIRECTORY = 6,
	CLIPRDR_CAPS = 7,
	CLIPRDR_CONTENTS_REQUEST = 8,
	CLIPRDR_CONTENTS_RESPONSE = 9,
	CLIPRDR_LOCK = 10,
	CLIPRDR_UNLOCK = 11,
};

/* generalFlags of the General Capability Set, 2.2.2.1.1.1. */
enum {
	CLIPRDR_LONG_NAMES = 0x02,
	CLIPRDR_FILE_FLAGS = 0x04 | 0x08 | 0x10 | 0x20, /* whatever has to do with files */
};

struct cliprdr_head {
	uint16_t type; /* enum cliprdr_type, or something unknown */
	bool ok;       /* CB_RESPONSE_OK */
	bool ascii;    /* CB_ASCII_NAMES */
	uint32_t len;  /* of what follows; the PDU may be longer (padding) */
};

/* From the first CLIPRDR_HEAD_LEN bytes of a PDU of `total`. */
enum parse_result cliprdr_head_parse(const uint8_t *pdu, size_t have, size_t total,
	struct cliprdr_head *ret_head, const char **ret_why);

/* The General set's flags in a whole CAPS. 0 and PARSE_OK where there is none. If clear is not 0, those flags are cleared in
 * place. */
enum parse_result cliprdr_caps_parse(uint8_t *pdu, const struct cliprdr_head *head, uint32_t clear,
	uint32_t *ret_flags, const char **ret_why);

/* One format of a list. */
struct cliprdr_format {
	uint32_t id;
	struct pdu_bytes entry; /* as it stands in the list */
	bool text;              /* by its id: plain text, of which the name means nothing */
	bool files;             /* FileGroupDescriptorW, however it is written */
};

/* The formats of a whole FORMAT_LIST, one after the other: begin, then next until it returns false. A list that does not
 * end with one of its formats is cut there: what is left is nothing. */
struct cliprdr_list {
	struct bytes_reader reader;
	bool long_names;
	bool ascii; /* short names are */
};
void cliprdr_list_begin(struct cliprdr_list *list, const uint8_t *pdu,
	const struct cliprdr_head *head, bool long_names);
bool cliprdr_list_next(struct cliprdr_list *list, struct cliprdr_format *ret_format);

/* A format goes into a list that is written; of text, without its name. */
void cliprdr_format_write(
	struct bytes_writer *writer, const struct cliprdr_format *format, bool long_names);

/* The one number in a whole DATA_REQUEST (its format), LOCK or UNLOCK. */
enum parse_result cliprdr_number_parse(const uint8_t *pdu, const struct cliprdr_head *head,
	uint32_t *ret_number, const char **ret_why);

struct cliprdr_contents_request {
	uint32_t stream;
	uint32_t file; /* its place in the list of files */
	bool range;    /* FILECONTENTS_RANGE: the bytes themselves */
	bool has_lock;
	uint32_t lock; /* clipDataId: the place is in a list that was locked */
};
enum parse_result cliprdr_contents_request_parse(const uint8_t *pdu,
	const struct cliprdr_head *head, struct cliprdr_contents_request *ret_request,
	const char **ret_why);

void cliprdr_head_write(
	struct bytes_writer *writer, enum cliprdr_type type, bool ok, bool ascii, uint32_t len);

/* Refusals in the stead of whoever was asked. */
void cliprdr_data_fail_write(struct bytes_writer *writer);
void cliprdr_contents_fail_write(struct bytes_writer *writer, uint32_t stream);

/* CLIPRDR_FILE_LEN bytes of a list of files: its name and size as it says. */
void cliprdr_file_parse(const uint8_t *descriptor, char *ret_name, uint64_t *ret_size);

#endif
