/* SPDX-License-Identifier: Apache-2.0 */
/* Series of snapshots that thin out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints.h"

static void drop(struct checkpoints *checkpoints, struct result_point *point)
{
	checkpoints->levels -= point->levels_count;
	free((void *)point->levels);
	point->levels = NULL;
}

static bool is_kept(const struct checkpoints_series *series, uint64_t iteration)
{
	return iteration < CHECKPOINTS_FIRST || iteration % series->stride == 0;
}

static void thin(struct checkpoints *checkpoints, struct checkpoints_series *series)
{
	size_t kept = 0;

	series->stride *= 2;
	for (size_t i = 0; i < series->points.count; i++) {
		struct result_point *point = &series->points.at[i];

		if (series->kind == RESULT_SERIES_TIME ? i % 2 == 0
						       : is_kept(series, point->iteration))
			series->points.at[kept++] = *point;
		else
			drop(checkpoints, point);
	}
	series->points.count = kept;
}

/* The sites that hold something.  Return: 0 or -ENOMEM */
int checkpoints_snapshot(const struct sites *sites, struct result_point *point)
{
	VEC(struct result_level) levels = { 0 };
	struct result_level *kept;
	int r = vec_reserve(&levels, 1);

	for (uint32_t i = 0; i < sites->count && r == 0; i++) {
		const struct site *site = &sites->at[i];

		if (site->live_bytes)
			r = vec_push(&levels, (struct result_level){
						      .site = i,
						      .bytes = site->live_bytes,
						      .blocks = site->live_blocks,
					      });
	}
	if (r < 0) {
		vec_fini(&levels);
		return r;
	}
	kept = realloc(levels.at, (levels.count ? levels.count : 1) * sizeof(*kept));
	point->levels = kept ? kept : levels.at;
	point->levels_count = levels.count;
	return 0;
}

/* The next iteration of @series is there. */
static int advance(struct checkpoints *checkpoints, uint32_t index, const struct sites *sites,
		   uint64_t stamp)
{
	struct checkpoints_series *series = &checkpoints->series.at[index];
	struct result_point point = {
		.stamp = stamp,
		.iteration = series->seen++,
		.heap_bytes = sites->live_bytes,
		.heap_blocks = sites->live_blocks,
	};

	if (series->kind != RESULT_SERIES_TIME && !is_kept(series, point.iteration))
		return 0;
	if (checkpoints->levels > 2 * CHECKPOINTS_LEVELS)
		return 0;
	if (checkpoints_snapshot(sites, &point) < 0)
		return -ENOMEM;
	checkpoints->levels += point.levels_count;
	if (vec_push(&series->points, point) < 0) {
		drop(checkpoints, &point);
		return -ENOMEM;
	}
	if (series->points.count > CHECKPOINTS_POINTS || checkpoints->levels > CHECKPOINTS_LEVELS)
		thin(checkpoints, series);
	return 0;
}

/* Return: index of the new series, or -ENOMEM. */
static int64_t add_series(struct checkpoints *checkpoints, enum result_series_kind kind,
			  const char *name)
{
	const struct checkpoints_series series = { .kind = kind, .name = name, .stride = 1 };
	int r = vec_push(&checkpoints->series, series);

	return r < 0 ? r : (int64_t)checkpoints->series.count - 1;
}

/* Return: index of the series, made if need be, or -ENOMEM. */
static int64_t series_of(struct checkpoints *checkpoints, enum result_series_kind kind)
{
	for (size_t i = 0; i < checkpoints->series.count; i++) {
		if (checkpoints->series.at[i].kind == kind)
			return (int64_t)i;
	}
	return add_series(checkpoints, kind, "");
}

static int remember(struct checkpoints *checkpoints, const char *name, uint64_t hash)
{
	struct checkpoints_name fresh = { .series = UINT32_MAX };
	int r;

	if (checkpoints->names.count >= CHECKPOINTS_NAMES)
		return 0;
	fresh.text = arena_string(&checkpoints->texts, name, strlen(name));
	if (!fresh.text)
		return -ENOMEM;
	r = vec_push(&checkpoints->names, fresh);
	if (r == 0)
		r = hashmap_add(&checkpoints->by_name, hash,
				(uint32_t)checkpoints->names.count - 1);
	return r;
}

