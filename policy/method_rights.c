/* Redirection rights (B8) as methods take and give them: see method_call.h. */
#include "policy/method_call.h"

#include "policy/rights.h"

#include <stdio.h>
#include <string.h>

int
method_find_right(
	struct method_call *call, const char *field, const char *name, uint32_t *ret_right)
{
	const struct right_row *row = session_right_find(name);
	struct field_error error;

	if (row == NULL) {
		(void)field_error_set(&error, field, name,
			"one of clipboard-in, clipboard-out, clipboard-files-in, "
			"clipboard-files-out, drives-in, drives-out, printer, smartcard, sound, "
			"microphone, camera, usb, channels",
			"clipboard-in");
		return method_refuse_field(call, &error);
	}
	*ret_right = row->right;
	return 0;
}

/* Every right of a list is put into a set, or taken out of it. */
struct rights_change {
	uint32_t *rights;
	bool set;
};

static int
change_right(struct store_db *db, struct method_call *call, const char *name, void *argument)
{
	const struct rights_change *change = argument;
	uint32_t right = 0;
	int r;

	(void)db;
	r = method_find_right(call, "rights", name, &right);
	if (r == 0)
		*change->rights = change->set ? *change->rights | right : *change->rights & ~right;
	return r;
}

int
method_rights_set(struct method_call *call, const json_t *list, uint32_t *rights)
{
	struct rights_change change = {rights, true};

	return param_each_text(call, list, "rights", change_right, NULL, &change);
}

int
method_rights_clear(struct method_call *call, const json_t *list, uint32_t *rights)
{
	struct rights_change change = {rights, false};

	return param_each_text(call, list, "rights", change_right, NULL, &change);
}

json_t *
method_rights_json(uint32_t rights)
{
	json_t *list = json_array();
	const struct right_row *right;

	for (size_t i = 0; (right = session_right_at(i)) != NULL; i++)
		if ((rights & right->right) != 0)
			(void)json_array_append_new(list, json_string(right->name));
	return list;
}

json_t *
method_channels_json(const char *channels)
{
	json_t *list = json_array();

	while (*channels != '\0') {
		size_t len = strcspn(channels, ",");

		(void)json_array_append_new(list, json_stringn(channels, len));
		channels += len;
		channels += *channels == ',';
	}
	return list;
}

/* Channels that come with a right of their own are granted by that, so that nobody opens a microphone by its name. */
static int
check_channel(const char *name, struct field_error *error)
{
	if (!right_channel_is_name(name))
		return field_error_set(error, "channels", name,
			"the name of a dynamic channel: 1 to 64 printable ASCII characters without "
			"blank, comma and quotation mark",
			"HOSPITAL_SCANNER");
	if (right_channel_is_known(name))
		return field_error_set(error, "channels", name,
			"the name of a dynamic channel that no right opens: this one has a right "
			"of its own, or passes always",
			"HOSPITAL_SCANNER");
	return 0;
}

int
method_channel_add(struct method_call *call, const char *name, char *channels)
{
	struct field_error error;
	size_t len = strlen(channels), count = 1;

	if (check_channel(name, &error) < 0)
		return method_refuse_field(call, &error);
	if (right_channels_have(channels, name))
		return 0;
	for (const char *at = channels; *at != '\0'; at++)
		count += *at == ',';
	if (len > 0 && count >= RIGHT_CHANNELS_MOST) {
		(void)field_error_set(&error, "channels", name, "at most 16 channels", "");
		return method_refuse_field(call, &error);
	}
	(void)snprintf(channels + len, RIGHT_CHANNELS_SIZE - len, "%s%s", len > 0 ? "," : "", name);
	return 0;
}

int
method_channel_remove(struct method_call *call, const char *name, char *channels)
{
	char kept[RIGHT_CHANNELS_SIZE] = "";
	const char *at = channels;
	struct field_error error;
	size_t used = 0;

	if (!right_channels_have(channels, name)) {
		(void)field_error_set(
			&error, "channels", name, "a channel that the terminal names", "");
		return method_refuse_field(call, &error);
	}
	while (*at != '\0') {
		int len = (int)strcspn(at, ",");

		if ((size_t)len != strlen(name) || strncmp(at, name, (size_t)len) != 0)
			used += (size_t)snprintf(kept + used, sizeof(kept) - used, "%s%.*s",
				used > 0 ? "," : "", len, at);
		at += len;
		at += *at == ',';
	}
	memcpy(channels, kept, sizeof(kept));
	return 0;
}
