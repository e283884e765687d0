/* The two BER PDUs that open an MCS connection; see mcs.h. T.125 7 part 10. */
#include "rdp/mcs.h"

#include "rdp/per.h"
#include "rdp/x224.h"

enum {
	TAG_CONNECT_INITIAL = 0x7f65,
	TAG_CONNECT_RESPONSE = 0x7f66,
};

const struct mcs_domain_parameters mcs_usual_parameters = {
	.max_channel_ids = 34,
	.max_user_ids = 3,
	.max_token_ids = 0,
	.num_priorities = 1,
	.min_throughput = 0,
	.max_height = 1,
	.max_mcs_pdu_size = 65528,
	.protocol_version = 2,
};

static enum parse_result
bad(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return PARSE_BAD;
}

static void
read_parameters(struct bytes_reader *reader, struct mcs_domain_parameters *ret_parameters)
{
	struct bytes_reader fields = ber_read(reader, BER_SEQUENCE);

	ret_parameters->max_channel_ids = ber_read_number(&fields, BER_INTEGER);
	ret_parameters->max_user_ids = ber_read_number(&fields, BER_INTEGER);
	ret_parameters->max_token_ids = ber_read_number(&fields, BER_INTEGER);
	ret_parameters->num_priorities = ber_read_number(&fields, BER_INTEGER);
	ret_parameters->min_throughput = ber_read_number(&fields, BER_INTEGER);
	ret_parameters->max_height = ber_read_number(&fields, BER_INTEGER);
	ret_parameters->max_mcs_pdu_size = ber_read_number(&fields, BER_INTEGER);
	ret_parameters->protocol_version = ber_read_number(&fields, BER_INTEGER);
	if (fields.failed || bytes_left(&fields) > 0)
		reader->failed = true;
}

static void
write_parameters(struct bytes_writer *writer, const struct mcs_domain_parameters *parameters)
{
	size_t begin = ber_begin(writer, BER_SEQUENCE);

	ber_write_number(writer, BER_INTEGER, parameters->max_channel_ids);
	ber_write_number(writer, BER_INTEGER, parameters->max_user_ids);
	ber_write_number(writer, BER_INTEGER, parameters->max_token_ids);
	ber_write_number(writer, BER_INTEGER, parameters->num_priorities);
	ber_write_number(writer, BER_INTEGER, parameters->min_throughput);
	ber_write_number(writer, BER_INTEGER, parameters->max_height);
	ber_write_number(writer, BER_INTEGER, parameters->max_mcs_pdu_size);
	ber_write_number(writer, BER_INTEGER, parameters->protocol_version);
	ber_end(writer, begin);
}

/* Opens the frame and the application tag, which must fill it. */
static enum parse_result
open_connect(const uint8_t *frame, size_t len, uint16_t tag, struct bytes_reader *ret_fields,
	const char **ret_why)
{
	struct bytes_reader outer;

	if (len > MCS_CONNECT_MAX)
		return bad(ret_why, "MCS Connect PDU is too long");
	if (!x224_data_open(frame, len, &outer))
		return bad(ret_why, "not an X.224 Data PDU");
	*ret_fields = ber_read(&outer, tag);
	if (outer.failed || bytes_left(&outer) > 0)
		return bad(ret_why, "not the MCS Connect PDU, or its length is wrong");
	return PARSE_OK;
}

static enum parse_result
read_user_data(struct bytes_reader *fields, struct pdu_bytes *ret_user_data, const char **ret_why)
{
	struct bytes_reader user_data = ber_read(fields, BER_OCTET_STRING);

	if (fields->failed || bytes_left(fields) > 0)
		return bad(ret_why, "fields of the MCS Connect PDU do not fit its length");
	*ret_user_data = (struct pdu_bytes){user_data.at, bytes_left(&user_data)};
	return PARSE_OK;
}

enum parse_result
mcs_connect_initial_parse(const uint8_t *frame, size_t len, struct mcs_connect_initial *ret_initial,
	const char **ret_why)
{
	struct bytes_reader fields;

	if (open_connect(frame, len, TAG_CONNECT_INITIAL, &fields, ret_why) != PARSE_OK)
		return PARSE_BAD;
	(void)ber_read(&fields, BER_OCTET_STRING); /* callingDomainSelector */
	(void)ber_read(&fields, BER_OCTET_STRING); /* calledDomainSelector */
	(void)ber_read(&fields, BER_BOOLEAN);      /* upwardFlag */
	read_parameters(&fields, &ret_initial->target);
	read_parameters(&fields, &ret_initial->minimum);
	read_parameters(&fields, &ret_initial->maximum);
	return read_user_data(&fields, &ret_initial->user_data, ret_why);
}

static void
write_user_data(struct bytes_writer *writer, const struct pdu_bytes *user_data)
{
	size_t begin = ber_begin(writer, BER_OCTET_STRING);

	bytes_write(writer, user_data->at, user_data->len);
	ber_end(writer, begin);
}

void
mcs_connect_initial_write(struct bytes_writer *writer, const struct mcs_connect_initial *initial)
{
	static const uint8_t selectors_and_upward[] = {
		BER_OCTET_STRING, 1, 1, BER_OCTET_STRING, 1, 1, BER_BOOLEAN, 1, 0xff};
	size_t frame = x224_data_begin(writer);
	size_t connect = ber_begin(writer, TAG_CONNECT_INITIAL);

	bytes_write(writer, selectors_and_upward, sizeof(selectors_and_upward));
	write_parameters(writer, &initial->target);
	write_parameters(writer, &initial->minimum);
	write_parameters(writer, &initial->maximum);
	write_user_data(writer, &initial->user_data);
	ber_end(writer, connect);
	x224_data_end(writer, frame);
}

enum parse_result
mcs_connect_response_parse(const uint8_t *frame, size_t len,
	struct mcs_connect_response *ret_response, const char **ret_why)
{
	struct bytes_reader fields;

	if (open_connect(frame, len, TAG_CONNECT_RESPONSE, &fields, ret_why) != PARSE_OK)
		return PARSE_BAD;
	ret_response->result = ber_read_number(&fields, BER_ENUMERATED);
	(void)ber_read_number(&fields, BER_INTEGER); /* calledConnectId */
	read_parameters(&fields, &ret_response->parameters);
	return read_user_data(&fields, &ret_response->user_data, ret_why);
}

void
mcs_connect_response_write(struct bytes_writer *writer, const struct mcs_connect_response *response)
{
	size_t frame = x224_data_begin(writer);
	size_t connect = ber_begin(writer, TAG_CONNECT_RESPONSE);

	ber_write_number(writer, BER_ENUMERATED, response->result);
	ber_write_number(writer, BER_INTEGER, 0); /* calledConnectId */
	write_parameters(writer, &response->parameters);
	write_user_data(writer, &response->user_data);
	ber_end(writer, connect);
	x224_data_end(writer, frame);
}
