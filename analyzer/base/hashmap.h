/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a hash to the index of an element that the caller keeps in an array.
 *
 * The map holds no keys: the caller compares.  Finding goes through all
 * elements with the same hash:
 *
 *	HASHMAP_EACH(&map, hash, index)
 *		if (things.at[index].key == key)
 *			return index;
 */
#ifndef ANALYZER_BASE_HASHMAP_H
#define ANALYZER_BASE_HASHMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define HASHMAP_NONE UINT32_MAX

struct hashmap_entry {
	uint32_t hash;
	uint32_t index; /* HASHMAP_NONE: empty */
};

/** struct hashmap - all zero is an empty one */
struct hashmap {
	struct hashmap_entry *entries;
	size_t mask; /* slots - 1; 0 when there are none */
	size_t count;
};

/**
 * hashmap_add() - @index is to be found under @hash
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int hashmap_add(struct hashmap *map, uint64_t hash, uint32_t index);

/** hashmap_remove() - @index is no longer to be found under @hash; it must have been there */
void hashmap_remove(struct hashmap *map, uint64_t hash, uint32_t index);

void hashmap_fini(struct hashmap *map);

/**
 * hashmap_next() - the next index under @hash
 * @at: where the search stands; SIZE_MAX to begin
 *
 * Return: an index, or HASHMAP_NONE after the last.
 */
uint32_t hashmap_next(const struct hashmap *map, uint64_t hash, size_t *at);

#define HASHMAP_EACH(map, hash, index)                           \
	for (size_t at_ = SIZE_MAX, once_ = 1; once_; once_ = 0) \
		for (uint32_t index; (index = hashmap_next((map), (hash), &at_)) != HASHMAP_NONE;)

/** hash_u64() - spreads the bits of @value over all of the result */
static inline uint64_t hash_u64(uint64_t value)
{
	value ^= value >> 32;
	value *= 0xd6e8feb86659fd93u;
	value ^= value >> 32;
	value *= 0xd6e8feb86659fd93u;
	return value ^ value >> 32;
}

/** hash_bytes() - of @count bytes; equal bytes, equal hash, on one machine */
uint64_t hash_bytes(const void *bytes, size_t count);

#endif /* ANALYZER_BASE_HASHMAP_H */
