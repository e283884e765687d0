/* MCS domain PDUs: rdp/mcs.h. */
#include "fuzz.h"

#include "rdp/mcs.h"
#include "tests/unit/rdp/samples.h"

static void
try_attach(const uint8_t *bytes, size_t len)
{
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct bytes_writer writer;
	uint16_t user, again;

	if (mcs_attach_user_confirm_parse(bytes, len, &user) != PARSE_OK)
		return;
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_attach_user_confirm_write(&writer, user);
	fuzz_expect(mcs_attach_user_confirm_parse(room, writer.len, &again) == PARSE_OK);
	fuzz_expect(user == again && user >= MCS_USER_BASE);
}

static void
try_join(const uint8_t *bytes, size_t len)
{
	uint8_t room[MCS_DOMAIN_PDU_MAX];
	struct mcs_channel_join_confirm confirm;
	struct bytes_writer writer;
	uint16_t user, channel, user_again, channel_again;

	(void)mcs_channel_join_confirm_parse(bytes, len, &confirm);
	if (mcs_channel_join_request_parse(bytes, len, &user, &channel) != PARSE_OK)
		return;
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_channel_join_request_write(&writer, user, channel);
	fuzz_expect(mcs_channel_join_request_parse(room, writer.len, &user_again, &channel_again) ==
		    PARSE_OK);
	fuzz_expect(user == user_again && channel == channel_again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	enum mcs_kind kind = mcs_kind_of(bytes, len);
	enum mcs_reason reason;

	if (mcs_erect_domain_parse(bytes, len) == PARSE_OK)
		fuzz_expect(kind == MCS_ERECT_DOMAIN_REQUEST);
	if (mcs_attach_user_request_parse(bytes, len) == PARSE_OK)
		fuzz_expect(kind == MCS_ATTACH_USER_REQUEST);
	if (mcs_disconnect_parse(bytes, len, &reason) == PARSE_OK)
		fuzz_expect(kind == MCS_DISCONNECT_ULTIMATUM && reason <= MCS_CHANNEL_PURGED);
	try_attach(bytes, len);
	try_join(bytes, len);
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static void (*const plain[])(struct bytes_writer *) = {
		mcs_erect_domain_write, mcs_attach_user_request_write};
	static void (*const with_channel[])(struct bytes_writer *, uint16_t, uint16_t) = {
		mcs_channel_join_request_write, mcs_channel_join_confirm_write};
	uint8_t room[64];
	struct bytes_writer writer;

	for (size_t i = 0; i < 2; i++) {
		bytes_writer_init(&writer, room, sizeof(room));
		plain[i](&writer);
		fuzz_seed(seeds, room, writer.len);
		bytes_writer_init(&writer, room, sizeof(room));
		with_channel[i](&writer, 1007, 1003);
		fuzz_seed(seeds, room, writer.len);
	}
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_attach_user_confirm_write(&writer, 1007);
	fuzz_seed(seeds, room, writer.len);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_disconnect_write(&writer, MCS_USER_REQUESTED);
	fuzz_seed(seeds, room, writer.len);
}
