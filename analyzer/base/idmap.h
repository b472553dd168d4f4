/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from 64-bit keys to 32-bit values that only grows.
 *
 * Pairs of numbers are interned with idmap_pair(), records of more by pairing
 * pairs: exact, with no comparison function.
 */
#ifndef BASE_IDMAP_H
#define BASE_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct idmap_slot {
	uint64_t key;
	uint32_t value; /* plus one; 0: empty */
};

/** struct idmap - zero-initialised is empty */
struct idmap {
	struct idmap_slot *slots;
	size_t mask;
	size_t count;
};

/**
 * idmap_add() - the value of @key, which becomes @value if it has none yet
 * @map:       the map
 * @key:       any
 * @value:     below UINT32_MAX
 * @ret_value: what the map holds for @key now
 *
 * Return: 0 when @key was there, 1 when it was added, -ENOMEM.
 */
attr_nodiscard int idmap_add(struct idmap *map, uint64_t key, uint32_t value, uint32_t *ret_value);

/** idmap_find() - the value of @key; UINT32_MAX when there is none */
uint32_t idmap_find(const struct idmap *map, uint64_t key);

/** idmap_fini() - empty @map and give its memory back */
void idmap_fini(struct idmap *map);

static inline uint64_t idmap_pair(uint32_t a, uint32_t b)
{
	return (uint64_t)a << 32 | b;
}

#endif /* BASE_IDMAP_H */
