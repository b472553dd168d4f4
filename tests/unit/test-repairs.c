/* SPDX-License-Identifier: Apache-2.0 */
/* What the session makes of events whose stamps are a hair out of order. */
#include "model/session.h"

#include "test.h"

#define START 1000000u
#define BLOCK 0x1000u

static struct session *session;
static uint64_t hair = 100; /* ticks are nanoseconds here */

static void begin(void)
{
	const struct image_info info = { .image = 1, .start_stamp = START, .ns_per_tick = 1.0 };

	session = session_new(NULL, &info);
	CHECK(session);
}

static void alloc(uint64_t stamp, uint16_t thread, uint64_t addr)
{
	const struct event event = {
		.kind = EVENT_ALLOC,
		.stamp = START + stamp,
		.thread = thread,
		.addr = addr,
		.bytes = 10,
		.stack = 1,
	};

	session_feed(session, &event, 1);
}

static void give_back(uint64_t stamp, uint16_t thread, uint64_t addr)
{
	const struct event event = {
		.kind = EVENT_FREE,
		.stamp = START + stamp,
		.thread = thread,
		.addr = addr,
	};

	session_feed(session, &event, 1);
}

static const struct result_process *finish(void)
{
	const struct tenure_shared shared = { .slots = 2 };
	const struct image_end end = {
		.end_stamp = START + 10000000,
		.ns_per_tick = 1.0,
		.shared = &shared,
	};
	const struct result_process *result;

	session_end(session, &end);
	result = session_finish(session);
	CHECK(result);
	return result;
}

TEST(a_free_just_before_its_allocation_ends_the_block)
{
	const struct result_process *result;

	begin();
	give_back(5000, 1, BLOCK);
	alloc(5000 + hair, 0, BLOCK);
	result = finish();
	CHECK_EQ(result->totals.live_blocks, 0);
	CHECK_EQ(result->totals.frees, 1);
	CHECK_EQ(result->totals.inherited_frees, 0);
	CHECK_EQ(result->trust.repaired, 1);
	session_free(session);
}

TEST(a_free_repairs_one_allocation_only)
{
	const struct result_process *result;

	begin();
	give_back(5000, 1, BLOCK);
	alloc(5010, 0, BLOCK);
	alloc(5020, 0, BLOCK);
	result = finish();
	CHECK_EQ(result->totals.live_blocks, 1);
	CHECK_EQ(result->totals.frees, 1);
	session_free(session);
}

TEST(a_thread_is_never_ahead_of_itself)
{
	const struct result_process *result;

	begin();
	give_back(5000, 1, BLOCK);
	alloc(5000 + hair, 1, BLOCK);
	result = finish();
	CHECK_EQ(result->totals.live_blocks, 1);
	CHECK_EQ(result->totals.inherited_frees, 1);
	session_free(session);
}

TEST(an_inherited_block_that_is_given_out_again_is_another_block)
{
	const struct result_process *result;

	begin();
	give_back(5000, 1, BLOCK);
	alloc(7000, 0, BLOCK);
	result = finish();
	CHECK_EQ(result->totals.live_blocks, 1);
	CHECK_EQ(result->totals.inherited_frees, 1);
	CHECK_EQ(result->trust.repaired, 0);
	session_free(session);
}

TEST(a_free_behind_the_next_allocation_does_not_end_that_one)
{
	const struct result_process *result;

	begin();
	alloc(1000, 0, BLOCK);
	alloc(5000, 1, BLOCK);
	give_back(5000 + hair, 0, BLOCK);
	result = finish();
	CHECK_EQ(result->totals.live_blocks, 1);
	CHECK_EQ(result->totals.allocations, 2);
	CHECK_EQ(result->totals.frees, 1);
	CHECK_EQ(result->trust.repaired, 1);
	session_free(session);
}
