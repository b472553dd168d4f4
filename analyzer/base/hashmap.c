/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing; removal shifts back, so there are no tombstones. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hashmap.h"

static void put(struct hashmap_entry *entries, size_t mask, struct hashmap_entry entry)
{
	size_t i = entry.hash & mask;

	while (entries[i].index != HASHMAP_NONE)
		i = (i + 1) & mask;
	entries[i] = entry;
}

static int grow(struct hashmap *map)
{
	size_t slots = map->mask ? (map->mask + 1) * 2 : 16;
	struct hashmap_entry *entries;
	size_t bytes;

	if (__builtin_mul_overflow(slots, sizeof(*entries), &bytes))
		return -ENOMEM;
	entries = malloc(bytes);
	if (!entries)
		return -ENOMEM;
	memset(entries, 0xff, bytes);

	if (map->mask)
		for (size_t i = 0; i <= map->mask; i++)
			if (map->entries[i].index != HASHMAP_NONE)
				put(entries, slots - 1, map->entries[i]);
	free(map->entries);
	map->entries = entries;
	map->mask = slots - 1;
	return 0;
}

int hashmap_add(struct hashmap *map, uint64_t hash, uint32_t index)
{
	if (!map->mask || (map->count + 1) * 4 > (map->mask + 1) * 3) {
		int err = grow(map);

		if (err)
			return err;
	}
	put(map->entries, map->mask,
	    (struct hashmap_entry){ .hash = (uint32_t)hash, .index = index });
	map->count++;
	return 0;
}

void hashmap_remove(struct hashmap *map, uint64_t hash, uint32_t index)
{
	struct hashmap_entry *entries = map->entries;
	size_t mask = map->mask;
	size_t hole = (uint32_t)hash & mask;

	while (entries[hole].index != index)
		hole = (hole + 1) & mask;

	for (size_t i = (hole + 1) & mask; entries[i].index != HASHMAP_NONE; i = (i + 1) & mask) {
		size_t home = entries[i].hash & mask;

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			entries[hole] = entries[i];
			hole = i;
		}
	}
	entries[hole].index = HASHMAP_NONE;
	map->count--;
}

void hashmap_fini(struct hashmap *map)
{
	free(map->entries);
	*map = (struct hashmap){ 0 };
}

uint32_t hashmap_next(const struct hashmap *map, uint64_t hash, size_t *at)
{
	size_t i;

	if (!map->mask)
		return HASHMAP_NONE;
	i = *at == SIZE_MAX ? (uint32_t)hash & map->mask : (*at + 1) & map->mask;
	while (map->entries[i].index != HASHMAP_NONE) {
		if (map->entries[i].hash == (uint32_t)hash) {
			*at = i;
			return map->entries[i].index;
		}
		i = (i + 1) & map->mask;
	}
	return HASHMAP_NONE;
}

uint64_t hash_bytes(const void *bytes, size_t count)
{
	const unsigned char *p = bytes;
	uint64_t hash = hash_u64(count + 0x9e3779b97f4a7c15u);
	uint64_t word;

	for (; count >= 8; count -= 8, p += 8) {
		memcpy(&word, p, 8);
		hash = hash_u64(hash ^ word) + 0x9e3779b97f4a7c15u;
	}
	word = 0;
	if (count)
		memcpy(&word, p, count);
	return hash_u64(hash ^ word);
}
