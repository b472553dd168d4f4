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
	struct heap_block *block;

	CHECK_EQ(heap_reserve(heap), 0);
	block = heap_put(heap, addr_of(place));
	CHECK_EQ(block->addr, 0);
	*block = (struct heap_block){ .addr = addr_of(place), .bytes = place };
	heap->count++;
	CHECK_EQ(heap_put(heap, addr_of(place)), block);
}

TEST(random_adding_and_removing_equals_an_array)
{
	struct heap heap = { 0 };
	uint64_t random = 1;
	size_t count = 0;

	CHECK(!heap_find(&heap, 16));
	for (unsigned int phase = 0; phase < 12; phase++) {
		/* Phases that grow, and phases that shrink to next to nothing. */
		unsigned int wanted = phase % 3 == 2 ? 100 : PLACES * (phase % 3 + 1) / 2;

		for (unsigned int i = 0; i < 40000; i++) {
			uint32_t place = (uint32_t)(encode_random(&random) % PLACES);
			struct heap_block *block = heap_find(&heap, addr_of(place));

			CHECK_EQ(!!block, is_there[place]);
			if (block) {
				CHECK_EQ(block->bytes, place);
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
			CHECK_EQ(!!heap_find(&heap, addr_of(place)), is_there[place]);
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
		if (heap.blocks[i].addr)
			sum += heap.blocks[i].bytes;
	CHECK_EQ(sum, (uint64_t)PLACES * (PLACES - 1) / 2);
	heap_fini(&heap);
}

TEST(fields_keep_their_extremes)
{
	struct heap_block block = {
		.stamp = HEAP_STAMP_MASK,
		.bytes = HEAP_BYTES_MAX,
		.thread = HEAP_THREADS_MAX - 1,
		.site = HEAP_SITES_MAX - 1,
	};

	CHECK_EQ(block.stamp, HEAP_STAMP_MASK);
	CHECK_EQ(block.bytes, HEAP_BYTES_MAX);
	CHECK_EQ(block.thread, HEAP_THREADS_MAX - 1);
	CHECK_EQ(block.site, HEAP_SITES_MAX - 1);
}
