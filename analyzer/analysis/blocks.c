/* SPDX-License-Identifier: Apache-2.0 */
/* The index of live blocks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fetch.h"
#include "base/huge.h"
#include "base/parallel.h"
#include "blocks.h"
#include "model/heap.h"
#include "model/maps.h"

#define REGION_SHIFT 22u
#define REGION_WORDS (1u << (REGION_SHIFT - 3 - 6))
#define SPAN_REGIONS (UINT64_C(1) << 18) /* of one block: 1 TiB */

/**
 * struct blocks_region - 4 MiB of addresses
 * @base:  blocks that begin before it
 * @count: that begin in it
 * @room:  where they are put, until they are in order
 * @bits:  where blocks begin, in units of 8 bytes; NULL: none does
 * @rank:  blocks that begin in this region before each word of @bits
 */
struct blocks_region {
	uint64_t number;
	uint32_t base;
	uint32_t count;
	uint32_t room;
	uint64_t *bits;
	uint32_t *rank;
};

/* Without an instruction for it compilers call a function. */
static inline uint32_t count_bits(uint64_t bits)
{
#ifdef __POPCNT__
	return (uint32_t)__builtin_popcountll(bits);
#else
	bits -= bits >> 1 & 0x5555555555555555u;
	bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (uint32_t)(bits * 0x0101010101010101u >> 56);
#endif
}

static inline size_t slot_of(const struct blocks *blocks, uint64_t number)
{
	return (size_t)(number * 0x9e3779b97f4a7c15u >> (64 - blocks->table_bits));
}

static inline struct blocks_region *find_region(const struct blocks *blocks, uint64_t number)
{
	size_t mask = ((size_t)1 << blocks->table_bits) - 1;

	for (size_t i = slot_of(blocks, number);; i = (i + 1) & mask) {
		uint32_t index = blocks->table[i];

		if (!index)
			return NULL;
		if (blocks->regions[index - 1].number == number)
			return &blocks->regions[index - 1];
	}
}

static int grow_table(struct blocks *blocks)
{
	unsigned int bits = blocks->table ? blocks->table_bits + 1 : 10;
	uint32_t *table = calloc((size_t)1 << bits, sizeof(*table));
	size_t mask = ((size_t)1 << bits) - 1;

	if (!table)
		return -ENOMEM;
	free(blocks->table);
	blocks->table = table;
	blocks->table_bits = bits;
	for (size_t r = 0; r < blocks->regions_count; r++) {
		size_t i = slot_of(blocks, blocks->regions[r].number);

		while (table[i])
			i = (i + 1) & mask;
		table[i] = (uint32_t)r + 1;
	}
	return 0;
}

/* The region, made if need be; NULL without memory. */
static struct blocks_region *get_region(struct blocks *blocks, uint64_t number)
{
	struct blocks_region *region = blocks->table ? find_region(blocks, number) : NULL;
	size_t count = blocks->regions_count;
	size_t i;

	if (region)
		return region;
	/* Mostly empty: most words of a program's memory are looked up here and are no pointers. */
	if ((!blocks->table || count * 8 >= (size_t)1 << blocks->table_bits) &&
	    grow_table(blocks) < 0)
		return NULL;
	if (!(count & (count - 1))) {
		size_t space = count ? count * 2 : 1;

		region = realloc(blocks->regions, space * sizeof(*region));
		if (!region)
			return NULL;
		blocks->regions = region;
	}
	blocks->regions[count] = (struct blocks_region){ .number = number };
	blocks->regions_count++;
	for (i = slot_of(blocks, number); blocks->table[i];)
		i = (i + 1) & (((size_t)1 << blocks->table_bits) - 1);
	blocks->table[i] = (uint32_t)count + 1;
	return &blocks->regions[count];
}

static inline uint64_t addr_of(const struct heap_block *block)
{
	return block->key & HEAP_ADDR_MASK;
}

void blocks_fetch(const struct blocks *blocks, uint64_t addr)
{
	const struct blocks_region *region = find_region(blocks, addr >> REGION_SHIFT);
	uint64_t unit = addr >> 3 & (REGION_WORDS * 64 - 1);

	if (!region || !region->bits)
		return;
	fetch_line(&region->bits[unit / 64]);
	fetch_line(&region->rank[unit / 64]);
}

static uint64_t cut_bytes(uint64_t bytes)
{
	return bytes < BLOCKS_BYTES_MAX ? bytes : BLOCKS_BYTES_MAX;
}

