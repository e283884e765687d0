/* What a jump host answers in a mediated session: mediator/host_answers.h, and its certificates. The first byte says what was asked of the
 * host and how long each of the PDUs is that follow. */
#include "fuzz.h"

#include <string.h>

#include "mediator/certificates.h"
#include "mediator/host_answers.h"
#include "rdp/mcs.h"
#include "rdp/redirection.h"
#include "rdp/ts_request.h"
#include "rdp/x224.h"

static void
look_at_all(struct host_answers *answers, const uint8_t *bytes, size_t len, size_t each)
{
	while (len > 0) {
		size_t one = each > 0 && each < len ? each : len;
		/* Exactly as large: whoever reads on is found. */
		uint8_t *pdu = malloc(one);
		enum host_answers_step before = answers->step;
		enum mediate_outcome outcome;

		fuzz_expect(pdu != NULL);
		memcpy(pdu, bytes, one);
		outcome = host_answers_look(answers, pdu, one);
		free(pdu);
		fuzz_expect(outcome < MEDIATE_OUTCOME_COUNT && answers->step >= before);
		fuzz_expect(outcome != MEDIATE_REDIRECTED || before == HOST_ANSWERS_MCS);
		fuzz_expect(!answers->by_nla || answers->nla != ATTACH_WITHOUT_NLA ||
			    before != HOST_ANSWERS_CONFIRM || outcome == MEDIATE_WANTS_NLA);
		if (outcome != MEDIATE_CONNECTED)
			return;
		bytes += one;
		len -= one;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct host_trust trust = {.kind = HOST_TRUST_PIN};
	struct msg_nla_certificate refused = {0};
	struct host_answers answers = {0};

	if (len == 0)
		return 0;
	answers.nla = (enum attach_nla)(bytes[0] % 3);
	answers.step = (enum host_answers_step)(bytes[0] / 3 % 3);
	look_at_all(&answers, bytes + 1, len - 1, bytes[0] >> 4);
	fuzz_expect(!certificates_are_trusted(&trust, bytes + 1, len - 1, &refused));
	return 0;
}

/* First bytes: a confirm is expected, CredSSP is, or the desktop; with NLA if it is offered. */
enum { SEED_CONFIRM = 1, SEED_CREDSSP = 4, SEED_DESKTOP = 7 };

static void
give(struct fuzz_seeds *seeds, uint8_t first, const struct bytes_writer *writer)
{
	uint8_t room[512];

	fuzz_expect(!writer->failed && writer->len < sizeof(room));
	room[0] = first;
	memcpy(room + 1, writer->start, writer->len);
	fuzz_seed(seeds, room, writer->len + 1);
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const struct x224_confirm confirms[] = {
		{.kind = X224_CONFIRM_RESPONSE, .protocol = RDP_PROTOCOL_SSL},
		{.kind = X224_CONFIRM_RESPONSE, .protocol = RDP_PROTOCOL_HYBRID},
		{.kind = X224_CONFIRM_FAILURE, .failure = RDP_FAILURE_HYBRID_REQUIRED},
	};
	static const struct ts_request refused = {
		.version = TS_REQUEST_VERSION, .has_error = true, .error = 0xc000006d};
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
	uint8_t room[256], payload[REDIRECTION_MAX];
	struct bytes_writer writer, inner;

	for (size_t i = 0; i < sizeof(confirms) / sizeof(confirms[0]); i++) {
		bytes_writer_init(&writer, room, sizeof(room));
		x224_confirm_write(&writer, &confirms[i]);
		give(seeds, SEED_CONFIRM, &writer);
	}
	bytes_writer_init(&writer, room, sizeof(room));
	ts_request_write(&writer, &refused);
	give(seeds, SEED_CREDSSP, &writer);
	bytes_writer_init(&inner, payload, sizeof(payload));
	redirection_write(&inner, 1002, "elsewhere", 7);
	bytes_writer_init(&writer, room, sizeof(room));
	mcs_send_data_write(
		&writer, MCS_SEND_DATA_INDICATION, 1002, MCS_IO_CHANNEL, payload, inner.len);
	give(seeds, SEED_DESKTOP, &writer);
	fuzz_seed(seeds, pem, sizeof(pem) - 1);
}
