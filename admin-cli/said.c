/* The sentences of policy/ and supervisor/ that reach people. %s stands for what varies. */
#include "admin-cli/said.h"

#include "admin-cli/text.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/sentence.h"

#include <string.h>

#define VARIES_MOST 4

/* xgettext: no-c-format */
static const char *const sentences[] = {
	/* accounts */
	N_("1 to 60 half-width letters, digits and . _ -, after the facility's prefix, which may "
	   "not stand there twice"),
	N_("required; both names together at most 64 printable characters"),
	N_("at most 64 characters, name@domain, no blanks"),
	N_("one of engineer, admin, auditor, attendant"),
	N_("one of always, after-approval, deny"),
	N_("a date YYYY-MM-DD"),
	N_("not before valid_from"),
	N_("at most the same day two years from today"),
	N_("\"always\" or HH:MM-HH:MM in steps of 30 minutes, over midnight if need be, not the "
	   "same time twice"),
	N_("AA-BB-CC-DD-EE-FF, aa:bb:cc:dd:ee:ff or aabb.ccdd.eeff, of one device, not of a group"),
	N_("at most 20 addresses"),
	N_("enforced or off"),
	N_("required"),
	N_("the id of an account never changes"),
	N_("a field that can be changed, of the right type"),
	N_("one of active, not-yet, expired, locked"),
	N_("there is no account '%s'"),
	N_("there is an account '%s' already"),
	N_("an administrator cannot be assigned a terminal"),
	N_("an administrator cannot be assigned a terminal: '%s'"),
	N_("an administrator cannot be assigned a terminal: remove its %s terminals first"),
	N_("'%s' is the last administrator: it can be neither locked nor made another kind"),
	N_("an administrator cannot be deleted: lock '%s', or make it another kind first"),
	N_("switching the MAC allowlist off needs a reason (--because): any device could connect"),
	/* terminals */
	N_("1 to 64 printable characters, no comma, no quotes"),
	N_("a host name, an IPv4 or an IPv6 address; the port goes apart"),
	N_("at most 1000 printable characters"),
	N_("1 to 65535"),
	N_("sessions at once, up to 1000; 0: no limit"),
	N_("one of clipboard, drives, sound, dynamic"),
	N_("certificates in PEM, at most 64 KB, no private key"),
	N_("the certificate's SHA-256: 64 hexadecimal digits, colons between octets or none"),
	N_("there is no terminal '%s'"),
	N_("there is a terminal '%s' already"),
	N_("a terminal needs an address"),
	N_("too many hosts are being looked at"),
	N_("the host cannot be dialled"),
	/* what dialling a jump host and looking at it found */
	N_("connection refused"),
	N_("no route to the host"),
	N_("no route to its network"),
	N_("no answer within the time limit"),
	N_("connection reset"),
	N_("forbidden by this machine's firewall"),
	N_("the connection failed"),
	N_("the name service does not know it"),
	N_("the name service did not answer in time"),
	N_("it closed the connection"),
	N_("its answer is no X.224 Connection Confirm"),
	N_("it said nothing within the time limit"),
	N_("it is not the one that was pinned"),
	/* tickets and sessions */
	N_("an IPv4 or IPv6 address"),
	N_("a name or address, with or without port"),
	N_("parameter address: a name or address, with or without port"),
	N_("the gateway listens on every address: say which one the client is to use, or set "
	   "public_address"),
	N_("there is no such session"),
	/* logs */
	N_("one of active, ended, killed, lost"),
	N_("the log has been tampered with: event %s: %s"),
	/* the control socket */
	N_("your role may not do this"),
	N_("your user has no role here; roles are given in the gateway's settings"),
	N_("too many connections to this socket"),
	N_("there is no such method"),
	N_("parameter %s: %s"),
	/* the database */
	N_("the disk that holds the database is full"),
	N_("another process holds a lock on the database"),
	N_("the database is damaged: restore a backup"),
	N_("the database may only be read"),
	N_("the database may not be opened by the gateway's user"),
	N_("there is no memory left"),
	N_("reading or writing the database failed"),
	/* what happened, and a detail: last, since it takes everything with a colon */
	N_("%s: %s"),
};

struct part {
	const char *start;
	size_t len;
};

/* Matches from the front: each %s takes as little as it can, the last one the rest. */
static bool
match(const char *pattern, const char *sentence, struct part *ret_varies)
{
	size_t count = 0;

	for (;;) {
		const char *varies = strstr(pattern, "%s");
		size_t literal = varies != NULL ? (size_t)(varies - pattern) : strlen(pattern);
		const char *next;
		size_t next_len;

		if (strncmp(pattern, sentence, literal) != 0)
			return false;
		sentence += literal;
		if (varies == NULL)
			return *sentence == '\0';
		pattern = varies + 2;
		next_len = strstr(pattern, "%s") != NULL ? (size_t)(strstr(pattern, "%s") - pattern)
							 : strlen(pattern);
		if (next_len == 0)
			next = sentence + strlen(sentence);
		else
			next = memmem(sentence, strlen(sentence), pattern, next_len);
		if (next == NULL || count == VARIES_MOST)
			return false;
		ret_varies[count++] = (struct part){sentence, (size_t)(next - sentence)};
		sentence = next;
	}
}

static const char *
find(const char *sentence, struct part *ret_varies)
{
	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		if (match(sentences[i], sentence, ret_varies))
			return sentences[i];
	}
	return NULL;
}

/* The reasons of close_reasons.def have their Japanese with them. `len` bytes of the sentence count. */
static const struct event_row *
find_event(const char *sentence, size_t len)
{
	for (int i = 0; i < EVENT_COUNT; i++) {
		const struct event_row *row = event_row((enum event)i);

		if (strlen(row->text) == len && strncmp(row->text, sentence, len) == 0)
			return row;
	}
	return NULL;
}

/* Both parts of "what: why" may be sentences themselves. */
static const char *
fill(const char *translated, const struct part *varies)
{
	static char buffers[4][1024];
	static unsigned int next;
	char *buffer = buffers[next++ % 4];
	char part[512];
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t count = 0; *translated != '\0' && used + 1 < sizeof(buffers[0]);) {
		if (strncmp(translated, "%s", 2) == 0) {
			snprintf(part, sizeof(part), "%.*s", (int)varies[count].len,
				varies[count].start);
			count++;
			snprintf(buffer + used, sizeof(buffers[0]) - used, "%s",
				strstr(part, ": ") == NULL ? said_translate(part) : part);
			used = strlen(buffer);
			translated += 2;
		} else {
			buffer[used++] = *translated++;
			buffer[used] = '\0';
		}
	}
	return buffer;
}

const char *
said_translate(const char *sentence)
{
	struct part varies[VARIES_MOST] = {0};
	const struct event_row *event = find_event(sentence, strlen(sentence));
	const char *found;

	if (event != NULL)
		return text_speaks_japanese() ? event->text_ja : event->text;
	found = find(sentence, varies);
	/* "" is the catalogue's own header. */
	if (found == NULL)
		return sentence[0] != '\0' ? _(sentence) : sentence;
	if (strstr(found, "%s") == NULL)
		return _(found);
	return fill(_(found), varies);
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
	const struct event_row *event = find_event(sentence, strlen(sentence));

	if (event == NULL && colon != NULL)
		event = find_event(sentence, (size_t)(colon - sentence));
	if (event == NULL)
		return NULL;
	return text_speaks_japanese() ? event->meaning_ja : event->meaning;
}
