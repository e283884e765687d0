/* Devices of the client (MS-RDPEFS, with MS-RDPEPC and MS-RDPESC): which PDU it is, which devices are announced, and what the
 * host asks of them. */
#ifndef RDP_RDPDR_H
#define RDP_RDPDR_H

#include <stdbool.h>

#include "rdp/pdu.h"

enum {
	RDPDR_HEAD_LEN = 4,
	RDPDR_REQUEST_LEN = 24,    /* a device I/O request up to what depends on its function */
	RDPDR_COMPLETION_LEN = 16, /* an answer, as far */
	RDPDR_DENIED_LEN = RDPDR_COMPLETION_LEN + 5,
	RDPDR_PATH_SIZE = 1024,
};

/* Component and PacketId, 2.2.1.1. */
enum rdpdr_kind {
	RDPDR_SERVER_ANNOUNCE = 0x4472496e,
	RDPDR_CLIENTID_CONFIRM = 0x44724343,
	RDPDR_CLIENT_NAME = 0x4472434e,
	RDPDR_DEVICES_ANNOUNCE = 0x44724441,
	RDPDR_DEVICE_REPLY = 0x44726472,
	RDPDR_IO_REQUEST = 0x44724952,
	RDPDR_IO_COMPLETION = 0x44724943,
	RDPDR_SERVER_CAPABILITY = 0x44725350,
	RDPDR_CLIENT_CAPABILITY = 0x44724350,
	RDPDR_DEVICES_REMOVE = 0x4472444d,
	RDPDR_USER_LOGGED_ON = 0x4472554c,
	RDPDR_PRINTER_CACHE = 0x50525043, /* component RDPDR_CTYP_PRN */
	RDPDR_PRINTER_XPS = 0x50525543,
};

/* DeviceType, 2.2.1.3. */
enum rdpdr_device_type {
	RDPDR_SERIAL = 0x01,
	RDPDR_PARALLEL = 0x02,
	RDPDR_PRINTER = 0x04,
	RDPDR_DRIVE = 0x08,
	RDPDR_SMARTCARD = 0x20,
};

enum rdpdr_function {
	RDPDR_CREATE = 0x00,
	RDPDR_CLOSE = 0x02,
	RDPDR_READ = 0x03,
	RDPDR_WRITE = 0x04,
	RDPDR_QUERY_INFORMATION = 0x05,
	RDPDR_SET_INFORMATION = 0x06,
	RDPDR_QUERY_VOLUME = 0x0a,
	RDPDR_SET_VOLUME = 0x0b,
	RDPDR_DIRECTORY = 0x0c,
	RDPDR_CONTROL = 0x0e,
	RDPDR_LOCK = 0x11,
};

/* From the first RDPDR_HEAD_LEN bytes; 0 without them. */
uint32_t rdpdr_kind_of(const uint8_t *pdu, size_t have);

struct rdpdr_device {
	uint32_t type;
	uint32_t id;
	struct pdu_bytes entry; /* as it stands in the list */
	char name[9];           /* PreferredDosName, printable ASCII */
};

/* The devices of a whole DEVICES_ANNOUNCE, one after the other. next returns false behind the last; then reader.failed says
 * whether it was cut off. */
struct rdpdr_list {
	struct bytes_reader reader;
	uint32_t left;
};
void rdpdr_list_begin(struct rdpdr_list *list, const uint8_t *pdu, size_t len);
bool rdpdr_list_next(struct rdpdr_list *list, struct rdpdr_device *ret_device);

/* The ids of a whole DEVICES_REMOVE, in the same way. */
void rdpdr_removed_begin(struct rdpdr_list *list, const uint8_t *pdu, size_t len);
bool rdpdr_removed_next(struct rdpdr_list *list, uint32_t *ret_id);

struct rdpdr_request {
	uint32_t device;
	uint32_t file;
	uint32_t completion;
	uint32_t function; /* enum rdpdr_function, or something unknown */
	uint32_t value;    /* the next four bytes: Length of READ and WRITE; 0 without them */
};
enum parse_result rdpdr_request_parse(
	const uint8_t *pdu, size_t have, struct rdpdr_request *ret_request, const char **ret_why);

struct rdpdr_create {
	bool writes; /* asks for what changes something: to write, to delete, to make a file */
	char path[RDPDR_PATH_SIZE];
};
enum parse_result rdpdr_create_parse(
	const uint8_t *pdu, size_t len, struct rdpdr_create *ret_create, const char **ret_why);

struct rdpdr_completion {
	uint32_t device;
	uint32_t completion;
	uint32_t status;
	uint32_t
		value; /* the next four bytes: FileId of CREATE, Length of READ and WRITE; 0 without them */
};
enum parse_result rdpdr_completion_parse(const uint8_t *pdu, size_t have,
	struct rdpdr_completion *ret_completion, const char **ret_why);

/* STATUS_ACCESS_DENIED, in the client's stead. */
void rdpdr_denied_write(struct bytes_writer *writer, const struct rdpdr_request *request);

#endif
