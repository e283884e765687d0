/* See relay_driver.h. */
#include "relay_driver.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "relay/close_reasons.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings settings;

uint32_t
reason_of(const char *name)
{
	for (uint32_t reason = 1; reason < CLOSE_REASON_COUNT; reason++)
		if (strcmp(close_reason_row(reason)->name, name) == 0)
			return reason;
	(void)fprintf(stderr, "relay_driver: no reason is called %s\n", name);
	exit(2);
}

void
read_host(const char *text, struct sockaddr_in *ret_host)
{
	char address[64];
	unsigned int port;

	if (sscanf(text, "%63[0-9.]:%u", address, &port) != 2)
		die(text, EINVAL);
	ret_host->sin_family = AF_INET;
	ret_host->sin_port = htons((uint16_t)port);
	(void)inet_pton(AF_INET, address, &ret_host->sin_addr);
}

static void
read_file(const char *path, uint8_t *room, size_t size, uint32_t *ret_len)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		die(path, errno);
	*ret_len = (uint32_t)fread(room, 1, size, file);
	(void)fclose(file);
}

static void
take_text(const char *value, void *to)
{
	*(const char **)to = value;
}

static void
take_number(const char *value, void *to)
{
	*(uint32_t *)to = (uint32_t)strtoul(value, NULL, 0);
}

static void
take_flag(const char *value, void *to)
{
	(void)value;
	*(bool *)to = true;
}

static void
take_host(const char *value, void *to)
{
	read_host(value, to);
}

static void
take_reason(const char *value, void *to)
{
	*(uint32_t *)to = reason_of(value);
}

static void
take_pin(const char *value, void *to)
{
	struct msg_attach *attach = to;

	if (bytes_from_hex(value, attach->pin, 32) < 0)
		die("--pin", EINVAL);
	attach->pin_len = 32;
	settings.trusts = true;
}

static void
take_ca(const char *value, void *to)
{
	struct msg_attach *attach = to;

	attach->trust = 1;
	read_file(value, attach->ca_bundle, sizeof(attach->ca_bundle) - 1, &attach->ca_bundle_len);
	settings.trusts = true;
}

static void
take_name(const char *value, void *to)
{
	struct msg_attach *attach = to;

	(void)snprintf(attach->host_name, sizeof(attach->host_name), "%s", value);
}

static const struct {
	const char *name;
	void (*take)(const char *value, void *to);
	void *to;
} rows[] = {
	{"programs", take_text, &settings.programs},
	{"certificate", take_text, &settings.certificate},
	{"key", take_text, &settings.key},
	{"listen", take_number, &settings.listen_port},
	{"host", take_host, &settings.host},
	{"loud-host", take_host, &settings.loud_host},
	{"pin", take_pin, &settings.attach},
	{"ca", take_ca, &settings.attach},
	{"name", take_name, &settings.attach},
	{"rights", take_number, &settings.attach.rights},
	{"refuse", take_reason, &settings.refuse},
	{"stall", take_number, &settings.stall_ms},
	{"attach-limit", take_number, &settings.attach_ms},
	{"redirect-limit", take_number, &settings.redirect_ms},
	{"drain-limit", take_number, &settings.drain_ms},
	{"greeter", take_text, &settings.greeter},
	{"record", take_text, &settings.record},
	{"mediated", take_flag, &settings.mediated},
	{"at-once", take_flag, &settings.at_once},
	{"quiet", take_flag, &settings.quiet},
};

void
read_options(int count, char **values)
{
	struct option options[ARRAY_SIZE(rows) + 1] = {0};
	int at;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		options[i] = (struct option){.name = rows[i].name,
			.has_arg = rows[i].take == take_flag ? no_argument : required_argument};
	while ((at = -1, getopt_long(count, values, "", options, &at)) != -1) {
		if (at < 0)
			exit(2);
		rows[at].take(optarg, rows[at].to);
	}
}