/* Regions for it: the one where it begins, and all that it reaches into. */
static int count_block(struct blocks *blocks, uint64_t addr, uint64_t bytes)
{
	uint64_t number = addr >> REGION_SHIFT;
	uint64_t last = (addr + (bytes ? bytes - 1 : 0)) >> REGION_SHIFT;
	struct blocks_region *region = get_region(blocks, number);

	if (!region)
		return -ENOMEM;
	region->count++;
	/* A pointer to its far end must find a region too. */
	if (unlikely(last - number > SPAN_REGIONS))
		last = number + SPAN_REGIONS;
	while (number < last)
		if (!get_region(blocks, ++number))
			return -ENOMEM;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct blocks_region *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Bring regions in order, with room for what they have.  Return: 0 or -ENOMEM. */
static int order_regions(struct blocks *blocks)
{
	size_t used = 0, i = 0;
	uint32_t base = 0;
	int r;

	if (!blocks->regions_count)
		return 0;
	qsort(blocks->regions, blocks->regions_count, sizeof(*blocks->regions), by_number);
	blocks->table_bits--;
	r = grow_table(blocks);
	if (r < 0)
		return r;
	for (size_t k = 0; k < blocks->regions_count; k++)
		used += blocks->regions[k].count > 0;
	blocks->bits = huge_take(used * REGION_WORDS, sizeof(*blocks->bits));
	blocks->ranks = huge_take(used * REGION_WORDS, sizeof(*blocks->ranks));
	if (!blocks->bits || !blocks->ranks)
		return -ENOMEM;
	for (size_t k = 0; k < blocks->regions_count; k++) {
		struct blocks_region *region = &blocks->regions[k];

		region->base = region->room = base;
		base += region->count;
		if (!region->count)
			continue;
		region->bits = blocks->bits + i * REGION_WORDS;
		region->rank = blocks->ranks + i * REGION_WORDS;
		i++;
	}
	return 0;
}

/* How many begin before each word of bits.  Return: in all. */
static uint32_t rank_words(struct blocks_region *region)
{
	uint32_t count = 0;

	for (uint32_t w = 0; w < REGION_WORDS; w++) {
		region->rank[w] = count;
		count += count_bits(region->bits[w]);
	}
	return count;
}

/* Blocks that begin at @addr or before it; what lies in no region: BLOCKS_NONE. */
static inline uint32_t rank_of(const struct blocks *blocks, uint64_t addr, bool *ret_begins)
{
	uint64_t unit = addr >> 3 & (REGION_WORDS * 64 - 1);
	const struct blocks_region *region = find_region(blocks, addr >> REGION_SHIFT);
	uint64_t bits;

	*ret_begins = false;
	if (!region)
		return BLOCKS_NONE;
	if (!region->bits)
		return region->base;
	bits = region->bits[unit / 64];
	*ret_begins = bits >> unit % 64 & 1;
	return region->base + region->rank[unit / 64] + count_bits(bits << (63 - unit % 64));
}

/* Of those that begin together the largest comes first. */
static int by_addr(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->bytes > y->bytes ? -1 : x->bytes < y->bytes;
}

typedef VEC(struct block) block_vec;

/* The mapped ranges of anonymous memory, and what the program took from the break. */
static int add_mapped(const struct session_view *view, block_vec *outers)
{
	const struct maps_range *range;
	int r = 0;

	for (uint64_t at = 0; r == 0 && (range = maps_next(view->maps, at)); at = range->end)
		if (!range->file)
			r = vec_push(outers,
				     ((struct block){ .addr = range->start,
						      .bytes = cut_bytes(range->end - range->start),
						      .site = BLOCKS_SITE_MAPPED }));
	for (size_t i = 0; r == 0 && i < view->breaks_count; i++)
		r = vec_push(outers, ((struct block){ .addr = view->breaks[i].start,
						      .bytes = cut_bytes(view->breaks[i].end -
									 view->breaks[i].start),
						      .site = BLOCKS_SITE_MAPPED }));
	return r;
}

/*
 * Blocks that reach over the beginning of the next one hold it: they go to
 * @outers, and what is left is in order without nesting.
 */
static int sift(struct blocks *blocks, block_vec *outers)
{
	uint32_t kept = 0;
	int r = 0;

	for (uint32_t i = 0; i < blocks->inner && r == 0; i++) {
		const struct block *block = &blocks->at[i];

		if (i + 1 < blocks->inner && block->addr + block->bytes > block[1].addr)
			r = vec_push(outers, *block);
		else
			kept++;
	}
	return r < 0 ? r : kept < blocks->inner;
}

static void find_outers(struct blocks *blocks)
{
	uint32_t first = blocks->inner;
	uint32_t o = first;

	for (uint32_t i = 0; i < blocks->count; i++)
		blocks->outer[i] = BLOCKS_NONE;
	/* Both lists are in order; of nested ranges the last that begins is the innermost. */
	for (uint32_t i = 0; i < first; i++) {
		while (o < blocks->count && blocks->at[o].addr <= blocks->at[i].addr)
			o++;
		for (uint32_t k = o; k-- > first && o - k < 8;) {
			const struct block *around = &blocks->at[k];

			if (around->addr + around->bytes > blocks->at[i].addr) {
				blocks->outer[i] = k;
				break;
			}
		}
	}
}

/* What one thread needs to bring regions in order. */
struct sorter {
	block_vec part;
	block_vec outers;
	uint64_t crowded;
};

struct sort {
	struct blocks *blocks;
	struct sorter sorters[PARALLEL_MAX];
};

/* Put it where its rank says; if that is taken, it is an outer one, or has no place. */
static int place(struct sorter *sorter, struct block *to, const struct block *block)
{
	int r = 0;

	if (!to->addr) {
		*to = *block;
	} else if (to->addr != block->addr) {
		sorter->crowded++;
	} else {
		/* The larger one is around the other, if they begin together. */
		r = vec_push(&sorter->outers, block->bytes > to->bytes ? *block : *to);
		if (block->bytes <= to->bytes)
			*to = *block;
	}
	return r;
}

/* The blocks of one region, which the cache holds. */
static int sort_region(void *arg, unsigned int worker, size_t index)
{
	struct sort *sort = arg;
	struct sorter *sorter = &sort->sorters[worker];
	struct blocks_region *region = &sort->blocks->regions[index];
	struct block *at = sort->blocks->at + region->base;
	uint32_t count = region->count;
	int r = vec_reserve(&sorter->part, count);

	if (r < 0 || !count)
		return r;
	memcpy(sorter->part.at, at, count * sizeof(*at));
	memset(at, 0, count * sizeof(*at));
	for (uint32_t i = 0; i < count; i++) {
		uint64_t unit = sorter->part.at[i].addr >> 3 & (REGION_WORDS * 64 - 1);

		region->bits[unit / 64] |= UINT64_C(1) << unit % 64;
	}
	region->count = rank_words(region);
	for (uint32_t i = 0; i < count && r == 0; i++) {
		const struct block *block = &sorter->part.at[i];
		uint64_t unit = block->addr >> 3 & (REGION_WORDS * 64 - 1);
		uint32_t rank = region->rank[unit / 64] +
				count_bits(region->bits[unit / 64] << (63 - unit % 64));

		r = place(sorter, &at[rank - 1], block);
	}
	return r;
}

/* Regions move together, where blocks had no place of their own. */
static void close_up(struct blocks *blocks)
{
	uint32_t base = 0;

	for (size_t i = 0; i < blocks->regions_count; i++) {
		struct blocks_region *region = &blocks->regions[i];

		if (base < region->base)
			memmove(blocks->at + base, blocks->at + region->base,
				region->count * sizeof(*blocks->at));
		region->base = base;
		base += region->count;
	}
	blocks->inner = base;
}

/*
 * All blocks into @at in order, but those whose place is taken: to @outers, or
 * away.  First each to its region, then in order there.
 */
static int sort_all(struct blocks *blocks, const struct heap *heap, block_vec *outers)
{
	struct sort sort = { .blocks = blocks };
	size_t slots = heap_slots(heap);
	int r = 0;

	for (size_t i = 0; i < slots; i++) {
		const struct heap_block *from = heap_at(heap, i);

		if (!from)
			continue;
		blocks->at[find_region(blocks, addr_of(from) >> REGION_SHIFT)->room++] =
			(struct block){ .addr = addr_of(from),
					.bytes = cut_bytes(heap_bytes(from)),
					.site = from->site };
	}
	r = parallel_each(blocks->regions_count, parallel_workers(), sort_region, &sort);
	for (size_t w = 0; w < PARALLEL_MAX; w++) {
		struct sorter *sorter = &sort.sorters[w];

		for (size_t i = 0; i < sorter->outers.count && r == 0; i++)
			r = vec_push(outers, sorter->outers.at[i]);
		blocks->crowded += sorter->crowded;
		vec_fini(&sorter->outers);
		vec_fini(&sorter->part);
	}
	close_up(blocks);
	return r;
}

/* Without those that hold others the bitmap is made anew. */
static void rebuild(struct blocks *blocks)
{
	uint32_t kept = 0;
	uint32_t count = blocks->inner;

	for (uint32_t i = 0; i < count; i++) {
		struct block block = blocks->at[i];
		bool holds = i + 1 < count && block.addr + block.bytes > blocks->at[i + 1].addr;

		if (holds) {
			uint64_t unit = block.addr >> 3 & (REGION_WORDS * 64 - 1);
			struct blocks_region *region =
				find_region(blocks, block.addr >> REGION_SHIFT);

			region->bits[unit / 64] &= ~(1ull << unit % 64);
		} else {
			blocks->at[kept++] = block;
		}
	}
	blocks->inner = 0;
	for (size_t i = 0; i < blocks->regions_count; i++) {
		struct blocks_region *region = &blocks->regions[i];

		region->base = blocks->inner;
		region->count = region->bits ? rank_words(region) : 0;
		blocks->inner += region->count;
	}
}

/* All regions that blocks lie in. */
static int count_all(struct blocks *blocks, const struct heap *heap)
{
	size_t slots = heap_slots(heap);
	int r = 0;

	for (size_t i = 0; i < slots && r == 0; i++) {
		const struct heap_block *block = heap_at(heap, i);

		if (block)
			r = count_block(blocks, addr_of(block), heap_bytes(block));
	}
	return r;
}

int blocks_init(struct blocks *blocks, const struct session_view *view)
{
	const struct heap *heap = view->heap;
	block_vec outers = { 0 };
	int r = grow_table(blocks);

	if (heap->count >= BLOCKS_MAX)
		return -E2BIG;
	if (r == 0)
		r = count_all(blocks, heap);
	if (r == 0)
		r = order_regions(blocks);
	if (r == 0) {
		blocks->at = calloc((size_t)heap->count + 1, sizeof(*blocks->at));
		huge_hint(blocks->at, (size_t)heap->count * sizeof(*blocks->at));
		r = blocks->at ? sort_all(blocks, heap, &outers) : -ENOMEM;
	}
	if (r == 0)
		r = sift(blocks, &outers);
	if (r == 1)
		rebuild(blocks);
	if (r >= 0)
		r = add_mapped(view, &outers);
	blocks->count = blocks->inner;
	if (r == 0 && outers.count) {
		size_t all = blocks->inner + outers.count;
		struct block *grown = realloc(blocks->at, all * sizeof(*grown));

		blocks->outer = malloc(all * sizeof(*blocks->outer));
		if (grown)
			blocks->at = grown;
		if (!grown || !blocks->outer) {
			r = -ENOMEM;
		} else {
			qsort(outers.at, outers.count, sizeof(*outers.at), by_addr);
			memcpy(grown + blocks->inner, outers.at, outers.count * sizeof(*outers.at));
			blocks->count = (uint32_t)all;
			find_outers(blocks);
		}
	}
	vec_fini(&outers);
	return r;
}

void blocks_seal(struct blocks *blocks)
{
	huge_give(blocks->bits);
	huge_give(blocks->ranks);
	free(blocks->regions);
	free(blocks->table);
	blocks->bits = NULL;
	blocks->ranks = NULL;
	blocks->regions = NULL;
	blocks->regions_count = 0;
	blocks->table = NULL;
}

void blocks_fini(struct blocks *blocks)
{
	blocks_seal(blocks);
	free(blocks->at);
	free(blocks->outer);
	*blocks = (struct blocks){ 0 };
}

/* Of those that hold others. */
static uint32_t find_outer(const struct blocks *blocks, uint64_t word, uint64_t *ret_offset)
{
	uint32_t low = blocks->inner, high = blocks->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (blocks->at[middle].addr <= word)
			low = middle + 1;
		else
			high = middle;
	}
	for (uint32_t k = low; k-- > blocks->inner && low - k < 8;) {
		uint64_t offset = word - blocks->at[k].addr;

		if (offset < blocks->at[k].bytes) {
			*ret_offset = offset;
			return k;
		}
	}
	return BLOCKS_NONE;
}

