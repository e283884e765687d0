/* What the gateway says, in the reader's language; see said.h. */
#include "admin-cli/said.h"

#include "admin-cli/text.h"
#include "base/log.h"
#include "base/sentence.h"

#include <string.h>

/* "" is the catalogue's own header. */
static const char *
translate(const char *sentence)
{
	const struct event_row *event = event_row_of_text(sentence, strlen(sentence));

	if (event != NULL)
		return text_speaks_japanese() ? event->text_ja : event->text;
	return sentence[0] != '\0' ? _(sentence) : sentence;
}

const char *
said_translate(const char *sentence)
{
	static char buffers[4][1024];
	static unsigned int next;
	const char *whole = translate(sentence), *colon = strstr(sentence, ": ");
	char *buffer, what[512];

	if (colon == NULL || strcmp(whole, sentence) != 0)
		return whole;
	buffer = buffers[next++ % 4];
	snprintf(what, sizeof(what), "%.*s", (int)(colon - sentence), sentence);
	snprintf(buffer, sizeof(buffers[0]), "%s: %s", translate(what), translate(colon + 2));
	return buffer;
}

const char *
said_sentence(const json_t *object)
{
	static char buffers[8][1024];
	static unsigned int next;
	char *buffer = buffers[next++ % 8];
	const char *text = json_string_value(json_object_get(object, "text"));
	const char *values[SENTENCE_VALUES_MOST];
	size_t count = 0;
	size_t i;
	const json_t *value;

	if (text == NULL || text[0] == '\0')
		return NULL;
	json_array_foreach (json_object_get(object, "values"), i, value) {
		if (count < SENTENCE_VALUES_MOST && json_is_string(value))
			values[count++] = said_translate(json_string_value(value));
	}
	sentence_fill(_(text), values, count, buffer, sizeof(buffers[0]));
	return buffer;
}

const char *
said_error(const json_t *error)
{
	const char *message = json_string_value(json_object_get(error, "message"));
	const char *said = said_sentence(json_object_get(error, "data"));

	if (said != NULL)
		return said;
	return message != NULL ? said_translate(message) : "";
}

const char *
said_meaning(const char *sentence)
{
	const char *colon = strstr(sentence, ": ");
	const struct event_row *event = event_row_of_text(sentence, strlen(sentence));

	if (event == NULL && colon != NULL)
		event = event_row_of_text(sentence, (size_t)(colon - sentence));
	if (event == NULL)
		return NULL;
	return text_speaks_japanese() ? event->meaning_ja : event->meaning;
}
