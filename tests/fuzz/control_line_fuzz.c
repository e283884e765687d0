/* gateway/supervisor/control_methods.c: a line on control.sock. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "supervisor/control_methods.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct control_request request;
	json_t *error = NULL;
	/* The first byte says who is calling. */
	uint32_t roles = len > 0 ? bytes[0] & 7u : 0;
	int r = len > 0 ? control_parse((const char *)bytes + 1, len - 1, roles, &request, &error)
			: -EINVAL;

	if (r < 0) {
		char *text =
			error == NULL ? NULL : json_dumps(error, JSON_COMPACT | JSON_ENSURE_ASCII);

		fuzz_expect(len == 0 || (text != NULL && strchr(text, '\n') == NULL));
		free(text);
		json_decref(error);
		return 0;
	}
	fuzz_expect(error == NULL && json_is_object(request.params));
	fuzz_expect((control_method_row(request.method)->roles & roles) != 0);
	control_request_done(&request);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char *const lines[] = {
		"\x07{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gateway.status\"}",
		"\x01{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"terminal.add\",\"params\":{"
		"\"name\":\"n\","
		"\"address\":\"h\",\"port\":3389,\"accounts\":[\"taro\"],\"rights\":[]}}",
		"\x02{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"log.connections\",\"params\":{"
		"\"most\":10,"
		"\"after\":null}}",
		"\x04{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"session.kill\",\"params\":{\"id\":"
		"\"00\","
		"\"because\":\"\xe7\x81\xab\"}}",
		"\x04{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"session.kill\",\"params\":{\"id\":"
		"\"0123456\","
		"\"because\":5}}",
		"\x01{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"account.edit\",\"params\":{\"id\":"
		"\"taro\","
		"\"changes\":{\"locked\":true}}}",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		fuzz_seed(seeds, lines[i], strlen(lines[i]));
}
