/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The models together, against a naive one that keeps everything and looks
 * through all of it for each answer.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "model/session.h"
#include "test.h"

#define EVENTS	20000u
#define PLACES	400u
#define STACKS	30u
#define FNS	3u
#define SITES	(STACKS * FNS)
#define THREADS 5u
#define GEN_1	UINT64_C(4096)
#define GEN_2	UINT64_C(32768)
#define UNIT_1	(GEN_1 / 256)
#define UNIT_2	(GEN_2 / 256)

struct naive_block {
	bool live;
	uint64_t bytes;
	uint64_t stamp;
	uint64_t clock;
	uint32_t site;
	uint32_t thread;
};

struct naive_site {
	uint64_t allocations, bytes, live_blocks, live_bytes, peak_blocks, peak_bytes, max_bytes;
	uint64_t temporary, life_sum, life_max;
	uint64_t died[3], alive[3], alive_bytes[3], survived_bytes;
};

struct naive_thread {
	uint64_t live_bytes, live_blocks, peak_bytes, peak_blocks, survived_bytes, survived_blocks;
};

static struct naive_block blocks[PLACES];
static struct naive_site sites[SITES];
static uint64_t last_addr[THREADS];
static struct naive_thread threads[THREADS];
static uint64_t died_bytes[3];
static uint64_t clock_bytes, live_bytes, live_blocks, peak_bytes, peak_blocks, temporary;

static const struct image_info info = {
	.image = 1,
	.start_stamp = 1000,
	.ns_per_tick = 1.0,
	.page_size = 4096,
};
static const struct session_options options = { .gen_clock = { GEN_1, GEN_2 } };

static uint64_t addr_of(unsigned int place)
{
	return 0x7f0000000000u + place * UINT64_C(4112);
}

static unsigned int generation(uint64_t birth)
{
	return (clock_bytes / UNIT_1 - birth / UNIT_1 >= GEN_1 / UNIT_1) +
	       (clock_bytes / UNIT_2 - birth / UNIT_2 >= GEN_2 / UNIT_2);
}

static void naive_alloc(unsigned int place, const struct event *event)
{
	uint32_t index = event->stack % STACKS * FNS + event->fn;
	struct naive_site *site = &sites[index];

	clock_bytes += event->bytes;
	blocks[place] = (struct naive_block){
		true, event->bytes, event->stamp, clock_bytes, index, event->thread,
	};
	site->allocations++;
	site->bytes += event->bytes;
	site->live_blocks++;
	site->live_bytes += event->bytes;
	if (site->live_bytes > site->max_bytes)
		site->max_bytes = site->live_bytes;
	live_blocks++;
	live_bytes += event->bytes;
	threads[event->thread].live_bytes += event->bytes;
	threads[event->thread].live_blocks++;
	last_addr[event->thread] = event->addr;
	if (live_bytes > peak_bytes) {
		peak_bytes = live_bytes;
		peak_blocks = live_blocks;
		for (unsigned int i = 0; i < SITES; i++) {
			sites[i].peak_bytes = sites[i].live_bytes;
			sites[i].peak_blocks = sites[i].live_blocks;
		}
		for (unsigned int i = 0; i < THREADS; i++) {
			threads[i].peak_bytes = threads[i].live_bytes;
			threads[i].peak_blocks = threads[i].live_blocks;
		}
	}
}

/* A block that has come to generation 2, as it ends. */
static void naive_survivor(const struct naive_block *block)
{
	sites[block->site].survived_bytes += block->bytes;
	threads[block->thread].survived_bytes += block->bytes;
	threads[block->thread].survived_blocks++;
}

static void naive_free(unsigned int place, const struct event *event)
{
	struct naive_block *block = &blocks[place];
	struct naive_site *site = &sites[block->site];
	uint64_t life = event->stamp - block->stamp;

	block->live = false;
	site->live_blocks--;
	site->live_bytes -= block->bytes;
	site->died[generation(block->clock)]++;
	died_bytes[generation(block->clock)] += block->bytes;
	if (generation(block->clock) == 2)
		naive_survivor(block);
	site->life_sum += life;
	if (life > site->life_max)
		site->life_max = life;
	live_blocks--;
	live_bytes -= block->bytes;
	threads[block->thread].live_bytes -= block->bytes;
	threads[block->thread].live_blocks--;
	if (last_addr[event->thread] == event->addr) {
		last_addr[event->thread] = 0;
		site->temporary++;
		temporary++;
	}
}

