/* KDCs for a sekisho-nla, which cannot reach anybody by itself: of the realm that it names, the supervisor connects to those of
 * the facility's file (settings/krb5_conf.h), one after the other, and gives it the socket. Whom to reach is never sekisho-nla's
 * to say. All of it together takes no longer than kerberos.deadline; nothing in here waits.
 */
#ifndef SUPERVISOR_KDC_SEARCH_H
#define SUPERVISOR_KDC_SEARCH_H

#include "settings/krb5_conf.h"

#include <uv.h>

struct kdc_search;

struct kdc_search_setup {
	uv_loop_t *loop;
	struct krb5_conf *conf;
	uint32_t deadline_ms;
	uint64_t connection; /* for the log */
	void *owner;

	/* Each question ends in one of these, never before kdc_search_next has returned. fd is the callee's to close. */
	void (*found)(void *owner, int fd, uint32_t limit_ms);
	void (*none)(void *owner, bool is_known);

	/* The time is over; nothing else follows. */
	void (*late)(void *owner);
};

/* The time begins to run. Returns 0 or -ENOMEM. */
int kdc_search_new(const struct kdc_search_setup *setup, struct kdc_search **ret_search);

/* Accepts NULL. */
void kdc_search_end(struct kdc_search *search);

/* failed: the socket that was found last led to nothing. Returns 0, or -EPROTO if it may not ask that now. */
int kdc_search_next(struct kdc_search *search, const char *realm, bool failed);

#endif
