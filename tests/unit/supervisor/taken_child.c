/* See taken_child.h. */
#include "taken_child.h"

#include "supervisor/resumes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

struct taken_child taken;

void
taken_reset(enum child_kind kind)
{
	taken = (struct taken_child){.kind = kind};
}

int
children_take(struct children *children, enum child_kind kind, void *tag, struct child **ret_child)
{
	(void)children;
	assert_int_equal(kind, taken.kind);
	assert_non_null(tag);
	if (taken.answer < 0)
		return taken.answer;
	taken.taken++;
	taken.tag = tag;
	taken.child = *ret_child = (struct child *)&taken;
	return 0;
}

void
children_end_taken(struct child *child)
{
	assert_ptr_equal(child, &taken);
	taken.ended++;
	taken.tag = NULL;
}

void
children_hear(struct child *child)
{
	assert_ptr_equal(child, &taken);
	taken.heard++;
}

void *
child_tag(const struct child *child)
{
	(void)child;
	return taken.tag;
}

int
certificate_refused(struct connection *refused, const struct msg_certificate_refused *told)
{
	taken.refused = refused;
	taken.certificate = *told;
	return told->sha256_len == 32 ? 0 : -EPROTO;
}

void
resume_needs_password(struct resumes *resumes, const uint8_t session[SESSION_ID_BYTES])
{
	(void)resumes;
	taken.needs_password = session;
}
