/* The hash of a stock-taking's list; see review_hash.h. */
#include "policy/review_hash.h"

#include "base/bytes.h"
#include "base/cleanup.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct review_hash {
	EVP_MD_CTX *context;
};

static int
add(struct review_hash *hash, const char *text)
{
	return EVP_DigestUpdate(hash->context, text, strlen(text)) == 1 ? 0 : -ENOMEM;
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static json_int_t
number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static int
add_question(struct review_hash *hash, const json_t *question)
{
	char text[128];
	int r;

	snprintf(text, sizeof(text),
		"sekisho account review 1\tunused=%" JSON_INTEGER_FORMAT
		"\tending=%" JSON_INTEGER_FORMAT "\tvendor=",
		number_of(question, "unused_days"), number_of(question, "ending_days"));
	r = add(hash, text);
	if (r == 0)
		r = add(hash, text_of(question, "vendor"));
	if (r == 0)
		r = add(hash,
			json_is_true(json_object_get(question, "all")) ? "\tall=1\n" : "\tall=0\n");
	return r;
}

struct review_hash *
review_hash_new(const json_t *question)
{
	struct review_hash *hash = calloc(1, sizeof(*hash));

	if (hash == NULL)
		return NULL;
	hash->context = EVP_MD_CTX_new();
	if (hash->context == NULL || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1 ||
		add_question(hash, question) < 0) {
		review_hash_free(hash);
		return NULL;
	}
	return hash;
}

void
review_hash_free(struct review_hash *hash)
{
	if (hash == NULL)
		return;
	EVP_MD_CTX_free(hash->context);
	free(hash);
}

static int
add_findings(struct review_hash *hash, const json_t *findings)
{
	int r = 0;
	json_t *finding;
	size_t i;

	json_array_foreach (findings, i, finding) {
		if (r == 0 && i > 0)
			r = add(hash, ",");
		if (r == 0 && json_is_string(finding))
			r = add(hash, json_string_value(finding));
	}
	return r;
}

int
review_hash_row(struct review_hash *hash, const json_t *row)
{
	static const char *const keys[] = {"vendor", "id", "family_name", "given_name", "email",
		"kind", "valid_from", "valid_until"};
	char numbers[64];
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys) && r == 0; i++) {
		r = add(hash, text_of(row, keys[i]));
		if (r == 0)
			r = add(hash, "\t");
	}
	snprintf(numbers, sizeof(numbers), "%" JSON_INTEGER_FORMAT "\t%" JSON_INTEGER_FORMAT "\t",
		number_of(row, "macs"), number_of(row, "terminals"));
	if (r == 0)
		r = add(hash, numbers);
	if (r == 0)
		r = add_findings(hash, json_object_get(row, "findings"));
	return r < 0 ? r : add(hash, "\n");
}

int
review_hash_end(struct review_hash *hash, char ret_hex[REVIEW_HASH_SIZE])
{
	uint8_t digest[32];

	if (EVP_DigestFinal_ex(hash->context, digest, NULL) != 1)
		return -ENOMEM;
	bytes_to_hex(digest, sizeof(digest), ret_hex);
	return 0;
}
