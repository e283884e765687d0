/* A client at the gate (fakes.h) and its back end in ATTACH: for attach_test.c and phase_attach_test.c. */
#ifndef TESTS_RELAY_ATTACHING_H
#define TESTS_RELAY_ATTACHING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"
#include "rdp/gcc.h"
#include "relay/attach.h"

enum {
	ATTACH_USER = 1044, /* as the host calls the client */
};

/* The client's side of things, as INTRODUCE leaves it; the host's confirm has these flags, and its Connect-Response is
 * awaited. */
void attach_start_on(enum side side, uint32_t rights, uint8_t confirm_flags);
void attach_start(uint32_t rights, uint8_t confirm_flags);

/* What the host sends; what was sent to it before is forgotten. */
void attach_give(const void *bytes, size_t len);

struct gcc_server attach_usual_host(void);

/* Confirms every join that comes, but that of one channel; returns how many. */
unsigned int attach_confirm_joins(uint16_t refuse);

#endif