int checkpoints_mark(struct checkpoints *checkpoints, const struct sites *sites, const char *name,
		     uint64_t stamp)
{
	uint64_t hash = hash_bytes(name, strlen(name));

	HASHMAP_EACH(&checkpoints->by_name, hash, index)
	{
		struct checkpoints_name *known = &checkpoints->names.at[index];
		int64_t series;

		if (strcmp(known->text, name) != 0)
			continue;
		if (known->series == UINT32_MAX) {
			if (checkpoints->series.count >= CHECKPOINTS_SERIES)
				return 0;
			series = add_series(checkpoints, RESULT_SERIES_MARK, known->text);
			if (series < 0)
				return -ENOMEM;
			known->series = (uint32_t)series;
			checkpoints->series.at[series].seen = 1;
		}
		return advance(checkpoints, known->series, sites, stamp);
	}
	return remember(checkpoints, name, hash);
}

int checkpoints_collection(struct checkpoints *checkpoints, const struct sites *sites,
			   uint64_t stamp)
{
	int64_t series = series_of(checkpoints, RESULT_SERIES_COLLECTION);

	return series < 0 ? -ENOMEM : advance(checkpoints, (uint32_t)series, sites, stamp);
}

void checkpoints_ended(struct checkpoints *checkpoints)
{
	for (size_t i = 0; i < checkpoints->series.count; i++) {
		struct checkpoints_series *series = &checkpoints->series.at[i];
		size_t count = series->points.count;

		if (series->kind != RESULT_SERIES_COLLECTION || !series->seen)
			continue;
		series->seen--;
		if (count && series->points.at[count - 1].iteration == series->seen)
			drop(checkpoints, &series->points.at[--series->points.count]);
	}
}

int checkpoints_time(struct checkpoints *checkpoints, const struct sites *sites, uint64_t stamp)
{
	struct checkpoints_series *time;
	uint64_t next, wait;
	int64_t series;

	if (stamp < checkpoints->due || !checkpoints->step)
		return 0;
	series = series_of(checkpoints, RESULT_SERIES_TIME);
	if (series < 0)
		return -ENOMEM;

	time = &checkpoints->series.at[series];
	time->seen = (stamp - checkpoints->start) / checkpoints->step;
	if (advance(checkpoints, (uint32_t)series, sites, stamp) < 0)
		return -ENOMEM;
	next = (time->seen / time->stride + 1) * time->stride;
	wait = time->seen + sites->count / CHECKPOINTS_STEP_SITES;
	checkpoints->due = checkpoints->start + (next > wait ? next : wait) * checkpoints->step;
	return 0;
}

static bool is_worth_it(const struct checkpoints *checkpoints,
			const struct checkpoints_series *series)
{
	if (series->points.count < 2)
		return false;
	if (series->kind != RESULT_SERIES_TIME)
		return true;
	/* Time is what is left when there is nothing better, and it takes a while. */
	if (series->points.count < CHECKPOINTS_FIRST)
		return false;
	for (size_t i = 0; i < checkpoints->series.count; i++) {
		const struct checkpoints_series *other = &checkpoints->series.at[i];

		if (other->kind != RESULT_SERIES_TIME && other->points.count > 4)
			return false;
	}
	return true;
}

int checkpoints_finish(struct checkpoints *checkpoints)
{
	for (size_t i = 0; i < checkpoints->series.count; i++) {
		const struct checkpoints_series *series = &checkpoints->series.at[i];
		const struct result_series result = {
			.kind = series->kind,
			.name = series->name,
			.seen = series->seen,
			.points = series->points.at,
			.points_count = series->points.count,
		};

		if (is_worth_it(checkpoints, series) && vec_push(&checkpoints->results, result) < 0)
			return -ENOMEM;
	}
	return (int)checkpoints->results.count;
}

void checkpoints_fini(struct checkpoints *checkpoints)
{
	for (size_t i = 0; i < checkpoints->series.count; i++) {
		for (size_t k = 0; k < checkpoints->series.at[i].points.count; k++)
			drop(checkpoints, &checkpoints->series.at[i].points.at[k]);
		vec_fini(&checkpoints->series.at[i].points);
	}
	vec_fini(&checkpoints->series);
	vec_fini(&checkpoints->names);
	vec_fini(&checkpoints->results);
	hashmap_fini(&checkpoints->by_name);
	arena_fini(&checkpoints->texts);
}
