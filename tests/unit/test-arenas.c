/* SPDX-License-Identifier: Apache-2.0 */
/* pymalloc's arenas, and what lies in them. */
#include "model/arenas.h"

#include "test.h"

TEST(blocks_that_are_older_than_the_first_arena_may_go_after_it)
{
	struct arenas arenas = { 0 };
	const struct result_arenas *result;

	arenas_block(&arenas, TENURE_FN_PY_OBJ, 40, 1, 1);
	CHECK(!arenas_finish(&arenas, 1));
	CHECK_EQ(arenas_feed(&arenas, 0x10000, 262144, 1), 0);
	arenas_block(&arenas, TENURE_FN_PY_OBJ, 16, 1, 1);
	arenas_block(&arenas, TENURE_FN_PY_OBJ, 40, (uint64_t)-1, 1);
	result = arenas_finish(&arenas, 1);
	CHECK(result);
	CHECK_EQ(result->end.blocks, 1);
	CHECK_EQ(result->end.bytes, 16);
	arenas_fini(&arenas);
}

TEST(small_blocks_of_the_interpreter_lie_in_arenas)
{
	struct arenas arenas = { 0 };

	CHECK_EQ(arenas_feed(&arenas, 0x10000, 262144, 1), 0);
	arenas_block(&arenas, TENURE_FN_PY_OBJ, 40, 1, 1);
	arenas_block(&arenas, TENURE_FN_PY_MEM, 512, 1, 1);
	arenas_block(&arenas, TENURE_FN_PY_MEM, 513, 1, 1); /* malloc's */
	arenas_block(&arenas, TENURE_FN_PY_MEM, 0, 1, 1);
	arenas_block(&arenas, TENURE_FN_MALLOC, 40, 1, 1);
	CHECK_EQ(arenas.now.blocks, 2);
	CHECK_EQ(arenas.now.bytes, 552);
	CHECK_EQ(arenas.now.rounded_bytes, 560);
	arenas_fini(&arenas);
}

TEST(the_peak_is_what_was_there_when_the_heap_had_its_own)
{
	struct arenas arenas = { 0 };
	const struct result_arenas *result;

	CHECK_EQ(arenas_feed(&arenas, 0x10000, 1000, 0), 0);
	arenas_block(&arenas, TENURE_FN_PY_OBJ, 16, 1, 0);
	/* The heap comes to a peak, its last. */
	arenas_block(&arenas, TENURE_FN_PY_OBJ, 16, (uint64_t)-1, 7);
	CHECK_EQ(arenas_feed(&arenas, 0x20000, 3000, 7), 0);
	CHECK_EQ(arenas_feed(&arenas, 0x10000, 0, 7), 0);
	CHECK_EQ(arenas_feed(&arenas, 0x30000, 0, 7), 0); /* was never there */
	result = arenas_finish(&arenas, 7);
	CHECK(result);
	CHECK_EQ(result->peak.arenas, 1);
	CHECK_EQ(result->peak.arena_bytes, 1000);
	CHECK_EQ(result->peak.blocks, 1);
	CHECK_EQ(result->peak.bytes, 16);
	CHECK_EQ(result->end.arenas, 1);
	CHECK_EQ(result->end.arena_bytes, 3000);
	CHECK_EQ(result->end.blocks, 0);
	CHECK_EQ(result->most_bytes, 4000);
	arenas_fini(&arenas);
}

TEST(what_has_not_changed_since_the_peak_is_as_it_was_then)
{
	struct arenas arenas = { 0 };
	const struct result_arenas *result;

	CHECK_EQ(arenas_feed(&arenas, 0x10000, 1000, 0), 0);
	arenas_block(&arenas, TENURE_FN_PY_OBJ, 16, 1, 0);
	result = arenas_finish(&arenas, 5);
	CHECK_EQ(result->peak.blocks, 1);
	CHECK_EQ(result->end.blocks, 1);
	arenas_fini(&arenas);
}
