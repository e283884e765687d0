/* base/catalogue.c: messages without a locale; and no file, whatever is in it, leads astray. */
#include "base/catalogue.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Two messages, the second with a plural: "no", "%d day" / "%d days". */
struct file {
	uint32_t magic, revision, count, originals, translations, hash_size, hash;
	uint32_t original[2][2];
	uint32_t translation[2][2];
	char texts[64];
};

static struct file
good_file(void)
{
	struct file file = {.magic = 0x950412de,
		.count = 2,
		.originals = offsetof(struct file, original),
		.translations = offsetof(struct file, translation)};
	const uint32_t at = offsetof(struct file, texts);

	memcpy(file.texts, "%d day\0%d days\0no\0%d日\0いいえ", 34);
	file.original[0][0] = 14, file.original[0][1] = at;
	file.original[1][0] = 2, file.original[1][1] = at + 15;
	file.translation[0][0] = 5, file.translation[0][1] = at + 18;
	file.translation[1][0] = 9, file.translation[1][1] = at + 24;
	return file;
}

static int
open_bytes(const void *bytes, size_t size, const struct catalogue **ret_catalogue)
{
	char path[] = "/tmp/sekisho-catalogue-XXXXXX";
	int fd = mkstemp(path);
	int r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	r = catalogue_open(path, ret_catalogue);
	unlink(path);
	return r;
}

static void
texts_are_found_and_others_stay(void **state)
{
	const struct file file = good_file();
	const struct catalogue *catalogue;
	const char *unknown = "unknown";

	(void)state;
	assert_int_equal(open_bytes(&file, sizeof(file), &catalogue), 0);
	assert_string_equal(catalogue_find(catalogue, "no"), "いいえ");
	assert_string_equal(catalogue_find(catalogue, "%d day"), "%d日");
	assert_ptr_equal(catalogue_find(catalogue, unknown), unknown);
	assert_string_equal(catalogue_find(catalogue, ""), "");
	catalogue_free(catalogue);
	catalogue_free(NULL);
}

static void
every_cut_and_every_wrong_number_is_refused_or_harmless(void **state)
{
	const struct file file = good_file();
	const struct catalogue *catalogue;

	(void)state;
	for (size_t size = 0; size < offsetof(struct file, texts) + 33; size++)
		assert_true(open_bytes(&file, size, &catalogue) < 0);
	for (size_t i = 0; i < offsetof(struct file, texts) / 4; i++) {
		static const uint32_t values[] = {1, 3, 0x7fffffff, 0x80000000, 0xffffffff};

		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
			struct file bad = file;

			memcpy((char *)&bad + i * 4, &values[j], 4);
			if (open_bytes(&bad, sizeof(bad), &catalogue) < 0)
				continue;
			(void)catalogue_find(catalogue, "no");
			catalogue_free(catalogue);
		}
	}
	assert_int_equal(catalogue_open("/nowhere/ja.mo", &catalogue), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_found_and_others_stay),
		cmocka_unit_test(every_cut_and_every_wrong_number_is_refused_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
