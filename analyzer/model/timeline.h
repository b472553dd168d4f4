/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap, mapped and resident bytes over time, in bounded memory.
 *
 * Time is cut into intervals of equal width; when there are too many, each
 * two neighbours become one.  An interval keeps the maximum that was reached
 * in it, so a peak never falls between two points.
 */
#ifndef MODEL_TIMELINE_H
#define MODEL_TIMELINE_H

#include <stdint.h>

#include "base/attr.h"
#include "result.h"

#define TIMELINE_MOMENTS 1024u

/**
 * struct timeline - the caller keeps the three levels up to date through timeline_at()
 * @start: stamp of the beginning
 * @width: of an interval, ticks
 * @end:   stamp at which the interval @now ends
 * @now:   index of the interval that events are in
 * @last:  index of the last interval that holds anything
 */
struct timeline {
	uint64_t start;
	uint64_t width;
	uint64_t end;
	uint32_t now;
	uint32_t last;
	struct result_moment moments[TIMELINE_MOMENTS];
};

/** timeline_init() - @width ticks is the finest that is of interest, not 0 */
void timeline_init(struct timeline *timeline, uint64_t start, uint64_t width);

/** timeline_move() - slow half of timeline_at(): @stamp is in a later interval */
attr_cold void timeline_move(struct timeline *timeline, uint64_t stamp,
			     const struct result_moment *level);

/**
 * timeline_at() - something is going to change at @stamp
 * @level: heap and mapped levels as they were up to now
 */
static inline void timeline_at(struct timeline *timeline, uint64_t stamp,
			       const struct result_moment *level)
{
	if (unlikely(stamp >= timeline->end))
		timeline_move(timeline, stamp, level);
}

/** timeline_heap() - the level has changed in the current interval */
static inline void timeline_heap(struct timeline *timeline, uint64_t bytes, uint64_t blocks)
{
	struct result_moment *moment = &timeline->moments[timeline->now];

	if (bytes > moment->heap_bytes) {
		moment->heap_bytes = bytes;
		moment->heap_blocks = blocks;
	}
}

static inline void timeline_mapped(struct timeline *timeline, uint64_t bytes)
{
	struct result_moment *moment = &timeline->moments[timeline->now];

	if (bytes > moment->mapped_bytes)
		moment->mapped_bytes = bytes;
}

/** timeline_rss() - a sample; may lie before or behind the current interval */
void timeline_rss(struct timeline *timeline, uint64_t stamp, uint64_t bytes);

/**
 * timeline_finish() - the levels stay as they are up to @stamp
 *
 * Return: number of moments, each with its stamp.
 */
uint32_t timeline_finish(struct timeline *timeline, uint64_t stamp,
			 const struct result_moment *level);

#endif /* MODEL_TIMELINE_H */
