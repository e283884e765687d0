/* See host_nla.h. */
#include "host_nla.h"

#include <errno.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdp/ts_request.h"
#include "rdp/x224.h"
#include "tests/unit/nla/credssp_host.h"

uint32_t
host_nla_protocol(const struct host_connection *connection)
{
	const struct host_options *options = &connection->host->options;

	if (options->nla_user == NULL && options->nla_keytab == NULL)
		return RDP_PROTOCOL_SSL;
	if ((connection->requested_protocols & RDP_PROTOCOL_HYBRID) == 0)
		return 0;
	return options->nla_authorised != NULL &&
			       (connection->requested_protocols & RDP_PROTOCOL_HYBRID_EX) != 0
		       ? RDP_PROTOCOL_HYBRID_EX
		       : RDP_PROTOCOL_HYBRID;
}

int
host_nla_begin(struct host_connection *connection)
{
	const struct host_options *options = &connection->host->options;
	const X509 *certificate = SSL_get_certificate(connection->stream.ssl);
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(certificate);

	if (options->nla_keytab != NULL)
		connection->nla =
			credssp_host_new_kerberos(options->nla_keytab, ASN1_STRING_get0_data(key),
				(size_t)ASN1_STRING_length(key), options->nla_status);
	else
		connection->nla = credssp_host_new(options->nla_user, options->nla_password,
			ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key), HOST_IS_GOOD,
			options->nla_status);
	connection->step = HOST_NLA;
	return 0;
}

void
host_nla_done(struct host_connection *connection)
{
	if (connection->nla != NULL)
		credssp_host_free(connection->nla);
	connection->nla = NULL;
}

/* The client is who it says: with PROTOCOL_HYBRID_EX it is told whether it may log on. */
static int
accept_client(struct host_connection *connection)
{
	const struct host_options *options = &connection->host->options;
	uint8_t four[TS_AUTHORISATION_LEN];

	if (!options->quiet)
		printf("event=nla id=%lu\n", connection->id);
	connection->step = HOST_INITIAL;
	if (connection->protocol != RDP_PROTOCOL_HYBRID_EX)
		return 0;
	bytes_put_u32le(four, (uint32_t)strtoul(options->nla_authorised, NULL, 0));
	return stream_send(&connection->stream, four, sizeof(four));
}

static int
take_one(struct host_connection *connection, size_t len)
{
	uint8_t room[32768];
	struct bytes_writer writer;
	int r, sent = 0;

	bytes_writer_init(&writer, room, sizeof(room));
	r = credssp_host_on(connection->nla, connection->stream.in, len, &writer);
	if (writer.len > 0)
		sent = stream_send(&connection->stream, writer.start, writer.len);
	if (r < 0 && sent == 0) {
		connection->why = "NLA refused";
		return -EACCES;
	}
	return sent < 0 || r == 1 ? sent : accept_client(connection);
}

int
host_nla_take(struct host_connection *connection)
{
	struct stream *stream = &connection->stream;
	bool too_long;
	size_t len;
	int r = 0;

	while (r == 0 && connection->step == HOST_NLA) {
		switch (ts_request_length(stream->in, stream->in_len, &len, &too_long)) {
		case PARSE_NEED_MORE:
			return 0;
		case PARSE_BAD:
			connection->why = "no TSRequest";
			return -EPROTO;
		case PARSE_OK:
			break;
		}
		if (len > stream->in_len)
			return 0;
		r = take_one(connection, len);
		stream_consume(stream, len);
	}
	return r;
}
