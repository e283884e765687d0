/* One small function for each kind of value. */
#include "settings/kinds.h"

#include "base/cleanup.h"
#include "base/near_miss.h"
#include "base/utf_8.h"
#include "settings/addresses.h"
#include "settings/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct value {
	const struct settings_row *row;
	const char *path;
	const struct tree_node *node;
	struct settings_errors *errors;
};

/* settings.h's enums, word by word. */
static const char *const side_list[] = {"inside", "outside"};
static const char *const evidence_list[] = {
#define EVIDENCE(name, text, look, rests_on) text,
#include "supervisor/evidence.def"
#undef EVIDENCE
};
static const char *const proxy_list[] = {"off", "v2"};
static const char *const tls_minimum_list[] = {"1.2", "1.3"};
static const char *const lease_format_list[] = {"dnsmasq", "kea"};
static const char *const hours_end_list[] = {"continue", "disconnect"};
static const char *const holder_list[] = {"account", "name", "vendor", "nobody"};
static const char *const shown_list[] = {"with-screen", "always"};
static const char *const sign_in_list[] = {"off", "on"};
static const char *const handover_list[] = {"auto", "in-band", "redirect"};
static const char *const password_policy_list[] = {"long", "two-months", "second-factor"};
static const char *const second_factor_list[] = {"off", "optional", "required"};
static const char *const log_format_list[] = {"text", "json"};
static const char *const log_records_list[] = {"off", "journal", "syslog"};

#define WORDS(list)                    \
	&(const struct settings_words) \
	{                              \
		list, ARRAY_SIZE(list) \
	}
#define side_words WORDS(side_list)
#define evidence_words WORDS(evidence_list)
#define proxy_words WORDS(proxy_list)
#define tls_minimum_words WORDS(tls_minimum_list)
#define lease_format_words WORDS(lease_format_list)
#define hours_end_words WORDS(hours_end_list)
#define holder_words WORDS(holder_list)
#define shown_words WORDS(shown_list)
#define sign_in_words WORDS(sign_in_list)
#define handover_words WORDS(handover_list)
#define password_policy_words WORDS(password_policy_list)
#define second_factor_words WORDS(second_factor_list)
#define log_format_words WORDS(log_format_list)
#define log_records_words WORDS(log_records_list)

/* "found `fast`; allowed is a time from 1s to 2min, for example 10s" */
static int
complain(const struct value *value, const struct tree_node *node, const char *hint)
{
	char allowed[512];

	kind_describe(value->row, allowed, sizeof(allowed));
	settings_errors_add(value->errors, node->line, node->column,
		"`%s`: found %s; allowed is %s, for example %s%s%s", value->path,
		tree_describe(node), allowed, value->row->example, hint != NULL ? "; " : "",
		hint != NULL ? hint : "");
	return -EINVAL;
}

static bool
is_text(const struct tree_node *node)
{
	return node->kind == TREE_TEXT && !(node->plain && node->text[0] == '\0');
}

static size_t
characters(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static bool
fits(const struct value *value, const char *text)
{
	size_t len = characters(text);

	return len >= value->row->least && len <= value->row->most;
}

/* The first character that may not stand there, which nobody would see in the file; 0: none. */
static uint32_t
find_unprintable(const struct value *value, const char *text)
{
	size_t left = strlen(text);

	for (size_t step; left > 0; text += step, left -= step) {
		uint32_t character;

		step = utf_8_read(text, left, &character);
		if (step == 0)
			return 0xfffd;
		if (utf_8_is_unprintable(character) &&
			!(character == '\n' && value->row->kind == KIND_LONG_TEXT))
			return character;
	}
	return 0;
}

static int
parse_text(const struct value *value, void *ret_field)
{
	const struct tree_node *node = value->node;
	char hint[96], *copy;
	uint32_t unprintable;

	if (!is_text(node))
		return complain(value, node, NULL);
	unprintable = find_unprintable(value, node->text);
	if (unprintable != 0) {
		snprintf(hint, sizeof(hint),
			"it has the character U+%04X, which shows nothing or turns text around",
			unprintable);
		return complain(value, node, hint);
	}
	if (!fits(value, node->text) || !text_is_of_kind(value->row->kind, node->text))
		return complain(value, node, NULL);
	copy = strdup(node->text);
	if (copy == NULL)
		return -ENOMEM;
	*(char **)ret_field = copy;
	return 0;
}

static void
free_text(void *field)
{
	free(*(char **)field);
	*(char **)field = NULL;
}

static void
free_nothing(void *field)
{
	(void)field;
}

/* Digits at the start of text; *ret_end is where they end. False without any, or past 32 bits. */
static bool
read_digits(const char *text, uint64_t *ret_number, const char **ret_end)
{
	uint64_t number = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (uint64_t)(*at - '0');
		if (number > UINT32_MAX)
			return false;
	}
	*ret_number = number;
	*ret_end = at;
	return at != text;
}

