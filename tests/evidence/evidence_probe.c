/* Asks evidence_find from the command line, for tests/evidence/network.py.
 *
 *	evidence_probe [--listen ADDRESS PORT] [--kinds a,b] [--neighbour-max-age MS] [--lease-max-age MS]
 *		[--accounting-max-age MS] [--openvpn-max-age MS] [--dnsmasq FILE]... [--kea FILE]... [--detail FILE]...
 *		[--openvpn FILE]... [--radius ADDRESS PORT SECRETFILE NAS[,NAS]...]
 *
 * Prints "ready uid=N", then for each connection to --listen, and for each line "ask ADDRESS" on standard input, either
 *
 *	found KIND MAC detail
 *	none detail
 *
 * A connection is first spoken with, as TLS would: one byte there, one back, one there. It ends with standard input.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "settings/settings.h"
#include "supervisor/evidence.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 8

struct probe {
	uv_loop_t loop;
	uv_tcp_t listener;
	uv_pipe_t input;
	char line[256];
	size_t line_len;
	bool listens;
	struct evidence *evidence;
	uint32_t accepted;
	struct settings settings;
	struct settings_lease_file leases[FILES_MAX];
	char *details[FILES_MAX];
	char *statuses[FILES_MAX];
	struct settings_network nas[FILES_MAX];
};

struct client {
	uv_tcp_t tcp;
	uv_write_t write;
	struct probe *probe;
	size_t heard;
	char room[64];
};

static void
die(const char *what, int r)
{
	fprintf(stderr, "evidence_probe: %s: %s\n", what, r < 0 ? uv_strerror(r) : "wrong");
	exit(2);
}

static void
on_found(void *user, const struct evidence_result *result)
{
	char mac[EVIDENCE_MAC_TEXT_SIZE];

	(void)user;
	if (result->found)
		printf("found %s %s %s\n", evidence_name(result->kind),
			evidence_mac_text(result->mac, mac), result->detail);
	else
		printf("none %s\n", result->detail);
	fflush(stdout);
}

static void
ask(struct probe *probe, const struct sockaddr *source, const struct sockaddr *local)
{
	struct evidence_question question = {
		.source = source, .local = local, .accepted = probe->accepted};
	int r = evidence_find(probe->evidence, &question, on_found, NULL, NULL);

	if (r < 0)
		die("evidence_find", r);
}

static void
on_client_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_room)
{
	struct client *client = handle->data;

	(void)wanted;
	*ret_room = uv_buf_init(client->room, sizeof(client->room));
}

static void
on_client_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes)
{
	struct client *client = stream->data;
	struct sockaddr_storage source, local;
	int source_len = sizeof(source), local_len = sizeof(local);
	uv_buf_t answer = uv_buf_init((char[]){'!'}, 1);

	(void)bytes;
	if (len < 0) {
		uv_close((uv_handle_t *)stream, on_client_closed);
		return;
	}
	client->heard += (size_t)len;
	if (client->heard == 1)
		(void)uv_try_write(stream, &answer, 1);
	if (client->heard != 2)
		return;
	uv_tcp_getpeername(&client->tcp, (struct sockaddr *)&source, &source_len);
	uv_tcp_getsockname(&client->tcp, (struct sockaddr *)&local, &local_len);
	ask(client->probe, (struct sockaddr *)&source, (struct sockaddr *)&local);
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct client *client = calloc(1, sizeof(*client));

	if (status < 0 || client == NULL)
		die("accept", status);
	client->probe = listener->data;
	uv_tcp_init(listener->loop, &client->tcp);
	client->tcp.data = client;
	if (uv_accept(listener, (uv_stream_t *)&client->tcp) < 0)
		die("accept", -1);
	uv_read_start((uv_stream_t *)&client->tcp, on_room, on_client_bytes);
}

static void
close_rest(uv_handle_t *handle, void *user)
{
	(void)user;
	if (!uv_is_closing(handle))
		uv_close(handle,
			handle->data != NULL && handle->type == UV_TCP ? on_client_closed : NULL);
}

static void
on_evidence_closed(void *user)
{
	struct probe *probe = user;

	probe->listener.data = NULL;
	uv_walk(&probe->loop, close_rest, NULL);
}

static int
parse_address(const char *text, int port, struct sockaddr_storage *ret_address)
{
	memset(ret_address, 0, sizeof(*ret_address));
	if (uv_ip4_addr(text, port, (struct sockaddr_in *)ret_address) == 0)
		return sizeof(struct sockaddr_in);
	if (uv_ip6_addr(text, port, (struct sockaddr_in6 *)ret_address) == 0)
		return sizeof(struct sockaddr_in6);
	die(text, 0);
	return 0;
}

static void
on_input(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes)
{
	struct probe *probe = stream->data;
	struct sockaddr_storage address;

	(void)bytes;
	if (len < 0) {
		uv_close((uv_handle_t *)stream, NULL);
		evidence_free(probe->evidence, on_evidence_closed, probe);
		return;
	}
	probe->line_len += (size_t)len;
	for (char *end; (end = memchr(probe->line, '\n', probe->line_len)) != NULL;) {
		size_t used = (size_t)(end + 1 - probe->line);

		*end = '\0';
		if (strncmp(probe->line, "ask ", 4) != 0)
			die(probe->line, 0);
		parse_address(probe->line + 4, 0, &address);
		ask(probe, (struct sockaddr *)&address, NULL);
		memmove(probe->line, end + 1, probe->line_len - used);
		probe->line_len -= used;
	}
}

static void
on_input_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_room)
{
	struct probe *probe = handle->data;

	(void)wanted;
	*ret_room = uv_buf_init(
		probe->line + probe->line_len, (unsigned)(sizeof(probe->line) - probe->line_len));
}

/* Options: name, how many values, function. */