static void check_sites(const struct result_process *result)
{
	uint64_t peak = 0;
	size_t used = 0;

	for (size_t i = 0; i < result->sites_count; i++) {
		const struct result_site *site = &result->sites[i];
		const struct naive_site *want = &sites[site->stack * FNS + site->fn];

		CHECK(site->stack < STACKS && site->fn < FNS);
		CHECK_EQ(site->allocations, want->allocations);
		CHECK_EQ(site->bytes, want->bytes);
		CHECK_EQ(site->frees, want->allocations - want->live_blocks);
		CHECK_EQ(site->temporary, want->temporary);
		CHECK_EQ(site->live_blocks, want->live_blocks);
		CHECK_EQ(site->live_bytes, want->live_bytes);
		CHECK_EQ(site->peak_blocks, want->peak_blocks);
		CHECK_EQ(site->peak_bytes, want->peak_bytes);
		CHECK_EQ(site->max_bytes, want->max_bytes);
		CHECK_EQ(site->life_sum, want->life_sum);
		CHECK_EQ(site->life_max, want->life_max);
		CHECK_MEM(site->died, want->died, sizeof(want->died));
		CHECK_MEM(site->alive, want->alive, sizeof(want->alive));
		CHECK_MEM(site->alive_bytes, want->alive_bytes, sizeof(want->alive_bytes));
		CHECK_EQ(site->survived_bytes, want->survived_bytes);
		peak += site->peak_bytes;
	}
	for (unsigned int i = 0; i < SITES; i++)
		used += sites[i].allocations != 0;
	CHECK_EQ(result->sites_count, used);
	CHECK_EQ(peak, result->totals.peak_bytes);
}

/* The model's threads stand in order of their first events. */
static void check_threads(const struct result_process *result)
{
	CHECK_EQ(result->threads_count, THREADS);
	for (size_t i = 0; i < THREADS; i++) {
		unsigned int matches = 0;

		for (size_t t = 0; t < THREADS; t++) {
			const struct result_thread *thread = &result->threads[t];
			struct naive_thread got = {
				thread->live_bytes,  thread->live_blocks,    thread->peak_bytes,
				thread->peak_blocks, thread->survived_bytes, thread->survived_blocks
			};

			matches += memcmp(&got, &threads[i], sizeof(got)) == 0;
		}
		CHECK_EQ(matches, 1);
	}
}

static void finish(struct session *session, const struct result_process **ret_result)
{
	static const struct tenure_shared shared;
	const struct image_end end = { .how = IMAGE_EXITED, .shared = &shared };

	session_end(session, &end);
	*ret_result = session_finish(session);
	CHECK(*ret_result);
}

TEST(random_events_equal_the_naive_model)
{
	static struct event events[EVENTS];
	struct session *session = session_new(&options, &info);
	const struct result_process *result;
	uint64_t random = 1;
	uint64_t stamp = 1000;
	uint64_t allocations = 0;

	CHECK(session);
	for (unsigned int i = 0; i < EVENTS; i++) {
		unsigned int place = (unsigned int)(encode_random(&random) % PLACES);
		struct event *event = &events[i];

		/* Often the block that has just been made. */
		if (i && encode_random(&random) % 3 == 0)
			place = (unsigned int)((events[i - 1].addr - addr_of(0)) / 4112);
		stamp += encode_random(&random) % 100;
		*event = (struct event){
			.stamp = stamp,
			.addr = addr_of(place),
			.thread = (uint16_t)(encode_random(&random) % THREADS),
			.kind = blocks[place].live ? EVENT_FREE : EVENT_ALLOC,
		};
		if (event->kind == EVENT_FREE) {
			naive_free(place, event);
			continue;
		}
		event->bytes = encode_random(&random) % 3 ? encode_random(&random) % 200 : 0;
		event->stack = (uint32_t)(encode_random(&random) % STACKS);
		event->fn = encode_random(&random) % FNS;
		naive_alloc(place, event);
		allocations++;
	}
	for (unsigned int i = 0; i < EVENTS;) {
		size_t count = 1 + encode_random(&random) % 300;

		if (count > EVENTS - i)
			count = EVENTS - i;
		session_feed(session, events + i, count);
		i += (unsigned int)count;
	}
	for (unsigned int i = 0; i < PLACES; i++) {
		unsigned int g = generation(blocks[i].clock);

		if (!blocks[i].live)
			continue;
		sites[blocks[i].site].alive[g]++;
		sites[blocks[i].site].alive_bytes[g] += blocks[i].bytes;
		if (g == 2)
			naive_survivor(&blocks[i]);
	}

	finish(session, &result);
	check_sites(result);
	CHECK_EQ(result->events, EVENTS);
	CHECK_EQ(result->totals.allocations, allocations);
	CHECK_EQ(result->totals.allocated_bytes, clock_bytes);
	CHECK_EQ(result->totals.live_bytes, live_bytes);
	CHECK_EQ(result->totals.live_blocks, live_blocks);
	CHECK_EQ(result->totals.peak_bytes, peak_bytes);
	CHECK_EQ(result->totals.peak_blocks, peak_blocks);
	CHECK_EQ(result->totals.temporary, temporary);
	CHECK_EQ(result->totals.frees, allocations - live_blocks);
	CHECK_EQ(result->totals.freed_bytes, clock_bytes - live_bytes);
	CHECK_MEM(result->totals.died_bytes, died_bytes, sizeof(died_bytes));
	check_threads(result);
	CHECK(result->trust.complete);
	session_free(session);
}

