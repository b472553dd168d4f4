/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of the model to series of the document: sites brought together by signature. */
#include <stdlib.h>

#include "base/err.h"
#include "report/build.h"
#include "report/report.h"

#define LAST_INTERVALS 3u

/* What it rose by at the end, if it did so in each of the last intervals: most did not. */
static uint64_t rise_of(const struct report_rise *rise, size_t points)
{
	size_t first = points > LAST_INTERVALS ? points - 1 - LAST_INTERVALS : 0;

	for (size_t i = first + 1; i < points; i++)
		if (rise->bytes[i] <= rise->bytes[i - 1])
			return 0;
	return points ? rise->bytes[points - 1] - rise->bytes[first] : 0;
}

struct ranked {
	struct report_rise rise;
	uint64_t by;
};

static int by_rise(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->by != y->by)
		return x->by > y->by ? -1 : 1;
	return x->rise.sig < y->rise.sig ? -1 : x->rise.sig > y->rise.sig;
}

/* All signatures in two tables of a row per point: a column is one of them. */
struct columns {
	struct idmap ids;
	VEC(uint64_t) sigs;
	uint64_t *bytes;
	uint64_t *blocks;
};

static int find_columns(const struct build *build, const struct result_series *from,
			struct columns *columns)
{
	int r = 0;

	for (size_t i = 0; i < from->points_count && r >= 0; i++) {
		const struct result_point *point = &from->points[i];

		for (size_t k = 0; k < point->levels_count && r >= 0; k++) {
			uint64_t sig = build->sig_of[point->levels[k].site];
			uint32_t column;

			r = idmap_add(&columns->ids, sig, (uint32_t)columns->sigs.count, &column);
			if (r == 1)
				r = vec_push(&columns->sigs, sig);
		}
	}
	return r < 0 ? r : 0;
}

static void fill_columns(const struct build *build, const struct result_series *from,
			 struct columns *columns)
{
	for (size_t i = 0; i < from->points_count; i++) {
		const struct result_point *point = &from->points[i];

		for (size_t k = 0; k < point->levels_count; k++) {
			const struct result_level *level = &point->levels[k];
			size_t at = idmap_find(&columns->ids, build->sig_of[level->site]) *
					    from->points_count +
				    i;

			columns->bytes[at] += level->bytes;
			columns->blocks[at] += level->blocks;
		}
	}
}

/* The columns that rose, the largest rise first. */
static int keep_rises(struct build *build, const struct columns *columns,
		      struct report_series *series)
{
	size_t points = series->points.count, bytes = points * sizeof(uint64_t), count = 0;
	struct ranked *ranked = calloc(columns->sigs.count + 1, sizeof(*ranked));
	int r = ranked ? 0 : -ENOMEM;

	for (size_t i = 0; i < columns->sigs.count && r == 0; i++) {
		struct report_rise rise = { .sig = columns->sigs.at[i],
					    .bytes = columns->bytes + i * points,
					    .blocks = columns->blocks + i * points };

		if (rise_of(&rise, points))
			ranked[count++] = (struct ranked){ rise, rise_of(&rise, points) };
	}
	if (count)
		qsort(ranked, count, sizeof(*ranked), by_rise);
	for (size_t i = 0; i < count && i < REPORT_RISES_MAX && r == 0; i++) {
		struct report_rise rise = ranked[i].rise;

		rise.bytes = arena_copy(&build->report->texts, rise.bytes, bytes);
		rise.blocks = arena_copy(&build->report->texts, rise.blocks, bytes);
		r = rise.bytes && rise.blocks ? vec_push(&series->rises, rise) : -ENOMEM;
	}
	free(ranked);
	return r;
}

static int add_points(struct build *build, const struct result_series *from,
		      struct report_series *series)
{
	uint64_t start = build->result->start_stamp;
	int r = 0;

	for (size_t i = 0; i < from->points_count && r == 0; i++) {
		const struct result_point *at = &from->points[i];
		uint64_t since = at->stamp > start ? at->stamp - start : 0;
		struct report_point point = { build_ns(build, since), at->iteration, at->heap_bytes,
					      at->heap_blocks };

		r = vec_push(&series->points, point);
	}
	return r;
}

static int add_series(struct build *build, const struct result_series *from,
		      struct report_series *series)
{
	struct columns columns = { 0 };
	int r = add_points(build, from, series);

	series->kind = from->kind;
	series->seen = from->seen;
	series->name = report_text(build->report, from->name);
	if (!series->name)
		r = -ENOMEM;
	if (r == 0)
		r = find_columns(build, from, &columns);
	if (r == 0) {
		size_t cells = columns.sigs.count * from->points_count;

		columns.bytes = calloc(cells + 1, sizeof(uint64_t));
		columns.blocks = calloc(cells + 1, sizeof(uint64_t));
		r = columns.bytes && columns.blocks ? 0 : -ENOMEM;
	}
	if (r == 0) {
		fill_columns(build, from, &columns);
		r = keep_rises(build, &columns, series);
	}
	free(columns.bytes);
	free(columns.blocks);
	vec_fini(&columns.sigs);
	idmap_fini(&columns.ids);
	return r;
}

int build_series(struct build *build)
{
	int r = 0;

	for (size_t i = 0; i < build->result->series_count && r == 0; i++) {
		const struct result_series *from = &build->result->series[i];

		if (!from->points_count)
			continue;
		r = vec_push(&build->process->checkpoints, (struct report_series){ .name = "" });
		if (r == 0)
			r = add_series(build, from,
				       &build->process->checkpoints
						.at[build->process->checkpoints.count - 1]);
	}
	return r;
}
