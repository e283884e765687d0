/* Client Info PDU; see client_info.h. The bytes come from clients inside TLS, before they are
 * known. */
#include "rdp/client_info.h"

#include <errno.h>
#include <string.h>

#include "rdp/share.h"
#include "rdp/utf16.h"

/* TS_EXTENDED_INFO_PACKET, 2.2.1.11.1.1.1, and ARC_CS_PRIVATE_PACKET, 2.2.4.3. */
enum {
	TIME_ZONE_LEN = 172,
	SESSION_ID_AND_PERFORMANCE_LEN = 8,
	COOKIE_VERSION = 1,
};

static enum parse_result
bad(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

static bool
read_text(struct bytes_reader *reader, size_t len, size_t terminator, struct pdu_bytes *ret_text)
{
	*ret_text = (struct pdu_bytes){bytes_read(reader, len), len};
	(void)bytes_read(reader, terminator);
	return !reader->failed && len <= CLIENT_INFO_TEXT_MAX && len % terminator == 0;
}

/* The five lengths, which leave the terminators out, and then the five texts. */
static enum parse_result
read_texts(struct bytes_reader *reader, struct client_info *info, const char **ret_why)
{
	struct pdu_bytes *texts[] = {&info->domain, &info->user, &info->password,
		&info->alternate_shell, &info->working_directory};
	size_t terminator = (info->flags & INFO_UNICODE) != 0 ? 2 : 1;
	uint16_t lengths[5];

	for (size_t i = 0; i < 5; i++)
		lengths[i] = bytes_read_u16le(reader);
	for (size_t i = 0; i < 5; i++) {
		if (!read_text(reader, lengths[i], terminator, texts[i]))
			return bad(ret_why, "a text of the Client Info is too long or cut");
	}
	return PARSE_OK;
}

static void
skip_counted(struct bytes_reader *reader)
{
	(void)bytes_read(reader, bytes_read_u16le(reader));
}

static enum parse_result
read_cookie(struct bytes_reader *reader, struct client_info *info, const char **ret_why)
{
	size_t at = (size_t)(reader->at - info->extra.at);
	uint16_t len = bytes_read_u16le(reader);
	struct bytes_reader cookie = bytes_read_part(reader, len);

	if (len == 0 && !cookie.failed) {
		info->cookie_at = at;
		return PARSE_OK;
	}
	if (bytes_read_u32le(&cookie) != CLIENT_INFO_COOKIE_LEN ||
		bytes_read_u32le(&cookie) != COOKIE_VERSION || len != CLIENT_INFO_COOKIE_LEN)
		return bad(ret_why, "auto-reconnect cookie of a wrong form");
	info->has_cookie = true;
	info->cookie_at = at;
	info->cookie_logon_id = bytes_read_u32le(&cookie);
	memcpy(info->cookie_verifier, cookie.at, CLIENT_INFO_VERIFIER_LEN);
	return PARSE_OK;
}

/* Address and directory are always there, what follows may be missing from a point on. What stands
 * before the cookie must be right, or a cookie meant for one host could slip through to another. */
static enum parse_result
read_extra(struct bytes_reader *reader, struct client_info *info, const char **ret_why)
{
	info->extra = (struct pdu_bytes){reader->at, bytes_left(reader)};
	if (info->extra.len == 0)
		return PARSE_OK;
	if (info->extra.len > CLIENT_INFO_EXTRA_MAX)
		return bad(ret_why, "extra info of the Client Info is too long");
	(void)bytes_read_u16le(reader); /* clientAddressFamily */
	skip_counted(reader);
	skip_counted(reader);
	if (bytes_left(reader) > 0)
		(void)bytes_read(reader, TIME_ZONE_LEN);
	if (bytes_left(reader) > 0)
		(void)bytes_read(reader, SESSION_ID_AND_PERFORMANCE_LEN);
	if (reader->failed)
		return bad(ret_why, "extra info of the Client Info is cut");
	return bytes_left(reader) > 0 ? read_cookie(reader, info, ret_why) : PARSE_OK;
}

enum parse_result
client_info_parse(
	const uint8_t *payload, size_t len, struct client_info *ret_info, const char **ret_why)
{
	struct bytes_reader reader;
	uint16_t flags;

	*ret_info = (struct client_info){.flags = 0};
	bytes_reader_init(&reader, payload, len);
	flags = bytes_read_u16le(&reader);
	(void)bytes_read_u16le(&reader); /* flagsHi: not used without SEC_FLAGSHI_VALID */
	if ((flags & SEC_INFO_PKT) == 0 || (flags & SEC_ENCRYPT) != 0)
		return bad(ret_why, "not a Client Info PDU");
	ret_info->code_page = bytes_read_u32le(&reader);
	ret_info->flags = bytes_read_u32le(&reader);
	if (read_texts(&reader, ret_info, ret_why) != PARSE_OK)
		return PARSE_BAD;
	return read_extra(&reader, ret_info, ret_why);
}

/* The code page is not known for certain; ASCII is the same in all. */
static void
plain_to_utf8(const struct pdu_bytes *text, char *ret_text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t len = 0;

	for (size_t i = 0; i < text->len && text->at[i] != 0; i++) {
		if (text->at[i] < 0x80) {
			ret_text[len++] = (char)text->at[i];
		} else if (len + 3 < CLIENT_INFO_TEXT_UTF8_MAX) {
			memcpy(ret_text + len, replacement, 3);
			len += 3;
		}
		if (len + 1 >= CLIENT_INFO_TEXT_UTF8_MAX)
			break;
	}
	ret_text[len] = '\0';
}

void
client_info_text(const struct client_info *info, const struct pdu_bytes *text, char *ret_text)
{
	if ((info->flags & INFO_UNICODE) != 0)
		utf16_to_utf8(text->at, text->len, ret_text, CLIENT_INFO_TEXT_UTF8_MAX);
	else
		plain_to_utf8(text, ret_text);
}

static uint32_t
changed_flags(uint32_t flags, const struct client_info_changes *changes)
{
	flags &= ~(changes->clear_flags | INFO_AUTOLOGON | INFO_PASSWORD_IS_PIN |
		   INFO_USING_SAVED_CREDENTIALS);
	return flags | INFO_ALWAYS | (changes->autologon ? INFO_AUTOLOGON : 0u);
}

/* Writes the texts behind the place of their lengths, and puts those in. */
static int
write_texts(struct bytes_writer *writer, const struct client_info_changes *changes)
{
	const char *texts[] = {changes->domain, changes->user, changes->password,
		changes->alternate_shell, changes->working_directory};
	size_t lengths_at = writer->len;

	bytes_write_zeros(writer, 5 * 2);
	for (size_t i = 0; i < 5; i++) {
		size_t begin = writer->len;

		if (texts[i] != NULL && utf16_write(writer, texts[i]) < 0)
			return -EINVAL;
		if (writer->failed)
			return -ENOSPC;
		if (writer->len - begin > CLIENT_INFO_TEXT_MAX)
			return -EINVAL;
		bytes_put_u16le(
			writer->start + lengths_at + 2 * i, (uint16_t)(writer->len - begin));
		bytes_write_u16le(writer, 0);
	}
	return 0;
}

static void
write_extra(struct bytes_writer *writer, const struct client_info *info,
	const struct client_info_cookie *cookie)
{
	const uint8_t *end = info->extra.at + info->extra.len;
	const uint8_t *rest = info->extra.at + info->cookie_at + 2;

	if (info->cookie_at == 0) {
		bytes_write(writer, info->extra.at, info->extra.len);
		return;
	}
	if (info->has_cookie)
		rest += CLIENT_INFO_COOKIE_LEN;
	bytes_write(writer, info->extra.at, info->cookie_at);
	bytes_write_u16le(writer, cookie != NULL ? CLIENT_INFO_COOKIE_LEN : 0);
	if (cookie != NULL) {
		bytes_write_u32le(writer, CLIENT_INFO_COOKIE_LEN);
		bytes_write_u32le(writer, COOKIE_VERSION);
		bytes_write_u32le(writer, cookie->logon_id);
		bytes_write(writer, cookie->verifier, sizeof(cookie->verifier));
	}
	bytes_write(writer, rest, (size_t)(end - rest));
}

int
client_info_write(struct bytes_writer *writer, const struct client_info *info,
	const struct client_info_changes *changes)
{
	bool was_unicode = (info->flags & INFO_UNICODE) != 0;
	int r;

	bytes_write_u16le(writer, SEC_INFO_PKT);
	bytes_write_u16le(writer, 0);
	bytes_write_u32le(writer, was_unicode ? info->code_page : 0);
	bytes_write_u32le(writer, changed_flags(info->flags, changes));
	r = write_texts(writer, changes);
	if (r < 0)
		return r;
	write_extra(writer, info, changes->cookie);
	return writer->failed ? -ENOSPC : 0;
}
