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

#include "base/vec.h"
#include "heap.h"

#define BUCKETS_MIN 32u
/* Up to here a table grows by half, beyond by a twelfth, and then in whole huge pages. */
#define BUCKETS_FEW  2048u
#define BUCKETS_MANY (12 * HUGE_BUCKETS)
#define HUGE_BYTES   ((size_t)2 << 20)
#define HUGE_BUCKETS (HUGE_BYTES / sizeof(struct heap_bucket))

static size_t next_bucket(const struct heap *heap, size_t bucket)
{
	return bucket + 1 < heap->buckets ? bucket + 1 : 0;
}

static size_t index_of(const struct heap *heap, const struct heap_bucket *bucket)
{
	return (size_t)(bucket - heap->at);
}

/* Buckets from @from forward to @to. */
static size_t distance(const struct heap *heap, size_t from, size_t to)
{
	return to >= from ? to - from : to + heap->buckets - from;
}

struct heap_block *heap_find_from(const struct heap *heap, struct heap_place place, uint64_t key)
{
	struct heap_block *block;

	do {
		place.bucket = &heap->at[next_bucket(heap, index_of(heap, place.bucket))];
		block = heap_find_here(place, key);
	} while (!block && !heap_unused(place.bucket));
	return block;
}

/* The entry @i of a bucket becomes that of a block with this tag. */
static inline struct heap_block *set_entry(struct heap_bucket *bucket, unsigned int i, uint8_t tag,
					   bool is_away)
{
	bucket->tags[i] = tag;
	bucket->used |= UINT64_C(1) << i;
	bucket->away = (bucket->away & ~(UINT64_C(1) << i)) | (uint64_t)is_away << i;
	return &bucket->blocks[i];
}

struct heap_block *heap_add_from(struct heap *heap, struct heap_place place)
{
	uint64_t unused;

	do
		place.bucket = &heap->at[next_bucket(heap, index_of(heap, place.bucket))];
	while (!(unused = heap_unused(place.bucket)));
	heap->count++;
	return set_entry(place.bucket, (unsigned int)__builtin_ctzll(unused), place.tag, true);
}

/* A block in @bucket that may as well be in the bucket @at before.  Return: its bit, or 0. */
static uint64_t find_away(const struct heap *heap, size_t bucket, size_t at)
{
	const struct heap_bucket *here = &heap->at[bucket];

	/* Whatever is not at home comes from a bucket before. */
	if (bucket == next_bucket(heap, at))
		return here->away & -here->away;
	for (uint64_t away = here->away; away; away &= away - 1) {
		uint64_t key = here->blocks[__builtin_ctzll(away)].key;
		size_t home = index_of(heap, heap_place(heap, key).bucket);

		if (distance(heap, home, bucket) >= distance(heap, at, bucket))
			return away & -away;
	}
	return 0;
}

void heap_refill(struct heap *heap, struct heap_bucket *hole, unsigned int i)
{
	size_t at = index_of(heap, hole);
	size_t bucket = at;
	bool is_full;

	do {
		struct heap_bucket *here;
		uint64_t away;

		bucket = next_bucket(heap, bucket);
		here = &heap->at[bucket];
		is_full = !heap_unused(here);
		away = find_away(heap, bucket, at);
		if (away) {
			unsigned int from = (unsigned int)__builtin_ctzll(away);
			struct heap_place place = heap_place(heap, here->blocks[from].key);

			*set_entry(hole, i, place.tag, place.bucket != hole) = here->blocks[from];
			hole = here;
			at = bucket;
			i = from;
		}
	} while (is_full);
	hole->used &= ~(UINT64_C(1) << i);
	hole->away &= ~(UINT64_C(1) << i);
}

/* ------------------------------------------------------------------ growth */

