/* FreeRADIUS's detail file, as bytes in memory; see accounting.h. Pure.
 *
 * Values stand bare, or in double quotes with \" and \\ escaped. Who writes them is the NAS, by way of FreeRADIUS,
 * which escapes control bytes: a name in quotes cannot begin a line of its own. */
#include "supervisor/accounting.h"

#include <string.h>

void
radius_detail_init(struct radius_detail *reader, const char *text, size_t len)
{
	*reader = (struct radius_detail){.rest = {text, len}};
}

/* Unescapes into a text; what is too long is cut. */
static struct accounting_text
unquote(struct slice value)
{
	struct accounting_text text = {.len = 0};
	bool quoted = value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"';

	if (quoted) {
		value.at++;
		value.len -= 2;
	}
	for (size_t i = 0; i < value.len && text.len < ACCOUNTING_TEXT_MAX; i++) {
		if (quoted && value.at[i] == '\\' && i + 1 < value.len)
			i++;
		text.bytes[text.len++] = (uint8_t)value.at[i];
	}
	return text;
}

static struct slice
text_slice(const struct accounting_text *text)
{
	return (struct slice){(const char *)text->bytes, text->len};
}

static void
take_status(struct accounting_record *record, const struct accounting_text *value)
{
	static const struct {
		const char *name;
		enum accounting_status status;
	} names[] = {{"Start", ACCOUNTING_START}, {"Stop", ACCOUNTING_STOP},
		{"Interim-Update", ACCOUNTING_INTERIM}, {"Alive", ACCOUNTING_INTERIM},
		{"Accounting-On", ACCOUNTING_ON}, {"Accounting-Off", ACCOUNTING_OFF}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (slice_equals(text_slice(value), names[i].name))
			record->status = names[i].status;
	}
}

static void
take_session(struct accounting_record *record, const struct accounting_text *value)
{
	record->session = *value;
}

static void
take_nas(struct accounting_record *record, const struct accounting_text *value)
{
	for (size_t i = 0; i < value->len && record->nas.len < ACCOUNTING_TEXT_MAX; i++)
		record->nas.bytes[record->nas.len++] = value->bytes[i];
}

static void
take_ipv4(struct accounting_record *record, const struct accounting_text *value)
{
	record->has_ipv4 = slice_address(text_slice(value), record->ipv4) == 0 &&
			   address_is_ipv4(record->ipv4);
}

static void
take_ipv6(struct accounting_record *record, const struct accounting_text *value)
{
	record->has_ipv6 = slice_address(text_slice(value), record->ipv6) == 0 &&
			   !address_is_ipv4(record->ipv6);
}

static void
take_mac(struct accounting_record *record, const struct accounting_text *value)
{
	record->has_mac = slice_mac(text_slice(value), record->mac) == 0;
}

static void
take_timeout(struct accounting_record *record, const struct accounting_text *value)
{
	uint64_t number;

	if (slice_number(text_slice(value), UINT32_MAX, &number) == 0)
		record->timeout_s = (uint32_t)number;
}

static void
take_time(struct accounting_record *record, const struct accounting_text *value)
{
	uint64_t number;

	if (slice_number(text_slice(value), UINT32_MAX, &number) == 0)
		record->event_s = (int64_t)number;
}

static const struct {
	const char *name;
	void (*take)(struct accounting_record *record, const struct accounting_text *value);
} attributes[] = {
	{"Acct-Status-Type", take_status},
	{"Acct-Session-Id", take_session},
	{"NAS-IP-Address", take_nas},
	{"NAS-IPv6-Address", take_nas},
	{"NAS-Identifier", take_nas},
	{"Framed-IP-Address", take_ipv4},
	{"Framed-IPv6-Address", take_ipv6},
	{"Calling-Station-Id", take_mac},
	{"Session-Timeout", take_timeout},
	{"Timestamp", take_time},
};

static void
read_line(struct accounting_record *record, struct slice line)
{
	struct accounting_text value;
	struct slice name, equals;

	if (!slice_take_word(&line, &name) || !slice_take_word(&line, &equals) ||
		(!slice_equals(equals, "=") && !slice_equals(equals, ":=")))
		return;
	value = unquote(slice_trim(line));
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (slice_equals(name, attributes[i].name))
			attributes[i].take(record, &value);
	}
}

bool
radius_detail_next(struct radius_detail *reader, struct accounting_record *ret_record)
{
	struct accounting_record record = {0};
	struct slice rest = reader->rest, line;
	bool begun = false;

	while (slice_take_line(&rest, &line)) {
		if (line.len > 0) {
			begun = true;
			/* The date stands at the margin, attributes behind a tab. */
			if (line.at[0] == '\t')
				read_line(&record, line);
			continue;
		}
		reader->rest = rest;
		if (begun && record.status != 0 && record.event_s != 0) {
			*ret_record = record;
			return true;
		}
		reader->skipped += begun;
		begun = false;
		record = (struct accounting_record){0};
	}
	return false;
}
