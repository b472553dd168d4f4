/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "pages.h"
#include "py-table.h"
#include "test.h"

#define LIVE 500u

static const void *key_of(uint64_t i)
{
	return (const void *)(uintptr_t)(4096 + i * 16);
}

static size_t mapped(void)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < PAGES_OWN_MAX; i++)
		bytes += pages_own[i].bytes;
	return bytes;
}

static uint64_t found_of(const struct py_table *table, uint64_t from, uint64_t to)
{
	uint64_t found = 0;

	for (uint64_t i = from; i < to; i++) {
		const struct py_slot *slot = py_table_find(table, key_of(i));

		found += slot && slot->id == (uint32_t)i;
	}
	return found;
}

TEST(keys_are_found_until_they_are_removed)
{
	struct py_table table = { 0 };

	for (uint64_t i = 0; i < 10000; i++)
		CHECK(py_table_put(&table, key_of(i), (uint32_t)i, 0));
	CHECK_EQ(found_of(&table, 0, 10000), 10000);
	for (uint64_t i = 0; i < 5000; i++)
		CHECK(py_table_remove(&table, key_of(i)));
	CHECK(!py_table_remove(&table, key_of(1)));
	CHECK_EQ(found_of(&table, 0, 10000), 5000);
}

TEST(keys_that_come_and_go_take_no_more_memory)
{
	struct py_table table = { 0 };
	uint64_t i = 0;
	size_t before;

	for (; i < 20 * LIVE; i++) {
		CHECK(py_table_put(&table, key_of(i), (uint32_t)i, 0));
		if (i >= LIVE)
			CHECK(py_table_remove(&table, key_of(i - LIVE)));
	}
	before = mapped();
	for (; i < 1000 * LIVE; i++) {
		CHECK(py_table_put(&table, key_of(i), (uint32_t)i, 0));
		CHECK(py_table_remove(&table, key_of(i - LIVE)));
	}
	CHECK_EQ(mapped(), before);
	CHECK_EQ(found_of(&table, i - LIVE, i), LIVE);
	CHECK_EQ(found_of(&table, 0, i - LIVE), 0);
}

TEST(a_lock_that_nobody_gives_back_is_taken_in_the_end)
{
	struct py_table table = { 0 };

	py_table_lock(&table);
	py_table_lock(&table);
	CHECK(py_table_put(&table, key_of(1), 1, 0));
	py_table_unlock(&table);
	CHECK_EQ(table.lock, 0);
}
