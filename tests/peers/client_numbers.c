/* Percentiles of what the test client has measured; see client.h. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>

void
client_numbers_add(struct client_numbers *numbers, uint64_t ns)
{
	uint64_t value = ns / 10;

	if (numbers->count == numbers->size) {
		numbers->size = numbers->size == 0 ? 4096 : 2 * numbers->size;
		numbers->values =
			realloc(numbers->values, numbers->size * sizeof(*numbers->values));
		if (numbers->values == NULL)
			loop_die("numbers", "out of memory");
	}
	numbers->values[numbers->count++] = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static int
compare(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return a < b ? -1 : a > b;
}

/* In microseconds; 0 without numbers. They must be sorted. */
static double
percentile(const struct client_numbers *numbers, unsigned per_mille)
{
	if (numbers->count == 0)
		return 0;
	return numbers->values[(numbers->count - 1) * per_mille / 1000] / 100.0;
}

void
client_numbers_print(const char *name, struct client_numbers *numbers)
{
	if (numbers->count > 0)
		qsort(numbers->values, numbers->count, sizeof(*numbers->values), compare);
	printf(" %s_count=%zu %s_p50_us=%.1f %s_p90_us=%.1f %s_p99_us=%.1f %s_max_us=%.1f", name,
		numbers->count, name, percentile(numbers, 500), name, percentile(numbers, 900),
		name, percentile(numbers, 990), name, percentile(numbers, 1000));
}
