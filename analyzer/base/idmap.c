/* SPDX-License-Identifier: Apache-2.0 */
/* From 64-bit keys to 32-bit values, open addressing. */
#include <stdlib.h>

#include "base/err.h"
#include "base/hashmap.h"
#include "base/idmap.h"

#define FIRST_SLOTS 64u

static int idmap_grow(struct idmap *map)
{
	size_t slots = map->slots ? (map->mask + 1) * 2 : FIRST_SLOTS;
	struct idmap_slot *grown = calloc(slots, sizeof(*grown));

	if (!grown)
		return -ENOMEM;

	for (size_t i = 0; map->slots && i <= map->mask; i++) {
		size_t at;

		if (!map->slots[i].value)
			continue;
		at = hash_u64(map->slots[i].key) & (slots - 1);
		while (grown[at].value)
			at = (at + 1) & (slots - 1);
		grown[at] = map->slots[i];
	}
	free(map->slots);
	map->slots = grown;
	map->mask = slots - 1;
	return 0;
}

int idmap_add(struct idmap *map, uint64_t key, uint32_t value, uint32_t *ret_value)
{
	size_t at;

	if (!map->slots || map->count * 2 > map->mask) {
		int r = idmap_grow(map);

		if (r < 0)
			return r;
	}

	for (at = hash_u64(key) & map->mask; map->slots[at].value; at = (at + 1) & map->mask) {
		if (map->slots[at].key == key) {
			*ret_value = map->slots[at].value - 1;
			return 0;
		}
	}
	map->slots[at] = (struct idmap_slot){ key, value + 1 };
	map->count++;
	*ret_value = value;
	return 1;
}

uint32_t idmap_find(const struct idmap *map, uint64_t key)
{
	if (!map->slots)
		return UINT32_MAX;

	for (size_t at = hash_u64(key) & map->mask; map->slots[at].value;
	     at = (at + 1) & map->mask) {
		if (map->slots[at].key == key)
			return map->slots[at].value - 1;
	}
	return UINT32_MAX;
}

void idmap_fini(struct idmap *map)
{
	free(map->slots);
	*map = (struct idmap){ 0 };
}
