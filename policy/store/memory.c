/* Memory that runs out where nobody says so; see memory.h. */
#include "policy/store/memory.h"

#include "base/secret.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>

static __thread unsigned long failures;
static __thread unsigned scopes;
static __thread bool json_failed; /* in the outermost scope */

void
memory_note_failure(void)
{
	failures++;
}

unsigned long
memory_failures(void)
{
	return failures;
}

void
memory_scope_begin(void)
{
	scopes++;
}

void
memory_scope_end(void)
{
	if (--scopes == 0)
		json_failed = false;
}

static void *
allocate(size_t size)
{
	void *memory = json_failed ? NULL : malloc(size);

	if (memory == NULL) {
		memory_note_failure();
		json_failed = scopes > 0;
	}
	return memory;
}

/* Answers hold tickets' secrets and initial passwords: JSON's texts are wiped when they are freed. */
void
memory_watch_json(void)
{
	json_set_alloc_funcs(allocate, secret_free);
}