/* ---------------------------------------------------------- single matters */

static struct session *fresh(void)
{
	struct session *session = session_new(NULL, &info);

	CHECK(session);
	return session;
}

static struct event alloc_event(uint64_t stamp, uint16_t thread, uint64_t addr, uint64_t bytes)
{
	return (struct event){
		.stamp = stamp,
		.addr = addr,
		.bytes = bytes,
		.stack = 5,
		.thread = thread,
		.kind = EVENT_ALLOC,
	};
}

static struct event free_event(uint64_t stamp, uint16_t thread, uint64_t addr, uint8_t flags)
{
	return (struct event){
		.stamp = stamp,
		.addr = addr,
		.thread = thread,
		.kind = EVENT_FREE,
		.fn = flags,
	};
}

static struct event ext_event(uint64_t stamp, uint32_t type, const void *payload, size_t bytes)
{
	return (struct event){
		.stamp = stamp,
		.payload = payload,
		.bytes = bytes,
		.ext = type,
		.kind = EVENT_EXT,
	};
}

TEST(a_free_that_arrives_behind_the_next_owner_is_put_in_order)
{
	const struct event events[] = {
		alloc_event(2000, 0, 0x1000, 10),
		alloc_event(3000, 1, 0x1000, 20), /* given out again: the free is in flight */
		free_event(3001, 0, 0x1000, 0),
	};
	struct session *session = fresh();
	const struct result_process *result;

	session_feed(session, events, ARRAY_SIZE(events));
	finish(session, &result);
	CHECK_EQ(result->totals.live_blocks, 1);
	CHECK_EQ(result->totals.live_bytes, 20);
	CHECK_EQ(result->totals.frees, 1);
	CHECK_EQ(result->trust.repaired, 1);
	CHECK_EQ(result->trust.unmatched, 0);
	CHECK(result->trust.complete);
	session_free(session);
}

TEST(a_free_by_the_new_owner_is_its_own)
{
	const struct event events[] = {
		alloc_event(2000, 0, 0x1000, 10),
		alloc_event(3000, 1, 0x1000, 20),
		free_event(3001, 1, 0x1000, 0),
	};
	struct session *session = fresh();
	const struct result_process *result;

	session_feed(session, events, ARRAY_SIZE(events));
	finish(session, &result);
	CHECK_EQ(result->totals.live_blocks, 0);
	CHECK_EQ(result->trust.repaired, 0);
	CHECK_EQ(result->trust.unmatched, 1);
	CHECK(!result->trust.complete);
	session_free(session);
}

TEST(a_realloc_that_failed_leaves_no_trace)
{
	const uint64_t addr = 0x1000;
	const struct event events[] = {
		alloc_event(2000, 0, addr, 10),
		free_event(3000, 0, addr, EVENT_FREE_REALLOC),
		ext_event(3100, TENURE_EXT_REALLOC_BACK, &addr, sizeof(addr)),
		free_event(4000, 0, addr, 0),
	};
	struct session *with = fresh();
	struct session *without = fresh();
	const struct result_process *a, *b;

	session_feed(with, events, ARRAY_SIZE(events));
	session_feed(without, &events[0], 1);
	session_feed(without, &events[3], 1);
	finish(with, &a);
	finish(without, &b);
	CHECK_MEM(&a->totals, &b->totals, sizeof(a->totals));
	CHECK_MEM(a->sites, b->sites, sizeof(*a->sites));
	session_free(with);
	session_free(without);
}

TEST(blocks_of_a_pool_may_lie_where_the_pool_begins)
{
	struct event pool = alloc_event(2000, 0, 0x1000, 100);
	struct event block = alloc_event(2100, 0, 0x1000, 10);
	const struct event ends[] = {
		free_event(2200, 0, 0x1000, EVENT_FREE_CUSTOM),
		free_event(2300, 0, 0x1000, 0),
	};
	struct session *session = fresh();
	const struct result_process *result;

	block.fn = TENURE_FN_CUSTOM;
	session_feed(session, &pool, 1);
	session_feed(session, &block, 1);
	session_feed(session, ends, 2);
	finish(session, &result);
	CHECK_EQ(result->totals.peak_blocks, 2);
	CHECK_EQ(result->totals.live_blocks, 0);
	CHECK_EQ(result->totals.frees, 2);
	CHECK(result->trust.complete);
	session_free(session);
}

