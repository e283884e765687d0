/* A ticket's handle and secret; see ticket_text.h. */
#include "policy/ticket_text.h"

#include "base/bytes.h"
#include "base/secret.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define HANDLE_BYTES 8
#define SECRET_BYTES 32

/* RFC 4648 5, without padding: no character that a .rdp file or a user name would mangle. */
static void
to_base64url(const uint8_t *bytes, size_t len, char *ret_text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			*ret_text++ = digits[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*ret_text++ = digits[bits << (6 - have) & 63];
	*ret_text = '\0';
}

int
ticket_text_make(char ret_handle[TICKET_HANDLE_SIZE], char ret_secret[TICKET_SECRET_SIZE])
{
	uint8_t bytes[HANDLE_BYTES + SECRET_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	ret_handle[0] = '+';
	bytes_to_hex(bytes, HANDLE_BYTES, ret_handle + 1);
	to_base64url(bytes + HANDLE_BYTES, SECRET_BYTES, ret_secret);
	secret_wipe(bytes, sizeof(bytes));
	return 0;
}

void
ticket_secret_hash(const char *secret, uint8_t ret_hash[32])
{
	if (EVP_Digest(secret, strlen(secret), ret_hash, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

int
source_canonical(const char *text, char ret_source[SOURCE_SIZE])
{
	struct in6_addr address;

	if (inet_pton(AF_INET, text, &address) == 1) {
		inet_ntop(AF_INET, &address, ret_source, SOURCE_SIZE);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &address) != 1)
		return -EINVAL;
	if (IN6_IS_ADDR_V4MAPPED(&address))
		inet_ntop(AF_INET, address.s6_addr + 12, ret_source, SOURCE_SIZE);
	else
		inet_ntop(AF_INET6, &address, ret_source, SOURCE_SIZE);
	return 0;
}
