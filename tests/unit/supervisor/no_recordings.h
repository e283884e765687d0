/* See no_recordings.c. */
#ifndef TESTS_NO_RECORDINGS_H
#define TESTS_NO_RECORDINGS_H

#include "relay/close_reasons.h"

/* Why the next sessions cannot be recorded; CLOSE_NONE: they need not be. */
extern enum close_reason no_recordings_refuse;

#endif
