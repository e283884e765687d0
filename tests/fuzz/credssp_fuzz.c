/* A jump host that says anything to nla/credssp.h, WinPR's NTLM behind it: a row of messages, each with its length (16 bits,
 * little endian) before it. No password may leave: nobody who has not the password can prove the key. */
#include "fuzz.h"

#include <string.h>

#include "nla/credssp.h"

static uint8_t key[270] = {3};

static bool
no_chance(void *bytes, size_t len)
{
	memset(bytes, 7, len);
	return true;
}

static void
begin_once(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	(void)setenv("WLOG_LEVEL", "OFF", 1);
	(void)sspi_self_test();
}

static void
talk(struct credssp *credssp, struct bytes_reader *reader, uint8_t *room)
{
	struct bytes_writer out;
	enum credssp_wants wants;
	uint32_t status;
	const char *why;

	bytes_writer_init(&out, room, TS_REQUEST_MAX);
	wants = credssp_begin(credssp, &out);
	while (wants != CREDSSP_NOTHING && bytes_left(reader) > 2) {
		size_t len = bytes_read_u16le(reader);
		const uint8_t *bytes;

		if (len > bytes_left(reader))
			len = bytes_left(reader);
		bytes = bytes_read(reader, len);
		bytes_writer_init(&out, room, TS_REQUEST_MAX);
		wants = credssp_on_bytes(credssp, bytes, len, &out);
		fuzz_expect(!out.failed);
		fuzz_expect(wants != CREDSSP_AUTHORISATION);
	}
	if (wants == CREDSSP_NOTHING)
		fuzz_expect(credssp_outcome(credssp, &status, &why) != NLA_ACCEPTED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct secret password = {0};
	struct credssp_setup setup = {.identity = {.user = "tech",
					      .domain = "AOBA",
					      .password = &password,
					      .host_name = "h"},
		.public_key = {key, sizeof(key)},
		.authorisation = true,
		.random = no_chance};
	struct credssp *credssp = NULL;
	struct bytes_reader reader;
	uint8_t *room = malloc(TS_REQUEST_MAX);

	begin_once();
	fuzz_expect(room != NULL && secret_set(&password, "Ichigo-15", 9) == 0);
	fuzz_expect(credssp_new(&setup, &credssp) == 0);
	bytes_reader_init(&reader, bytes, len);
	talk(credssp, &reader, room);
	credssp_free(credssp);
	secret_done(&password);
	free(room);
	return 0;
}

static void
give(struct fuzz_seeds *seeds, const struct ts_request *first, const struct ts_request *second)
{
	uint8_t room[1024];
	struct bytes_writer writer;

	bytes_writer_init(&writer, room, sizeof(room));
	bytes_write_u16le(&writer, (uint16_t)ts_request_size(first));
	ts_request_write(&writer, first);
	if (second != NULL) {
		bytes_write_u16le(&writer, (uint16_t)ts_request_size(second));
		ts_request_write(&writer, second);
	}
	fuzz_seed(seeds, room, writer.len);
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	/* A CHALLENGE_MESSAGE of NTLM (MS-NLMP 2.2.1.2): target "PACS", its name and a time in the target info. */
	static const uint8_t challenge[] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 2, 0, 0, 0, 8, 0,
		8, 0, 56, 0, 0, 0, 0x35, 0x82, 0x8a, 0xe2, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0,
		0, 0, 40, 0, 40, 0, 64, 0, 0, 0, 10, 0, 0x61, 0x4a, 0, 0, 0, 15, 'P', 0, 'A', 0,
		'C', 0, 'S', 0, 2, 0, 8, 0, 'P', 0, 'A', 0, 'C', 0, 'S', 0, 1, 0, 8, 0, 'P', 0, 'A',
		0, 'C', 0, 'S', 0, 7, 0, 8, 0, 0, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 1, 0, 0, 0,
		0};
	static const uint8_t sealed[48] = {1, 0, 0, 0};
	const struct ts_request token = {.version = 6, .token = {challenge, sizeof(challenge)}};
	const struct ts_request proof = {.version = 6, .pub_key_auth = {sealed, sizeof(sealed)}};
	const struct ts_request refusal = {.version = 6, .has_error = true, .error = 0xc000006d};

	give(seeds, &token, &proof);
	give(seeds, &token, &refusal);
	give(seeds, &refusal, NULL);
}
