/* Client Info, and what becomes of it for a back end: rdp/client_info.h. */
#include "fuzz.h"

#include <string.h>

#include "rdp/client_info.h"
#include "tests/unit/rdp/samples.h"

enum {
	TEXTS = 5,
};

struct texts {
	char text[TEXTS][CLIENT_INFO_TEXT_UTF8_MAX];
};

static void
convert(const struct client_info *info, struct texts *ret_texts)
{
	const struct pdu_bytes *texts[TEXTS] = {&info->domain, &info->user, &info->password,
		&info->alternate_shell, &info->working_directory};

	for (size_t i = 0; i < TEXTS; i++)
		client_info_text(info, texts[i], ret_texts->text[i]);
}

/* Passes everything through: what comes out says the same. */
static void
try_same(const struct client_info *info)
{
	static struct texts before, after;
	uint8_t room[CLIENT_INFO_MAX];
	struct client_info_cookie cookie = {.logon_id = info->cookie_logon_id};
	struct client_info_changes changes = {
		.domain = before.text[0],
		.user = before.text[1],
		.password = before.text[2],
		.alternate_shell = before.text[3],
		.working_directory = before.text[4],
		.autologon = (info->flags & INFO_AUTOLOGON) != 0,
		.cookie = info->has_cookie ? &cookie : NULL,
	};
	struct bytes_writer writer;
	struct client_info again;

	memcpy(cookie.verifier, info->cookie_verifier, sizeof(cookie.verifier));
	convert(info, &before);
	bytes_writer_init(&writer, room, sizeof(room));
	/* 8-bit text may be too long for UTF-16. */
	if (client_info_write(&writer, info, &changes) != 0) {
		fuzz_expect((info->flags & INFO_UNICODE) == 0);
		return;
	}
	fuzz_expect(client_info_parse(room, writer.len, &again, NULL) == PARSE_OK);
	convert(&again, &after);
	for (size_t i = 0; i < TEXTS; i++)
		fuzz_expect(strcmp(before.text[i], after.text[i]) == 0);
	fuzz_expect(again.extra.len == info->extra.len && again.has_cookie == info->has_cookie);
	fuzz_expect(memcmp(again.cookie_verifier, info->cookie_verifier,
			    sizeof(info->cookie_verifier)) == 0);
	fuzz_expect(((again.flags ^ info->flags) & INFO_AUTOLOGON) == 0);
}

/* Blanks everything: nothing of the client's texts or cookie is left. */
static void
try_blank(const struct client_info *info)
{
	const struct client_info_changes changes = {.user = NULL};
	uint8_t room[CLIENT_INFO_MAX];
	struct bytes_writer writer;
	struct client_info again;

	bytes_writer_init(&writer, room, sizeof(room));
	fuzz_expect(client_info_write(&writer, info, &changes) == 0);
	fuzz_expect(client_info_parse(room, writer.len, &again, NULL) == PARSE_OK);
	fuzz_expect(again.domain.len + again.user.len + again.password.len +
			    again.alternate_shell.len + again.working_directory.len ==
		    0);
	fuzz_expect(!again.has_cookie && (again.flags & INFO_AUTOLOGON) == 0);
	fuzz_expect((again.flags & INFO_ALWAYS) == INFO_ALWAYS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct client_info info;
	const char *why = NULL;

	if (client_info_parse(bytes, len, &info, &why) != PARSE_OK) {
		fuzz_expect(why != NULL);
		return 0;
	}
	try_same(&info);
	try_blank(&info);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	const struct client_info_changes changes = {.user = "保守", .password = "p"};
	uint8_t room[CLIENT_INFO_MAX];
	struct bytes_writer writer;
	struct client_info info;

	fuzz_seed(seeds, sample_info, sizeof(sample_info));
	fuzz_expect(client_info_parse(sample_info, sizeof(sample_info), &info, NULL) == PARSE_OK);
	bytes_writer_init(&writer, room, sizeof(room));
	fuzz_expect(client_info_write(&writer, &info, &changes) == 0);
	fuzz_seed(seeds, room, writer.len);
}
