/* SPDX-License-Identifier: Apache-2.0 */
/* Names are interned; blocks with a type have an entry beside the heap's. */
#include <errno.h>
#include <string.h>

#include "types.h"

#define TYPES_MAX      65536u
#define NAME_BYTES_MAX 1024u

void types_fini(struct types *types)
{
	vec_fini(&types->all);
	vec_fini(&types->blocks);
	hashmap_fini(&types->by_name);
	hashmap_fini(&types->by_addr);
	*types = (struct types){ 0 };
}

static uint32_t find_block(const struct types *types, uint64_t addr)
{
	HASHMAP_EACH(&types->by_addr, hash_u64(addr), index)
	if (types->blocks.at[index].addr == addr)
		return index;
	return HASHMAP_NONE;
}

uint32_t types_find(const struct types *types, uint64_t addr)
{
	uint32_t index = find_block(types, addr);

	return index == HASHMAP_NONE ? TYPES_NONE : types->blocks.at[index].type;
}

uint32_t types_name(struct types *types, struct arena *arena, const void *name, size_t bytes)
{
	size_t length = strnlen(name, bytes < NAME_BYTES_MAX ? bytes : NAME_BYTES_MAX);
	uint64_t hash = hash_bytes(name, length);
	struct type_state type = { 0 };

	HASHMAP_EACH(&types->by_name, hash, index)
	{
		const char *other = types->all.at[index].result.name;

		if (strlen(other) == length && memcmp(other, name, length) == 0)
			return index;
	}
	if (types->all.count >= TYPES_MAX)
		return TYPES_NONE;
	type.result.name = arena_string(arena, name, length);
	if (!type.result.name || vec_reserve(&types->all, types->all.count + 1) < 0 ||
	    hashmap_add(&types->by_name, hash, (uint32_t)types->all.count) < 0)
		return TYPES_NONE;
	types->all.at[types->all.count++] = type;
	return (uint32_t)types->all.count - 1;
}

static void touch(struct type_state *type, uint64_t peak_number)
{
	if (type->peak_number != peak_number) {
		type->peak_number = peak_number;
		type->result.peak_bytes = type->result.live_bytes;
		type->result.peak_blocks = type->result.live_blocks;
	}
}

int types_add(struct types *types, uint64_t addr, uint32_t type, uint64_t bytes, uint64_t blocks,
	      uint64_t peak_number)
{
	struct type_state *state = &types->all.at[type];
	uint32_t index = types->unused;
	int err;

	if (!index) {
		err = vec_push(&types->blocks, (struct typed_block){ 0 });
		if (err)
			return err;
		types->unused = index = (uint32_t)types->blocks.count;
	}
	err = hashmap_add(&types->by_addr, hash_u64(addr), index - 1);
	if (err)
		return err;
	types->unused = types->blocks.at[index - 1].next_unused;
	types->blocks.at[index - 1] = (struct typed_block){ .addr = addr, .type = type };

	touch(state, peak_number);
	state->result.allocations += blocks;
	state->result.bytes += bytes;
	state->result.live_blocks += blocks;
	state->result.live_bytes += bytes;
	return 0;
}

uint32_t types_remove(struct types *types, uint64_t addr, uint64_t bytes, uint64_t blocks,
		      uint64_t peak_number)
{
	uint32_t index = find_block(types, addr);
	struct type_state *state;
	uint32_t type;

	if (index == HASHMAP_NONE)
		return TYPES_NONE;
	type = types->blocks.at[index].type;
	state = &types->all.at[type];
	touch(state, peak_number);
	state->result.live_blocks -= blocks;
	state->result.live_bytes -= bytes;

	hashmap_remove(&types->by_addr, hash_u64(addr), index);
	types->blocks.at[index] = (struct typed_block){ .next_unused = types->unused };
	types->unused = index + 1;
	return type;
}
