/* Client Info PDU (MS-RDPBCGR 2.2.1.11): who the client says it is. It carries passwords: never log
 * or record it; what is copied out of it belongs into memory that is wiped.
 *
 * `payload` is the user data of the Send Data Request on the I/O channel: a basic security header
 * with SEC_INFO_PKT, then TS_INFO_PACKET.
 */
#ifndef RDP_CLIENT_INFO_H
#define RDP_CLIENT_INFO_H

#include <stdbool.h>

#include "rdp/pdu.h"

enum {
	CLIENT_INFO_TEXT_MAX = 512, /* bytes of one of the five strings, without terminator */
	CLIENT_INFO_TEXT_UTF8_MAX = CLIENT_INFO_TEXT_MAX / 2 * 3 + 1, /* room for one as UTF-8 */
	CLIENT_INFO_EXTRA_MAX = 1536, /* bytes of the extra info that are kept */
	CLIENT_INFO_COOKIE_LEN = 28,  /* ARC_CS_PRIVATE_PACKET, 2.2.4.3 */
	CLIENT_INFO_MAX = 4 + 18 + 5 * (CLIENT_INFO_TEXT_MAX + 2) + CLIENT_INFO_EXTRA_MAX +
			  CLIENT_INFO_COOKIE_LEN,
	CLIENT_INFO_VERIFIER_LEN = 16,
};

/* flags of TS_INFO_PACKET, 2.2.1.11.1.1. */
enum {
	INFO_MOUSE = 0x00000001,
	INFO_DISABLE_CTRL_ALT_DEL = 0x00000002,
	INFO_AUTOLOGON = 0x00000008,
	INFO_UNICODE = 0x00000010,
	INFO_MAXIMIZE_SHELL = 0x00000020,
	INFO_LOGON_NOTIFY = 0x00000040,
	INFO_COMPRESSION = 0x00000080,
	INFO_RAIL = 0x00008000,
	INFO_PASSWORD_IS_PIN = 0x00040000,
	INFO_USING_SAVED_CREDENTIALS = 0x00100000,
	/* xrdp refuses a Client Info without all of these. */
	INFO_ALWAYS = INFO_MOUSE | INFO_DISABLE_CTRL_ALT_DEL | INFO_UNICODE | INFO_MAXIMIZE_SHELL,
};

struct client_info {
	uint32_t code_page; /* with INFO_UNICODE: the input locale */
	uint32_t flags;     /* INFO_... */
	/* As sent, without terminators: UTF-16LE with INFO_UNICODE, else 8-bit text of unknown
	 * code page. */
	struct pdu_bytes domain;
	struct pdu_bytes user;
	struct pdu_bytes password;
	struct pdu_bytes alternate_shell;
	struct pdu_bytes working_directory;
	/* TS_EXTENDED_INFO_PACKET as sent (2.2.1.11.1.1.1); len 0 if absent (RDP 4). */
	struct pdu_bytes extra;
	/* Auto-reconnect cookie in it (2.2.4.3); cookie_at counts from extra.at, to its
	 * cbAutoReconnectCookie; 0: extra ends before that. */
	bool has_cookie;
	size_t cookie_at;
	uint32_t cookie_logon_id;
	uint8_t cookie_verifier[CLIENT_INFO_VERIFIER_LEN];
};

enum parse_result client_info_parse(
	const uint8_t *payload, size_t len, struct client_info *ret_info, const char **ret_why);

/* One of info's strings as UTF-8. ret_text has room for CLIENT_INFO_TEXT_UTF8_MAX bytes, always
 * ends in NUL. Ends at a NUL inside; halves of surrogate pairs and 8-bit characters above 0x7f
 * become U+FFFD. */
void client_info_text(const struct client_info *info, const struct pdu_bytes *text, char *ret_text);

/* A back end's own cookie, for that one alone. */
struct client_info_cookie {
	uint32_t logon_id;
	uint8_t verifier[CLIENT_INFO_VERIFIER_LEN];
};

/* What a back end is told instead. Texts are UTF-8, NULL = empty. INFO_ALWAYS is set in any
 * case. */
struct client_info_changes {
	const char *domain;
	const char *user;
	const char *password;
	const char *alternate_shell;
	const char *working_directory;
	bool autologon; /* sets or clears INFO_AUTOLOGON */
	/* In the place of the client's, if its extra info has one; NULL: none. */
	const struct client_info_cookie *cookie;
	uint32_t clear_flags; /* more INFO_... to clear */
};

/* Writes the payload for a back end: at most CLIENT_INFO_MAX bytes. INFO_PASSWORD_IS_PIN and
 * INFO_USING_SAVED_CREDENTIALS are cleared, since the credentials are others now.
 * Returns 0, -EINVAL (a text is no UTF-8 or longer than CLIENT_INFO_TEXT_MAX) or -ENOSPC. */
int client_info_write(struct bytes_writer *writer, const struct client_info *info,
	const struct client_info_changes *changes);

#endif
