/* Events as a hospital makes them, for the benchmark of the logs. */
#ifndef BENCH_LOG_EVENTS_H
#define BENCH_LOG_EVENTS_H

#include <stdint.h>

struct store_db;

/* A step is a session (its start, its login, its end) and a change by administration: four events; every tenth step
 * hands over a file, too. */
#define EVENTS_OF_STEPS(steps) ((steps)*4 + ((steps) + 9) / 10)

/* Through the functions by which the gateway itself writes them. Inside a job; 0 or a negative errno. */
int make_step(struct store_db *db, int64_t step);

#endif
