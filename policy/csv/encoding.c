/* Encodings of CSV; see encoding.h. The tables of CP932 are glibc's (iconv). */
#include "policy/csv/encoding.h"

#include "base/cleanup.h"
#include "base/sentence.h"
#include "base/utf_8.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define NO_ICONV ((iconv_t)-1)

int
csv_cp932_open(struct csv_cp932 *cp932)
{
	cp932->decoder = iconv_open("UTF-8", "CP932");
	cp932->encoder = iconv_open("CP932", "UTF-8");
	if (cp932->decoder != NO_ICONV && cp932->encoder != NO_ICONV)
		return 0;
	csv_cp932_close(cp932);
	return -ENOENT;
}

void
csv_cp932_close(struct csv_cp932 *cp932)
{
	if (cp932->decoder != NO_ICONV)
		(void)iconv_close(cp932->decoder);
	if (cp932->encoder != NO_ICONV)
		(void)iconv_close(cp932->encoder);
	cp932->decoder = cp932->encoder = NO_ICONV;
}

/* iconv's own way of counting. Returns the bytes written, or -EILSEQ with *ret_read those that were fine. */
static int
convert(iconv_t with, const char *bytes, size_t len, char *ret_bytes, size_t size,
	size_t *ret_written, size_t *ret_read)
{
	char *from = (char *)bytes, *to = ret_bytes;
	size_t from_left = len, to_left = size;
	size_t r;

	(void)iconv(with, NULL, NULL, NULL, NULL);
	r = iconv(with, &from, &from_left, &to, &to_left);
	*ret_read = len - from_left;
	*ret_written = size - to_left;
	return r == (size_t)-1 || from_left > 0 ? -EILSEQ : 0;
}

int
csv_cp932_decode(const struct csv_cp932 *cp932, const char *bytes, size_t len, char *ret_text)
{
	size_t written, read;
	int r;

	r = convert(cp932->decoder, bytes, len, ret_text, 3 * len, &written, &read);
	ret_text[r < 0 ? 0 : written] = '\0';
	return r;
}

/* Of the first character of `most` bytes; what lies behind them may be anything. */
static size_t
character_length(const char *text, size_t most)
{
	size_t len = 1;

	while (len < most && ((unsigned char)text[len] & 0xc0) == 0x80)
		len++;
	return len;
}

/* Character by character only where there is something to find: most texts come back as they went. */
static const char *
find_missing(const struct csv_cp932 *cp932, const char *text, size_t len)
{
	char there[8], back[8];
	size_t there_len, back_len, read;

	for (size_t at = 0, step; at < len; at += step) {
		step = character_length(text + at, len - at);
		if (convert(cp932->encoder, text + at, step, there, sizeof(there), &there_len,
			    &read) < 0 ||
			convert(cp932->decoder, there, there_len, back, sizeof(back), &back_len,
				&read) < 0 ||
			back_len != step || memcmp(back, text + at, step) != 0)
			return text + at;
	}
	return NULL;
}

static bool
is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

int
csv_cp932_encode(const struct csv_cp932 *cp932, const char *text, size_t len, char *ret_bytes,
	size_t *ret_len, const char **ret_missing)
{
	size_t read;

	if (is_ascii(text, len)) {
		memcpy(ret_bytes, text, len);
		*ret_len = len;
		return 0;
	}
	*ret_missing = find_missing(cp932, text, len);
	if (*ret_missing != NULL)
		return -EILSEQ;
	return convert(cp932->encoder, text, len, ret_bytes, len, ret_len, &read);
}

/* What a text that is UTF-8 holds beyond ASCII. */
struct beyond_ascii {
	size_t characters;
	size_t japanese; /* kana, kanji, full-width forms and punctuation */
};

static struct beyond_ascii
count_beyond_ascii(const char *text, size_t len)
{
	struct beyond_ascii found = {0};

	for (size_t at = 0, step; at < len; at += step) {
		const unsigned char *byte = (const unsigned char *)text + at;

		step = byte[0] < 0x80 ? 1 : character_length(text + at, len - at);
		if (step == 1)
			continue;
		found.characters++;
		/* U+3000 to U+9FFF, U+FF00 to U+FFEF */
		found.japanese += byte[0] >= 0xe3 && (byte[0] <= 0xe9 || byte[0] == 0xef);
	}
	return found;
}

