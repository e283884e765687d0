/* Cookies for automatic reconnection; see resumes.h. */
#include "supervisor/resumes.h"

#include "base/secret.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CHAINS 256
#define CLIENT_RANDOM_LEN 32

struct resume {
	struct resume *next;
	uint8_t session[SESSION_ID_BYTES];
	bool lost;
	bool needs_password;
	bool has_now, has_before, has_hosts;
	int64_t lost_at_ms;
	int64_t terminal_version; /* `hosts` is for its host as it was then */
	struct auto_reconnect_cookie now, before, hosts;
};

struct resumes {
	struct resume *chains[CHAINS];
	size_t count, lost;
};

struct resumes *
resumes_new(void)
{
	return calloc(1, sizeof(struct resumes));
}

/* A cookie's logon id is the beginning of its session's id, which is no secret. */
static uint32_t
logon_id_of(const uint8_t *session)
{
	return bytes_get_u32le(session);
}

static struct resume **
chain_of(struct resumes *resumes, uint32_t logon_id)
{
	return &resumes->chains[logon_id % CHAINS];
}

static struct resume **
place_of(struct resumes *resumes, const uint8_t *session)
{
	struct resume **at = chain_of(resumes, logon_id_of(session));

	while (*at != NULL && memcmp((*at)->session, session, SESSION_ID_BYTES) != 0)
		at = &(*at)->next;
	return at;
}

static void
forget_at(struct resumes *resumes, struct resume **at)
{
	struct resume *resume = *at;

	*at = resume->next;
	resumes->count--;
	resumes->lost -= resume->lost;
	secret_wipe(resume, sizeof(*resume));
	free(resume);
}

void
resumes_free(struct resumes *resumes)
{
	if (resumes == NULL)
		return;
	for (size_t i = 0; i < CHAINS; i++)
		while (resumes->chains[i] != NULL)
			forget_at(resumes, &resumes->chains[i]);
	free(resumes);
}

size_t
resumes_count(const struct resumes *resumes)
{
	return resumes->count;
}

static struct resume *
find_or_add(struct resumes *resumes, const uint8_t *session)
{
	struct resume **at = place_of(resumes, session);

	if (*at != NULL)
		return *at;
	*at = calloc(1, sizeof(**at));
	if (*at == NULL)
		return NULL;
	memcpy((*at)->session, session, SESSION_ID_BYTES);
	resumes->count++;
	return *at;
}

int
resume_issue(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES],
	struct auto_reconnect_cookie *ret_cookie)
{
	struct auto_reconnect_cookie fresh = {.logon_id = logon_id_of(session)};
	uint8_t verifier[CLIENT_INFO_VERIFIER_LEN];
	struct resume *resume;

	/* Without MD5 (FIPS) no client could come back with it. */
	if (getrandom(fresh.random, sizeof(fresh.random), 0) != (ssize_t)sizeof(fresh.random) ||
		resume_verifier(&fresh, verifier) < 0)
		return -EIO;
	secret_wipe(verifier, sizeof(verifier));
	resume = find_or_add(resumes, session);
	if (resume == NULL)
		return -ENOMEM;
	resumes->lost -= resume->lost;
	resume->lost = false;
	/* Of two connections in which the client never got a cookie, the older one's is what it still has. */
	if (!resume->has_before) {
		resume->has_before = resume->has_now;
		resume->before = resume->now;
	}
	resume->has_now = true;
	resume->now = *ret_cookie = fresh;
	secret_wipe(&fresh, sizeof(fresh));
	return 0;
}

void
resume_given(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES])
{
	struct resume *resume = *place_of(resumes, session);

	if (resume == NULL)
		return;
	resume->has_before = false;
	secret_wipe(&resume->before, sizeof(resume->before));
}

void
resume_host_cookie(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES],
	int64_t terminal_version, const struct auto_reconnect_cookie *cookie)
{
	struct resume *resume = *place_of(resumes, session);

	if (resume == NULL)
		return;
	resume->has_hosts = true;
	resume->terminal_version = terminal_version;
	resume->hosts = *cookie;
}

void
resume_needs_password(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES])
{
	struct resume *resume = *place_of(resumes, session);

	if (resume != NULL)
		resume->needs_password = true;
}

