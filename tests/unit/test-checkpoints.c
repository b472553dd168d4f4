/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: few points, the first ones kept, and levels that are right. */
#include <stdio.h>
#include <string.h>

#include "model/checkpoints.h"

#include "test.h"

static uint32_t site(struct sites *sites, uint32_t stack, uint64_t bytes)
{
	uint32_t index = sites_get(sites, stack, 0);

	sites_grow(sites, &sites->at[index], bytes, 1, 0);
	return index;
}

TEST(the_first_mark_of_a_name_is_no_point)
{
	struct checkpoints checkpoints = { 0 };
	struct sites sites = { 0 };

	(void)site(&sites, 1, 100);
	CHECK_EQ(checkpoints_mark(&checkpoints, &sites, "a", 1), 0);
	CHECK_EQ(checkpoints_mark(&checkpoints, &sites, "b", 2), 0);
	CHECK_EQ(checkpoints_finish(&checkpoints), 0);
	CHECK_EQ(checkpoints_mark(&checkpoints, &sites, "b", 3), 0);
	(void)site(&sites, 2, 50);
	CHECK_EQ(checkpoints_mark(&checkpoints, &sites, "b", 4), 0);
	CHECK_EQ(checkpoints_finish(&checkpoints), 1);
	CHECK_STR(checkpoints.results.at[0].name, "b");
	CHECK_EQ(checkpoints.results.at[0].seen, 3);
	CHECK_EQ(checkpoints.results.at[0].points_count, 2);
	CHECK_EQ(checkpoints.results.at[0].points[0].iteration, 1);
	CHECK_EQ(checkpoints.results.at[0].points[0].levels_count, 1);
	CHECK_EQ(checkpoints.results.at[0].points[0].levels[0].bytes, 100);
	CHECK_EQ(checkpoints.results.at[0].points[1].levels_count, 2);
	CHECK_EQ(checkpoints.results.at[0].points[1].heap_bytes, 150);
	checkpoints_fini(&checkpoints);
	sites_fini(&sites);
}

TEST(many_marks_leave_the_first_and_evenly_spaced_ones)
{
	struct checkpoints checkpoints = { 0 };
	struct sites sites = { 0 };
	const struct result_series *series;
	uint64_t stride;

	for (unsigned int i = 0; i < 100000; i++) {
		if (i % 1000 == 0)
			(void)site(&sites, 1, 10);
		CHECK_EQ(checkpoints_mark(&checkpoints, &sites, "turn", i), 0);
	}
	CHECK_EQ(checkpoints_finish(&checkpoints), 1);
	series = &checkpoints.results.at[0];
	CHECK_EQ(series->seen, 100000);
	CHECK(series->points_count <= CHECKPOINTS_POINTS);
	CHECK(series->points_count > CHECKPOINTS_POINTS / 4);
	for (unsigned int i = 0; i + 1 < CHECKPOINTS_FIRST; i++)
		CHECK_EQ(series->points[i].iteration, i + 1);
	stride = series->points[CHECKPOINTS_FIRST].iteration -
		 series->points[CHECKPOINTS_FIRST - 1].iteration;
	for (size_t i = CHECKPOINTS_FIRST; i < series->points_count; i++) {
		CHECK_EQ(series->points[i].iteration - series->points[i - 1].iteration, stride);
		CHECK_EQ(series->points[i].stamp, series->points[i].iteration);
		CHECK_EQ(series->points[i].heap_bytes,
			 (series->points[i].iteration / 1000 + 1) * 10);
	}
	checkpoints_fini(&checkpoints);
	sites_fini(&sites);
}

TEST(time_is_used_only_when_there_is_nothing_better)
{
	struct checkpoints checkpoints = { .step = 10 };
	struct sites sites = { 0 };

	(void)site(&sites, 1, 10);
	for (unsigned int i = 0; i < 100000; i++)
		CHECK_EQ(checkpoints_time(&checkpoints, &sites, i), 0);
	CHECK_EQ(checkpoints_finish(&checkpoints), 1);
	CHECK_EQ(checkpoints.results.at[0].kind, RESULT_SERIES_TIME);
	CHECK(checkpoints.results.at[0].points_count <= CHECKPOINTS_POINTS);
	CHECK(checkpoints.results.at[0].points_count > CHECKPOINTS_POINTS / 4);
	for (size_t i = 1; i < checkpoints.results.at[0].points_count; i++)
		CHECK(checkpoints.results.at[0].points[i].iteration >
		      checkpoints.results.at[0].points[i - 1].iteration);
	vec_clear(&checkpoints.results);

	for (unsigned int i = 0; i < 6; i++)
		CHECK_EQ(checkpoints_collection(&checkpoints, &sites, i), 0);
	CHECK_EQ(checkpoints_finish(&checkpoints), 1);
	CHECK_EQ(checkpoints.results.at[0].kind, RESULT_SERIES_COLLECTION);
	checkpoints_fini(&checkpoints);
	sites_fini(&sites);
}

TEST(many_sites_make_points_in_time_rarer)
{
	struct checkpoints checkpoints = { .step = 10 };
	struct sites sites = { 0 };

	for (unsigned int i = 0; i < 5 * CHECKPOINTS_STEP_SITES; i++)
		(void)site(&sites, i + 1, 10);
	for (unsigned int i = 0; i < 200; i++)
		CHECK_EQ(checkpoints_time(&checkpoints, &sites, i), 0);
	CHECK_EQ(checkpoints_finish(&checkpoints), 0);
	for (unsigned int i = 200; i < 1000; i++)
		CHECK_EQ(checkpoints_time(&checkpoints, &sites, i), 0);
	CHECK_EQ(checkpoints_finish(&checkpoints), 1);
	for (size_t i = 1; i < checkpoints.results.at[0].points_count; i++)
		CHECK(checkpoints.results.at[0].points[i].iteration >=
		      checkpoints.results.at[0].points[i - 1].iteration + 5);
	checkpoints_fini(&checkpoints);
	sites_fini(&sites);
}

TEST(names_without_end_cost_nothing)
{
	struct checkpoints checkpoints = { 0 };
	struct sites sites = { 0 };
	char name[32];

	for (unsigned int turn = 0; turn < 3; turn++) {
		for (unsigned int i = 0; i < 10000; i++) {
			(void)snprintf(name, sizeof(name), "test %u", i);
			CHECK_EQ(checkpoints_mark(&checkpoints, &sites, name, i), 0);
		}
	}
	CHECK_EQ(checkpoints.names.count, CHECKPOINTS_NAMES);
	CHECK_EQ(checkpoints_finish(&checkpoints), CHECKPOINTS_SERIES);
	checkpoints_fini(&checkpoints);
	sites_fini(&sites);
}
