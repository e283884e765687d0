/* See stack.h. */
#include "stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pam/hashes.h"

#include <crypt.h>
#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

const char *
stack_make(const char *text)
{
	char path[80];
	FILE *file;

	strcpy(folder, "/tmp/sekisho-pam.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sekisho", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return folder;
}

void
stack_remove(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/sekisho", folder);
	(void)unlink(path);
	(void)rmdir(folder);
}

void
stack_account_hash(struct msg_pam_account *account, const char *hash)
{
	account->hash_len = (uint32_t)strlen(hash);
	memcpy(account->hash, hash, account->hash_len + 1);
}

void
stack_account(struct msg_pam_account *ret_account)
{
	static char hash[CRYPT_OUTPUT_SIZE];

	memset(ret_account, 0, sizeof(*ret_account));
	if (hash[0] == '\0')
		assert_int_equal(hash_make(STACK_PASSWORD, hash, sizeof(hash)), 0);
	stack_account_hash(ret_account, hash);
	ret_account->known = 1;
	strcpy(ret_account->issuer, "\u6771\u75c5\u9662");
	strcpy(ret_account->account, "998-taro@hospital.example");
}

const char *
stack_cheap_hash(void)
{
	static struct crypt_data data;

	return crypt_r(STACK_PASSWORD, "$y$j1.$saltsaltsaltsaltsalt", &data);
}

void
stack_code(const uint8_t *seed, size_t len, int steps, char ret_code[7])
{
	time_t now = (time_t)(clock_now() / 1000000) + steps * 30;

	assert_int_equal(oath_init(), OATH_OK);
	assert_int_equal(
		oath_totp_generate((const char *)seed, len, now, 30, 0, 6, ret_code), OATH_OK);
}
