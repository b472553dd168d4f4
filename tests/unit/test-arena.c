/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: what it hands out is zeroed, aligned and its own. */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "test.h"

TEST(pieces_do_not_overlap_and_are_zero_and_aligned)
{
	struct arena arena = { 0 };
	unsigned char *at[500];
	size_t bytes[500];

	for (size_t i = 0; i < 500; i++) {
		bytes[i] = i * i % 3001 + (i % 97 == 0 ? 100000 : 0);
		at[i] = arena_alloc(&arena, bytes[i]);
		CHECK(at[i]);
		CHECK_EQ((uintptr_t)at[i] % alignof(max_align_t), 0);
		for (size_t b = 0; b < bytes[i]; b++)
			CHECK_EQ(at[i][b], 0);
		memset(at[i], (int)(i & 0xff), bytes[i]);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t b = 0; b < bytes[i]; b++)
			CHECK_EQ(at[i][b], i & 0xff);
	arena_fini(&arena);
	CHECK(!arena.pieces);
}

TEST(strings_end_at_the_count_or_at_the_first_NUL)
{
	struct arena arena = { 0 };

	CHECK_STR(arena_string(&arena, "hello world", 5), "hello");
	CHECK_STR(arena_string(&arena, "ab\0cd", 5), "ab");
	CHECK_STR(arena_string(&arena, NULL, 0), "");
	arena_fini(&arena);
}

TEST(a_size_that_no_machine_has_is_refused)
{
	struct arena arena = { 0 };

	CHECK(!arena_alloc(&arena, SIZE_MAX));
	CHECK(!arena_alloc(&arena, SIZE_MAX - 64));
	arena_fini(&arena);
}
