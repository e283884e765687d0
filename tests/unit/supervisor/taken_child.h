/* In the place of the children of a session's host (supervisor/host_child.h): one that can be taken, and what was done with it. For the tests
 * of nla_logons.c and mediations.c, which define children_send themselves. Also for tests/fault. */
#ifndef TESTS_SUPERVISOR_TAKEN_CHILD_H
#define TESTS_SUPERVISOR_TAKEN_CHILD_H

#include "supervisor/children.h"
#include "supervisor/refused_certificate.h"

struct taken_child {
	enum child_kind kind; /* the one that may be taken */
	int answer;           /* of children_take */
	struct child *child;  /* NULL before that */
	void *tag;
	unsigned int taken, ended, heard;
	struct connection *refused; /* whose host has shown the wrong certificate */
	struct msg_certificate_refused certificate;
	const uint8_t *needs_password; /* the session's id */
};

extern struct taken_child taken;

void taken_reset(enum child_kind kind);

#endif
