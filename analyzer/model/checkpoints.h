/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each site holds at moments that can be compared: whenever a mark of
 * the same name comes by, after full collections, and as time goes on.
 *
 * Such a series has a bounded number of points.  When it is full, every other
 * one is dropped, but not the first ones, and only every other one is taken
 * from then on.
 */
#ifndef MODEL_CHECKPOINTS_H
#define MODEL_CHECKPOINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "result.h"
#include "sites.h"

#define CHECKPOINTS_POINTS  64u	       /* of one series */
#define CHECKPOINTS_FIRST   8u	       /* of which these are never dropped */
#define CHECKPOINTS_SERIES  64u	       /* of marks; names that come later have none */
#define CHECKPOINTS_NAMES   4096u      /* names of marks that are counted */
#define CHECKPOINTS_LEVELS  (1u << 22) /* levels of sites in all series together */
#define CHECKPOINTS_TIME_NS 10000000.0 /* between the first points in time */

/* So many sites make points in time one step rarer: writing them down takes a while. */
#define CHECKPOINTS_STEP_SITES 20000u

struct checkpoints_series {
	enum result_series_kind kind;
	const char *name;
	uint64_t seen;
	uint64_t stride;
	VEC(struct result_point) points;
};

/* A mark that came by once or more; @series: UINT32_MAX until the second time. */
struct checkpoints_name {
	const char *text;
	uint32_t series;
};

/**
 * struct checkpoints - all zero but @start and @step is none
 * @start:  stamp from which time counts
 * @step:   ticks of one iteration of time
 * @due:    stamp from which the next point in time is wanted
 * @levels: in all points
 */
struct checkpoints {
	uint64_t start;
	uint64_t step;
	uint64_t due;
	size_t levels;
	VEC(struct checkpoints_series) series;
	VEC(struct checkpoints_name) names;
	struct hashmap by_name;
	struct arena texts;
	VEC(struct result_series) results;
};

void checkpoints_fini(struct checkpoints *checkpoints);

/**
 * checkpoints_mark() - a mark or the beginning of a phase came by
 * The first of a name is not a point: whatever comes once is no series.
 *
 * Return: 0 or -ENOMEM, likewise below.
 */
attr_nodiscard int checkpoints_mark(struct checkpoints *checkpoints, const struct sites *sites,
				    const char *name, uint64_t stamp);

/** checkpoints_collection() - a full collection has ended */
attr_nodiscard int checkpoints_collection(struct checkpoints *checkpoints,
					  const struct sites *sites, uint64_t stamp);

/** checkpoints_ended() - the last full collection was the one at the end of user code: no turn */
void checkpoints_ended(struct checkpoints *checkpoints);

/** checkpoints_time() - it is @stamp now; to be called from time to time */
attr_nodiscard int checkpoints_time(struct checkpoints *checkpoints, const struct sites *sites,
				    uint64_t stamp);

/** checkpoints_snapshot() - what sites hold now; @point->levels is the caller's to free() */
attr_nodiscard int checkpoints_snapshot(const struct sites *sites, struct result_point *point);

/** checkpoints_finish() - the series.  Return: how many, or -ENOMEM */
attr_nodiscard int checkpoints_finish(struct checkpoints *checkpoints);

#endif /* MODEL_CHECKPOINTS_H */
