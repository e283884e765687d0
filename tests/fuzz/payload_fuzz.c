/* What an event says, should somebody have changed it: policy/payload_scan.h. Where jansson reads it too, both say the
 * same. */
#include "fuzz.h"

#include "policy/payload_scan.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void
compare(const json_t *tree, const struct payload_member *member, const char *payload, size_t len)
{
	const char *end = payload + len;
	const json_t *value = json_object_getn(tree, member->key, member->key_len);

	fuzz_expect(member->key > payload && member->key + member->key_len < end);
	if (tree == NULL)
		return;
	fuzz_expect(value != NULL && json_is_string(value) == (member->text != NULL));
	if (member->text != NULL)
		fuzz_expect(json_string_length(value) == member->text_len &&
			    memcmp(json_string_value(value), member->text, member->text_len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *payload = strndup((const char *)bytes, len);
	json_t *tree = json_loads(payload, JSON_REJECT_DUPLICATES, NULL);
	struct payload_member member;
	struct payload_scan scan;
	size_t count = 0;
	int r;

	payload_scan_init(&scan, payload);
	while ((r = payload_scan_next(&scan, &member)) > 0) {
		compare(tree, &member, payload, strlen(payload));
		count++;
	}
	if (r == 0 && tree != NULL)
		fuzz_expect(count == json_object_size(tree));
	json_decref(tree);
	free(payload);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char admin[] =
		"{\"action\":\"account.edit\",\"actor\":\"unix:yamada\",\"after\":{\"hours\":"
		"[\"a,}\\\"\",{}]},\"because\":null,\"before\":{},\"target\":\"山田\"}";
	static const char small[] = "{}";
	static const char other[] = "{\"a\":1,\"ab\":-2.5e3,\"b\":\"\\u0041\",\"b\":true}";

	fuzz_seed(seeds, admin, sizeof(admin) - 1);
	fuzz_seed(seeds, small, sizeof(small) - 1);
	fuzz_seed(seeds, other, sizeof(other) - 1);
}