static bool
in_range(const struct value *value, uint64_t number)
{
	return number >= value->row->least && number <= value->row->most;
}

static int
parse_number(const struct value *value, void *ret_field)
{
	const struct tree_node *node = value->node;
	const char *end;
	uint64_t number;

	if (!is_text(node))
		return complain(value, node, NULL);
	if (!node->plain)
		return complain(value, node, "write the number without quotes");
	if (!read_digits(node->text, &number, &end) || *end != '\0' || !in_range(value, number))
		return complain(value, node, NULL);
	*(uint32_t *)ret_field = (uint32_t)number;
	return 0;
}

static int
parse_cores(const struct value *value, void *ret_field)
{
	long cores;

	if (value->node->kind != TREE_TEXT || strcmp(value->node->text, "cores") != 0)
		return parse_number(value, ret_field);
	cores = sysconf(_SC_NPROCESSORS_ONLN);
	if (cores < (long)value->row->least)
		cores = value->row->least;
	if (cores > (long)value->row->most)
		cores = value->row->most;
	*(uint32_t *)ret_field = (uint32_t)cores;
	return 0;
}

struct unit {
	const char *name;
	uint64_t of; /* how many of the field's own */
};

static const struct unit times[] = {
	{"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}, {"", 1}};

/* As a disk's room is told by df -h; the row's range is in MB. */
static const struct unit sizes[] = {{"TB", 1ull << 20}, {"GB", 1ull << 10}, {"MB", 1}};

static int
parse_measure(const struct value *value, const struct unit *units, size_t count, const char *hint,
	uint64_t *ret_number)
{
	const struct tree_node *node = value->node;
	const char *end;
	uint64_t number;

	if (!is_text(node) || !read_digits(node->text, &number, &end))
		return complain(value, node, NULL);
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(end, units[i].name) != 0 && !(number == 0 && *end == '\0'))
			continue;
		if (!in_range(value, number * units[i].of))
			return complain(value, node, NULL);
		*ret_number = number * units[i].of;
		return 0;
	}
	return complain(value, node, hint);
}

static int
parse_duration(const struct value *value, void *ret_field)
{
	uint64_t ms;
	int r = parse_measure(
		value, times, ARRAY_SIZE(times), "units are ms, s, min, h and d", &ms);

	*(uint32_t *)ret_field = r == 0 ? (uint32_t)ms : 0;
	return r;
}

static int
parse_size(const struct value *value, void *ret_field)
{
	uint64_t mb;
	int r = parse_measure(value, sizes, ARRAY_SIZE(sizes), "units are MB, GB and TB", &mb);

	*(uint64_t *)ret_field = r == 0 ? mb << 20 : 0;
	return r;
}

static int
find_word(const struct settings_words *words, const char *text)
{
	for (size_t i = 0; i < words->count; i++) {
		if (strcmp(words->items[i], text) == 0)
			return (int)i;
	}
	return -1;
}

/* Complains of a word that is none, and guesses which was meant. */
static int
complain_of_word(
	const struct value *value, const struct tree_node *node, const struct settings_words *words)
{
	auto_free char *hint = NULL;
	struct near_miss miss;

	if (node->kind != TREE_TEXT)
		return complain(value, node, NULL);
	near_miss_init(&miss, node->text);
	for (size_t i = 0; i < words->count; i++)
		near_miss_try(&miss, words->items[i]);
	if (miss.best != NULL && asprintf(&hint, "did you mean `%s`?", miss.best) < 0)
		hint = NULL;
	return complain(value, node, hint);
}

static int
parse_word(const struct value *value, void *ret_field)
{
	struct settings_words words = kind_words(value->row->kind);
	int found = value->node->kind == TREE_TEXT ? find_word(&words, value->node->text) : -1;

	if (found < 0)
		return complain_of_word(value, value->node, &words);
	*(unsigned int *)ret_field = (unsigned int)found;
	return 0;
}

