/* See tickets.h. What a KDC says is parsed by libkrb5. */
#include "nla/tickets.h"

#include "base/cleanup.h"

#include <com_err.h>
#include <errno.h>
#include <krb5.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define REALM_MOST 255
#define STEPS_MOST 24 /* with pre-authentication and some realms in between it is five or six */
#define PROTOCOL_ERRORS 128

struct tickets {
	krb5_context context;
	krb5_principal client;
	krb5_ccache cache;
	krb5_get_init_creds_opt *options;
	krb5_init_creds_context initial; /* NULL once there is a ticket for tickets */
	krb5_tkt_creds_context service;
	krb5_data request;
	char realm[REALM_MOST + 1];
	char *host_name;
	unsigned int steps;
	krb5_error_code code;
};

static int
errno_of(krb5_error_code code)
{
	if (code == 0)
		return 0;
	return code == ENOMEM ? -ENOMEM : -EINVAL;
}

/* The realm before the name: the user is what stands before its @. */
static krb5_error_code
name_client(struct tickets *tickets, const char *principal)
{
	const char *at = strrchr(principal, '@');
	krb5_error_code code = krb5_parse_name(tickets->context, principal, &tickets->client);

	if (code == 0 && at != NULL)
		code = krb5_set_default_realm(tickets->context, at + 1);
	return code;
}

static krb5_error_code
prepare_initial(struct tickets *tickets, const struct tickets_setup *setup)
{
	const struct secret *password = setup->password;
	krb5_error_code code = krb5_get_init_creds_opt_alloc(tickets->context, &tickets->options);

	if (code != 0)
		return code;
	krb5_get_init_creds_opt_set_forwardable(tickets->options, 0);
	krb5_get_init_creds_opt_set_proxiable(tickets->options, 0);
	code = krb5_init_creds_init(tickets->context, tickets->client, NULL, NULL, 0,
		tickets->options, &tickets->initial);
	if (code != 0)
		return code;
	return krb5_init_creds_set_password(tickets->context, tickets->initial,
		password->len > 0 ? (const char *)password->bytes : "");
}

static int
prepare(struct tickets *tickets, const struct tickets_setup *setup)
{
	krb5_error_code code = krb5_init_context(&tickets->context);

	tickets->host_name = strdup(setup->host_name);
	if (tickets->host_name == NULL)
		return -ENOMEM;
	if (code == 0)
		code = name_client(tickets, setup->principal);
	if (code == 0)
		code = krb5_cc_resolve(tickets->context, TICKETS_CACHE, &tickets->cache);
	if (code == 0)
		code = prepare_initial(tickets, setup);
	return errno_of(code);
}

int
tickets_new(const struct tickets_setup *setup, struct tickets **ret_tickets)
{
	struct tickets *tickets = calloc(1, sizeof(*tickets));
	int r;

	if (tickets == NULL)
		return -ENOMEM;
	r = prepare(tickets, setup);
	if (r < 0) {
		tickets_free(tickets);
		return r;
	}
	*ret_tickets = tickets;
	return 0;
}

void
tickets_free(struct tickets *tickets)
{
	if (tickets == NULL)
		return;
	if (tickets->context != NULL) {
		krb5_free_data_contents(tickets->context, &tickets->request);
		krb5_init_creds_free(tickets->context, tickets->initial);
		krb5_tkt_creds_free(tickets->context, tickets->service);
		krb5_get_init_creds_opt_free(tickets->context, tickets->options);
		if (tickets->cache != NULL)
			(void)krb5_cc_close(tickets->context, tickets->cache);
		krb5_free_principal(tickets->context, tickets->client);
		krb5_free_context(tickets->context);
	}
	free(tickets->host_name);
	free(tickets);
}

static enum tickets_result
failed(struct tickets *tickets, krb5_error_code code)
{
	/* What a KDC would have said if it had looked. */
	tickets->code = code == KRB5_KDCREP_SKEW ? KRB5KRB_AP_ERR_SKEW : code;
	code = tickets->code;
	if (code == ENOMEM)
		return TICKETS_NO_ROOM;
	return code > ERROR_TABLE_BASE_krb5 && code < ERROR_TABLE_BASE_krb5 + PROTOCOL_ERRORS
		       ? TICKETS_REFUSED
		       : TICKETS_BAD;
}

