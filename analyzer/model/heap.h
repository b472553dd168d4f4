/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks that are alive: from address to what is known of the block.
 *
 * Buckets of forty entries behind a cache line of tags, a byte of the hash
 * each.  A search compares all tags at once, so it meets the line with
 * the tags and the one with the entry, which can both be fetched beforehand,
 * and hardly ever a mispredicted branch.  A block that finds its bucket full
 * goes to the next one that is not.
 *
 * Between growing and growing again 81 to 87 of 100 entries are used: a live
 * block takes 29 to 32 bytes, everything counted, from some 100,000 blocks on.
 */
#ifndef MODEL_HEAP_H
#define MODEL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/attr.h"
#include "base/fetch.h"

#define HEAP_BYTES_MAX	 ((UINT64_C(1) << 43) - 1)
#define HEAP_STAMP_MASK	 ((UINT64_C(1) << 56) - 1)
#define HEAP_ADDR_MASK	 ((UINT64_C(1) << 48) - 1)
#define HEAP_SITES_MAX	 (1u << 24)
#define HEAP_THREADS_MAX (1u << 15)

/* Blocks of a custom allocator have keys of their own: its pool may begin where its first does. */
#define HEAP_CUSTOM (UINT64_C(1) << 48)

/* A moment is a stamp, and the place in a row of blocks with the same stamp, up to 15. */
#define HEAP_MOMENT_SHIFT 4u

/**
 * struct heap_block - one live block
 * @key:    its address, HEAP_ADDR_MASK of it, with HEAP_CUSTOM where that applies
 * @thread: index of the thread that made it
 * @moment: of its birth, since the process image began
 * @typed:  it has a type, see types.h
 * @bytes_high, @bytes_low: as asked for, HEAP_BYTES_MAX if more
 * @site:   index of its site
 */
struct heap_block {
	uint64_t key : 49;
	uint64_t thread : 15;
	uint64_t moment : 60;
	uint64_t bytes_high : 3;
	uint64_t typed : 1;
	uint64_t bytes_low : 40;
	uint64_t site : 24;
};

_Static_assert(sizeof(struct heap_block) == 24, "heap: three words");

static inline uint64_t heap_bytes(const struct heap_block *block)
{
	return (uint64_t)block->bytes_high << 40 | block->bytes_low;
}

static inline uint64_t heap_stamp(const struct heap_block *block)
{
	return (uint64_t)block->moment >> HEAP_MOMENT_SHIFT;
}

/**
 * heap_write() - fill in all of @block but its type, which it does not have yet
 *
 * By whole words: compilers write bit fields piece by piece and read the
 * pieces back as words, for which the processor has to wait.
 */
static inline void heap_write(struct heap_block *block, uint64_t key, uint64_t moment,
			      uint64_t bytes, uint64_t thread, uint64_t site)
{
	const uint64_t words[] = {
		key | thread << 49,
		(moment & ((UINT64_C(1) << 60) - 1)) | bytes >> 40 << 60,
		(bytes & ((UINT64_C(1) << 40) - 1)) | site << 40,
	};

	_Static_assert(sizeof(words) == sizeof(*block), "heap: words of a block");
	__builtin_memcpy(block, words, sizeof(words));
}

#define HEAP_BUCKET 40u

/**
 * struct heap_bucket - sixteen cache lines, aligned to its size
 * @tags: of the blocks
 * @used: bits of entries with a block
 * @away: bits of those that are here because their home was full
 */
struct heap_bucket {
	uint8_t tags[HEAP_BUCKET];
	uint64_t used;
	uint64_t away;
	uint64_t spare;
	struct heap_block blocks[HEAP_BUCKET];
};

_Static_assert(sizeof(struct heap_bucket) == 1024, "heap: bucket");

/** struct heap - all zero is an empty one */
struct heap {
	struct heap_bucket *at;
	size_t buckets;
	size_t count;
	size_t limit; /* grow before there are more */
};

/** struct heap_place - where the search for a block begins; valid until the heap grows */
struct heap_place {
	struct heap_bucket *bucket;
	uint8_t tag;
};

void heap_fini(struct heap *heap);

/** heap_slots() - entries, used and unused */
static inline size_t heap_slots(const struct heap *heap)
{
	return heap->buckets * HEAP_BUCKET;
}

/** heap_at() - what is in entry @slot, NULL: nothing */
static inline const struct heap_block *heap_at(const struct heap *heap, size_t slot)
{
	const struct heap_bucket *bucket = &heap->at[slot / HEAP_BUCKET];

	return bucket->used >> slot % HEAP_BUCKET & 1 ? &bucket->blocks[slot % HEAP_BUCKET] : NULL;
}

/** heap_reserve() - room for @count more blocks; 0 or -ENOMEM */
attr_nodiscard int heap_reserve(struct heap *heap, size_t count);

/** heap_place() - where to search for @key; the heap has room, see heap_reserve() */
static inline struct heap_place heap_place(const struct heap *heap, uint64_t key)
{
	uint64_t hash = (key ^ key >> 33) * 0x9e3779b97f4a7c15u;

	hash ^= hash >> 29;
	hash *= 0xbf58476d1ce4e5b9u;
	return (struct heap_place){
		.bucket = &heap->at[(size_t)((unsigned __int128)hash * heap->buckets >> 64)],
		.tag = (uint8_t)hash,
	};
}

/** heap_unused() - bit n is set where entry n of @bucket has no block */
static inline uint64_t heap_unused(const struct heap_bucket *bucket)
{
	return ~bucket->used & ((UINT64_C(1) << HEAP_BUCKET) - 1);
}

