/* See kdc_search.h. */
#include "supervisor/kdc_search.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "supervisor/dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A logon with some realms in between has five or six questions; each may have to be asked again. */
#define QUESTIONS_MOST 32
/* Even of a realm with a hundred KDCs, one that is on the other side of the country can answer. */
#define SHARE_LEAST_MS 200

struct kdc_search {
	struct kdc_search_setup setup;
	uv_timer_t deadline;
	uv_timer_t later; /* an answer that must not be given at once */
	unsigned int open_handles;
	struct krb5_realm *realm; /* of the last question */
	size_t at;                /* the KDC that was found last, or is being dialled */
	size_t gone;              /* so many of them have failed */
	unsigned int questions;
	uint64_t turn_began_ms;
	bool has_found;
	bool is_known;
	struct dial *dial;
};

static void
on_closed(uv_handle_t *handle)
{
	struct kdc_search *search = handle->data;

	if (--search->open_handles == 0)
		free(search);
}

static const struct settings_host *
current(const struct kdc_search *search)
{
	return &search->realm->kdcs[search->at];
}

static uint32_t
share_ms(const struct kdc_search *search)
{
	uint32_t share = search->setup.deadline_ms / (uint32_t)search->realm->kdc_count;

	return share < SHARE_LEAST_MS ? SHARE_LEAST_MS : share;
}

static void
log_failed(const struct kdc_search *search, const char *why)
{
	log_event(EV_KDC_FAILED, "conn=%llx realm='%s' kdc='%s' port=%u why='%s'",
		(unsigned long long)search->setup.connection, log_quote(search->realm->name),
		log_quote(current(search)->name), (unsigned int)current(search)->port, why);
}

static void
on_later(uv_timer_t *timer)
{
	struct kdc_search *search = timer->data;

	search->setup.none(search->setup.owner, search->is_known);
}

static int
answer_none(struct kdc_search *search, bool is_known)
{
	search->is_known = is_known;
	return uv_timer_start(&search->later, on_later, 0, 0);
}

static int start_dial(struct kdc_search *search);

/* The next one of the realm. */
static int
step_on(struct kdc_search *search, const char *why)
{
	log_failed(search, why);
	search->has_found = false;
	search->at = (search->at + 1) % search->realm->kdc_count;
	if (++search->gone == search->realm->kdc_count)
		return answer_none(search, true);
	return start_dial(search);
}

static void
on_dialled(void *owner, const struct dial_result *result)
{
	struct kdc_search *search = owner;
	uint64_t passed = uv_now(search->setup.loop) - search->turn_began_ms;
	uint32_t share = share_ms(search);

	search->dial = NULL;
	if (result->reason != CLOSE_NONE) {
		if (step_on(search, result->detail) < 0)
			(void)answer_none(search, true);
		return;
	}
	search->has_found = true;
	search->setup.found(search->setup.owner, result->fd,
		passed + SHARE_LEAST_MS < share ? share - (uint32_t)passed : SHARE_LEAST_MS);
}

static int
start_dial(struct kdc_search *search)
{
	const struct dial_setup setup = {
		.loop = search->setup.loop,
		.host = current(search)->name,
		.port = current(search)->port,
		.resolve_ms = share_ms(search),
		.connect_ms = share_ms(search),
		.done = on_dialled,
		.owner = search,
	};

	search->turn_began_ms = uv_now(search->setup.loop);
	return dial_start(&setup, &search->dial);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct kdc_search *search = timer->data;

	if (search->realm != NULL && (search->has_found || search->dial != NULL))
		log_failed(search, "no answer before kerberos.deadline");
	dial_cancel(take_pointer(&search->dial));
	search->setup.late(search->setup.owner);
}

static void
init_timer(struct kdc_search *search, uv_timer_t *timer)
{
	(void)uv_timer_init(search->setup.loop, timer);
	timer->data = search;
	search->open_handles++;
}

int
kdc_search_new(const struct kdc_search_setup *setup, struct kdc_search **ret_search)
{
	struct kdc_search *search = calloc(1, sizeof(*search));

	if (search == NULL)
		return -ENOMEM;
	search->setup = *setup;
	init_timer(search, &search->deadline);
	init_timer(search, &search->later);
	(void)uv_timer_start(&search->deadline, on_deadline, setup->deadline_ms, 0);
	*ret_search = search;
	return 0;
}

void
kdc_search_end(struct kdc_search *search)
{
	if (search == NULL)
		return;
	dial_cancel(take_pointer(&search->dial));
	uv_close((uv_handle_t *)&search->deadline, on_closed);
	uv_close((uv_handle_t *)&search->later, on_closed);
}

/* A question in a realm: the KDC that has answered last is asked first, and those that failed in this logon not again. */
static void
enter_realm(struct kdc_search *search, struct krb5_realm *realm)
{
	if (search->realm == realm)
		return;
	search->realm = realm;
	search->at = realm->preferred;
	search->gone = 0;
	search->has_found = false;
}

int
kdc_search_next(struct kdc_search *search, const char *name, bool failed)
{
	struct krb5_realm *realm = krb5_conf_find(search->setup.conf, name);

	if (search->dial != NULL || uv_is_active((uv_handle_t *)&search->later) ||
		(failed && (!search->has_found || realm != search->realm)))
		return -EPROTO;
	if (search->has_found && !failed)
		search->realm->preferred = search->at;
	if (search->questions > QUESTIONS_MOST)
		return -EPROTO;
	search->questions++;
	/* The first question too many is told so; who then asks on does not listen. */
	if (realm == NULL || search->questions > QUESTIONS_MOST)
		return answer_none(search, realm != NULL);
	enter_realm(search, realm);
	if (failed)
		return step_on(search, "no answer in its time, or none that can be read");
	if (search->gone == realm->kdc_count)
		return answer_none(search, true);
	return start_dial(search);
}