/* The ticket for tickets goes into the cache, and the service is what is asked for next. */
static krb5_error_code
take_initial(struct tickets *tickets)
{
	krb5_creds ticket = {0}, wanted = {0};
	krb5_error_code code =
		krb5_init_creds_get_creds(tickets->context, tickets->initial, &ticket);

	krb5_init_creds_free(tickets->context, take_pointer(&tickets->initial));
	if (code == 0)
		code = krb5_cc_initialize(tickets->context, tickets->cache, tickets->client);
	if (code == 0)
		code = krb5_cc_store_cred(tickets->context, tickets->cache, &ticket);
	krb5_free_cred_contents(tickets->context, &ticket);
	if (code == 0)
		code = krb5_sname_to_principal(tickets->context, tickets->host_name, "TERMSRV",
			KRB5_NT_SRV_HST, &wanted.server);
	if (code != 0)
		return code;
	wanted.client = tickets->client;
	code = krb5_tkt_creds_init(tickets->context, tickets->cache, &wanted, 0, &tickets->service);
	krb5_free_principal(tickets->context, wanted.server);
	return code;
}

static krb5_error_code
step_once(struct tickets *tickets, krb5_data *reply, bool *ret_more)
{
	krb5_data request = {0}, realm = {0};
	unsigned int flags = 0;
	krb5_error_code code;

	code = tickets->initial != NULL ? krb5_init_creds_step(tickets->context, tickets->initial,
						  reply, &request, &realm, &flags)
					: krb5_tkt_creds_step(tickets->context, tickets->service,
						  reply, &request, &realm, &flags);
	/* Meant for UDP, which nothing is sent by here: the KDC would say so again. */
	*ret_more = code == 0 && (flags & KRB5_INIT_CREDS_STEP_FLAG_CONTINUE) != 0;
	krb5_free_data_contents(tickets->context, &tickets->request);
	tickets->request = request;
	if (*ret_more && (realm.length > REALM_MOST || memchr(realm.data, 0, realm.length) != NULL))
		code = KRB5_REALM_CANT_RESOLVE;
	if (code == 0 && *ret_more) {
		memcpy(tickets->realm, realm.data, realm.length);
		tickets->realm[realm.length] = '\0';
	}
	krb5_free_data_contents(tickets->context, &realm);
	return code;
}

static enum tickets_result
step(struct tickets *tickets, krb5_data reply)
{
	for (;;) {
		bool more;
		krb5_error_code code;

		if (tickets->steps++ == STEPS_MOST)
			return failed(tickets, KRB5_KDC_UNREACH);
		code = step_once(tickets, &reply, &more);
		if (code == 0 && more)
			return TICKETS_ASK;
		if (code == 0 && tickets->initial == NULL)
			return TICKETS_THERE;
		if (code == 0)
			code = take_initial(tickets);
		if (code != 0)
			return failed(tickets, code);
		reply = (krb5_data){0};
	}
}

enum tickets_result
tickets_begin(struct tickets *tickets)
{
	return step(tickets, (krb5_data){0});
}

enum tickets_result
tickets_on_reply(struct tickets *tickets, const uint8_t *bytes, size_t len)
{
	return step(tickets, (krb5_data){.length = (unsigned int)len, .data = (char *)bytes});
}

struct pdu_bytes
tickets_request(const struct tickets *tickets)
{
	return (struct pdu_bytes){(const uint8_t *)tickets->request.data, tickets->request.length};
}

const char *
tickets_realm(const struct tickets *tickets)
{
	return tickets->realm;
}

uint32_t
tickets_error(const struct tickets *tickets)
{
	return (uint32_t)(tickets->code - ERROR_TABLE_BASE_krb5);
}

const char *
tickets_why(const struct tickets *tickets)
{
	return error_message(tickets->code);
}
