/* SPDX-License-Identifier: Apache-2.0 */
/* Intervals that double. */
#include <string.h>

#include "timeline.h"

void timeline_init(struct timeline *timeline, uint64_t start, uint64_t width)
{
	*timeline = (struct timeline){ .start = start, .width = width, .end = start + width };
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void join(struct result_moment *to, const struct result_moment *a,
		 const struct result_moment *b)
{
	const struct result_moment *larger = b->heap_bytes > a->heap_bytes ? b : a;

	*to = (struct result_moment){
		.heap_bytes = larger->heap_bytes,
		.heap_blocks = larger->heap_blocks,
		.mapped_bytes = max(a->mapped_bytes, b->mapped_bytes),
		.rss_bytes = max(a->rss_bytes, b->rss_bytes),
	};
}

static void halve(struct timeline *timeline)
{
	struct result_moment *moments = timeline->moments;

	for (uint32_t i = 0; i < TIMELINE_MOMENTS / 2; i++)
		join(&moments[i], &moments[2 * i], &moments[2 * i + 1]);
	memset(moments + TIMELINE_MOMENTS / 2, 0, TIMELINE_MOMENTS / 2 * sizeof(*moments));
	timeline->width *= 2;
	timeline->now /= 2;
	timeline->last /= 2;
}

/* Index of the interval of @stamp, after as many halvings as that needs. */
static uint32_t index_of(struct timeline *timeline, uint64_t stamp)
{
	uint64_t since = stamp > timeline->start ? stamp - timeline->start : 0;

	while (since / timeline->width >= TIMELINE_MOMENTS)
		halve(timeline);
	return (uint32_t)(since / timeline->width);
}

static void set_end(struct timeline *timeline)
{
	uint64_t since;

	if (__builtin_mul_overflow(timeline->width, (uint64_t)timeline->now + 1, &since) ||
	    __builtin_add_overflow(timeline->start, since, &timeline->end))
		timeline->end = UINT64_MAX;
}

/* The current levels hold in interval @i from its beginning. */
static void enter(struct timeline *timeline, uint32_t i, const struct result_moment *level)
{
	struct result_moment carried = {
		.heap_bytes = level->heap_bytes,
		.heap_blocks = level->heap_blocks,
		.mapped_bytes = level->mapped_bytes,
	};

	join(&timeline->moments[i], &timeline->moments[i], &carried);
}

void timeline_move(struct timeline *timeline, uint64_t stamp, const struct result_moment *level)
{
	uint32_t to = index_of(timeline, stamp);

	while (timeline->now < to)
		enter(timeline, ++timeline->now, level);
	if (timeline->last < to)
		timeline->last = to;
	set_end(timeline);
}

void timeline_rss(struct timeline *timeline, uint64_t stamp, uint64_t bytes)
{
	uint32_t i = index_of(timeline, stamp);

	if (bytes > timeline->moments[i].rss_bytes)
		timeline->moments[i].rss_bytes = bytes;
	if (timeline->last < i)
		timeline->last = i;
	set_end(timeline);
}

uint32_t timeline_finish(struct timeline *timeline, uint64_t stamp,
			 const struct result_moment *level)
{
	timeline_move(timeline, stamp, level);
	while (timeline->now < timeline->last)
		enter(timeline, ++timeline->now, level);
	for (uint32_t i = 0; i <= timeline->last; i++)
		timeline->moments[i].stamp = timeline->start + i * timeline->width;
	return timeline->last + 1;
}
