/* Sentences whose parts vary; see sentence.h. */
#include "base/sentence.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* One conversion of a format: "%-10.*s". */
struct conversion {
	size_t len;           /* of it all; 0: there is none here */
	size_t position;      /* 1 for "%1$s"; 0: the next one */
	bool precision_given; /* ".*" */
	char length;          /* 'l' long, 'L' long long, 'z' size_t, 'j' intmax_t, 0 int */
	char letter;
};

static const char *
read_length(const char *at, char *ret_length)
{
	*ret_length = '\0';
	while (*at != '\0' && strchr("hlzj", *at) != NULL) {
		*ret_length = *at == 'l' && *ret_length == 'l' ? 'L' : *at;
		at++;
	}
	if (*ret_length == 'h')
		*ret_length = '\0'; /* promoted to int */
	return at;
}

/* `text` begins with '%'. */
static struct conversion
read_conversion(const char *text)
{
	struct conversion conversion = {0};
	const char *at = text + 1;

	if (*at >= '1' && *at <= '9' && at[1] == '$') {
		conversion.position = (size_t)(*at - '0');
		at += 2;
	}
	at += strspn(at, "-+ #0123456789");
	if (*at == '.') {
		at++;
		conversion.precision_given = *at == '*';
		at += conversion.precision_given ? 1 : strspn(at, "0123456789");
	}
	at = read_length(at, &conversion.length);
	if (*at == '\0' || strchr("sdiuxc", *at) == NULL)
		return conversion;
	conversion.letter = *at;
	conversion.len = (size_t)(at + 1 - text);
	return conversion;
}

size_t
sentence_cut(const char *text, size_t most)
{
	size_t len = strlen(text);

	if (len <= most)
		return len;
	while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

/* A precision counts bytes and may have cut a character. */
static void
drop_half_character(char *text)
{
	size_t len = strlen(text);
	size_t start = len;
	unsigned char first;

	while (start > 0 && len - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0 || (unsigned char)text[start - 1] < 0xc0)
		return;
	first = (unsigned char)text[start - 1];
	if (len - (start - 1) < (first >= 0xf0 ? 4u : first >= 0xe0 ? 3u : 2u))
		text[start - 1] = '\0';
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* `format` is one conversion of ours. */
static int
print_one(const struct conversion *conversion, const char *format, char *ret_text, size_t size,
	va_list *arguments)
{
	int precision = conversion->precision_given ? va_arg(*arguments, int) : 0;

	if (conversion->letter == 's' && conversion->precision_given)
		return snprintf(
			ret_text, size, format, precision, va_arg(*arguments, const char *));
	assert(!conversion->precision_given);
	if (conversion->letter == 's')
		return snprintf(ret_text, size, format, va_arg(*arguments, const char *));
	switch (conversion->length) {
	case 'l':
		return snprintf(ret_text, size, format, va_arg(*arguments, long));
	case 'L':
		return snprintf(ret_text, size, format, va_arg(*arguments, long long));
	case 'z':
		return snprintf(ret_text, size, format, va_arg(*arguments, size_t));
	case 'j':
		return snprintf(ret_text, size, format, va_arg(*arguments, intmax_t));
	default:
		return snprintf(ret_text, size, format, va_arg(*arguments, int));
	}
}
#pragma GCC diagnostic pop

static void
add_value(struct sentence *sentence, const char *at, size_t *used, va_list *arguments)
{
	struct conversion conversion = read_conversion(at);
	char format[24];
	char *value = sentence->values + *used;
	size_t room = sizeof(sentence->values) - *used;

	assert(conversion.len > 0 && conversion.len < sizeof(format) && conversion.position == 0);
	assert(sentence->count < SENTENCE_VALUES_MOST && room > 0);
	memcpy(format, at, conversion.len);
	format[conversion.len] = '\0';
	(void)print_one(&conversion, format, value, room, arguments);
	drop_half_character(value);
	*used += strlen(value) + (room > 1 ? 1 : 0);
	sentence->count++;
}

void
sentence_set_list(struct sentence *sentence, const char *format, va_list arguments)
{
	va_list copy;
	size_t used = 0;

	*sentence = (struct sentence){.format = format};
	va_copy(copy, arguments);
	for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at, '%')) {
		if (at[1] == '%') {
			at += 2;
			continue;
		}
		if (used >= sizeof(sentence->values) - 1)
			used = sizeof(sentence->values) - 1; /* this value and the rest: "" */
		add_value(sentence, at, &used, &copy);
		at += read_conversion(at).len;
	}
	va_end(copy);
}

void
sentence_set(struct sentence *sentence, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	sentence_set_list(sentence, format, arguments);
	va_end(arguments);
}

const char *
sentence_value(const struct sentence *sentence, size_t at)
{
	const char *value = sentence->values;

	if (at >= sentence->count)
		return "";
	for (; at > 0; at--) {
		value += strlen(value);
		if (value < sentence->values + sizeof(sentence->values) - 1)
			value++;
	}
	return value;
}

void
sentence_text(const struct sentence *sentence, char *ret_text, size_t size)
{
	const char *values[SENTENCE_VALUES_MOST];

	for (size_t i = 0; i < sentence->count; i++)
		values[i] = sentence_value(sentence, i);
	sentence_fill(sentence->format != NULL ? sentence->format : "", values, sentence->count,
		ret_text, size);
}

static void
append(char *text, size_t *used, size_t size, const char *more, size_t len)
{
	if (*used + len >= size)
		len = size - 1 - *used;
	memcpy(text + *used, more, len);
	*used += len;
	text[*used] = '\0';
}

void
sentence_fill(
	const char *format, const char *const *values, size_t count, char *ret_text, size_t size)
{
	size_t used = 0, next = 0;

	assert(size > 0);
	ret_text[0] = '\0';
	while (*format != '\0') {
		size_t literal = strcspn(format, "%");
		struct conversion conversion;
		size_t at;

		append(ret_text, &used, size, format, literal);
		format += literal;
		if (*format == '\0')
			break;
		conversion = read_conversion(format);
		if (conversion.len == 0) {
			append(ret_text, &used, size, "%", 1);
			format += format[1] == '%' ? 2 : 1;
			continue;
		}
		at = conversion.position > 0 ? conversion.position - 1 : next++;
		if (at < count)
			append(ret_text, &used, size, values[at], strlen(values[at]));
		format += conversion.len;
	}
	drop_half_character(ret_text);
}
