/* SPDX-License-Identifier: Apache-2.0 */
/* The map of live blocks against a plain array. */
#include <stdbool.h>
#include <stdlib.h>

#include "encode.h"
#include "model/heap.h"
#include "test.h"

#define PLACES 30000u

static bool is_there[PLACES];

/* Addresses of different density: neighbours, pages, arenas far apart, odd ones. */
static uint64_t addr_of(uint32_t place)
{
	switch (place % 4) {
	case 0:
		return 0x555500000000u + place * 4u;
	case 1:
		return 0x7f0000000000u + place * UINT64_C(4096);
	case 2:
		return 0x600000000000u + place * (UINT64_C(64) << 20);
	default:
		return (0x10000001u + place) | HEAP_CUSTOM;
	}
}

static void add(struct heap *heap, uint32_t place)
{
	struct heap_place at;
	struct heap_block *block;

	CHECK_EQ(heap_reserve(heap, 1), 0);
	at = heap_place(heap, addr_of(place));
	CHECK(!heap_find(heap, at, addr_of(place)));
	block = heap_add(heap, at);
	heap_write(block, addr_of(place), place, place, place % HEAP_THREADS_MAX, place);
	CHECK_EQ(heap_find(heap, at, addr_of(place)), block);
}

TEST(random_adding_and_removing_equals_an_array)
{
	struct heap heap = { 0 };
	uint64_t random = 1;
	size_t count = 0;

	CHECK(!heap_look(&heap, 16));
	for (unsigned int phase = 0; phase < 12; phase++) {
		/* Phases that grow, and phases that shrink to next to nothing. */
		unsigned int wanted = phase % 3 == 2 ? 100 : PLACES * (phase % 3 + 1) / 2;

		for (unsigned int i = 0; i < 40000; i++) {
			uint32_t place = (uint32_t)(encode_random(&random) % PLACES);
			struct heap_block *block = heap_look(&heap, addr_of(place));

			CHECK_EQ(!!block, is_there[place]);
			if (block) {
				CHECK_EQ(heap_bytes(block), place);
				if (count < wanted && encode_random(&random) & 1)
					continue;
				heap_remove(&heap, block);
				count--;
			} else {
				if (count > wanted)
					continue;
				add(&heap, place);
				count++;
			}
			is_there[place] = !is_there[place];
			CHECK_EQ(heap.count, count);
		}
		for (uint32_t place = 0; place < PLACES; place++)
			CHECK_EQ(!!heap_look(&heap, addr_of(place)), is_there[place]);
	}
	heap_fini(&heap);
}

TEST(all_entries_can_be_walked)
{
	struct heap heap = { 0 };
	uint64_t sum = 0;

	for (uint32_t place = 0; place < PLACES; place++)
		add(&heap, place);
	for (size_t i = 0; i < heap_slots(&heap); i++)
		if (heap_at(&heap, i))
			sum += heap_bytes(heap_at(&heap, i));
	CHECK_EQ(sum, (uint64_t)PLACES * (PLACES - 1) / 2);
	heap_fini(&heap);
}

TEST(fields_keep_their_extremes)
{
	struct heap_block block;

	heap_write(&block, HEAP_ADDR_MASK, HEAP_STAMP_MASK << HEAP_MOMENT_SHIFT, HEAP_BYTES_MAX, 0,
		   0);
	CHECK_EQ(block.key, HEAP_ADDR_MASK);
	CHECK_EQ(heap_stamp(&block), HEAP_STAMP_MASK);
	CHECK_EQ(heap_bytes(&block), HEAP_BYTES_MAX);
	CHECK(!block.thread && !block.site && !block.typed);
	heap_write(&block, HEAP_CUSTOM, 0, 0, HEAP_THREADS_MAX - 1, HEAP_SITES_MAX - 1);
	CHECK_EQ(block.key, HEAP_CUSTOM);
	CHECK_EQ(block.thread, HEAP_THREADS_MAX - 1);
	CHECK_EQ(block.site, HEAP_SITES_MAX - 1);
	CHECK(!heap_stamp(&block) && !heap_bytes(&block) && !block.typed);
}

/* Everything counted, at any time from when it matters. */
TEST(a_live_block_takes_at_most_32_bytes)
{
	struct heap heap = { 0 };
	size_t most = 0;

	for (uint64_t i = 1; i <= 1000000; i++) {
		struct heap_place at;

		CHECK_EQ(heap_reserve(&heap, 1), 0);
		at = heap_place(&heap, i * 48);
		heap_write(heap_add(&heap, at), i * 48, i, i, 0, 0);
		if (i > 100000 && heap.buckets * sizeof(*heap.at) * 100 / i > most)
			most = heap.buckets * sizeof(*heap.at) * 100 / i;
	}
	CHECK(most <= 3200);
	for (uint64_t i = 1; i <= 1000000; i++)
		CHECK_EQ(heap_bytes(heap_look(&heap, i * 48)), i);
	heap_fini(&heap);
}
