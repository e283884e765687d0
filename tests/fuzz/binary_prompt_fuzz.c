/* What pam_sekisho.so and sekisho-pam read of each other: pam/binary_prompt.h, and what the module makes of an account. */
#include "fuzz.h"

#include <string.h>

#include "pam/binary_prompt.h"
#include "pam/password_rules.h"
#include "pam/totp.h"
#include "tests/unit/messages/samples.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static union message_body body;
	static char text[512], again[BINARY_PROMPT_MOST];
	const struct message_row *row;
	uint64_t step;
	size_t some = len < sizeof(text) ? len : sizeof(text) - 1;

	if (binary_prompt_get(bytes, len, &row, &body) == 0) {
		int put = binary_prompt_put(row->number, &body, again, sizeof(again));

		fuzz_expect(put == (int)len && memcmp(again, bytes, len) == 0);
		message_wipe(row, &body);
	}
	if (len > 0)
		memcpy(text, bytes, some);
	text[some] = '\0';
	(void)password_rules_check(PASSWORD_POLICY_LONG, text, (const char *const[]){text}, 1);
	(void)totp_check((const uint8_t *)"12345678901234567890", 20, 0, text, &step);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const enum message numbers[] = {MSG_PAM_PROMPT, MSG_PAM_ANSWER, MSG_PAM_ASK,
		MSG_PAM_ACCOUNT, MSG_PAM_REPORT, MSG_PAM_KEPT};
	static union message_body body;
	uint8_t frame[BINARY_PROMPT_MOST];

	(void)totp_begin();
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int len;

		sample_fill(message_row(numbers[i]), SAMPLE_SMALL, &body);
		len = binary_prompt_put(numbers[i], &body, frame, sizeof(frame));
		fuzz_expect(len > 0);
		fuzz_seed(seeds, frame, (size_t)len);
	}
	fuzz_seed(seeds, "998-taro@Tsuki-42", 17);
	fuzz_seed(seeds, "050-471", 7);
}
