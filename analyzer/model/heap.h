/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks that are alive: from address to what is known of the block.
 *
 * Entries of half a cache line in buckets of four, which are searched without
 * a branch; a block that finds its bucket full goes to the next one that is
 * not.  So an event costs one cache miss, which can be prefetched, and hardly
 * ever a mispredicted branch.
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

/**
 * heap_write() - fill in all of @block but its type, which it does not have yet
 * @clock: the allocation clock at birth
 *
 * By whole words: compilers write bit fields piece by piece and read the
 * pieces back as words, for which the processor has to wait.
 */
static inline void heap_write(struct heap_block *block, uint64_t addr, uint64_t stamp,
			      uint64_t clock, uint64_t bytes, uint64_t thread, uint64_t site)
{
	const uint64_t words[] = {
		addr,
		(stamp & HEAP_STAMP_MASK) | (clock >> 40) << 56,
		(bytes & HEAP_BYTES_MAX) | (thread & (HEAP_THREADS_MAX - 1)) << 48,
		(site & (HEAP_SITES_MAX - 1)) | clock << 24,
	};

	_Static_assert(sizeof(words) == sizeof(*block), "heap: words of a block");
	__builtin_memcpy(block, words, sizeof(words));
}

#define HEAP_BUCKET 4u

/** struct heap - all zero is an empty one; entries of bucket b begin at blocks[4 * b] */
struct heap {
	struct heap_block *blocks;
	size_t buckets;
	size_t count;
	size_t limit; /* grow when count reaches it */
};

void heap_fini(struct heap *heap);

/** heap_slots() - entries of @blocks, used and unused */
static inline size_t heap_slots(const struct heap *heap)
{
	return heap->buckets * HEAP_BUCKET;
}

/** heap_home() - the bucket where the search for @addr begins */
static inline size_t heap_home(const struct heap *heap, uint64_t addr)
{
	uint64_t hash = (addr ^ addr >> 33) * 0x9e3779b97f4a7c15u;

	hash ^= hash >> 29;
	hash *= 0xbf58476d1ce4e5b9u;
	return (size_t)((unsigned __int128)hash * heap->buckets >> 64);
}

/** heap_match() - bit n is set where entry n of @bucket has this address */
static inline unsigned int heap_match(const struct heap_block *bucket, uint64_t addr)
{
	return (unsigned int)(bucket[0].addr == addr) |
	       (unsigned int)(bucket[1].addr == addr) << 1 |
	       (unsigned int)(bucket[2].addr == addr) << 2 |
	       (unsigned int)(bucket[3].addr == addr) << 3;
}

static inline void heap_prefetch(const struct heap *heap, uint64_t addr)
{
	if (likely(heap->buckets)) {
		const struct heap_block *bucket =
			&heap->blocks[heap_home(heap, addr) * HEAP_BUCKET];

		__builtin_prefetch(bucket, 1);
		__builtin_prefetch(bucket + HEAP_BUCKET / 2, 1);
	}
}

/** heap_put_from() - slow half of heap_put() and heap_find(): go on behind a full bucket */
struct heap_block *heap_put_from(const struct heap *heap, uint64_t addr, size_t bucket);

/**
 * heap_put() - the place of the block at @addr, new or not; heap_reserve() came before
 *
 * Return: .addr is 0 when it is new: then the caller fills it in and counts it
 * (heap->count).
 */
static inline struct heap_block *heap_put(const struct heap *heap, uint64_t addr)
{
	size_t home = heap_home(heap, addr);
	struct heap_block *bucket = &heap->blocks[home * HEAP_BUCKET];
	unsigned int found = heap_match(bucket, addr);

	if (!found)
		found = heap_match(bucket, 0);
	if (likely(found))
		return &bucket[__builtin_ctz(found)];
	return heap_put_from(heap, addr, home);
}

/** heap_find() - the block at @addr, valid until the next change; NULL: there is none */
static inline struct heap_block *heap_find(const struct heap *heap, uint64_t addr)
{
	struct heap_block *block;

	if (unlikely(!heap->buckets))
		return NULL;
	block = heap_put(heap, addr);
	return likely(block->addr) ? block : NULL;
}

/** heap_reserve() - room for one more block; 0 or -ENOMEM */
attr_nodiscard int heap_reserve(struct heap *heap);

/** heap_refill() - slow half of heap_remove(): the hole is in a bucket that was full */
void heap_refill(struct heap *heap, struct heap_block *hole);

/** heap_remove() - forget @block, which heap_find() returned */
static inline void heap_remove(struct heap *heap, struct heap_block *block)
{
	size_t first = (size_t)(block - heap->blocks) & ~(size_t)(HEAP_BUCKET - 1);

	heap->count--;
	if (unlikely(!heap_match(&heap->blocks[first], 0)))
		heap_refill(heap, block);
	else
		block->addr = 0;
}

#endif /* MODEL_HEAP_H */
