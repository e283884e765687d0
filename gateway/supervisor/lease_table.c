/* What lease files say of each address: a hash table that only grows until it is replaced whole. */
#include "supervisor/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define START_SIZE 256 /* a power of two, as every later size */

struct lease_slot {
	bool used;
	struct lease_known known;
};

struct lease_table {
	struct lease_slot *slots;
	size_t size;
	size_t count;
};

/* FNV-1a. Who can choose addresses here is the DHCP server or the VPN, whom we believe anyway. */
static size_t
hash(const uint8_t *address)
{
	uint64_t value = 0xcbf29ce484222325u;

	for (size_t i = 0; i < ADDRESS_SIZE; i++)
		value = (value ^ address[i]) * 0x100000001b3u;
	return (size_t)(value ^ value >> 32);
}

/* The slot of the address, or the empty one where it would go. The table is never full. */
static struct lease_slot *
slot_of(const struct lease_table *table, const uint8_t *address)
{
	for (size_t i = hash(address);; i++) {
		struct lease_slot *slot = &table->slots[i & (table->size - 1)];

		if (!slot->used || memcmp(slot->known.row.address, address, ADDRESS_SIZE) == 0)
			return slot;
	}
}

struct lease_table *
lease_table_new(void)
{
	struct lease_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->size = START_SIZE;
	table->slots = calloc(table->size, sizeof(*table->slots));
	if (table->slots == NULL) {
		free(table);
		return NULL;
	}
	return table;
}

void
lease_table_free(struct lease_table *table)
{
	if (table == NULL)
		return;
	free(table->slots);
	free(table);
}

static int
grow(struct lease_table *table)
{
	struct lease_table larger = {.size = table->size * 2, .count = table->count};

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (larger.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < table->size; i++) {
		if (table->slots[i].used)
			*slot_of(&larger, table->slots[i].known.row.address) = table->slots[i];
	}
	free(table->slots);
	*table = larger;
	return 0;
}

static int
slot_for(struct lease_table *table, const uint8_t *address, struct lease_slot **ret_slot)
{
	int r;

	*ret_slot = slot_of(table, address);
	if ((*ret_slot)->used)
		return 0;
	if (table->count == LEASE_TABLE_MAX)
		return -ENOSPC;
	if (table->count * 2 >= table->size) {
		r = grow(table);
		if (r < 0)
			return r;
		*ret_slot = slot_of(table, address);
	}
	return 0;
}

static void
slot_set(struct lease_table *table, struct lease_slot *slot, const struct lease_row *row)
{
	if (!slot->used)
		table->count++;
	slot->used = true;
	slot->known = (struct lease_known){.row = *row};
}

int
lease_table_replace(struct lease_table *table, const struct lease_row *row)
{
	struct lease_slot *slot;
	int r = slot_for(table, row->address, &slot);

	if (r == 0)
		slot_set(table, slot, row);
	return r;
}

int
lease_table_add(struct lease_table *table, const struct lease_row *row, int64_t now_s)
{
	struct lease_slot *slot;
	struct lease_row *old;
	int r = slot_for(table, row->address, &slot);

	if (r < 0)
		return r;
	old = &slot->known.row;
	if (!slot->used || !lease_holds(old, now_s)) {
		slot_set(table, slot, row);
		return 0;
	}
	if (!lease_holds(row, now_s))
		return 0;
	if (old->has_mac != row->has_mac || memcmp(old->mac, row->mac, MAC_SIZE) != 0)
		slot->known.contradicted = true;
	else if (row->until_s > old->until_s)
		old->until_s = row->until_s;
	return 0;
}

const struct lease_known *
lease_table_find(const struct lease_table *table, const uint8_t *address)
{
	const struct lease_slot *slot = slot_of(table, address);

	return slot->used ? &slot->known : NULL;
}

size_t
lease_table_count(const struct lease_table *table)
{
	return table->count;
}

bool
lease_holds(const struct lease_row *row, int64_t now_s)
{
	return row->assigned && row->until_s > now_s;
}
