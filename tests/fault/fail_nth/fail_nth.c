/* Lets the Nth allocation fail; see fail_nth.h. */
#include "fail_nth.h"

#include "call_chain.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t most);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t most);
void __wrap_free(void *memory);

/* Places for what is alive: open addressing, a power of two, far more than any test needs. */
#define PLACES (1u << 18)
#define GONE ((void *)1)

/* This file's one state: the wrapped functions have no other place to keep it. */
static struct {
	pthread_mutex_t mutex;
	bool armed;
	bool and_all_after;
	bool hit;
	unsigned long fail_from; /* at the first one from here on that was come to in a new way */
	unsigned long failed_at;
	unsigned long count;
	size_t alive;
	void *places[PLACES];
} fail = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool
must_fail(void)
{
	bool now = false;

	pthread_mutex_lock(&fail.mutex);
	if (fail.armed) {
		fail.count++;
		if (fail.hit)
			now = fail.and_all_after;
		else if (fail.count >= fail.fail_from && call_chain_is_new()) {
			now = fail.hit = true;
			fail.failed_at = fail.count;
		}
	}
	pthread_mutex_unlock(&fail.mutex);
	return now;
}

static size_t
first_place(const void *memory)
{
	return ((uintptr_t)memory >> 4) * 2654435761u & (PLACES - 1);
}

static void *
remember(void *memory)
{
	size_t place = first_place(memory);

	if (memory == NULL)
		return NULL;
	pthread_mutex_lock(&fail.mutex);
	while (fail.places[place] != NULL && fail.places[place] != GONE)
		place = (place + 1) & (PLACES - 1);
	fail.places[place] = memory;
	fail.alive++;
	pthread_mutex_unlock(&fail.mutex);
	return memory;
}

/* What libraries have allocated and we free is not in there. */
static void
forget(const void *memory)
{
	size_t place = first_place(memory);

	if (memory == NULL)
		return;
	pthread_mutex_lock(&fail.mutex);
	while (fail.places[place] != NULL && fail.places[place] != memory)
		place = (place + 1) & (PLACES - 1);
	if (fail.places[place] == memory) {
		fail.places[place] = GONE;
		fail.alive--;
	}
	pthread_mutex_unlock(&fail.mutex);
}

void *
__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : remember(__real_malloc(size));
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : remember(__real_calloc(count, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
	void *memory;

	if (must_fail())
		return NULL;
	forget(old);
	memory = __real_realloc(old, size);
	if (memory == NULL)
		abort();
	return remember(memory);
}

void *
__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return __wrap_realloc(old, count * size); /* tests ask for no more than there is */
}

char *
__wrap_strdup(const char *text)
{
	return must_fail() ? NULL : remember(__real_strdup(text));
}

char *
__wrap_strndup(const char *text, size_t most)
{
	return must_fail() ? NULL : remember(__real_strndup(text, most));
}

void
__wrap_free(void *memory)
{
	forget(memory);
	__real_free(memory);
}

/* SQLite asks for the size of what it has been given: it stands in front. Its memory is not
 * remembered, since it keeps caches; sqlite3_memory_used() tells. */
#define SIZE_BYTES 16

static void *
sqlite_malloc(int size)
{
	char *memory = must_fail() ? NULL : __real_malloc((size_t)size + SIZE_BYTES);

	if (memory == NULL)
		return NULL;
	memcpy(memory, &size, sizeof(size));
	return memory + SIZE_BYTES;
}

static void
sqlite_free(void *memory)
{
	__real_free((char *)memory - SIZE_BYTES);
}

static int
sqlite_size(void *memory)
{
	int size;

	memcpy(&size, (char *)memory - SIZE_BYTES, sizeof(size));
	return size;
}

static void *
sqlite_realloc(void *old, int size)
{
	char *memory =
		must_fail() ? NULL
			    : __real_realloc((char *)old - SIZE_BYTES, (size_t)size + SIZE_BYTES);

	if (memory == NULL)
		return NULL;
	memcpy(memory, &size, sizeof(size));
	return memory + SIZE_BYTES;
}

static int
sqlite_roundup(int size)
{
	return (size + 7) & ~7;
}

static int
sqlite_init(void *context)
{
	(void)context;
	return SQLITE_OK;
}

static void
sqlite_shutdown(void *context)
{
	(void)context;
}

void
fail_catch_libraries(void)
{
	static const sqlite3_mem_methods methods = {sqlite_malloc, sqlite_free, sqlite_realloc,
		sqlite_size, sqlite_roundup, sqlite_init, sqlite_shutdown, NULL};

	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK ||
		sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK ||
		sqlite3_initialize() != SQLITE_OK)
		abort();
}

size_t
fail_alive(void)
{
	return fail.alive;
}

void
fail_begin(struct fail_run *run)
{
	call_chains_begin(2);
	*run = (struct fail_run){.nth = 1, .alive = fail_alive()};
}

bool
fail_next(struct fail_run *run)
{
	if (!run->begun) {
		run->begun = true;
		return true;
	}
	if (fail_alive() != run->alive) {
		fprintf(stderr, "allocation %lu%s: %ld allocations leaked\n", fail.failed_at,
			run->and_all_after ? " and all after it" : "",
			(long)fail_alive() - (long)run->alive);
		abort();
	}
	run->tried++;
	if (run->hit) {
		run->nth = fail.failed_at + 1;
		return true;
	}
	if (run->and_all_after) {
		fprintf(stderr,
			"           %lu rounds for %lu allocations, alone and with all after: %s\n",
			run->tried, fail.count, call_chains_tried());
		return false;
	}
	run->and_all_after = true;
	run->nth = 1;
	call_chains_begin(2);
	return true;
}

void
fail_arm(struct fail_run *run)
{
	pthread_mutex_lock(&fail.mutex);
	fail.count = 0;
	fail.hit = false;
	fail.fail_from = run->nth;
	fail.and_all_after = run->and_all_after;
	fail.armed = true;
	pthread_mutex_unlock(&fail.mutex);
}

void
fail_disarm(struct fail_run *run)
{
	pthread_mutex_lock(&fail.mutex);
	fail.armed = false;
	run->hit = fail.hit;
	pthread_mutex_unlock(&fail.mutex);
}
