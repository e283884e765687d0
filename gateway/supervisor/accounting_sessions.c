/* Which device holds which address of a VPN, after the accounting records that have come so far; see
 * accounting.h.
 *
 * A session is known by who sent the record, the NAS named in it and its Acct-Session-Id. The rules:
 *  - A Start, or the first record in which a known session has an address, takes that address from older sessions
 *    of the same NAS: it gave the address away again, and their Stop was lost.
 *  - A record of a session that was superseded this way brings it back: then two hold the address, and nobody
 *    can say which (accounting_known.several).
 *  - After a Stop nothing but a newer Start brings a session back, so that a repeated or late packet does not.
 *  - Accounting-On and -Off end and forget all sessions of their NAS, which may then count from the beginning.
 *  - When the table is full, the session heard of longest ago makes room, ended ones first.
 */
#include "supervisor/accounting.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 32
#define START_ROOM 64

/* Without Event-Timestamps, a Start within this time after the Stop is the old one, repeated or late. */
#define REPEATED_START_S 600

enum session_state {
	SESSION_LIVE,
	SESSION_SUPERSEDED,
	SESSION_STOPPED,
};

/* What the records have named so far. */
struct holding {
	uint8_t ipv4[ADDRESS_SIZE];
	uint8_t ipv6[ADDRESS_SIZE];
	uint8_t mac[MAC_SIZE];
	bool has_ipv4;
	bool has_ipv6;
	bool has_mac;
};

struct session {
	uint8_t nas[KEY_SIZE];
	uint8_t key[KEY_SIZE];
	enum session_state state;
	struct holding said;
	int64_t heard_s;
	int64_t ends_s;
	int64_t event_s; /* of the last record */
};

struct accounting_sessions {
	struct session *items;
	size_t count;
	size_t room;
};

struct accounting_sessions *
accounting_sessions_new(void)
{
	return calloc(1, sizeof(struct accounting_sessions));
}

void
accounting_sessions_free(struct accounting_sessions *sessions)
{
	if (sessions == NULL)
		return;
	free(sessions->items);
	free(sessions);
}

size_t
accounting_sessions_count(const struct accounting_sessions *sessions)
{
	return sessions->count;
}

static bool
digest(const void *one, size_t one_len, const void *two, size_t two_len, uint8_t *ret_key)
{
	uint8_t input[KEY_SIZE + ACCOUNTING_TEXT_MAX + ADDRESS_SIZE];

	memcpy(input, one, one_len);
	memcpy(input + one_len, two, two_len);
	return EVP_Digest(input, one_len + two_len, ret_key, NULL, EVP_sha256(), NULL) == 1;
}

static struct session *
find(struct accounting_sessions *sessions, const uint8_t *key)
{
	for (size_t i = 0; i < sessions->count; i++) {
		if (memcmp(sessions->items[i].key, key, KEY_SIZE) == 0)
			return &sessions->items[i];
	}
	return NULL;
}

/* The one that may be forgotten first. */
static struct session *
oldest(struct accounting_sessions *sessions)
{
	struct session *found = &sessions->items[0];

	for (size_t i = 1; i < sessions->count; i++) {
		struct session *session = &sessions->items[i];
		bool ended = session->state != SESSION_LIVE;
		bool found_ended = found->state != SESSION_LIVE;

		if (ended != found_ended ? ended : session->heard_s < found->heard_s)
			found = session;
	}
	return found;
}

static struct session *
add(struct accounting_sessions *sessions)
{
	struct session *items;
	size_t room = sessions->room == 0 ? START_ROOM : sessions->room * 2;

	if (sessions->count == ACCOUNTING_SESSIONS_MAX)
		return oldest(sessions);
	if (sessions->count == sessions->room) {
		items = realloc(sessions->items, room * sizeof(*items));
		if (items == NULL)
			return NULL;
		sessions->items = items;
		sessions->room = room;
	}
	return &sessions->items[sessions->count++];
}

static void
forget_nas(struct accounting_sessions *sessions, const uint8_t *nas)
{
	size_t kept = 0;

	for (size_t i = 0; i < sessions->count; i++) {
		if (memcmp(sessions->items[i].nas, nas, KEY_SIZE) != 0)
			sessions->items[kept++] = sessions->items[i];
	}
	sessions->count = kept;
}

static bool
holds(const struct session *session, const uint8_t *address)
{
	return (session->said.has_ipv4 && memcmp(session->said.ipv4, address, ADDRESS_SIZE) == 0) ||
	       (session->said.has_ipv6 && memcmp(session->said.ipv6, address, ADDRESS_SIZE) == 0);
}

static void
supersede(struct accounting_sessions *sessions, const struct session *by, const uint8_t *address)
{
	for (size_t i = 0; i < sessions->count; i++) {
		struct session *session = &sessions->items[i];

		if (session != by && session->state == SESSION_LIVE &&
			memcmp(session->nas, by->nas, KEY_SIZE) == 0 && holds(session, address))
			session->state = SESSION_SUPERSEDED;
	}
}