/* Calls back for every item of a list within the row's bounds; a single text is no list. */
static int
for_items(const struct value *value, void *field,
	int (*take)(const struct value *value, const struct tree_node *item, void *field))
{
	const struct tree_node *list = value->node;
	int result = 0;

	if (list->kind != TREE_LIST)
		return complain(
			value, list, is_text(list) ? "a single item needs [ ] as well" : NULL);
	if (list->count < value->row->least || list->count > value->row->most) {
		settings_errors_add(value->errors, list->line, list->column,
			"`%s`: found %zu items; allowed are %u to %u", value->path, list->count,
			value->row->least, value->row->most);
		return -EINVAL;
	}
	for (size_t i = 0; i < list->count; i++) {
		int r = take(value, list->items[i], field);

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			result = r;
	}
	return result;
}

static int
complain_of_repetition(const struct value *value, const struct tree_node *item)
{
	settings_errors_add(value->errors, item->line, item->column, "`%s`: %s stands here twice",
		value->path, tree_describe(item));
	return -EINVAL;
}

static int
take_word(const struct value *value, const struct tree_node *item, void *field)
{
	struct settings_words words = kind_words(value->row->kind);
	int found = item->kind == TREE_TEXT ? find_word(&words, item->text) : -1;
	uint32_t *bits = field;

	if (found < 0)
		return complain_of_word(value, item, &words);
	if ((*bits & 1u << found) != 0)
		return complain_of_repetition(value, item);
	*bits |= 1u << found;
	return 0;
}

static int
parse_words(const struct value *value, void *ret_field)
{
	*(uint32_t *)ret_field = 0;
	return for_items(value, ret_field, take_word);
}

static int
take_name(const struct value *value, const struct tree_node *item, void *field)
{
	struct settings_names *names = field;
	char **items;

	if (!is_text(item) || !text_is_of_kind(value->row->kind, item->text))
		return complain(value, item, NULL);
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i], item->text) == 0)
			return complain_of_repetition(value, item);
	}
	items = reallocarray(names->items, names->count + 1, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	names->items = items;
	items[names->count] = strdup(item->text);
	if (items[names->count] == NULL)
		return -ENOMEM;
	names->count++;
	return 0;
}

static int
parse_names(const struct value *value, void *ret_field)
{
	return for_items(value, ret_field, take_name);
}

static void
free_names(void *field)
{
	struct settings_names *names = field;

	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct settings_names){0};
}

static int
take_network(const struct value *value, const struct tree_node *item, void *field)
{
	struct settings_networks *networks = field;
	struct settings_network *items;
	struct settings_network network;
	const char *why = NULL;

	if (!is_text(item))
		return complain(value, item, NULL);
	if (network_read(item->text, &network, &why) < 0)
		return complain(value, item, why);
	items = reallocarray(networks->items, networks->count + 1, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	networks->items = items;
	items[networks->count++] = network;
	return 0;
}

static int
parse_networks(const struct value *value, void *ret_field)
{
	return for_items(value, ret_field, take_network);
}

static void
free_networks(void *field)
{
	struct settings_networks *networks = field;

	free(networks->items);
	*networks = (struct settings_networks){0};
}

static int
parse_endpoint(const struct value *value, void *ret_field)
{
	struct settings_endpoint endpoint;
	const char *why = NULL;

	if (!is_text(value->node))
		return complain(value, value->node, NULL);
	if (endpoint_read(value->node->text, &endpoint, &why) < 0)
		return complain(value, value->node, why);
	*(struct settings_endpoint *)ret_field = endpoint;
	return 0;
}

static int
parse_host(const struct value *value, void *ret_field)
{
	struct settings_host host = {0};
	const char *why = NULL;
	int r;

	if (!is_text(value->node))
		return complain(value, value->node, NULL);
	r = host_read(value->node->text, &host, &why);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return complain(value, value->node, why);
	*(struct settings_host *)ret_field = host;
	return 0;
}

static void
free_host(void *field)
{
	struct settings_host *host = field;

	free(host->name);
	*host = (struct settings_host){0};
}

static const struct {
	int (*parse)(const struct value *value, void *ret_field);
	void (*release)(void *field);
	const struct settings_words *words;
} kinds[] = {
#define KIND(name, type, parse, release, words) [KIND_##name] = {parse, release, words},
#include "settings/kinds.def"
#undef KIND
};

struct settings_words
kind_words(enum settings_kind kind)
{
	return kinds[kind].words != NULL ? *kinds[kind].words : (struct settings_words){0};
}

int
kind_parse(const struct settings_row *row, const char *path, const struct tree_node *node,
	struct settings_errors *errors, void *ret_field)
{
	struct value value = {.row = row, .path = path, .node = node, .errors = errors};

	if (node->kind == TREE_BAD)
		return -EINVAL;
	return kinds[row->kind].parse(&value, ret_field);
}

void
kind_free(const struct settings_row *row, void *field)
{
	kinds[row->kind].release(field);
}
