/* SPDX-License-Identifier: Apache-2.0 */
/* Work for several threads: each piece once, and an end when one fails. */
#include "base/parallel.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "test.h"

#define PIECES 10000u

static uint8_t times[PIECES];

static int count(void *arg, unsigned int worker, size_t index)
{
	unsigned int *workers = arg;

	if (worker >= *workers)
		return -EINVAL;
	__atomic_fetch_add(&times[index], 1, __ATOMIC_RELAXED);
	return 0;
}

static int fail_at(void *arg, unsigned int worker, size_t index)
{
	size_t *which = arg;

	(void)worker;
	return index == *which ? -EBADMSG : 0;
}

TEST(each_piece_is_done_once_by_any_number_of_threads)
{
	for (unsigned int workers = 1; workers <= PARALLEL_MAX + 1; workers++) {
		memset(times, 0, sizeof(times));
		CHECK_EQ(parallel_each(PIECES, workers, count, &workers), 0);
		for (size_t i = 0; i < PIECES; i++)
			CHECK_EQ(times[i], 1);
	}
}

TEST(nothing_to_do_is_no_error)
{
	unsigned int workers = 2;

	CHECK_EQ(parallel_each(0, workers, count, &workers), 0);
	CHECK(parallel_workers() >= 1);
	CHECK(parallel_workers() <= PARALLEL_MAX);
}

TEST(an_error_is_returned)
{
	for (size_t which = 0; which < 100; which += 33)
		CHECK_EQ(parallel_each(100, 3, fail_at, &which), -EBADMSG);
}
