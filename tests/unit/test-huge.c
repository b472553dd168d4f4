/* SPDX-License-Identifier: Apache-2.0 */
/* Large arrays are zero whatever was in them, and used again. */
#include "base/huge.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "test.h"

static bool is_zero(const uint8_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (at[i])
			return false;
	return true;
}

TEST(an_array_that_was_given_back_is_zero_when_it_is_taken_again)
{
	uint8_t *first = huge_take(3000000, 1);
	uint8_t *again;

	CHECK(first);
	CHECK(is_zero(first, 3000000));
	memset(first, 0xff, 3000000);
	huge_give(first);
	again = huge_take(700000, 4);
	CHECK_EQ((uintptr_t)again, (uintptr_t)first);
	CHECK(is_zero(again, 2800000));
	huge_give(again);
}

TEST(the_smallest_that_is_large_enough_is_used)
{
	uint8_t *large = huge_take(32u << 20, 1), *small = huge_take(8u << 20, 1), *found, *other;

	CHECK(large && small);
	huge_give(large);
	huge_give(small);
	found = huge_take(5u << 20, 1);
	other = huge_take(20u << 20, 1);
	CHECK_EQ((uintptr_t)found, (uintptr_t)small);
	CHECK_EQ((uintptr_t)other, (uintptr_t)large);
	huge_give(found);
	huge_give(other);
}

TEST(small_ones_and_none_are_arrays_too)
{
	uint64_t *small = huge_take(10, sizeof(*small)), *none = huge_take(0, 8);

	CHECK(small && none);
	CHECK(is_zero((const void *)small, 80));
	huge_give(small);
	huge_give(none);
	CHECK(!huge_give(NULL));
}

TEST(what_is_too_large_for_an_address_is_refused)
{
	CHECK(!huge_take(SIZE_MAX / 4, 8));
	CHECK(!huge_take(SIZE_MAX, 1));
}
