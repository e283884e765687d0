/* Where a ticket's client is to connect; see ticket_address.h. */
#include "supervisor/ticket_address.h"

#include "policy/methods.h"
#include "settings/settings.h"
#include "supervisor/control_calls.h"
#include "supervisor/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "name", "name:port", "10.0.0.1:3389", "[fd00::1]:3389", "fd00::1". */
static int
parse_host(const char *text, uint16_t default_port, char ret_host[TICKET_HOST_SIZE],
	uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	bool one_colon = colon != NULL && strchr(text, ':') == colon;
	const char *end = text + strlen(text);
	unsigned long port = default_port;
	char *rest;

	if (text[0] == '[') {
		text++;
		end = strchr(text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return -EINVAL;
		colon = end[1] == ':' ? end + 1 : NULL;
	} else if (one_colon) {
		end = colon;
	} else {
		colon = NULL;
	}
	if (colon != NULL) {
		port = strtoul(colon + 1, &rest, 10);
		if (colon[1] < '0' || colon[1] > '9' || *rest != '\0' || port == 0 || port > 65535)
			return -EINVAL;
	}
	if (end == text || end - text >= TICKET_HOST_SIZE)
		return -EINVAL;
	snprintf(ret_host, TICKET_HOST_SIZE, "%.*s", (int)(end - text), text);
	*ret_port = (uint16_t)port;
	return 0;
}

static bool
is_wildcard(const struct sockaddr *address)
{
	char text[SOCKET_TEXT_SIZE];

	(void)socket_text_without_port(address, text);
	return strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0;
}

static uint16_t
port_of(const struct sockaddr_storage *address)
{
	return ntohs(((const struct sockaddr_in *)address)->sin_port);
}

int
ticket_address_choose(const struct control_call *call, struct ticket_address *ret_address)
{
	const struct settings *settings = call->supervisor->settings;
	const struct sockaddr_storage *listener = &settings->listeners.items[0].address.address;
	const char *asked = control_call_text(call, "address");
	char text[SOCKET_TEXT_SIZE];

	if (asked != NULL)
		return parse_host(asked, port_of(listener), ret_address->host, &ret_address->port);
	if (settings->public_address.name != NULL) {
		ret_address->port = settings->public_address.port;
		return snprintf(ret_address->host, sizeof(ret_address->host), "%s",
			       settings->public_address.name) >= (int)sizeof(ret_address->host)
			       ? -EINVAL
			       : 0;
	}
	if (is_wildcard((const struct sockaddr *)listener))
		return -EDESTADDRREQ;
	(void)socket_text_without_port((const struct sockaddr *)listener, text);
	snprintf(ret_address->host, sizeof(ret_address->host), "%s", text);
	ret_address->port = port_of(listener);
	return 0;
}

void
ticket_set_wrong_parameter(struct control_call *call, const struct field_error *error)
{
	call->method.error.code = CONTROL_INVALID_PARAMETERS;
	call->method.error.field = *error;
	snprintf(call->method.error.message, sizeof(call->method.error.message), "parameter %s: %s",
		error->field, error->rule);
}

void
ticket_address_refuse(struct control_call *call, int status)
{
	struct field_error error = {0};

	if (status == -EDESTADDRREQ) {
		control_call_refuse(call, CONTROL_INVALID_PARAMETERS,
			"the gateway listens on every address: say which one the client is to use, "
			"or set public_address",
			NULL, NULL);
		return;
	}
	(void)field_error_set(&error, "address", control_call_text(call, "address"),
		"a name or address, with or without port", "gateway.hospital.example:3389");
	ticket_set_wrong_parameter(call, &error);
	control_call_fail(call, -EINVAL);
}
