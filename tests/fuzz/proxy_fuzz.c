/* gateway/supervisor/proxy.c: what a load balancer says first. */
#include "fuzz.h"

#include "supervisor/proxy.h"

static const uint8_t seed[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54,
	0x0a, 0x21, 0x11, 0x00, 0x0c, 10, 1, 2, 3, 10, 0, 0, 1, 0xd4, 0x31, 0x0d, 0x3d};

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct sockaddr_storage source, of_header;
	size_t needed = 0, header_needed = 0;
	enum proxy_result result = proxy_parse(bytes, len, &needed, &source);

	if (result == PROXY_BAD)
		return 0;
	fuzz_expect(needed >= PROXY_FIXED_SIZE && needed <= PROXY_HEADER_MAX);
	fuzz_expect((result == PROXY_NEED_MORE) == (len < needed));
	if (result == PROXY_OK)
		fuzz_expect(source.ss_family == AF_INET || source.ss_family == AF_INET6);
	/* What follows the header belongs to the client and changes nothing. */
	if (result != PROXY_NEED_MORE)
		fuzz_expect(proxy_parse(bytes, needed, &header_needed, &of_header) == result &&
			    header_needed == needed);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	uint8_t local[PROXY_FIXED_SIZE], ipv6[PROXY_FIXED_SIZE + 36] = {0};

	fuzz_seed(seeds, seed, sizeof(seed));
	for (size_t i = 0; i < PROXY_FIXED_SIZE; i++)
		local[i] = ipv6[i] = seed[i];
	local[12] = 0x20;
	local[15] = 0;
	fuzz_seed(seeds, local, sizeof(local));
	ipv6[13] = 0x21;
	ipv6[15] = 36;
	fuzz_seed(seeds, ipv6, sizeof(ipv6));
}
