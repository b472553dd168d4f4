/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growth, and what happens around full buckets.
 *
 * What always holds: between a block's home and the bucket it is in, all
 * buckets are full.  So a search ends at the first bucket that is not, and
 * taking a block out of a full one means to pull another back.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "heap.h"

#define BUCKETS_MIN 1024u

static struct heap_block *map_blocks(size_t buckets)
{
	size_t bytes;
	void *at;

	if (__builtin_mul_overflow(buckets, HEAP_BUCKET * sizeof(struct heap_block), &bytes))
		return NULL;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	(void)madvise(at, bytes, MADV_HUGEPAGE);
	return at;
}

static void unmap_blocks(struct heap *heap)
{
	if (heap->blocks)
		(void)munmap(heap->blocks, heap_slots(heap) * sizeof(*heap->blocks));
}

void heap_fini(struct heap *heap)
{
	unmap_blocks(heap);
	*heap = (struct heap){ 0 };
}

static size_t next_bucket(const struct heap *heap, size_t bucket)
{
	return bucket + 1 < heap->buckets ? bucket + 1 : 0;
}

/* Buckets from @from forward to @to. */
static size_t distance(const struct heap *heap, size_t from, size_t to)
{
	return to >= from ? to - from : to + heap->buckets - from;
}

struct heap_block *heap_put_from(const struct heap *heap, uint64_t addr, size_t bucket)
{
	for (;;) {
		struct heap_block *blocks;
		unsigned int found;

		bucket = next_bucket(heap, bucket);
		blocks = &heap->blocks[bucket * HEAP_BUCKET];
		found = heap_match(blocks, addr);
		if (!found)
			found = heap_match(blocks, 0);
		if (found)
			return &blocks[__builtin_ctz(found)];
	}
}

void heap_refill(struct heap *heap, struct heap_block *hole)
{
	size_t at = (size_t)(hole - heap->blocks) / HEAP_BUCKET;
	size_t bucket = at;

	for (;;) {
		struct heap_block *blocks;
		bool is_full;
		unsigned int i;

		bucket = next_bucket(heap, bucket);
		blocks = &heap->blocks[bucket * HEAP_BUCKET];
		is_full = !heap_match(blocks, 0);
		for (i = 0; i < HEAP_BUCKET; i++) {
			size_t home = blocks[i].addr ? heap_home(heap, blocks[i].addr) : bucket;

			if (distance(heap, home, bucket) >= distance(heap, at, bucket))
				break;
		}
		if (i < HEAP_BUCKET) {
			*hole = blocks[i];
			hole = &blocks[i];
			at = bucket;
		}
		if (!is_full)
			break;
	}
	hole->addr = 0;
}

static attr_cold int grow(struct heap *heap)
{
	size_t buckets = heap->buckets ? heap->buckets + heap->buckets / 2 : BUCKETS_MIN;
	struct heap larger = {
		.blocks = map_blocks(buckets),
		.buckets = buckets,
		.count = heap->count,
	};

	if (!larger.blocks)
		return -ENOMEM;
	larger.limit = heap_slots(&larger) / 100 * 70;
	/* Homes rise with the hash, so both tables are walked from end to end. */
	for (size_t i = 0; i < heap_slots(heap); i++)
		if (heap->blocks[i].addr)
			*heap_put(&larger, heap->blocks[i].addr) = heap->blocks[i];
	unmap_blocks(heap);
	*heap = larger;
	return 0;
}

int heap_reserve(struct heap *heap)
{
	return likely(heap->count < heap->limit) ? 0 : grow(heap);
}
