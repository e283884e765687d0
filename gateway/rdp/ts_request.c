/* See ts_request.h. The bytes come from a jump host that may be taken over. In sekisho-nla and, for the length, in the
 * relay worker. Read are definite lengths, in whatever many octets, and each field once, in its order.
 */
#include "rdp/ts_request.h"

#include "rdp/der.h"

enum ts_field {
	FIELD_VERSION,
	FIELD_TOKENS,
	FIELD_AUTH_INFO,
	FIELD_PUB_KEY_AUTH,
	FIELD_ERROR,
	FIELD_NONCE,
	FIELD_COUNT,
};

/* Reading */

enum parse_result
ts_request_length(const uint8_t *bytes, size_t have, size_t *ret_len, bool *ret_too_long)
{
	struct bytes_reader reader;
	size_t octets, len;

	*ret_too_long = false;
	if (have < 1)
		return PARSE_NEED_MORE;
	if (bytes[0] != DER_SEQUENCE)
		return PARSE_BAD;
	if (have < 2)
		return PARSE_NEED_MORE;
	octets = (bytes[1] & 0x80) != 0 ? bytes[1] & 0x7f : 0;
	if (octets > sizeof(uint32_t) || bytes[1] == 0x80) {
		*ret_too_long = octets > sizeof(uint32_t);
		return PARSE_BAD;
	}
	if (have < 2 + octets)
		return PARSE_NEED_MORE;
	bytes_reader_init(&reader, bytes + 1, 1 + octets);
	len = der_read_length(&reader);
	if (reader.failed)
		return PARSE_BAD;
	*ret_too_long = len > TS_REQUEST_MAX - 2 - octets;
	if (*ret_too_long)
		return PARSE_BAD;
	*ret_len = 2 + octets + len;
	return PARSE_OK;
}

static uint32_t
read_integer(struct bytes_reader *reader)
{
	struct bytes_reader value = der_read(reader, DER_INTEGER);
	size_t len = bytes_left(&value);
	uint32_t number = 0;

	/* An NTSTATUS has its highest bit set: written with a leading zero, or as a negative number. */
	if (len == 0 || len > 5 || (len == 5 && bytes_read_u8(&value) != 0)) {
		reader->failed = true;
		return 0;
	}
	while (bytes_left(&value) > 0)
		number = number << 8 | bytes_read_u8(&value);
	reader->failed |= value.failed;
	return number;
}

static struct pdu_bytes
read_octets(struct bytes_reader *reader)
{
	struct bytes_reader value = der_read(reader, DER_OCTET_STRING);

	return der_rest(&value);
}

/* NegoData: SEQUENCE OF SEQUENCE { [0] OCTET STRING }. Nobody sends more than one, and only one could be used. */
static struct pdu_bytes
read_tokens(struct bytes_reader *reader)
{
	struct bytes_reader all = der_read(reader, DER_SEQUENCE);
	struct bytes_reader one = der_read(&all, DER_SEQUENCE);
	struct bytes_reader field = der_read(&one, DER_FIELD);
	struct pdu_bytes token = read_octets(&field);

	if (field.failed || one.failed || all.failed || bytes_left(&field) > 0 ||
		bytes_left(&one) > 0 || bytes_left(&all) > 0)
		reader->failed = true;
	return token;
}

static void
read_field(struct bytes_reader *reader, enum ts_field field, struct ts_request *request)
{
	switch (field) {
	case FIELD_VERSION:
		request->version = read_integer(reader);
		break;
	case FIELD_TOKENS:
		request->token = read_tokens(reader);
		break;
	case FIELD_AUTH_INFO:
		request->auth_info = read_octets(reader);
		break;
	case FIELD_PUB_KEY_AUTH:
		request->pub_key_auth = read_octets(reader);
		break;
	case FIELD_ERROR:
		request->has_error = true;
		request->error = read_integer(reader);
		break;
	default:
		request->nonce = read_octets(reader);
		break;
	}
}

