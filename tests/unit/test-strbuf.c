/* SPDX-License-Identifier: Apache-2.0 */
/* Growing strings and growing arrays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "test.h"

TEST(what_is_added_is_there_in_order)
{
	struct strbuf buf = { 0 };
	char expect[4096] = "";
	char *taken;

	CHECK_STR(strbuf_get(&buf), "");
	for (int i = 0; i < 300; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%d,", i);
		strcat(expect, number);
		if (i % 3 == 0)
			strbuf_adds(&buf, number);
		else if (i % 3 == 1)
			strbuf_addf(&buf, "%d%c", i, ',');
		else
			strbuf_add(&buf, number, strlen(number));
		CHECK_STR(strbuf_get(&buf), expect);
		CHECK_EQ(buf.count, strlen(expect));
	}
	taken = strbuf_take(&buf);
	CHECK_STR(taken, expect);
	CHECK(!buf.at);
	free(taken);
}

TEST(an_empty_buffer_gives_an_empty_string)
{
	struct strbuf buf = { 0 };
	char *taken = strbuf_take(&buf);

	CHECK_STR(taken, "");
	free(taken);
}

TEST(a_failure_sticks_until_cleared)
{
	struct strbuf buf = { 0 };

	strbuf_adds(&buf, "a");
	strbuf_add(&buf, "b", SIZE_MAX);
	strbuf_adds(&buf, "c");
	CHECK(buf.failed);
	CHECK_STR(strbuf_get(&buf), "a");
	strbuf_clear(&buf);
	strbuf_addc(&buf, 'd');
	CHECK_STR(strbuf_get(&buf), "d");
	strbuf_add(&buf, "b", SIZE_MAX);
	CHECK(!strbuf_take(&buf));
}

TEST(a_vector_keeps_values_while_it_grows)
{
	VEC(uint64_t) numbers = { 0 };

	for (uint64_t i = 0; i < 5000; i++)
		CHECK_EQ(vec_push(&numbers, i * i), 0);
	CHECK_EQ(numbers.count, 5000);
	for (uint64_t i = 0; i < 5000; i++)
		CHECK_EQ(numbers.at[i], i * i);
	CHECK_EQ(vec_reserve(&numbers, SIZE_MAX / 4), -ENOMEM);
	CHECK_EQ(numbers.count, 5000);
	vec_fini(&numbers);
}