void blocks_fetch_block(const struct blocks *blocks, uint64_t addr)
{
	bool begins;
	uint32_t rank = rank_of(blocks, addr, &begins);

	if (rank != BLOCKS_NONE && rank > 0)
		fetch_line(&blocks->at[rank - 1]);
}

uint32_t blocks_find(const struct blocks *blocks, uint64_t word, uint64_t *ret_offset)
{
	bool begins;
	uint32_t rank = rank_of(blocks, word, &begins);

	if (rank != BLOCKS_NONE && rank > 0) {
		const struct block *block = &blocks->at[rank - 1];
		uint64_t offset = word - block->addr;

		/*
		 * A pointer to a block of no bytes is one to where it begins, one to an
		 * array of no elements is one to the end of its head.
		 */
		if (offset < block->bytes || (begins && offset < 8) ||
		    (offset == block->bytes && (offset == 8 || offset == 16))) {
			*ret_offset = offset;
			return rank - 1;
		}
		/* In the same word as an unaligned block, but before it. */
		if (unlikely(begins && rank > 1)) {
			offset = word - block[-1].addr;
			if (offset < block[-1].bytes) {
				*ret_offset = offset;
				return rank - 2;
			}
		}
	}
	return blocks->count > blocks->inner ? find_outer(blocks, word, ret_offset) : BLOCKS_NONE;
}