static void
set_listen(struct probe *probe, char **values)
{
	struct sockaddr_storage address;
	int r;

	parse_address(values[0], atoi(values[1]), &address);
	uv_tcp_init(&probe->loop, &probe->listener);
	probe->listener.data = probe;
	r = uv_tcp_bind(&probe->listener, (struct sockaddr *)&address, 0);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&probe->listener, 16, on_connection);
	if (r < 0)
		die("listen", r);
	probe->listens = true;
}

static void
set_kinds(struct probe *probe, char **values)
{
	probe->accepted = 0;
	for (char *name = strtok(values[0], ","); name != NULL; name = strtok(NULL, ",")) {
		uint32_t before = probe->accepted;

		for (int kind = 0; kind < EVIDENCE_COUNT; kind++) {
			if (strcmp(name, evidence_name((enum evidence_kind)kind)) == 0)
				probe->accepted |= 1u << kind;
		}
		if (before == probe->accepted)
			die(name, 0);
	}
}

static void
set_neighbour_age(struct probe *probe, char **values)
{
	probe->settings.evidence.neighbour_max_age_ms = (uint32_t)atoi(values[0]);
}

static void
set_lease_age(struct probe *probe, char **values)
{
	probe->settings.evidence.lease_max_age_ms = (uint32_t)atoi(values[0]);
}

static void
set_accounting_age(struct probe *probe, char **values)
{
	probe->settings.evidence.accounting_max_age_ms = (uint32_t)atoi(values[0]);
}

static void
set_openvpn_age(struct probe *probe, char **values)
{
	probe->settings.evidence.openvpn_max_age_ms = (uint32_t)atoi(values[0]);
}

static void
add_lease(struct probe *probe, char *path, enum settings_lease_format format)
{
	struct settings_lease_files *files = &probe->settings.evidence.lease_files;

	files->items = probe->leases;
	if (files->count == FILES_MAX)
		die("too many files", 0);
	files->items[files->count++] = (struct settings_lease_file){path, format};
}

