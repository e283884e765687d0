/* RADIUS accounting packets (RFC 2866), as bytes in memory; see accounting.h. Pure but for OpenSSL's digests. */
#include "supervisor/accounting.h"

#include "base/bytes.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define CODE_ACCOUNTING_REQUEST 4
#define CODE_ACCOUNTING_RESPONSE 5
#define HEADER_SIZE 20
#define AUTHENTICATOR_AT 4
#define AUTHENTICATOR_SIZE 16
#define MESSAGE_AUTHENTICATOR 80

static void
text_append(struct accounting_text *text, const uint8_t *value, size_t len)
{
	size_t room = ACCOUNTING_TEXT_MAX - text->len;

	if (len > room)
		len = room;
	memcpy(text->bytes + text->len, value, len);
	text->len = (uint8_t)(text->len + len);
}

static uint32_t
number(const uint8_t *value)
{
	return (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 | (uint32_t)value[2] << 8 |
	       value[3];
}

static void
take_status(struct accounting_record *record, const uint8_t *value, size_t len)
{
	(void)len;
	record->status = number(value);
}

static void
take_session(struct accounting_record *record, const uint8_t *value, size_t len)
{
	record->session.len = 0;
	text_append(&record->session, value, len);
}

static void
take_nas(struct accounting_record *record, const uint8_t *value, size_t len)
{
	text_append(&record->nas, value, len);
}

/* RFC 2865, 5.8: 255.255.255.255 and 255.255.255.254 let somebody else choose: they are no address. */
static void
take_ipv4(struct accounting_record *record, const uint8_t *value, size_t len)
{
	(void)len;
	if (number(value) == 0 || number(value) >= 0xfffffffeu)
		return;
	address_from_ipv4(value, record->ipv4);
	record->has_ipv4 = true;
}

static void
take_ipv6(struct accounting_record *record, const uint8_t *value, size_t len)
{
	static const uint8_t unspecified[ADDRESS_SIZE];

	(void)len;
	if (memcmp(value, unspecified, ADDRESS_SIZE) == 0)
		return;
	memcpy(record->ipv6, value, ADDRESS_SIZE);
	record->has_ipv6 = true;
}

static void
take_mac(struct accounting_record *record, const uint8_t *value, size_t len)
{
	struct slice text = {(const char *)value, len};

	record->has_mac = slice_mac(text, record->mac) == 0;
}

static void
take_timeout(struct accounting_record *record, const uint8_t *value, size_t len)
{
	(void)len;
	record->timeout_s = number(value);
}

static void
take_event(struct accounting_record *record, const uint8_t *value, size_t len)
{
	(void)len;
	record->event_s = number(value);
}

/* What we read of a record. Another length than the one given makes the packet malformed; 0: any. */
static const struct {
	uint8_t type;
	uint8_t len;
	void (*take)(struct accounting_record *record, const uint8_t *value, size_t len);
} attributes[] = {
	{4, 4, take_nas},      /* NAS-IP-Address, RFC 2865, 5.4 */
	{8, 4, take_ipv4},     /* Framed-IP-Address, RFC 2865, 5.8 */
	{27, 4, take_timeout}, /* Session-Timeout, RFC 2865, 5.27 */
	{31, 0, take_mac},     /* Calling-Station-Id, RFC 2865, 5.31 */
	{32, 0, take_nas},     /* NAS-Identifier, RFC 2865, 5.32 */
	{40, 4, take_status},  /* Acct-Status-Type, RFC 2866, 5.1 */
	{44, 0, take_session}, /* Acct-Session-Id, RFC 2866, 5.5 */
	{55, 4, take_event},   /* Event-Timestamp, RFC 2869, 5.3 */
	{95, 16, take_nas},    /* NAS-IPv6-Address, RFC 3162, 2.1 */
	{168, 16, take_ipv6},  /* Framed-IPv6-Address, RFC 6911, 3.1 */
};

static bool
take_attribute(struct accounting_record *record, uint8_t type, const uint8_t *value, size_t len)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (attributes[i].type != type)
			continue;
		if (attributes[i].len != 0 && attributes[i].len != len)
			return false;
		attributes[i].take(record, value, len);
	}
	return true;
}

/* Cuts the packet to its own length. */
static bool
packet_length(const uint8_t *packet, size_t *len)
{
	size_t own;

	if (*len < RADIUS_PACKET_MIN || packet[0] != CODE_ACCOUNTING_REQUEST)
		return false;
	own = bytes_get_u16be(packet + 2);
	if (own < RADIUS_PACKET_MIN || own > RADIUS_PACKET_MAX || own > *len)
		return false;
	*len = own;
	return true;
}