static enum parse_result
bad(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

enum parse_result
ts_request_parse(
	const uint8_t *bytes, size_t len, struct ts_request *ret_request, const char **ret_why)
{
	struct bytes_reader whole, reader;
	int last = -1;

	*ret_request = (struct ts_request){0};
	if (len > TS_REQUEST_MAX)
		return bad(ret_why, "a TSRequest is too long");
	bytes_reader_init(&whole, bytes, len);
	reader = der_read(&whole, DER_SEQUENCE);
	if (whole.failed || bytes_left(&whole) > 0)
		return bad(ret_why, "a TSRequest is not one DER SEQUENCE");
	while (!reader.failed && bytes_left(&reader) > 0) {
		int number = *reader.at - DER_FIELD;
		struct bytes_reader field;

		if (number <= last || number >= FIELD_COUNT)
			return bad(ret_why, "a TSRequest has an unknown field, or one twice");
		last = number;
		field = der_read(&reader, (uint8_t)(DER_FIELD + number));
		read_field(&field, (enum ts_field)number, ret_request);
		if (field.failed || bytes_left(&field) > 0)
			return bad(ret_why, "a field of a TSRequest is malformed");
	}
	if (reader.failed)
		return bad(ret_why, "a TSRequest is cut off");
	if (ret_request->version == 0)
		return bad(ret_why, "a TSRequest has no version");
	return PARSE_OK;
}

/* Writing */

/* A number below 0x80, or an NTSTATUS. */
static size_t
integer_len(uint32_t number)
{
	size_t len = 1;

	while (len < 5 && (number >> (8 * len - 1)) != 0)
		len++;
	return number >> 31 != 0 ? 5 : len;
}

static void
write_integer(struct bytes_writer *writer, uint8_t field, uint32_t number)
{
	size_t len = integer_len(number);

	der_write_head(writer, (uint8_t)(DER_FIELD + field), der_size(len));
	der_write_head(writer, DER_INTEGER, len);
	for (size_t i = len; i > 0; i--)
		bytes_write_u8(writer, i > 4 ? 0 : (uint8_t)(number >> 8 * (i - 1)));
}

static size_t
octets_size(size_t len)
{
	return der_size(der_size(len));
}

static void
write_octets(struct bytes_writer *writer, uint8_t field, const struct pdu_bytes *octets)
{
	der_write_head(writer, (uint8_t)(DER_FIELD + field), der_size(octets->len));
	der_write_head(writer, DER_OCTET_STRING, octets->len);
	if (octets->len > 0)
		bytes_write(writer, octets->at, octets->len);
}

static size_t
optional_size(const struct pdu_bytes *octets)
{
	return octets->at != NULL ? octets_size(octets->len) : 0;
}

static void
write_optional(struct bytes_writer *writer, uint8_t field, const struct pdu_bytes *octets)
{
	if (octets->at != NULL)
		write_octets(writer, field, octets);
}

/* What is inside the SEQUENCE. */
static size_t
request_len(const struct ts_request *request)
{
	size_t len = der_size(der_size(integer_len(request->version)));

	if (request->token.at != NULL)
		len += der_size(der_size(der_size(octets_size(request->token.len))));
	if (request->has_error)
		len += der_size(der_size(integer_len(request->error)));
	return len + optional_size(&request->auth_info) + optional_size(&request->pub_key_auth) +
	       optional_size(&request->nonce);
}

size_t
ts_request_size(const struct ts_request *request)
{
	return der_size(request_len(request));
}

void
ts_request_write(struct bytes_writer *writer, const struct ts_request *request)
{
	size_t token = octets_size(request->token.len);

	der_write_head(writer, DER_SEQUENCE, request_len(request));
	write_integer(writer, FIELD_VERSION, request->version);
	if (request->token.at != NULL) {
		der_write_head(writer, DER_FIELD + FIELD_TOKENS, der_size(der_size(token)));
		der_write_head(writer, DER_SEQUENCE, der_size(token));
		der_write_head(writer, DER_SEQUENCE, token);
		write_octets(writer, 0, &request->token);
	}
	write_optional(writer, FIELD_AUTH_INFO, &request->auth_info);
	write_optional(writer, FIELD_PUB_KEY_AUTH, &request->pub_key_auth);
	if (request->has_error)
		write_integer(writer, FIELD_ERROR, request->error);
	write_optional(writer, FIELD_NONCE, &request->nonce);
}

static size_t
password_len(const struct ts_password *password)
{
	return octets_size(password->domain.len) + octets_size(password->user.len) +
	       octets_size(password->password.len);
}

/* credType 1 and TSPasswordCreds as an OCTET STRING. */
static size_t
credentials_len(const struct ts_password *password)
{
	return der_size(der_size(1)) + octets_size(der_size(password_len(password)));
}

size_t
ts_credentials_size(const struct ts_password *password)
{
	return der_size(credentials_len(password));
}

void
ts_credentials_write(struct bytes_writer *writer, const struct ts_password *password)
{
	size_t inner = der_size(password_len(password));

	der_write_head(writer, DER_SEQUENCE, credentials_len(password));
	write_integer(writer, 0, 1);
	der_write_head(writer, DER_FIELD + 1, der_size(inner));
	der_write_head(writer, DER_OCTET_STRING, inner);
	der_write_head(writer, DER_SEQUENCE, password_len(password));
	write_octets(writer, 0, &password->domain);
	write_octets(writer, 1, &password->user);
	write_octets(writer, 2, &password->password);
}