static void
add_dnsmasq(struct probe *probe, char **values)
{
	add_lease(probe, values[0], SETTINGS_LEASE_DNSMASQ);
}

static void
add_kea(struct probe *probe, char **values)
{
	add_lease(probe, values[0], SETTINGS_LEASE_KEA);
}

static void
add_name(struct settings_names *names, char **room, char *value)
{
	names->items = room;
	if (names->count == FILES_MAX)
		die("too many files", 0);
	names->items[names->count++] = value;
}

static void
add_detail(struct probe *probe, char **values)
{
	add_name(&probe->settings.evidence.detail_files, probe->details, values[0]);
}

static void
add_openvpn(struct probe *probe, char **values)
{
	add_name(&probe->settings.evidence.openvpn_status_files, probe->statuses, values[0]);
}

static void
set_radius(struct probe *probe, char **values)
{
	struct settings_endpoint *endpoint = &probe->settings.evidence.radius.address;
	struct settings_networks *nas = &probe->settings.evidence.radius.nas;

	endpoint->len = (socklen_t)parse_address(values[0], atoi(values[1]), &endpoint->address);
	probe->settings.evidence.radius.secret = values[2];
	nas->items = probe->nas;
	for (char *text = strtok(values[3], ","); text != NULL; text = strtok(NULL, ",")) {
		struct settings_network *network = &nas->items[nas->count++];

		network->family = AF_INET;
		network->prefix = 32;
		if (nas->count > FILES_MAX || inet_pton(AF_INET, text, network->bytes) != 1)
			die(text, 0);
	}
}

static const struct {
	const char *name;
	int values;
	void (*set)(struct probe *probe, char **values);
} options[] = {
	{"--listen", 2, set_listen},
	{"--kinds", 1, set_kinds},
	{"--neighbour-max-age", 1, set_neighbour_age},
	{"--lease-max-age", 1, set_lease_age},
	{"--accounting-max-age", 1, set_accounting_age},
	{"--openvpn-max-age", 1, set_openvpn_age},
	{"--dnsmasq", 1, add_dnsmasq},
	{"--kea", 1, add_kea},
	{"--detail", 1, add_detail},
	{"--openvpn", 1, add_openvpn},
	{"--radius", 4, set_radius},
};

static void
read_options(struct probe *probe, int argc, char **argv)
{
	for (int i = 1; i < argc;) {
		size_t k = 0;

		while (k < ARRAY_SIZE(options) && strcmp(argv[i], options[k].name) != 0)
			k++;
		if (k == ARRAY_SIZE(options) || i + options[k].values >= argc)
			die(argv[i], 0);
		options[k].set(probe, &argv[i + 1]);
		i += 1 + options[k].values;
	}
}

int
main(int argc, char **argv)
{
	static struct probe probe;
	const char *why;
	int r;

	log_init("evidence-probe");
	uv_loop_init(&probe.loop);
	probe.accepted = (1u << EVIDENCE_COUNT) - 1;
	probe.settings.evidence.neighbour_max_age_ms = 120000;
	probe.settings.evidence.lease_max_age_ms = 7 * 86400 * 1000u;
	probe.settings.evidence.accounting_max_age_ms = 900000;
	probe.settings.evidence.openvpn_max_age_ms = 180000;
	read_options(&probe, argc, argv);
	r = evidence_new(&probe.loop, &probe.settings, &probe.evidence, &why);
	if (r < 0)
		die(why, r);
	uv_pipe_init(&probe.loop, &probe.input, 0);
	probe.input.data = &probe;
	uv_pipe_open(&probe.input, 0);
	uv_read_start((uv_stream_t *)&probe.input, on_input_room, on_input);
	printf("ready uid=%u\n", (unsigned)getuid());
	fflush(stdout);
	uv_run(&probe.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&probe.loop) == 0 ? 0 : 1;
}