/* Takes over what the record names; what it leaves out stays as it was. */
static void
update(struct accounting_sessions *sessions, struct session *session,
	const struct accounting_record *record, bool takes_address, int64_t now_s)
{
	if (record->has_ipv4) {
		if (takes_address && !holds(session, record->ipv4))
			supersede(sessions, session, record->ipv4);
		memcpy(session->said.ipv4, record->ipv4, ADDRESS_SIZE);
		session->said.has_ipv4 = true;
	}
	if (record->has_ipv6) {
		if (takes_address && !holds(session, record->ipv6))
			supersede(sessions, session, record->ipv6);
		memcpy(session->said.ipv6, record->ipv6, ADDRESS_SIZE);
		session->said.has_ipv6 = true;
	}
	if (record->has_mac) {
		memcpy(session->said.mac, record->mac, MAC_SIZE);
		session->said.has_mac = true;
	}
	if (record->timeout_s > 0)
		session->ends_s = now_s + record->timeout_s;
	session->heard_s = now_s;
	if (record->event_s != 0)
		session->event_s = record->event_s;
}

/* Whether a Start tells of a session anew, although the one of that name has been stopped. */
static bool
begins_again(const struct session *session, const struct accounting_record *record, int64_t now_s)
{
	if (record->status != ACCOUNTING_START)
		return false;
	if (record->event_s != 0 && session->event_s != 0)
		return record->event_s > session->event_s;
	return now_s - session->heard_s > REPEATED_START_S;
}

static enum accounting_applied
apply_known(struct accounting_sessions *sessions, struct session *session,
	const struct accounting_record *record, int64_t now_s)
{
	if (session->state == SESSION_STOPPED) {
		if (!begins_again(session, record, now_s))
			return ACCOUNTING_OUT_OF_ORDER;
		session->said = (struct holding){0};
		session->ends_s = INT64_MAX;
	} else if (record->event_s != 0 && record->event_s < session->event_s) {
		return ACCOUNTING_OUT_OF_ORDER;
	}
	if (record->status == ACCOUNTING_STOP) {
		session->state = SESSION_STOPPED;
		session->heard_s = now_s;
		if (record->event_s != 0)
			session->event_s = record->event_s;
		return ACCOUNTING_TAKEN;
	}
	session->state = SESSION_LIVE;
	update(sessions, session, record, true, now_s);
	return ACCOUNTING_TAKEN;
}

enum accounting_applied
accounting_sessions_apply(struct accounting_sessions *sessions,
	const struct accounting_record *record, const uint8_t *sender, int64_t now_s)
{
	uint8_t nas[KEY_SIZE], key[KEY_SIZE];
	struct session *session;

	if (!digest(sender, ADDRESS_SIZE, record->nas.bytes, record->nas.len, nas) ||
		!digest(nas, KEY_SIZE, record->session.bytes, record->session.len, key))
		return ACCOUNTING_NO_MEMORY;
	if (record->status == ACCOUNTING_ON || record->status == ACCOUNTING_OFF) {
		forget_nas(sessions, nas);
		return ACCOUNTING_TAKEN;
	}
	if (record->session.len == 0 ||
		(record->status != ACCOUNTING_START && record->status != ACCOUNTING_STOP &&
			record->status != ACCOUNTING_INTERIM))
		return ACCOUNTING_MEANINGLESS;
	session = find(sessions, key);
	if (session != NULL)
		return apply_known(sessions, session, record, now_s);
	session = add(sessions);
	if (session == NULL)
		return ACCOUNTING_NO_MEMORY;
	*session = (struct session){.state = SESSION_LIVE, .ends_s = INT64_MAX};
	memcpy(session->nas, nas, KEY_SIZE);
	memcpy(session->key, key, KEY_SIZE);
	update(sessions, session, record, record->status == ACCOUNTING_START, now_s);
	if (record->status == ACCOUNTING_STOP)
		session->state = SESSION_STOPPED;
	return ACCOUNTING_TAKEN;
}

void
accounting_sessions_find(const struct accounting_sessions *sessions, const uint8_t *address,
	int64_t now_s, int64_t max_age_s, struct accounting_known *ret_known)
{
	struct accounting_known known = {.heard_s = INT64_MIN};

	for (size_t i = 0; i < sessions->count; i++) {
		const struct session *session = &sessions->items[i];

		if (session->state != SESSION_LIVE || !holds(session, address))
			continue;
		if (now_s >= session->ends_s || now_s - session->heard_s > max_age_s) {
			known.silent++;
			continue;
		}
		if (known.live == 0) {
			known.has_mac = session->said.has_mac;
			memcpy(known.mac, session->said.mac, MAC_SIZE);
		} else if (known.has_mac != session->said.has_mac ||
			   memcmp(known.mac, session->said.mac, MAC_SIZE) != 0) {
			known.several = true;
		}
		known.live++;
		if (session->heard_s > known.heard_s)
			known.heard_s = session->heard_s;
	}
	if (known.several)
		known.has_mac = false;
	*ret_known = known;
}