enum radius_verdict
radius_read_attributes(const uint8_t *packet, size_t len, struct accounting_record *ret_record)
{
	struct accounting_record record = {0};

	if (!packet_length(packet, &len))
		return RADIUS_MALFORMED;
	for (size_t at = HEADER_SIZE; at < len; at += packet[at + 1]) {
		if (len - at < 2 || packet[at + 1] < 2 || packet[at + 1] > len - at)
			return RADIUS_MALFORMED;
		if (!take_attribute(&record, packet[at], packet + at + 2, packet[at + 1] - 2u))
			return RADIUS_MALFORMED;
	}
	*ret_record = record;
	return RADIUS_GOOD;
}

static bool
md5(const void *one, size_t one_len, const void *two, size_t two_len, uint8_t *ret_digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
		  EVP_DigestUpdate(context, one, one_len) == 1 &&
		  EVP_DigestUpdate(context, two, two_len) == 1 &&
		  EVP_DigestFinal_ex(context, ret_digest, NULL) == 1;

	EVP_MD_CTX_free(context);
	return ok;
}

/* Message-Authenticator (RFC 2869, 5.14), where a sender adds one: HMAC over the packet with both
 * authenticators zero. `packet` already has its first one zeroed. */
static enum radius_verdict
check_message_authenticator(uint8_t *packet, size_t len, const void *secret, size_t secret_len)
{
	uint8_t sent[AUTHENTICATOR_SIZE], right[EVP_MAX_MD_SIZE];
	unsigned right_len;

	for (size_t at = HEADER_SIZE; at < len; at += packet[at + 1]) {
		if (packet[at] != MESSAGE_AUTHENTICATOR)
			continue;
		if (packet[at + 1] != AUTHENTICATOR_SIZE + 2)
			return RADIUS_MALFORMED;
		memcpy(sent, packet + at + 2, sizeof(sent));
		memset(packet + at + 2, 0, sizeof(sent));
		if (HMAC(EVP_md5(), secret, (int)secret_len, packet, len, right, &right_len) ==
			NULL)
			return RADIUS_NO_DIGEST;
		return bytes_equal_constant_time(sent, right, sizeof(sent)) ? RADIUS_GOOD
									    : RADIUS_WRONG_SECRET;
	}
	return RADIUS_GOOD;
}

/* Request Authenticator = MD5(code, id, length, 16 zeros, attributes, secret); RFC 2866, 3. */
static enum radius_verdict
check_authenticators(const uint8_t *packet, size_t len, const void *secret, size_t secret_len)
{
	uint8_t copy[RADIUS_PACKET_MAX], right[EVP_MAX_MD_SIZE];

	memcpy(copy, packet, len);
	memset(copy + AUTHENTICATOR_AT, 0, AUTHENTICATOR_SIZE);
	if (!md5(copy, len, secret, secret_len, right))
		return RADIUS_NO_DIGEST;
	if (!bytes_equal_constant_time(packet + AUTHENTICATOR_AT, right, AUTHENTICATOR_SIZE))
		return RADIUS_WRONG_SECRET;
	return check_message_authenticator(copy, len, secret, secret_len);
}

enum radius_verdict
radius_read(const uint8_t *packet, size_t len, const void *secret, size_t secret_len,
	struct accounting_record *ret_record)
{
	struct accounting_record record;
	enum radius_verdict verdict;

	verdict = radius_read_attributes(packet, len, &record);
	if (verdict != RADIUS_GOOD)
		return verdict;
	(void)packet_length(packet, &len);
	verdict = check_authenticators(packet, len, secret, secret_len);
	if (verdict == RADIUS_GOOD)
		*ret_record = record;
	return verdict;
}

/* Response Authenticator = MD5(code, id, length, request authenticator, attributes, secret); RFC 2866, 3. */
size_t
radius_answer(const uint8_t *request, const void *secret, size_t secret_len, uint8_t *ret_packet)
{
	uint8_t answer[RADIUS_PACKET_MIN], digest[EVP_MAX_MD_SIZE];

	answer[0] = CODE_ACCOUNTING_RESPONSE;
	answer[1] = request[1];
	bytes_put_u16be(answer + 2, sizeof(answer));
	memcpy(answer + AUTHENTICATOR_AT, request + AUTHENTICATOR_AT, AUTHENTICATOR_SIZE);
	if (!md5(answer, sizeof(answer), secret, secret_len, digest))
		return 0;
	memcpy(answer + AUTHENTICATOR_AT, digest, AUTHENTICATOR_SIZE);
	memcpy(ret_packet, answer, sizeof(answer));
	return sizeof(answer);
}
