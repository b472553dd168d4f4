/* SPDX-License-Identifier: Apache-2.0 */
/* Mapped ranges against an address space of pages, each with an owner. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "model/maps.h"
#include "test.h"

#define PAGE   UINT64_C(4096)
#define PAGES  4000u
#define BASE   UINT64_C(0x7f0000000000)
#define STACKS 20u
#define FILE_  255u

static uint8_t owner[PAGES]; /* stack, FILE_, 0: nothing */

static uint64_t addr(unsigned int page)
{
	return BASE + page * PAGE;
}

static void check_state(const struct maps *maps)
{
	uint64_t by_stack[STACKS] = { 0 };
	uint64_t live = 0;
	uint64_t file = 0;

	for (unsigned int page = 0; page < PAGES; page++) {
		const struct maps_range *range = maps_next(maps, addr(page));
		bool is_in = range && range->start <= addr(page);

		CHECK_EQ(is_in, owner[page] != 0);
		if (!is_in)
			continue;
		CHECK_EQ(range->file, owner[page] == FILE_);
		if (range->file) {
			file += PAGE;
			continue;
		}
		CHECK_EQ(maps->sites.at[range->site].stack, owner[page]);
		by_stack[owner[page]] += PAGE;
		live += PAGE;
	}
	CHECK_EQ(maps->sites.live_bytes, live);
	CHECK_EQ(maps->file_bytes, file);
	for (uint32_t i = 0; i < maps->sites.count; i++) {
		CHECK_EQ(maps->sites.at[i].live_bytes, by_stack[maps->sites.at[i].stack]);
		CHECK(maps->sites.at[i].live_blocks <=
		      maps->sites.at[i].allocations + maps->sites.at[i].pieces);
		CHECK_EQ(!maps->sites.at[i].live_blocks, !maps->sites.at[i].live_bytes);
	}
}

static void do_map(struct maps *maps, uint64_t *random, unsigned int page, unsigned int pages)
{
	unsigned int stack = 1 + (unsigned int)(encode_random(random) % (STACKS - 1));
	bool file = encode_random(random) % 4 == 0;
	const struct maps_new range = {
		.start = addr(page),
		.bytes = pages * PAGE,
		.stack = stack,
		.file = file,
	};

	CHECK_EQ(maps_add(maps, &range), 0);
	memset(owner + page, file ? FILE_ : stack, pages);
}

static void do_unmap(struct maps *maps, unsigned int page, unsigned int pages)
{
	CHECK_EQ(maps_remove(maps, addr(page), pages * PAGE), 0);
	memset(owner + page, 0, pages);
}

/* As the kernel has it: the old range is one mapping, the two do not overlap. */
static void do_remap(struct maps *maps, uint64_t *random, unsigned int page, unsigned int pages)
{
	unsigned int to_pages = 1 + (unsigned int)(encode_random(random) % 40);
	unsigned int to = (unsigned int)(encode_random(random) % (PAGES - 40));
	unsigned int stack = 1 + (unsigned int)(encode_random(random) % (STACKS - 1));
	unsigned int kept = pages < to_pages ? pages : to_pages;
	struct maps_move move = {
		.old_start = addr(page),
		.old_bytes = pages * PAGE,
		.new_bytes = to_pages * PAGE,
		.stack = stack,
		.keep = encode_random(random) % 5 == 0,
	};
	uint8_t mover = owner[page];

	for (unsigned int i = 0; i < pages; i++)
		if (owner[page + i] != mover)
			return;
	if (encode_random(random) % 3 == 0) { /* in place */
		for (unsigned int i = pages; i < to_pages; i++)
			if (page + i >= PAGES || owner[page + i])
				return;
		to = page;
		move.keep = false;
	} else if (to < page + pages && page < to + to_pages) {
		return;
	}
	move.new_start = addr(to);
	CHECK_EQ(maps_move(maps, &move), 0);
	/* What nobody told of is the mover's when it comes to lie elsewhere. */
	if (!mover && to != page)
		kept = 0;
	if (!move.keep)
		memset(owner + page, 0, pages);
	memset(owner + to, mover, kept);
	memset(owner + to + kept, mover == FILE_ ? FILE_ : stack, to_pages - kept);
}

TEST(random_changes_equal_an_array_of_pages)
{
	struct maps maps = { 0 };
	uint64_t random = 1;

	memset(owner, 0, sizeof(owner));
	for (unsigned int i = 0; i < 30000; i++) {
		unsigned int pages = 1 + (unsigned int)(encode_random(&random) % 40);
		unsigned int page = (unsigned int)(encode_random(&random) % (PAGES - pages));

		switch (encode_random(&random) % 5) {
		case 0:
		case 1:
			do_map(&maps, &random, page, pages);
			break;
		case 2:
		case 3:
			do_unmap(&maps, page, pages);
			break;
		default:
			do_remap(&maps, &random, page, pages);
			break;
		}
		if (i % 50 == 0)
			check_state(&maps);
	}
	check_state(&maps);
	do_unmap(&maps, 0, PAGES);
	check_state(&maps);
	CHECK_EQ(maps.leaves_count, 0);
	maps_fini(&maps);
}

TEST(many_single_pages_are_kept_apart)
{
	struct maps maps = { 0 };

	for (unsigned int i = 0; i < 20000; i++) {
		/* Downwards, as the kernel does it. */
		const struct maps_new range = { .start = BASE - 2 * i * PAGE, .bytes = PAGE };

		CHECK_EQ(maps_add(&maps, &range), 0);
	}
	CHECK_EQ(maps.sites.live_blocks, 20000);
	CHECK_EQ(maps_remove(&maps, BASE - 40000 * PAGE, 50000 * PAGE), 0);
	CHECK_EQ(maps.sites.live_bytes, 0);
	CHECK_EQ(maps.sites.peak_bytes, 20000 * PAGE);
	maps_fini(&maps);
}

TEST(ranges_that_no_address_space_holds_are_refused)
{
	struct maps maps = { 0 };
	const struct maps_move move = { .new_start = 1, .new_bytes = UINT64_MAX };

	CHECK_EQ(maps_add(&maps, &(struct maps_new){ .start = UINT64_MAX, .bytes = 2 }), -EINVAL);
	CHECK_EQ(maps_add(&maps, &(struct maps_new){ .start = BASE, .bytes = 0 }), -EINVAL);
	CHECK_EQ(maps_remove(&maps, BASE, UINT64_MAX), -EINVAL);
	CHECK_EQ(maps_move(&maps, &move), -EINVAL);
	maps_fini(&maps);
}
