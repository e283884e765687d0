/* See spnego.h. The bytes are a jump host's. */
#include "nla/spnego.h"

#include "base/cleanup.h"
#include "rdp/der.h"

#include <string.h>

/* RFC 4178 4.2.1, 4.2.2 */
enum { INIT_MECHANISMS = 0, INIT_TOKEN = 2 };
enum { ANSWER_STATE, ANSWER_MECHANISM, ANSWER_TOKEN, ANSWER_MIC, ANSWER_COUNT };
enum { STATE_COMPLETED, STATE_INCOMPLETE, STATE_REJECT, STATE_REQUEST_MIC };

static const uint8_t spnego_oid[] = {0x2b, 6, 1, 5, 5, 2};
static const uint8_t kerberos_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2};
/* Windows' own number for it, of which a bit was cut off in 1999. */
static const uint8_t windows_oid[] = {0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 1, 2, 2};

static void
write_oid(struct bytes_writer *writer, const uint8_t *oid, size_t len)
{
	der_write_head(writer, DER_OID, len);
	bytes_write(writer, oid, len);
}

void
spnego_begin(struct bytes_writer *writer, const struct pdu_bytes *token)
{
	size_t mechanisms = der_size(sizeof(kerberos_oid));
	size_t octets = der_size(token->len);
	size_t fields = der_size(der_size(mechanisms)) + der_size(octets);
	size_t whole = der_size(sizeof(spnego_oid)) + der_size(der_size(fields));

	der_write_head(writer, DER_APPLICATION, whole);
	write_oid(writer, spnego_oid, sizeof(spnego_oid));
	der_write_head(writer, DER_FIELD, der_size(fields));
	der_write_head(writer, DER_SEQUENCE, fields);
	der_write_head(writer, DER_FIELD + INIT_MECHANISMS, der_size(mechanisms));
	der_write_head(writer, DER_SEQUENCE, mechanisms);
	write_oid(writer, kerberos_oid, sizeof(kerberos_oid));
	der_write_head(writer, DER_FIELD + INIT_TOKEN, octets);
	der_write_head(writer, DER_OCTET_STRING, token->len);
	bytes_write(writer, token->at, token->len);
}

static bool
is_kerberos(const struct pdu_bytes *oid)
{
	return oid->len == sizeof(kerberos_oid) &&
	       (memcmp(oid->at, kerberos_oid, oid->len) == 0 ||
		       memcmp(oid->at, windows_oid, oid->len) == 0);
}

/* Returns false for what cannot be gone on with. */
static bool
read_field(struct bytes_reader *field, int number, struct spnego_answer *answer)
{
	static const uint8_t tags[ANSWER_COUNT] = {
		DER_ENUMERATED, DER_OID, DER_OCTET_STRING, DER_OCTET_STRING};
	struct bytes_reader inside = der_read(field, tags[number]);
	struct pdu_bytes value = der_rest(&inside);

	if (field->failed || bytes_left(field) > 0)
		return false;
	switch (number) {
	case ANSWER_STATE:
		answer->rejected = value.len == 1 && value.at[0] == STATE_REJECT;
		return value.len == 1 && value.at[0] < STATE_REQUEST_MIC;
	case ANSWER_MECHANISM:
		return is_kerberos(&value);
	case ANSWER_TOKEN:
		answer->token = value;
		return true;
	default:
		return true;
	}
}

enum parse_result
spnego_read(const struct pdu_bytes *bytes, struct spnego_answer *ret_answer)
{
	struct bytes_reader whole, choice, fields;
	int last = -1;

	*ret_answer = (struct spnego_answer){0};
	bytes_reader_init(&whole, bytes->at, bytes->len);
	choice = der_read(&whole, DER_FIELD + 1);
	fields = der_read(&choice, DER_SEQUENCE);
	if (whole.failed || choice.failed || bytes_left(&whole) > 0 || bytes_left(&choice) > 0)
		return PARSE_BAD;
	while (!fields.failed && bytes_left(&fields) > 0) {
		int number = *fields.at - DER_FIELD;
		struct bytes_reader field;

		if (number <= last || number >= ANSWER_COUNT)
			return PARSE_BAD;
		last = number;
		field = der_read(&fields, (uint8_t)(DER_FIELD + number));
		if (!read_field(&field, number, ret_answer))
			return PARSE_BAD;
	}
	return fields.failed ? PARSE_BAD : PARSE_OK;
}
