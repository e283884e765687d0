/* The texts at the top of an event's payload; see payload_scan.h. */
#include "policy/payload_scan.h"

#include <errno.h>
#include <string.h>

void
payload_scan_init(struct payload_scan *scan, const char *payload)
{
	*scan = (struct payload_scan){.at = payload};
}

/* Behind the opening quote; returns where the closing one is, NULL without any. Escapes are stepped over. */
static const char *
end_of_text(const char *at, bool *ret_escaped)
{
	*ret_escaped = false;
	for (;;) {
		at += strcspn(at, "\"\\");
		if (*at != '\\')
			return *at == '"' ? at : NULL;
		*ret_escaped = true;
		if (at[1] == '\0')
			return NULL;
		at += 2;
	}
}

/* A number, word, list or object; returns what is behind it, NULL if it does not end. */
static const char *
end_of_other(const char *at)
{
	size_t depth = 0;
	bool unused;

	for (;;) {
		at += strcspn(at, "\"[]{},");
		if (*at == '\0')
			return NULL;
		if (depth == 0 && (*at == ',' || *at == '}'))
			return at;
		if (*at == '[' || *at == '{')
			depth++;
		else if ((*at == ']' || *at == '}') && depth-- == 0)
			return NULL;
		if (*at == '"')
			at = end_of_text(at + 1, &unused);
		if (at == NULL)
			return NULL;
		at++;
	}
}

static bool
follows(const struct payload_scan *scan, const struct payload_member *member)
{
	size_t least = scan->key_len < member->key_len ? scan->key_len : member->key_len;
	int order;

	if (scan->key == NULL)
		return true;
	order = memcmp(scan->key, member->key, least);
	return order < 0 || (order == 0 && scan->key_len < member->key_len);
}

static int
read_value(const char *at, struct payload_member *member, const char **ret_end)
{
	bool escaped;

	if (*at != '"') {
		*ret_end = *at == '\0' || strchr("-0123456789tfn[{", *at) == NULL
				   ? NULL
				   : end_of_other(at);
		return *ret_end == NULL ? -EBADMSG : 0;
	}
	*ret_end = end_of_text(at + 1, &escaped);
	if (*ret_end == NULL || escaped)
		return -EBADMSG;
	member->text = at + 1;
	member->text_len = (size_t)(*ret_end - at - 1);
	++*ret_end;
	return **ret_end == ',' || **ret_end == '}' ? 0 : -EBADMSG;
}

static int
read_member(struct payload_scan *scan, struct payload_member *member)
{
	const char *end;
	bool escaped;
	int r;

	if (scan->at[0] == '\0' || scan->at[1] != '"')
		return -EBADMSG;
	member->key = scan->at + 2;
	end = end_of_text(member->key, &escaped);
	if (end == NULL || escaped || end[1] != ':')
		return -EBADMSG;
	member->key_len = (size_t)(end - member->key);
	if (!follows(scan, member))
		return -EBADMSG;
	r = read_value(end + 2, member, &scan->at);
	scan->key = member->key;
	scan->key_len = member->key_len;
	return r;
}

int
payload_scan_next(struct payload_scan *scan, struct payload_member *ret_member)
{
	struct payload_member member = {0};
	int r;

	if (scan->key == NULL && strcmp(scan->at, "{}") == 0)
		return 0;
	if (scan->key != NULL && *scan->at == '}')
		return scan->at[1] == '\0' ? 0 : -EBADMSG;
	if (*scan->at != (scan->key == NULL ? '{' : ','))
		return -EBADMSG;
	r = read_member(scan, &member);
	if (r < 0)
		return r;
	*ret_member = member;
	return 1;
}
