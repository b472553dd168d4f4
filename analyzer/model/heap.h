/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks that are alive: from address to what is known of the block.
 *
 * Open addressing with linear probing over entries of half a cache line, so
 * that an event costs one cache miss, and that one can be prefetched.
 */
#ifndef MODEL_HEAP_H
#define MODEL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/hashmap.h"

#define HEAP_BYTES_MAX	 ((UINT64_C(1) << 48) - 1)
#define HEAP_STAMP_MASK	 ((UINT64_C(1) << 56) - 1)
#define HEAP_SITES_MAX	 (1u << 24)
#define HEAP_THREADS_MAX (1u << 15)

/* Blocks of a custom allocator have keys of their own: its pool may begin where its first does. */
#define HEAP_CUSTOM (UINT64_C(1) << 63)

/* The allocation clock counts in units of so many bytes. */
#define HEAP_CLOCK_SHIFT 6u

/**
 * struct heap_block - one live block
 * @addr:   0: no block.  With HEAP_CUSTOM where that applies, here and in all calls
 * @stamp:  ticks at birth since the process image began
 * @bytes:  as asked for, HEAP_BYTES_MAX if more
 * @thread: index of the thread that made it
 * @typed:  it has a type, see types.h
 * @site:   index of its site
 * @clock_hi, @clock_lo: the allocation clock at birth
 */
struct heap_block {
	uint64_t addr;
	uint64_t stamp : 56;
	uint64_t clock_hi : 8;
	uint64_t bytes : 48;
	uint64_t thread : 15;
	uint64_t typed : 1;
	uint64_t site : 24;
	uint64_t clock_lo : 40;
};

_Static_assert(sizeof(struct heap_block) == 32, "heap: half a cache line");

/** struct heap - all zero is an empty one */
struct heap {
	struct heap_block *blocks;
	size_t slots;
	size_t count;
	size_t limit; /* grow when count reaches it */
};

void heap_fini(struct heap *heap);

/** heap_home() - where the search for @addr begins */
static inline size_t heap_home(const struct heap *heap, uint64_t addr)
{
	uint64_t hash = (addr ^ addr >> 33) * 0x9e3779b97f4a7c15u;

	hash ^= hash >> 29;
	hash *= 0xbf58476d1ce4e5b9u;
	return (size_t)((unsigned __int128)hash * heap->slots >> 64);
}

static inline void heap_prefetch(const struct heap *heap, uint64_t addr)
{
	if (heap->slots)
		__builtin_prefetch(&heap->blocks[heap_home(heap, addr)], 1);
}

/** heap_find() - the block at @addr, valid until the next change; NULL: there is none */
static inline struct heap_block *heap_find(const struct heap *heap, uint64_t addr)
{
	size_t i;

	if (unlikely(!heap->slots))
		return NULL;
	i = heap_home(heap, addr);
	while (heap->blocks[i].addr) {
		if (heap->blocks[i].addr == addr)
			return &heap->blocks[i];
		if (++i == heap->slots)
			i = 0;
	}
	return NULL;
}

/** heap_reserve() - room for one more block; 0 or -ENOMEM */
attr_nodiscard int heap_reserve(struct heap *heap);

/**
 * heap_put() - the place of the block at @addr, new or not; heap_reserve() came before
 *
 * Return: .addr is 0 when it is new: then the caller fills it in and counts it
 * (heap->count).
 */
static inline struct heap_block *heap_put(struct heap *heap, uint64_t addr)
{
	size_t i = heap_home(heap, addr);

	while (heap->blocks[i].addr && heap->blocks[i].addr != addr)
		if (++i == heap->slots)
			i = 0;
	return &heap->blocks[i];
}

/** heap_remove() - forget @block, which heap_find() returned */
void heap_remove(struct heap *heap, struct heap_block *block);

#endif /* MODEL_HEAP_H */