/** heap_match() - bit n is set where entry n of @bucket has a block with this tag */
static inline uint64_t heap_match(const struct heap_bucket *bucket, uint8_t tag)
{
#ifdef __SSE2__
	const __m128i *tags = (const __m128i *)(const void *)bucket->tags;
	__m128i all = _mm_set1_epi8((char)tag);
	uint32_t first = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(tags[0], all));
	uint32_t second = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(tags[1], all));
	uint32_t third =
		(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadl_epi64(tags + 2), all));

	return ((first | second << 16) | (uint64_t)third << 32) & bucket->used;
#else
	uint64_t found = 0;

	for (unsigned int i = 0; i < HEAP_BUCKET; i++)
		found |= (uint64_t)(bucket->tags[i] == tag) << i;
	return found & bucket->used;
#endif
}

/*
 * A block's cache lines are fetched in three steps, some time between each two:
 * tags; block; and where the block did not find its home's bucket to have it,
 * the block in the next one.
 */

static inline void heap_prefetch(struct heap_place place)
{
	fetch_line(place.bucket);
}

/* Bits of entries of @bucket that a search may end at. */
static inline uint64_t heap_ends(const struct heap_bucket *bucket, uint8_t tag, bool is_new)
{
	uint64_t unused = heap_unused(bucket);

	return heap_match(bucket, tag) | (is_new ? unused & -unused : 0);
}

static inline void heap_prefetch_ends(const struct heap_bucket *bucket, uint64_t ends)
{
	for (; ends; ends &= ends - 1)
		fetch_bytes(&bucket->blocks[__builtin_ctzll(ends)], sizeof(*bucket->blocks));
}

/** heap_prefetch_block() - second step; @is_new: no block is expected there */
static inline void heap_prefetch_block(struct heap_place place, bool is_new)
{
	uint64_t ends = heap_ends(place.bucket, place.tag, is_new);

	if (likely(ends))
		heap_prefetch_ends(place.bucket, ends);
	else
		fetch_line(place.bucket + 1);
}

/** heap_prefetch_next() - third step.  Return: the block, if it was in the first bucket */
static inline const struct heap_block *heap_prefetch_next(const struct heap *heap,
							  struct heap_place place, bool is_new)
{
	uint64_t found = heap_match(place.bucket, place.tag);

	if (found)
		return &place.bucket->blocks[__builtin_ctzll(found)];
	if (unlikely(!heap_unused(place.bucket)) && place.bucket + 1 < heap->at + heap->buckets)
		heap_prefetch_ends(place.bucket + 1,
				   heap_ends(place.bucket + 1, place.tag, is_new));
	return NULL;
}

/** heap_find_from() - slow half of heap_find(): go on behind a full bucket */
struct heap_block *heap_find_from(const struct heap *heap, struct heap_place place, uint64_t key);

/** heap_find_here() - the block known by @key if it is in this bucket */
static inline struct heap_block *heap_find_here(struct heap_place place, uint64_t key)
{
	for (uint64_t found = heap_match(place.bucket, place.tag); found; found &= found - 1) {
		struct heap_block *block = &place.bucket->blocks[__builtin_ctzll(found)];

		if (likely(block->key == key))
			return block;
	}
	return NULL;
}

/** heap_find() - the block known by @key, valid until the next change; NULL: there is none */
static inline struct heap_block *heap_find(const struct heap *heap, struct heap_place place,
					   uint64_t key)
{
	struct heap_block *block = heap_find_here(place, key);

	if (likely(block || heap_unused(place.bucket)))
		return block;
	return heap_find_from(heap, place, key);
}

/** heap_look() - heap_find() for who has no place; the heap may be empty */
static inline struct heap_block *heap_look(const struct heap *heap, uint64_t key)
{
	return heap->buckets ? heap_find(heap, heap_place(heap, key), key) : NULL;
}

/** heap_add_from() - slow half of heap_add() */
struct heap_block *heap_add_from(struct heap *heap, struct heap_place place);

/**
 * heap_add() - a block that heap_find() did not find; there is room
 *
 * Return: to be filled in by the caller.
 */
static inline struct heap_block *heap_add(struct heap *heap, struct heap_place place)
{
	uint64_t unused = heap_unused(place.bucket);
	unsigned int i;

	if (unlikely(!unused))
		return heap_add_from(heap, place);
	i = (unsigned int)__builtin_ctzll(unused);
	place.bucket->tags[i] = place.tag;
	place.bucket->used |= UINT64_C(1) << i;
	heap->count++;
	return &place.bucket->blocks[i];
}

/** heap_refill() - slow half of heap_remove(): entry @i is in a bucket that is full */
void heap_refill(struct heap *heap, struct heap_bucket *bucket, unsigned int i);

/** heap_remove() - forget @block, which heap_find() returned */
static inline void heap_remove(struct heap *heap, struct heap_block *block)
{
	uintptr_t inside = (uintptr_t)block % sizeof(struct heap_bucket);
	struct heap_bucket *bucket = (void *)((char *)block - inside);
	unsigned int i = (unsigned int)(inside - offsetof(struct heap_bucket, blocks)) /
			 (unsigned int)sizeof(*block);

	heap->count--;
	if (unlikely(!heap_unused(bucket))) {
		heap_refill(heap, bucket, i);
		return;
	}
	bucket->used &= ~(UINT64_C(1) << i);
	bucket->away &= ~(UINT64_C(1) << i);
}

#endif /* MODEL_HEAP_H */
