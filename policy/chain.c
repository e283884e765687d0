/* The event log's hash chain; see chain.h. */
#include "policy/chain.h"

#include "base/sentence.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct piece {
	const void *bytes;
	size_t len;
};

/* Without SHA-256 there is no log, and without a log no gateway: running out of memory here is not
 * something to go on after. */
static EVP_MD *sha256;

static void
fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/* To be freed. */
static EVP_MD_CTX *
hashing_new(void)
{
	/* Looked up once: millions of events are hashed one after the other. */
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	EVP_MD_CTX *hashing = EVP_MD_CTX_new();

	(void)pthread_once(&once, fetch_sha256);
	if (hashing == NULL || sha256 == NULL || EVP_DigestInit_ex(hashing, sha256, NULL) != 1)
		abort();
	return hashing;
}

static void
hash_pieces(EVP_MD_CTX *hashing, const struct piece *pieces, size_t count, uint8_t *ret_hash)
{
	bool ok = EVP_DigestInit_ex(hashing, NULL, NULL) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(hashing, pieces[i].bytes, pieces[i].len) == 1;
	if (!ok || EVP_DigestFinal_ex(hashing, ret_hash, NULL) != 1)
		abort();
}

static void
put_i64(uint8_t *at, int64_t value)
{
	for (int i = 7; i >= 0; i--) {
		at[i] = (uint8_t)value;
		value = (int64_t)((uint64_t)value >> 8);
	}
}

static void
hash_payload(EVP_MD_CTX *hashing, const struct chain_event *event, uint8_t *ret_hash)
{
	const struct piece pieces[] = {
		{event->salt, CHAIN_SALT_BYTES},
		{event->payload, strlen(event->payload)},
	};

	hash_pieces(hashing, pieces, 2, ret_hash);
}

static void
hash_event(EVP_MD_CTX *hashing, const struct chain_event *event, uint8_t *ret_hash)
{
	struct {
		char label[16];
		uint8_t id[8], time[8];
	} begin = {.label = "sekisho event 1"};
	struct {
		uint8_t payload_hash[CHAIN_HASH_BYTES], prev[CHAIN_HASH_BYTES];
	} end;
	const struct piece pieces[] = {
		{&begin, sizeof(begin)},
		{event->kind, strlen(event->kind) + 1},
		{&end, sizeof(end)},
	};

	put_i64(begin.id, event->id);
	put_i64(begin.time, event->time_us);
	memcpy(end.payload_hash, event->payload_hash, sizeof(end.payload_hash));
	memcpy(end.prev, event->prev, sizeof(end.prev));
	hash_pieces(hashing, pieces, sizeof(pieces) / sizeof(pieces[0]), ret_hash);
}

void
chain_event_seal(struct chain_event *event)
{
	EVP_MD_CTX *hashing = hashing_new();

	hash_payload(hashing, event, event->payload_hash);
	hash_event(hashing, event, event->hash);
	EVP_MD_CTX_free(hashing);
}

#define CHECKPOINT_LABEL "sekisho checkpoint 1"
#define CHECKPOINT_BYTES (sizeof(CHECKPOINT_LABEL) + 8 + 8 + CHAIN_HASH_BYTES)

static void
checkpoint_text(const struct chain_checkpoint *checkpoint, uint8_t *ret_text)
{
	memcpy(ret_text, CHECKPOINT_LABEL, sizeof(CHECKPOINT_LABEL));
	ret_text += sizeof(CHECKPOINT_LABEL);
	put_i64(ret_text, checkpoint->event_id);
	put_i64(ret_text + 8, checkpoint->time_us);
	memcpy(ret_text + 16, checkpoint->hash, CHAIN_HASH_BYTES);
}

int
chain_checkpoint_sign(struct chain_checkpoint *checkpoint, const struct sealing *sealing)
{
	uint8_t text[CHECKPOINT_BYTES];

	checkpoint_text(checkpoint, text);
	return sealing_sign(sealing, text, sizeof(text), checkpoint->signature);
}

void
chain_verifier_init(struct chain_verifier *verifier)
{
	*verifier = (struct chain_verifier){.hashing = hashing_new()};
}

void
chain_verifier_done(struct chain_verifier *verifier)
{
	EVP_MD_CTX_free(verifier->hashing);
	verifier->hashing = NULL;
}

void
chain_verifier_follow(
	struct chain_verifier *verifier, int64_t id, const uint8_t hash[CHAIN_HASH_BYTES])
{
	verifier->last_id = id;
	memcpy(verifier->last_hash, hash, CHAIN_HASH_BYTES);
}

static int
bad(const char *why, const char **ret_why)
{
	*ret_why = why;
	return -EBADMSG;
}

/* None of the hashes is a secret. */
static const char *
what_is_wrong(const struct chain_verifier *verifier, const struct chain_event *event,
	bool erasure_allowed)
{
	static const uint8_t no_salt[CHAIN_SALT_BYTES];
	uint8_t hash[CHAIN_HASH_BYTES];

	if ((uint64_t)event->id != (uint64_t)verifier->last_id + 1)
		return N_("an event before it is missing, or it was inserted");
	if (memcmp(event->prev, verifier->last_hash, CHAIN_HASH_BYTES) != 0)
		return N_("it does not follow the event before it: one of the two was replaced or "
			  "moved");
	hash_event(verifier->hashing, event, hash);
	if (memcmp(event->hash, hash, CHAIN_HASH_BYTES) != 0)
		return N_("its time, kind or hash was changed");
	if (event->payload == NULL && memcmp(event->salt, no_salt, CHAIN_SALT_BYTES) != 0)
		return N_("its content was erased, but not its salt");
	if (event->payload == NULL)
		return erasure_allowed ? NULL
				       : N_("its content was erased without a retention that "
					    "allows it");
	hash_payload(verifier->hashing, event, hash);
	if (memcmp(event->payload_hash, hash, CHAIN_HASH_BYTES) != 0)
		return N_("its content was changed");
	return NULL;
}

/* Goes on behind a bad one, so that the others can be looked at, too. */
int
chain_verify_next(struct chain_verifier *verifier, const struct chain_event *event,
	bool erasure_allowed, const char **ret_why)
{
	const char *why = what_is_wrong(verifier, event, erasure_allowed);

	chain_verifier_follow(verifier, event->id, event->hash);
	return why == NULL ? 0 : bad(why, ret_why);
}

int
chain_verify_checkpoint(const struct chain_checkpoint *checkpoint, const uint8_t *event_hash,
	const struct sealing *sealing, const char **ret_why)
{
	uint8_t text[CHECKPOINT_BYTES];

	checkpoint_text(checkpoint, text);
	if (sealing_verify(sealing, text, sizeof(text), checkpoint->signature) < 0)
		return bad("the signature of its checkpoint is not the gateway's", ret_why);
	if (memcmp(checkpoint->hash, event_hash, CHAIN_HASH_BYTES) != 0)
		return bad("it is not the event that its checkpoint was signed for", ret_why);
	return 0;
}
