/* Names of who fails to sign in; see sign_in_names.h. */
#include "policy/sign_in_names.h"

#include "base/bytes.h"
#include "policy/text.h"
#include "policy/ticket_text.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BYTES 32

_Static_assert(SIGN_IN_NAME_SIZE >= 1 + 2 * HASH_BYTES + 1, "room for a hash");
_Static_assert(SIGN_IN_NAME_SIZE >= ACCOUNT_ID_SIZE, "room for every account");

bool
sign_in_name(const struct facility *facility, const char *typed, char ret_name[SIGN_IN_NAME_SIZE])
{
	struct field_error unused;
	char id[ACCOUNT_ID_SIZE];
	uint8_t hash[HASH_BYTES];

	if (account_id_parse(facility, typed, id, &unused) == 0) {
		text_to_lower(id, ret_name);
		return true;
	}
	if (EVP_Digest(typed, strlen(typed), hash, NULL, EVP_sha256(), NULL) != 1)
		abort();
	ret_name[0] = '?';
	bytes_to_hex(hash, sizeof(hash), ret_name + 1);
	return false;
}

/* The first bytes of an address, and how many bits that is: "10.0.0.0/24". */
static void
format_network(int family, uint8_t *address, size_t kept, char ret_text[SOURCE_SIZE])
{
	size_t len = family == AF_INET ? 4 : 16;
	char text[INET6_ADDRSTRLEN];

	memset(address + kept, 0, len - kept);
	inet_ntop(family, address, text, sizeof(text));
	snprintf(ret_text, SOURCE_SIZE, "%s/%zu", text, 8 * kept);
}

static void
name_source(const char *text, size_t ipv4_bytes, char ret_source[SOURCE_SIZE])
{
	char canonical[SOURCE_SIZE];
	uint8_t address[16];

	if (source_canonical(text, canonical) < 0)
		strcpy(ret_source, "?");
	else if (inet_pton(AF_INET, canonical, address) == 1 && ipv4_bytes == 4)
		strcpy(ret_source, canonical);
	else if (inet_pton(AF_INET, canonical, address) == 1)
		format_network(AF_INET, address, ipv4_bytes, ret_source);
	else if (inet_pton(AF_INET6, canonical, address) == 1)
		format_network(AF_INET6, address, 8, ret_source);
	else
		strcpy(ret_source, "?");
}

void
sign_in_source(const char *address, char ret_source[SOURCE_SIZE])
{
	name_source(address, 4, ret_source);
}

void
sign_in_network(const char *address, char ret_network[SOURCE_SIZE])
{
	name_source(address, 3, ret_network);
}
