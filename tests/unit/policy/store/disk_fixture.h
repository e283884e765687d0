/* A store that is not open yet, on a disk that tests make slow, full or broken. */
#ifndef DISK_FIXTURE_H
#define DISK_FIXTURE_H

#include "../store_fixture.h"
#include "slow_vfs.h"

int disk_setup(void **state);
int disk_teardown(void **state);

#endif
