/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks whose type the program or a language provider has named.
 */
#ifndef MODEL_TYPES_H
#define MODEL_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "result.h"

#define TYPES_NONE UINT32_MAX

/** struct type_state - @peak_number as in struct site */
struct type_state {
	struct result_type result;
	uint64_t peak_number;
};

struct typed_block {
	uint64_t addr;
	uint32_t type;
	uint32_t next_unused;
};

/** struct types - all zero is empty */
struct types {
	VEC(struct type_state) all;
	struct hashmap by_name;
	VEC(struct typed_block) blocks;
	struct hashmap by_addr;
	uint32_t unused; /* index + 1 of the first unused of @blocks */
};

void types_fini(struct types *types);

/** types_find() - type of the block at @addr, TYPES_NONE when it has none */
uint32_t types_find(const struct types *types, uint64_t addr);

/** types_name() - index of the type with this name; TYPES_NONE: no memory, or too many types */
uint32_t types_name(struct types *types, struct arena *arena, const void *name, size_t bytes);

/**
 * types_add() - the block at @addr, which had none, has this type
 * @peak_number: of the heap, now
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int types_add(struct types *types, uint64_t addr, uint32_t type, uint64_t bytes,
			     uint64_t blocks, uint64_t peak_number);

/** types_remove() - a block with a type is no more.  Return: its type */
uint32_t types_remove(struct types *types, uint64_t addr, uint64_t bytes, uint64_t blocks,
		      uint64_t peak_number);

#endif /* MODEL_TYPES_H */
