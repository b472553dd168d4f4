/* SPDX-License-Identifier: Apache-2.0 */
/* Sampling: distances as the theory has them, and a filter that knows its blocks. */
#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "pages.h"
#include "shared.h"
#include "test.h"

static struct image test_image;
static struct tenure_shared test_shared;

static void begin(uint64_t mean)
{
	memset(&test_image, 0, sizeof(test_image));
	memset(&test_shared, 0, sizeof(test_shared));
	test_image.state = IMAGE_ON;
	test_image.sample_bytes = mean;
	image = &test_image;
	shared = &test_shared;
	CHECK_EQ(sample_init(), 0);
}

static void finish(void)
{
	if (sample_filter)
		pages_unmap(sample_filter, sizeof(*sample_filter));
	sample_filter = NULL;
	image = NULL;
	shared = NULL;
}

TEST(the_same_seed_gives_the_same_distances)
{
	uint64_t a = 42, b = 42, c = 43;
	unsigned int equal = 0;

	for (int i = 0; i < 1000; i++) {
		uint64_t gap = sample_gap(&a, 1 << 19);

		CHECK_EQ(gap, sample_gap(&b, 1 << 19));
		equal += gap == sample_gap(&c, 1 << 19);
	}
	CHECK(equal < 3);
}

/* Of an exponential distribution: mean m, variance m^2, both within 5 standard errors. */
TEST(distances_have_the_mean_and_the_variance_of_an_exponential)
{
	static const uint64_t means[] = { 100, 1 << 12, 1 << 19, UINT64_C(1) << 40 };
	const double n = 400000;

	for (size_t k = 0; k < sizeof(means) / sizeof(*means); k++) {
		double sum = 0, squares = 0, mean = (double)means[k];
		uint64_t random = 7 * k + 1;

		for (int i = 0; i < (int)n; i++) {
			/* Rounded up: half a byte more on average. */
			double gap = ((double)sample_gap(&random, means[k]) - 0.5) / mean;

			sum += gap;
			squares += gap * gap;
		}
		CHECK(fabs(sum / n - 1) < 5 / sqrt(n));
		/* The variance of the square is 24 - 4. */
		CHECK(fabs(squares / n - 2) < 5 * sqrt(20 / n) + 0.001);
	}
}

/* What the analyzer's weights rest on: P(gap <= S) = 1 - exp(-S/R). */
TEST(a_block_is_sampled_as_often_as_its_weight_says)
{
	static const uint64_t sizes[] = { 1, 16, 1000, 4096, 20000 };
	const uint64_t mean = 4096;
	const double n = 1e6;
	uint64_t random = 99;
	double hits[5] = { 0 };

	for (int i = 0; i < (int)n; i++) {
		uint64_t gap = sample_gap(&random, mean);

		for (int k = 0; k < 5; k++)
			hits[k] += gap <= sizes[k];
	}
	for (int k = 0; k < 5; k++) {
		double p = -expm1(-(double)sizes[k] / (double)mean);

		CHECK(fabs(hits[k] / n - p) < 5 * sqrt(p * (1 - p) / n));
	}
}

TEST(whole_runs_of_blocks_are_sampled_at_the_right_rate)
{
	struct tenure_slot *slot = calloc(1, sizeof(*slot));
	struct thread thread = { .slot = slot };
	const uint64_t mean = 2048;
	uint64_t random = 5, blocks = 0, samples = 0;
	double p = -expm1(-48.0 / 2048);

	thread.sample_left = sample_gap(&random, mean);
	for (blocks = 0; blocks < 1000000; blocks++) {
		if (sample_passes(&thread, 48))
			continue;
		samples++;
		thread.sample_left = sample_gap(&random, mean);
	}
	CHECK(fabs((double)samples - (double)blocks * p) < 5 * sqrt((double)blocks * p * (1 - p)));
	free(slot);
}

TEST(nothing_passes_unless_it_is_counted_down)
{
	struct tenure_slot *slot = calloc(1, sizeof(*slot));
	struct thread thread = { .slot = slot };

	CHECK(!sample_passes(NULL, 0));
	CHECK(!sample_passes(&thread, 0));
	thread.sample_left = 2;
	CHECK(sample_passes(&thread, 0)); /* as if it were one byte */
	CHECK_EQ(thread.sample_left, 1);
	CHECK(!sample_passes(&thread, 0));
	thread.sample_left = 1000;
	slot->busy = THREAD_INNER;
	CHECK(!sample_passes(&thread, 1));
	CHECK_EQ(thread.sample_left, 1000);
	free(slot);
}

TEST(the_filter_knows_exactly_the_blocks_it_was_told)
{
	uint64_t x = 1;

	begin(1 << 19);
	for (int round = 0; round < 3; round++) {
		uint64_t keys[5000];

		for (int i = 0; i < 5000; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			keys[i] = (0x7f0000000000u | (x >> 24 & ~UINT64_C(15) & 0xffffffffff)) +
				  (uint64_t)i;
			CHECK(!sample_has(keys[i]));
			CHECK(sample_remember(keys[i]));
		}
		for (int i = 0; i < 5000; i++) {
			CHECK(sample_has(keys[i]));
			CHECK(!sample_passes_free(NULL, keys[i]));
			CHECK(!sample_has(keys[i] ^ UINT64_C(1) << 63));
			CHECK(!sample_forget(keys[i] + (UINT64_C(1) << 44)));
		}
		for (int i = 0; i < 5000; i++) {
			CHECK(sample_forget(keys[i]));
			CHECK(!sample_forget(keys[i]));
		}
	}
	for (size_t i = 0; i < sizeof(sample_filter->counts); i++)
		CHECK_EQ(sample_filter->counts[i], 0);
	finish();
}

TEST(a_block_remembered_twice_is_forgotten_at_once)
{
	begin(1 << 19);
	CHECK(sample_remember(0x1000));
	CHECK(sample_remember(0x1000));
	CHECK(sample_forget(0x1000));
	CHECK(!sample_has(0x1000));
	CHECK(sample_passes_free(NULL, 0x1000));
	finish();
}

/* The near table overflows, counts reach their maximum, and at last there is no room. */
TEST(what_cannot_be_remembered_is_counted_and_all_else_is_found)
{
	const uint64_t many = 2 * (uint64_t)SAMPLE_FAR;
	uint64_t refused = 0, kept = 0;
	uint8_t *is_kept = calloc(many, 1);

	begin(1 << 10);
	for (uint64_t i = 0; i < many; i++) {
		is_kept[i] = sample_remember(0x10000 + 16 * i);
		refused += !is_kept[i];
	}
	CHECK(refused >= many - SAMPLE_NEAR - SAMPLE_FAR);
	CHECK_EQ(test_shared.lost[TENURE_LOST_SAMPLES], refused);
	for (uint64_t i = 0; i < many; i++) {
		CHECK_EQ(sample_forget(0x10000 + 16 * i), is_kept[i]);
		kept += is_kept[i];
	}
	CHECK(kept > SAMPLE_FAR * 3 / 4);
	CHECK(!sample_has(0x10000));
	free(is_kept);
	finish();
}
