/* UTF-16LE and UTF-8; see utf16.h. */
#include "rdp/utf16.h"

#include <errno.h>
#include <stdbool.h>

enum {
	REPLACEMENT = 0xfffd,
	HIGH_SURROGATE = 0xd800,
	LOW_SURROGATE = 0xdc00,
	AFTER_SURROGATES = 0xe000,
	BEYOND_BMP = 0x10000,
	BEYOND_UNICODE = 0x110000,
};

static bool
is_surrogate(uint32_t unit)
{
	return unit >= HIGH_SURROGATE && unit < AFTER_SURROGATES;
}

/* The next character; a surrogate without its other half is replaced, and the other unit left. */
static uint32_t
read_character(struct bytes_reader *reader)
{
	uint32_t unit = bytes_read_u16le(reader);
	uint32_t next;

	if (!is_surrogate(unit))
		return unit;
	if (unit >= LOW_SURROGATE || bytes_left(reader) < 2)
		return REPLACEMENT;
	next = bytes_get_u16le(reader->at);
	if (next < LOW_SURROGATE || next >= AFTER_SURROGATES)
		return REPLACEMENT;
	(void)bytes_read_u16le(reader);
	return BEYOND_BMP + ((unit - HIGH_SURROGATE) << 10) + (next - LOW_SURROGATE);
}

static void
write_utf8(struct bytes_writer *writer, uint32_t character)
{
	static const struct {
		uint32_t below;
		uint8_t lead;
		uint8_t following;
	} forms[] = {
		{0x80, 0, 0}, {0x800, 0xc0, 1}, {BEYOND_BMP, 0xe0, 2}, {BEYOND_UNICODE, 0xf0, 3}};
	uint8_t bytes[4];
	size_t form = 0;

	while (character >= forms[form].below)
		form++;
	bytes[0] = (uint8_t)(forms[form].lead | character >> (6 * forms[form].following));
	for (uint8_t i = 1; i <= forms[form].following; i++)
		bytes[i] =
			(uint8_t)(0x80 | (character >> (6 * (forms[form].following - i)) & 0x3f));
	bytes_write(writer, bytes, forms[form].following + 1u);
}

void
utf16_to_utf8(const uint8_t *bytes, size_t len, char *ret_text, size_t size)
{
	struct bytes_reader reader;
	struct bytes_writer writer;

	bytes_reader_init(&reader, bytes, len);
	bytes_writer_init(&writer, ret_text, size - 1);
	while (bytes_left(&reader) >= 2 && !writer.failed) {
		uint32_t character = read_character(&reader);

		if (character == 0)
			break;
		write_utf8(&writer, character);
	}
	ret_text[writer.len] = '\0';
}

/* One character of UTF-8; false if it is malformed. */
static bool
read_utf8(const uint8_t **at, uint32_t *ret_character)
{
	static const uint32_t least[] = {0, 0x80, 0x800, BEYOND_BMP};
	uint8_t lead = *(*at)++;
	unsigned following = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
	uint32_t character = following == 0 ? lead : lead & (0x3fu >> following);

	if (lead >= 0xf8 || (lead >= 0x80 && lead < 0xc0))
		return false;
	for (unsigned i = 0; i < following; i++) {
		if ((**at & 0xc0) != 0x80)
			return false;
		character = character << 6 | (*(*at)++ & 0x3f);
	}
	*ret_character = character;
	return character >= least[following] && character < BEYOND_UNICODE &&
	       !is_surrogate(character);
}

int
utf16_write(struct bytes_writer *writer, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	uint32_t character;

	while (*at != '\0') {
		if (!read_utf8(&at, &character))
			return -EINVAL;
		if (character >= BEYOND_BMP) {
			character -= BEYOND_BMP;
			bytes_write_u16le(writer, (uint16_t)(HIGH_SURROGATE + (character >> 10)));
			character = LOW_SURROGATE + (character & 0x3ff);
		}
		bytes_write_u16le(writer, (uint16_t)character);
	}
	return 0;
}
