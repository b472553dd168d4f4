/* SPDX-License-Identifier: Apache-2.0 */
/* Growth by half, removal by shifting back: no tombstones, no worst day. */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "heap.h"

#define SLOTS_MIN 4096u

static struct heap_block *map_blocks(size_t slots)
{
	size_t bytes;
	void *at;

	if (__builtin_mul_overflow(slots, sizeof(struct heap_block), &bytes))
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
		(void)munmap(heap->blocks, heap->slots * sizeof(*heap->blocks));
}

void heap_fini(struct heap *heap)
{
	unmap_blocks(heap);
	*heap = (struct heap){ 0 };
}

static attr_cold int grow(struct heap *heap)
{
	size_t slots = heap->slots ? heap->slots + heap->slots / 2 : SLOTS_MIN;
	struct heap larger = {
		.blocks = map_blocks(slots),
		.slots = slots,
		.count = heap->count,
		.limit = slots - slots / 4,
	};

	if (!larger.blocks)
		return -ENOMEM;
	/* Homes rise with the hash, so both tables are walked from end to end. */
	for (size_t i = 0; i < heap->slots; i++)
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

static size_t distance(const struct heap *heap, size_t from, size_t to)
{
	return to >= from ? to - from : to + heap->slots - from;
}

void heap_remove(struct heap *heap, struct heap_block *block)
{
	size_t hole = (size_t)(block - heap->blocks);
	size_t i = hole;

	heap->count--;
	for (;;) {
		size_t home;

		if (++i == heap->slots)
			i = 0;
		if (!heap->blocks[i].addr)
			break;
		home = heap_home(heap, heap->blocks[i].addr);
		if (distance(heap, home, i) >= distance(heap, hole, i)) {
			heap->blocks[hole] = heap->blocks[i];
			hole = i;
		}
	}
	heap->blocks[hole].addr = 0;
}
