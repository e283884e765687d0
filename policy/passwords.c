/* Passwords that Sekisho makes itself; see passwords.h for the reasoning. */
#include "policy/passwords.h"

#include "base/cleanup.h"
#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

/* The lower case letters first, then the upper case ones: a first character is drawn from these. */
static const char lower[] = "abcdefghijkmnpqrstuvwxyz";
static const char upper[] = "ABCDEFGHJKLMNPQRSTUVWXYZ";
static const char digits[] = "23456789";

#define LETTERS (sizeof(lower) - 1 + sizeof(upper) - 1)
#define CHARACTERS (LETTERS + sizeof(digits) - 1)

/* "j" is the flavour that crypt(5) knows, then log2 N and r in its base 64: 2^4 and 1. */
#define SETTING_COST "$y$j1.$"
#define HASH_CHARACTERS 43 /* 256 bits, of which the last character has 4 */
#define SALT_CHARACTERS 20 /* 15 bytes, so that every text of this length is a salt: 120 bits */

/* Random bytes in stock, so that a character does not cost a system call. */
struct random_stock {
	uint8_t bytes[64];
	size_t left;
};

static int
random_byte(struct random_stock *stock, uint8_t *ret_byte)
{
	while (stock->left == 0) {
		ssize_t got = getrandom(stock->bytes, sizeof(stock->bytes), 0);

		if (got < 0 && errno != EINTR)
			return -errno;
		stock->left = got < 0 ? 0 : (size_t)got;
	}
	*ret_byte = stock->bytes[--stock->left];
	return 0;
}

/* A number below `count`, each as likely as any other: bytes of the last, incomplete round are drawn
 * anew. */
static int
random_below(struct random_stock *stock, size_t count, size_t *ret_number)
{
	size_t usable = 256 - 256 % count;
	uint8_t byte = 0;
	int r;

	do {
		r = random_byte(stock, &byte);
		if (r < 0)
			return r;
	} while (byte >= usable);
	*ret_number = byte % count;
	return 0;
}

static char
character(size_t number)
{
	if (number < sizeof(lower) - 1)
		return lower[number];
	number -= sizeof(lower) - 1;
	if (number < sizeof(upper) - 1)
		return upper[number];
	return digits[number - (sizeof(upper) - 1)];
}

static int
draw(struct random_stock *stock, char *ret_password)
{
	size_t at = 0;
	size_t number;
	int r;

	for (size_t i = 0; i < INITIAL_PASSWORD_GROUPS * INITIAL_PASSWORD_GROUP_CHARACTERS; i++) {
		if (i > 0 && i % INITIAL_PASSWORD_GROUP_CHARACTERS == 0)
			ret_password[at++] = '-';
		r = random_below(stock, i == 0 ? LETTERS : CHARACTERS, &number);
		if (r < 0)
			return r;
		ret_password[at++] = character(number);
	}
	ret_password[at] = '\0';
	assert(at == INITIAL_PASSWORD_SIZE - 1);
	return 0;
}

/* A whole password is drawn anew if it lacks a class: to put the class in would favour some places. */
static bool
has_every_class(const char *password)
{
	return strpbrk(password, lower) != NULL && strpbrk(password, upper) != NULL &&
	       strpbrk(password, digits) != NULL;
}

/* Characters as crypt(5) writes bits, the first `below` of them. */
static int
draw_base64(struct random_stock *stock, size_t count, size_t below, char *ret_text)
{
	static const char base64[] =
		"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t number;
	int r;

	for (size_t i = 0; i < count; i++) {
		r = random_below(stock, below, &number);
		if (r < 0)
			return r;
		*ret_text++ = base64[number];
	}
	*ret_text = '\0';
	return 0;
}

static int
make_setting(struct random_stock *stock, char *ret_setting)
{
	char *at = stpcpy(ret_setting, SETTING_COST);

	return draw_base64(stock, SALT_CHARACTERS, 64, at);
}

static int
make(struct random_stock *stock, char *ret_password, char *ret_hash, size_t hash_size)
{
	char setting[sizeof(SETTING_COST) + SALT_CHARACTERS];
	int r;

	do {
		r = draw(stock, ret_password);
		if (r < 0)
			return r;
	} while (!has_every_class(ret_password));
	r = make_setting(stock, setting);
	return r < 0 ? r : password_hash(ret_password, setting, ret_hash, hash_size);
}

int
initial_password_make(char *ret_password, size_t password_size, char *ret_hash, size_t hash_size)
{
	struct random_stock stock = {0};
	int r;

	assert(password_size >= INITIAL_PASSWORD_SIZE && hash_size >= PASSWORD_HASH_SIZE);
	r = make(&stock, ret_password, ret_hash, hash_size);
	secret_wipe(&stock, sizeof(stock));
	if (r < 0) {
		secret_wipe(ret_password, password_size);
		ret_hash[0] = '\0';
	}
	return r;
}

int
password_decoy_make(char *ret_hash, size_t hash_size)
{
	struct random_stock stock = {0};
	char *at;
	int r;

	assert(hash_size >= PASSWORD_HASH_SIZE);
	at = stpcpy(ret_hash, PASSWORD_FULL_COST);
	r = draw_base64(&stock, SALT_CHARACTERS, 64, at);
	at += SALT_CHARACTERS;
	*at++ = '$';
	if (r == 0)
		r = draw_base64(&stock, HASH_CHARACTERS - 1, 64, at);
	if (r == 0)
		r = draw_base64(&stock, 1, 16, at + HASH_CHARACTERS - 1);
	if (r < 0)
		ret_hash[0] = '\0';
	return r;
}
