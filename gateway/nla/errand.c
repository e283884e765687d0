/* See errand.h. */
#include "nla/errand.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

void
errand_init(struct errand *errand)
{
	*errand = (struct errand){0};
	kdc_link_init(&errand->kdc);
}

void
errand_done(struct errand *errand)
{
	kdc_link_done(&errand->kdc);
	tickets_free(take_pointer(&errand->tickets));
}

static int
over(struct errand *errand, enum nla_outcome outcome, uint32_t status, const char *why)
{
	kdc_link_done(&errand->kdc);
	errand->over = true;
	errand->outcome = outcome;
	errand->status = status;
	errand->why = why;
	return 0;
}

static int
ask_for_kdc(struct errand *errand, bool failed)
{
	struct msg_kdc_wanted message = {.failed = failed};

	kdc_link_done(&errand->kdc);
	(void)snprintf(message.realm, sizeof(message.realm), "%s", tickets_realm(errand->tickets));
	return channel_send(errand->supervisor, MSG_KDC_WANTED, &message, -1);
}

static int
go_on(struct errand *errand, enum tickets_result result)
{
	switch (result) {
	case TICKETS_ASK:
		errand->requests++;
		return ask_for_kdc(errand, false);
	case TICKETS_THERE:
		(void)over(errand, NLA_ACCEPTED, 0, NULL);
		return channel_send(errand->supervisor, MSG_KDC_DONE,
			&(const struct msg_kdc_done){.requests = errand->requests}, -1);
	case TICKETS_REFUSED:
		return over(errand, NLA_NO_TICKET, tickets_error(errand->tickets),
			tickets_why(errand->tickets));
	case TICKETS_BAD:
		return over(errand, NLA_KDC_MALFORMED, 0, tickets_why(errand->tickets));
	default:
		return over(errand, NLA_OUT_OF_ROOM, 0, NULL);
	}
}

int
errand_start(struct errand *errand, const struct tickets_setup *setup, struct channel *supervisor)
{
	int r = tickets_new(setup, &errand->tickets);

	errand->supervisor = supervisor;
	if (r == -EINVAL)
		return over(errand, NLA_NO_TICKET, 0, "no name for Kerberos");
	if (r < 0)
		return over(errand, NLA_OUT_OF_ROOM, 0, NULL);
	return go_on(errand, tickets_begin(errand->tickets));
}

int
errand_on_socket(struct errand *errand, int *fd, uint32_t limit_ms)
{
	const struct pdu_bytes request = tickets_request(errand->tickets);

	errand->kdc_until_ms = clock_boottime_ms() + limit_ms;
	if (kdc_link_start(&errand->kdc, fd, &request) < 0)
		return over(errand, NLA_OUT_OF_ROOM, 0, NULL);
	return 0;
}

int
errand_on_none(struct errand *errand, bool is_known)
{
	return over(errand, NLA_NO_KDC, 0,
		is_known ? "no KDC has answered" : "a realm that the settings do not have");
}

int
errand_turn(struct errand *errand, short revents)
{
	struct pdu_bytes answer;
	int r;

	if (errand->kdc.fd < 0)
		return 0;
	r = revents != 0 ? kdc_link_turn(&errand->kdc, &answer) : 0;
	if (r == 1)
		return go_on(errand, tickets_on_reply(errand->tickets, answer.at, answer.len));
	if (r == -ENOMEM)
		return over(errand, NLA_OUT_OF_ROOM, 0, NULL);
	if (r < 0 || clock_boottime_ms() >= errand->kdc_until_ms)
		return ask_for_kdc(errand, true);
	return 0;
}

struct pollfd
errand_wait(const struct errand *errand, int *ret_ms)
{
	struct pollfd wait = {.fd = errand->kdc.fd, .events = kdc_link_events(&errand->kdc)};
	int64_t now = clock_boottime_ms();

	*ret_ms = -1;
	if (wait.fd >= 0)
		*ret_ms = errand->kdc_until_ms > now ? (int)(errand->kdc_until_ms - now) : 0;
	return wait;
}
