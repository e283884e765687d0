/* Memory that runs out inside a job; see memory.h. */
#include "policy/store/memory.h"

#include "base/secret.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>

static __thread unsigned long failures;

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

static void *
allocate(size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL)
		memory_note_failure();
	return memory;
}

/* Answers hold tickets' secrets and initial passwords: JSON's texts are wiped when they are freed. */
void
memory_watch_json(void)
{
	json_set_alloc_funcs(allocate, secret_free);
}