/* Half-width katakana, U+FF61 to U+FF9F: what most kanji of UTF-8 are made of when read as CP932. */
static bool
has_half_width_katakana(const char *text)
{
	for (; (text = strchr(text, '\xef')) != NULL; text++)
		if ((text[1] == '\xbd' && (unsigned char)text[2] >= 0xa1) ||
			(text[1] == '\xbe' && (unsigned char)text[2] <= 0x9f))
			return true;
	return false;
}

/* Two kanji that are UTF-8 by accident would have to be four of the rarest in CP932, and in the right
 * order; a single one is believed only if CP932 makes no sense of it. */
static bool
is_surely_utf_8(const struct beyond_ascii *found, bool is_cp932, const char *as_cp932)
{
	if (found->japanese == 0 || found->japanese != found->characters)
		return false;
	return found->japanese > 1 || !is_cp932 || has_half_width_katakana(as_cp932);
}

static void
note(struct csv_place *place, size_t line, size_t column)
{
	if (place->line == 0)
		*place = (struct csv_place){line, column};
}

static void
look_at(struct csv_evidence *evidence, const char *text, size_t len, size_t line, size_t column,
	bool first)
{
	bool is_utf_8 = utf_8_is_valid(text, len);
	bool is_cp932 = csv_cp932_decode(evidence->cp932, text, len, evidence->room) == 0;
	struct beyond_ascii found;

	if (!is_cp932)
		note(&evidence->not_cp932, line, column);
	if (!is_utf_8) {
		note(&evidence->not_utf_8, line, column);
		return;
	}
	found = count_beyond_ascii(text, len);
	if (!is_surely_utf_8(&found, is_cp932, evidence->room))
		return;
	note(&evidence->surely_utf_8, line, column);
	evidence->header_is_utf_8 = evidence->header_is_utf_8 || first;
}

void
csv_evidence_add(struct csv_evidence *evidence, const struct csv_reader *reader, bool first)
{
	for (size_t i = 0; i < reader->count; i++) {
		size_t len;
		const char *text = csv_cell(reader, i, &len);

		if (!is_ascii(text, len))
			look_at(evidence, text, len, reader->record_line, i + 1, first);
	}
}

static int
refuse(struct csv_place place, const char *why, struct csv_place *ret_place, const char **ret_why)
{
	*ret_place = place;
	*ret_why = why;
	return -EILSEQ;
}

int
csv_evidence_judge(const struct csv_evidence *evidence, enum csv_encoding *ret_encoding,
	struct csv_place *ret_place, const char **ret_why)
{
	*ret_encoding = CSV_UTF_8;
	if (evidence->not_utf_8.line == 0)
		return 0;
	if (evidence->bom)
		return refuse(evidence->not_utf_8,
			N_("the file begins with the mark of UTF-8, but this cell is not UTF-8"),
			ret_place, ret_why);
	if (evidence->header_is_utf_8)
		return refuse(evidence->not_utf_8,
			N_("the file begins in UTF-8, but this cell is not UTF-8"), ret_place,
			ret_why);
	if (evidence->surely_utf_8.line != 0)
		return refuse(evidence->surely_utf_8,
			N_("the file is CP932 (Shift_JIS), but this cell is UTF-8"), ret_place,
			ret_why);
	if (evidence->not_cp932.line != 0)
		return refuse(evidence->not_cp932,
			N_("this cell is neither UTF-8 nor CP932 (Shift_JIS)"), ret_place, ret_why);
	*ret_encoding = CSV_CP932;
	return 0;
}

const char *
csv_not_csv(const char *bytes, size_t len)
{
	static const struct {
		const char *start;
		size_t len;
		const char *why;
	} others[] = {
		{"PK\x03\x04", 4, N_("an Excel or LibreOffice workbook: save it as CSV UTF-8")},
		{"\xd0\xcf\x11\xe0", 4, N_("an old Excel workbook: save it as CSV")},
		{"\xff\xfe", 2, N_("UTF-16: save it as CSV UTF-8")},
		{"\xfe\xff", 2, N_("UTF-16: save it as CSV UTF-8")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (len >= others[i].len && memcmp(bytes, others[i].start, others[i].len) == 0)
			return others[i].why;
	return NULL;
}