TEST(frees_of_inherited_blocks_are_counted_and_nothing_else)
{
	const struct event event = free_event(2000, 0, 0x1000, 0);
	struct session *session = fresh();
	const struct result_process *result;

	session_feed(session, &event, 1);
	finish(session, &result);
	CHECK_EQ(result->totals.inherited_frees, 1);
	CHECK_EQ(result->totals.frees, 0);
	CHECK(result->trust.complete);
	session_free(session);
}

TEST(typed_blocks_count_for_their_type_until_they_are_freed)
{
	uint8_t payload[8 + 5];
	const uint64_t addr = 0x1000;
	struct event events[] = {
		alloc_event(2000, 0, addr, 10),
		ext_event(2001, TENURE_EXT_TYPE, payload, sizeof(payload)),
		alloc_event(2002, 0, 0x2000, 5),
		free_event(2100, 0, addr, 0),
	};
	struct session *session = fresh();
	const struct result_process *result;

	memcpy(payload, &addr, sizeof(addr));
	memcpy(payload + sizeof(addr), "Point", 5);
	session_feed(session, events, ARRAY_SIZE(events));
	finish(session, &result);
	CHECK_EQ(result->types_count, 1);
	CHECK_STR(result->types[0].name, "Point");
	CHECK_EQ(result->types[0].allocations, 1);
	CHECK_EQ(result->types[0].live_blocks, 0);
	CHECK_EQ(result->types[0].peak_bytes, 10);
	session_free(session);
}

TEST(threads_that_use_a_slot_one_after_the_other_are_told_apart)
{
	const uint8_t first[] = { 1, 0, 0, 0, 'o', 'n', 'e' };
	const uint8_t second[] = { 2, 0, 0, 0, 't', 'w', 'o' };
	const struct event events[] = {
		ext_event(2000, TENURE_EXT_THREAD, first, sizeof(first)),
		alloc_event(2001, 0, 0x1000, 10),
		ext_event(2002, TENURE_EXT_THREAD_END, first, 4),
		ext_event(3000, TENURE_EXT_THREAD, second, sizeof(second)),
		alloc_event(3001, 0, 0x2000, 20),
	};
	struct session *session = fresh();
	const struct result_process *result;

	session_feed(session, events, ARRAY_SIZE(events));
	finish(session, &result);
	CHECK_EQ(result->threads_count, 2);
	CHECK_STR(result->threads[0].name, "one");
	CHECK_EQ(result->threads[0].tid, 1);
	CHECK_EQ(result->threads[0].end, 2002);
	CHECK_EQ(result->threads[0].bytes, 10);
	CHECK_STR(result->threads[1].name, "two");
	CHECK_EQ(result->threads[1].bytes, 20);
	CHECK_EQ(result->threads[1].end, 0);
	session_free(session);
}

TEST(what_was_lost_makes_the_report_incomplete)
{
	for (unsigned int cause = 0; cause < TENURE_LOST_COUNT; cause++) {
		struct tenure_shared shared = { 0 };
		const struct image_end end = { .how = IMAGE_EXITED, .shared = &shared };
		struct session *session = fresh();

		shared.lost[cause] = 1;
		session_end(session, &end);
		CHECK(!session_finish(session)->trust.complete);
		CHECK_EQ(session_finish(session)->trust.lost[cause], 1);
		session_free(session);
	}
}

TEST(records_that_are_too_short_are_bad_and_do_no_harm)
{
	static const uint8_t bytes[64] = { 1, 2, 3 };

	for (uint32_t type = 0; type < 256; type++)
		for (size_t count = 0; count < sizeof(bytes); count++) {
			struct event event = ext_event(2000, type, bytes, count);
			struct session *session = fresh();

			session_feed(session, &event, 1);
			CHECK(session_finish(session));
			session_free(session);
		}
}

TEST(the_end_is_what_the_parent_saw_unless_another_program_followed)
{
	static const struct tenure_shared shared;
	static const struct {
		enum image_how how;
		enum result_end want;
		int status;
	} cases[] = {
		{ IMAGE_UNKNOWN, RESULT_END_SIGNAL, 9 },
		{ IMAGE_EXITED, RESULT_END_SIGNAL, 9 },
		{ IMAGE_EXEC, RESULT_END_EXEC, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct image_end end = { .how = cases[i].how, .shared = &shared };
		struct session *session = fresh();
		const struct result_process *result;

		session_end(session, &end);
		session_exited(session, RESULT_END_SIGNAL, 9);
		result = session_finish(session);
		CHECK_EQ(result->end, cases[i].want);
		CHECK_EQ(result->end_status, cases[i].status);
		session_free(session);
	}
}
