/* SPDX-License-Identifier: Apache-2.0 */
/* What a look has found survives the way through bytes, and damaged bytes do no harm. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/leaks-code.h"
#include "analysis/leaks.h"

#include "test.h"

static struct leaks_member members[] = { { .site = 3, .own = { 1, 32 } },
					 { .site = 5, .own = { 2, 64 } } };
static struct leaks_link links[] = { { .from = 0, .to = 1, .offset = 8 },
				     { .from = 1, .to = 0, .offset = 16 } };
static struct leaks_item items[] = {
	{ .class = LEAKS_LOST, .site = 7, .own = { 4, 400 }, .indirect = { 1, 1u << 20 } },
	{ .class = LEAKS_CYCLE,
	  .site = 3,
	  .own = { 3, 96 },
	  .cycles = 1,
	  .members = members,
	  .members_count = 2,
	  .links = links,
	  .links_count = 2 },
};
static struct leaks_holder holders[] = { { .kind = LEAKS_HOLDER_STACK, .value = 77 } };
static struct leaks_step steps[] = { { .site = 1, .offset = 24, .times = 3 } };
static struct leaks_kept kept[] = { { .site = 7,
				      .class = LEAKS_REACHABLE,
				      .is_held = true,
				      .steps_count = 1,
				      .type = (char *)"dict",
				      .expression = (char *)"module a" } };
static struct leaks_table tables[] = { { .addr = UINT64_MAX, .next_word = 1 } };
static struct result_leaks whole = { .moment = TENURE_MOMENT_EXIT,
				     .done = true,
				     .threads = 2,
				     .classes = { [LEAKS_LOST] = { 4, 400 } },
				     .items = items,
				     .items_count = ARRAY_SIZE(items),
				     .holders = holders,
				     .holders_count = ARRAY_SIZE(holders),
				     .steps = steps,
				     .steps_count = ARRAY_SIZE(steps),
				     .kept = kept,
				     .kept_count = ARRAY_SIZE(kept),
				     .tables = tables,
				     .tables_count = ARRAY_SIZE(tables) };

static int decode(const struct strbuf *bytes, size_t count, struct result_leaks **ret_leaks)
{
	/* Of its own size, so that a sanitizer sees what is read behind it. */
	uint8_t *copy = malloc(count + 1);
	int r;

	CHECK(copy);
	memcpy(copy, bytes->at, count);
	copy = realloc(copy, count ? count : 1);
	CHECK(copy);
	r = leaks_decode(copy, count, ret_leaks);
	free(copy);
	return r;
}

TEST(what_was_written_is_read)
{
	struct strbuf first = { 0 }, second = { 0 };
	struct result_leaks *leaks;

	leaks_encode(&whole, &first);
	CHECK_EQ(decode(&first, first.count, &leaks), 0);
	CHECK_EQ(leaks->items_count, 2);
	CHECK_EQ(leaks->items[1].links[1].offset, 16);
	CHECK_EQ(leaks->items[1].members[1].own.bytes, 64);
	CHECK_STR(leaks->kept[0].expression, "module a");
	leaks_encode(leaks, &second);
	CHECK_EQ(second.count, first.count);
	CHECK(memcmp(second.at, first.at, first.count) == 0);
	leaks_free(leaks);
	strbuf_fini(&first);
	strbuf_fini(&second);
}

TEST(bytes_that_are_cut_are_refused)
{
	struct strbuf bytes = { 0 };
	struct result_leaks *leaks;

	leaks_encode(&whole, &bytes);
	for (size_t count = 0; count < bytes.count; count++)
		CHECK_EQ(decode(&bytes, count, &leaks), -EBADMSG);
	strbuf_fini(&bytes);
}

TEST(a_cycle_has_no_links_but_to_its_members)
{
	struct leaks_link wrong[] = { { .from = 0, .to = 2 }, { .from = 2, .to = 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct leaks_item item = items[1];
		struct result_leaks damaged = whole, *leaks;
		struct strbuf bytes = { 0 };

		item.links = &wrong[i];
		item.links_count = 1;
		damaged.items = &item;
		damaged.items_count = 1;
		leaks_encode(&damaged, &bytes);
		CHECK_EQ(decode(&bytes, bytes.count, &leaks), -EBADMSG);
		strbuf_fini(&bytes);
	}
}

TEST(any_byte_may_be_another_one)
{
	struct strbuf bytes = { 0 };

	leaks_encode(&whole, &bytes);
	for (size_t i = 0; i < bytes.count; i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			struct result_leaks *leaks = NULL;

			bytes.at[i] ^= (char)(1u << bit);
			if (decode(&bytes, bytes.count, &leaks) == 0)
				leaks_free(leaks);
			bytes.at[i] ^= (char)(1u << bit);
		}
	}
	strbuf_fini(&bytes);
}
