/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the tables of addresses.
 */
#include "py-table.h"

#include <string.h>

#include "pages.h"
#include "sys.h"

#define SLOTS_FIRST (1u << 10)
#define KEY_GONE    1u /* of a forgotten object; none lies at address 1 */

#define SPINS	  100u
#define WAITS_MAX 20000u /* pauses: more than a second */

uint64_t py_filter[PY_FILTER_BITS / 64];

void py_table_lock(struct py_table *table)
{
	/*
	 * Held for less than a microsecond, but for a larger body.  Whoever has it
	 * for so long has left by longjmp(), or was left behind by fork().
	 */
	for (uint32_t i = 0; __atomic_exchange_n(&table->lock, 1, __ATOMIC_ACQUIRE); i++) {
		if (i == WAITS_MAX)
			return;
		if (i >= SPINS)
			sys_pause();
	}
}

void py_table_unlock(struct py_table *table)
{
	__atomic_store_n(&table->lock, 0, __ATOMIC_RELEASE);
}

static void put(struct py_table_body *body, uintptr_t key, uint32_t id, uint32_t check)
{
	uint32_t i = (uint32_t)(((uint64_t)key >> 4) * 0x9e3779b97f4a7c15ull >> 32);
	struct py_slot *slot;

	/* The slot of a forgotten key is as good: nobody looks for an object that is gone. */
	while (body->slots[i & body->mask].key > KEY_GONE)
		i++;
	slot = &body->slots[i & body->mask];
	if (!slot->key)
		body->used++;
	slot->id = id;
	slot->check = check;
	/* Partner: the acquire load in py_table_find(). */
	__atomic_store_n(&slot->key, key, __ATOMIC_RELEASE);
}

/* The one before the last, if it is large enough: nobody has been reading it for so long. */
static struct py_table_body *empty_body(struct py_table *table, uint32_t slots)
{
	struct py_table_body *body = table->spare;

	table->spare = NULL;
	if (body && body->mask >= slots - 1) {
		memset(body->slots, 0, (body->mask + 1) * sizeof(struct py_slot));
		body->used = 0;
		return body;
	}
	body = pages_map(sizeof(*body) + slots * sizeof(struct py_slot), 0);
	if (body)
		body->mask = slots - 1;
	return body;
}

/* Room for one more: if need be a larger body, without what is gone. */
static bool make_room(struct py_table *table)
{
	struct py_table_body *old = table->body, *body;
	uint32_t live = 0, slots = SLOTS_FIRST;

	if (old && old->used < (old->mask + 1) / 2)
		return true;
	for (uint32_t i = 0; old && i <= old->mask; i++)
		live += old->slots[i].key > KEY_GONE;
	while (slots < live * 4)
		slots *= 2;

	body = empty_body(table, slots);
	if (!body)
		return old && old->used < old->mask;
	for (uint32_t i = 0; old && i <= old->mask; i++)
		if (old->slots[i].key > KEY_GONE)
			put(body, old->slots[i].key, old->slots[i].id, old->slots[i].check);
	__atomic_store_n(&table->body, body, __ATOMIC_RELEASE);
	table->spare = old;
	return true;
}

bool py_table_put(struct py_table *table, const void *key, uint32_t id, uint32_t check)
{
	if (!make_room(table))
		return false;
	put(table->body, (uintptr_t)key, id, check);
	return true;
}

bool py_table_remove(struct py_table *table, const void *key)
{
	const struct py_slot *found = py_table_find(table, key);

	if (!found)
		return false;
	__atomic_store_n((uintptr_t *)&found->key, KEY_GONE, __ATOMIC_RELEASE);
	return true;
}

void py_table_reset(struct py_table *table)
{
	struct py_table_body *body = table->body;

	table->lock = 0;
	if (body) {
		memset(body->slots, 0, (body->mask + 1) * sizeof(struct py_slot));
		body->used = 0;
	}
}
