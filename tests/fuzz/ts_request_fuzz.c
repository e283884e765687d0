/* TSRequests of a jump host: rdp/ts_request.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/ts_request.h"

static void
expect_inside(const struct pdu_bytes *part, const uint8_t *bytes, size_t len)
{
	if (part->at == NULL)
		return;
	fuzz_expect(part->at >= bytes && part->len <= len && part->at + part->len <= bytes + len);
}

/* What was read is written and read again. */
static void
expect_same_again(const struct ts_request *request)
{
	uint8_t *room = malloc(2 * TS_REQUEST_MAX);
	struct ts_request again;
	struct bytes_writer writer;

	fuzz_expect(room != NULL);
	bytes_writer_init(&writer, room, 2 * TS_REQUEST_MAX);
	ts_request_write(&writer, request);
	fuzz_expect(!writer.failed && writer.len == ts_request_size(request));
	fuzz_expect(writer.len > TS_REQUEST_MAX ||
		    ts_request_parse(room, writer.len, &again, NULL) == PARSE_OK);
	fuzz_expect(writer.len > TS_REQUEST_MAX ||
		    (again.version == request->version && again.token.len == request->token.len &&
			    again.error == request->error));
	free(room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct ts_request request;
	size_t whole = 0;
	bool too_long;
	enum parse_result framed = ts_request_length(bytes, len, &whole, &too_long);

	if (framed == PARSE_OK)
		fuzz_expect(whole >= 2 && whole <= TS_REQUEST_MAX);
	if (len >= TS_REQUEST_HEADER_MAX)
		fuzz_expect(framed != PARSE_NEED_MORE);
	if (ts_request_parse(bytes, len, &request, NULL) != PARSE_OK)
		return 0;
	fuzz_expect(framed == PARSE_OK && whole == len);
	expect_inside(&request.token, bytes, len);
	expect_inside(&request.auth_info, bytes, len);
	expect_inside(&request.pub_key_auth, bytes, len);
	expect_inside(&request.nonce, bytes, len);
	expect_same_again(&request);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const uint8_t refusal[] = {
		0x30, 0x0e, 0xa0, 3, 2, 1, 6, 0xa4, 7, 2, 5, 0, 0xc0, 0, 0, 0x6d};
	static const uint8_t some[64] = {'N', 'T', 'L', 'M', 'S', 'S', 'P'};
	const struct ts_request request = {.version = 6,
		.token = {some, 60},
		.auth_info = {some, 20},
		.pub_key_auth = {some, 48},
		.has_error = true,
		.error = 0xc0000071,
		.nonce = {some, 32}};
	uint8_t room[512];
	struct bytes_writer writer;

	fuzz_seed(seeds, refusal, sizeof(refusal));
	bytes_writer_init(&writer, room, sizeof(room));
	ts_request_write(&writer, &request);
	fuzz_seed(seeds, room, writer.len);
}
