/* SPDX-License-Identifier: Apache-2.0 */
/* The timeline: every interval shows the highest level that was reached in it. */
#include <stdlib.h>

#include "encode.h"
#include "model/timeline.h"
#include "test.h"

#define CHANGES 20000u

static struct timeline timeline;
static uint64_t stamps[CHANGES];
static uint64_t levels[CHANGES];
static uint64_t rss[CHANGES];

/* The highest level in [from, to), counting the one that held when it began. */
static uint64_t highest(uint64_t from, uint64_t to, uint64_t *ret_rss)
{
	uint64_t high = 0;

	*ret_rss = 0;
	for (unsigned int i = 0; i < CHANGES; i++) {
		uint64_t until = i + 1 < CHANGES ? stamps[i + 1] : UINT64_MAX;

		if (stamps[i] < to && until >= from && levels[i] > high)
			high = levels[i];
		if (stamps[i] >= from && stamps[i] < to && rss[i] > *ret_rss)
			*ret_rss = rss[i];
	}
	return high;
}

TEST(each_interval_shows_its_maximum_however_long_the_run)
{
	for (uint64_t step = 1; step < 1000000; step *= 7) {
		struct result_moment level = { 0 };
		uint64_t random = step;
		uint64_t now = 5000;
		uint32_t count;

		timeline_init(&timeline, 5000, 10);
		for (unsigned int i = 0; i < CHANGES; i++) {
			now += encode_random(&random) % (2 * step) +
			       (i % 5000 == 0 ? 100 * step : 0) + 1;
			timeline_at(&timeline, now, &level);
			level.heap_bytes = encode_random(&random) % 100000;
			level.heap_blocks = level.heap_bytes / 10;
			timeline_heap(&timeline, level.heap_bytes, level.heap_blocks);
			stamps[i] = now;
			levels[i] = level.heap_bytes;
			rss[i] = i % 100 == 0 ? encode_random(&random) % 100000 : 0;
			if (rss[i])
				timeline_rss(&timeline, now, rss[i]);
		}
		count = timeline_finish(&timeline, now, &level);
		CHECK(count > TIMELINE_MOMENTS / 2 || timeline.width == 10);
		CHECK(count <= TIMELINE_MOMENTS);
		for (uint32_t i = 0; i < count; i += 1 + count / 60) {
			const struct result_moment *moment = &timeline.moments[i];
			uint64_t want_rss;

			CHECK_EQ(moment->stamp, 5000 + i * timeline.width);
			CHECK_EQ(moment->heap_bytes,
				 highest(moment->stamp, moment->stamp + timeline.width, &want_rss));
			CHECK_EQ(moment->heap_blocks, moment->heap_bytes / 10);
			CHECK_EQ(moment->rss_bytes, want_rss);
		}
	}
}

TEST(a_quiet_time_shows_the_level_that_held)
{
	struct result_moment level = { .heap_bytes = 7, .heap_blocks = 1, .mapped_bytes = 4096 };
	uint32_t count;

	timeline_init(&timeline, 0, 10);
	timeline_heap(&timeline, 7, 1);
	timeline_mapped(&timeline, 4096);
	count = timeline_finish(&timeline, 95, &level);
	CHECK_EQ(count, 10);
	for (uint32_t i = 0; i < count; i++) {
		CHECK_EQ(timeline.moments[i].heap_bytes, 7);
		CHECK_EQ(timeline.moments[i].mapped_bytes, 4096);
	}
}

TEST(a_sample_may_come_before_the_events_it_belongs_to)
{
	struct result_moment level = { .heap_bytes = 3 };
	uint32_t count;

	timeline_init(&timeline, 0, 10);
	timeline_heap(&timeline, 3, 1);
	timeline_rss(&timeline, 1000000, 5);
	count = timeline_finish(&timeline, 500, &level);
	CHECK(count <= TIMELINE_MOMENTS);
	CHECK_EQ(timeline.moments[count - 1].rss_bytes, 5);
	CHECK_EQ(timeline.moments[count - 1].heap_bytes, 3);
}

TEST(stamps_at_the_end_of_time_do_no_harm)
{
	struct result_moment level = { .heap_bytes = 3 };

	timeline_init(&timeline, 1, 1);
	timeline_at(&timeline, UINT64_MAX, &level);
	timeline_rss(&timeline, UINT64_MAX, 1);
	CHECK(timeline_finish(&timeline, UINT64_MAX, &level) <= TIMELINE_MOMENTS);
}