/* Huge pages move with a table only as long as it keeps its place in one. */
static void *map_aligned(size_t bytes)
{
	size_t reserved = bytes + HUGE_BYTES;
	char *at = mmap(NULL, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (at == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)at % HUGE_BYTES;
	if (before)
		(void)munmap(at, before);
	if (reserved > before + bytes)
		(void)munmap(at + before + bytes, reserved - before - bytes);
	return at + before;
}

/* The same bytes, and zeros behind them.  Return: 0 or -ENOMEM. */
static int map_more(struct heap *heap, size_t buckets)
{
	size_t old = heap->buckets * sizeof(*heap->at);
	size_t bytes = ALIGN_UP(buckets * sizeof(*heap->at), (size_t)4096);
	void *at = MAP_FAILED;
	void *to;

	old = ALIGN_UP(old, (size_t)4096);
	if (old)
		at = mremap(heap->at, old, bytes, 0);
	if (at == MAP_FAILED) {
		to = map_aligned(bytes);
		if (!to)
			return -ENOMEM;
		at = old ? mremap(heap->at, old, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to)
			 : mmap(to, bytes, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (at == MAP_FAILED) {
			(void)munmap(to, bytes);
			return -ENOMEM;
		}
	}
	(void)madvise(at, bytes, MADV_HUGEPAGE);
	heap->at = at;
	return 0;
}

void heap_fini(struct heap *heap)
{
	if (heap->at)
		(void)munmap(heap->at, ALIGN_UP(heap->buckets * sizeof(*heap->at), (size_t)4096));
	*heap = (struct heap){ 0 };
}

/* Put a block into its home or a bucket behind, if that is not beyond the end. */
static bool put_behind(struct heap *heap, struct heap_place place, const struct heap_block *block)
{
	struct heap_bucket *end = heap->at + heap->buckets;

	for (struct heap_bucket *here = place.bucket; here < end; here++) {
		uint64_t unused = heap_unused(here);

		if (likely(unused)) {
			*set_entry(here, (unsigned int)__builtin_ctzll(unused), place.tag,
				   here != place.bucket) = *block;
			return true;
		}
	}
	return false;
}

/*
 * Homes only move up when there are more buckets, so from the last to the
 * first each bucket's blocks find their places among those that are done.  The
 * few that do not, around the two ends, wait until all are.
 */
static int spread(struct heap *heap, size_t old_buckets)
{
	VEC(struct heap_block) strays = { 0 };
	int r = 0;

	for (size_t i = old_buckets; i-- > 0;) {
		struct heap_bucket old = heap->at[i];

		heap->at[i].used = 0;
		heap->at[i].away = 0;
		for (uint64_t left = old.used; left; left &= left - 1) {
			const struct heap_block *block = &old.blocks[__builtin_ctzll(left)];
			struct heap_place place = heap_place(heap, block->key);

			if (likely(place.bucket >= &heap->at[i]) &&
			    likely(put_behind(heap, place, block)))
				continue;
			heap->count--;
			if (vec_push(&strays, *block) < 0)
				r = -ENOMEM;
		}
	}
	for (size_t i = 0; i < strays.count; i++)
		*heap_add(heap, heap_place(heap, strays.at[i].key)) = strays.at[i];
	vec_fini(&strays);
	return r;
}

static size_t limit_of(size_t buckets)
{
	return buckets * HEAP_BUCKET / 8 * 7;
}

static size_t more_buckets(size_t buckets)
{
	size_t more;

	if (buckets < BUCKETS_FEW)
		return buckets ? buckets + buckets / 2 : BUCKETS_MIN;
	more = buckets + buckets / 12;
	return buckets < BUCKETS_MANY ? more : more - more % HUGE_BUCKETS;
}

int heap_reserve(struct heap *heap, size_t count)
{
	size_t old = heap->buckets;
	size_t buckets = old;
	int r;

	if (likely(heap->count + count <= heap->limit))
		return 0;
	while (limit_of(buckets) < heap->count + count)
		buckets = more_buckets(buckets);
	r = map_more(heap, buckets);
	if (r < 0)
		return r;
	heap->buckets = buckets;
	heap->limit = limit_of(buckets);
	return spread(heap, old);
}
