/* The first packet of a client and of a jump host: rdp/x224.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/x224.h"
#include "tests/unit/rdp/samples.h"

static void
try_request(const uint8_t *bytes, size_t have)
{
	struct x224_request request;
	size_t len = 0;
	enum parse_result result = x224_request_parse(bytes, have, &request, &len, NULL);

	if (result == PARSE_NEED_MORE)
		fuzz_expect(have < X224_REQUEST_MAX);
	if (result != PARSE_OK)
		return;
	fuzz_expect(len <= have && len <= X224_REQUEST_MAX);
	fuzz_expect(strlen(request.token) <= X224_TOKEN_MAX);
	fuzz_expect(request.value_at <= strlen(request.token));
	fuzz_expect(strpbrk(request.token, "\r\n") == NULL);
	fuzz_expect(request.has_negotiation || request.protocols == 0);
	/* One byte less is not enough, and more bytes change nothing. */
	fuzz_expect(x224_request_parse(bytes, len - 1, &request, &len, NULL) == PARSE_NEED_MORE);
}

static void
try_confirm(const uint8_t *bytes, size_t have)
{
	struct x224_confirm confirm, again;
	struct bytes_writer writer;
	uint8_t room[X224_CONFIRM_MAX];
	size_t len;

	if (x224_confirm_parse(bytes, have, &confirm, &len, NULL) != PARSE_OK)
		return;
	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, &confirm);
	fuzz_expect(!writer.failed);
	fuzz_expect(x224_confirm_parse(room, writer.len, &again, &len, NULL) == PARSE_OK);
	fuzz_expect(again.kind == confirm.kind && again.protocol == confirm.protocol &&
		    again.failure == confirm.failure);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	try_request(bytes, len);
	try_confirm(bytes, len);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char http[] = "GET / HTTP/1.1\r\n\r\n";
	uint8_t room[64];
	struct bytes_writer writer;

	fuzz_seed(seeds, sample_request, sizeof(sample_request));
	fuzz_seed(seeds, sample_confirm, sizeof(sample_confirm));
	fuzz_seed(seeds, http, sizeof(http) - 1);
	bytes_writer_init(&writer, room, sizeof(room));
	x224_request_write(&writer, RDP_PROTOCOL_SSL | RDP_PROTOCOL_HYBRID);
	fuzz_seed(seeds, room, writer.len);
	bytes_writer_init(&writer, room, sizeof(room));
	x224_confirm_write(&writer, &(struct x224_confirm){.kind = X224_CONFIRM_FAILURE,
					    .failure = RDP_FAILURE_HYBRID_REQUIRED});
	fuzz_seed(seeds, room, writer.len);
}