int
resume_verifier(
	const struct auto_reconnect_cookie *cookie, uint8_t ret_verifier[CLIENT_INFO_VERIFIER_LEN])
{
	static const uint8_t client_random[CLIENT_RANDOM_LEN];
	size_t len;

	/* The protocol has no other than MD5. */
	if (EVP_Q_mac(NULL, "HMAC", NULL, "MD5", NULL, cookie->random, sizeof(cookie->random),
		    client_random, sizeof(client_random), ret_verifier, CLIENT_INFO_VERIFIER_LEN,
		    &len) == NULL ||
		len != CLIENT_INFO_VERIFIER_LEN)
		return -EIO;
	return 0;
}

bool
resume_of_host(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES],
	int64_t terminal_version, struct auto_reconnect_cookie *ret_cookie)
{
	const struct resume *resume = *place_of(resumes, session);

	if (resume == NULL || !resume->has_hosts || resume->terminal_version != terminal_version)
		return false;
	*ret_cookie = resume->hosts;
	return true;
}

bool
resume_for_host(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES],
	int64_t terminal_version, struct client_info_cookie *ret_shown)
{
	struct auto_reconnect_cookie cookie;
	bool shown = false;

	if (resume_of_host(resumes, session, terminal_version, &cookie)) {
		ret_shown->logon_id = cookie.logon_id;
		shown = resume_verifier(&cookie, ret_shown->verifier) == 0;
	}
	secret_wipe(&cookie, sizeof(cookie));
	return shown;
}

static void
forget_lost_first(struct resumes *resumes)
{
	struct resume **first = NULL;

	for (size_t i = 0; i < CHAINS; i++)
		for (struct resume **at = &resumes->chains[i]; *at != NULL; at = &(*at)->next)
			if ((*at)->lost &&
				(first == NULL || (*at)->lost_at_ms < (*first)->lost_at_ms))
				first = at;
	if (first != NULL)
		forget_at(resumes, first);
}

void
resume_over(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES], enum end_state state,
	int64_t now_ms)
{
	struct resume **at = place_of(resumes, session);

	if (*at == NULL || (*at)->lost)
		return;
	if (state != END_STATE_LOST) {
		forget_at(resumes, at);
		return;
	}
	(*at)->lost = true;
	(*at)->lost_at_ms = now_ms;
	if (++resumes->lost > RESUMES_LOST_MOST)
		forget_lost_first(resumes);
}

static bool
is_over(const struct resume *resume, int64_t now_ms, uint32_t grace_ms)
{
	return resume->lost && now_ms - resume->lost_at_ms >= (int64_t)grace_ms;
}

static bool
is_shown(const struct auto_reconnect_cookie *cookie, const struct client_info_cookie *shown)
{
	uint8_t verifier[CLIENT_INFO_VERIFIER_LEN];
	bool same;

	same = resume_verifier(cookie, verifier) == 0 &&
	       bytes_equal_constant_time(verifier, shown->verifier, sizeof(verifier));
	secret_wipe(verifier, sizeof(verifier));
	return same;
}

enum resume_verdict
resume_find(struct resumes *resumes, const struct client_info_cookie *shown, int64_t now_ms,
	uint32_t grace_ms, uint8_t ret_session[SESSION_ID_BYTES])
{
	enum resume_verdict verdict = RESUME_UNKNOWN;

	for (const struct resume *resume = *chain_of(resumes, shown->logon_id); resume != NULL;
		resume = resume->next) {
		if (logon_id_of(resume->session) != shown->logon_id ||
			is_over(resume, now_ms, grace_ms))
			continue;
		if (is_shown(&resume->now, shown) ||
			(resume->has_before && is_shown(&resume->before, shown))) {
			memcpy(ret_session, resume->session, SESSION_ID_BYTES);
			return resume->needs_password ? RESUME_PASSWORD : RESUME_FOUND;
		}
		verdict = RESUME_WRONG;
	}
	return verdict;
}

void
resumes_forget(struct resumes *resumes, int64_t now_ms, uint32_t grace_ms)
{
	for (size_t i = 0; i < CHAINS; i++) {
		struct resume **at = &resumes->chains[i];

		while (*at != NULL) {
			if (is_over(*at, now_ms, grace_ms))
				forget_at(resumes, at);
			else
				at = &(*at)->next;
		}
	}
}
