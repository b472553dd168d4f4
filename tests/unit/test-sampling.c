/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of sampled blocks: estimates without bias, and errors that are what they say. */
#include "model/sampling.h"

#include <math.h>

#include "test.h"

#define MEAN 65536

/* A stand-in for chance, in [0, 1). */
static double draw(uint64_t *random)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (double)(*random >> 11) * 0x1p-53;
}

TEST(estimates_are_right_on_average_and_as_uncertain_as_they_say)
{
	static const uint64_t sizes[] = { 0, 24, 1000, 30000, 65536, 200000, 3000000 };
	const struct sampling sampling = { .mean = MEAN };
	uint64_t random = 3;

	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		const double n = 400000;
		double size = (double)(sizes[k] ? sizes[k] : 1);
		double p = -expm1(-size / MEAN);
		double blocks = 0, bytes = 0, error = 0;

		for (int i = 0; i < (int)n; i++) {
			struct sampling_weight weight;

			if (draw(&random) >= p)
				continue;
			weight = sampling_weigh(&sampling, sizes[k], random);
			blocks += (double)weight.blocks;
			bytes += (double)weight.bytes;
			error += weight.blocks_error;
		}
		/* n blocks were made; the true variance of the estimate is n (1 - p) / p. */
		CHECK(fabs(blocks - n) <= 4.5 * sqrt(n * (1 - p) / p + n / 4));
		CHECK(fabs(bytes - n * (double)sizes[k]) <=
		      4.5 * (double)sizes[k] * sqrt(n * (1 - p) / p) + n);
		CHECK(sizes[k] < 1000 || error == 0 ||
		      fabs(error / (n * (1 - p) / p + n * p / 8) - 1) < 0.2 || p > 0.6);
	}
}

TEST(a_block_always_counts_for_the_same)
{
	const struct sampling sampling = { .mean = MEAN };

	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct sampling_weight a = sampling_weigh(&sampling, 50000, seed);
		struct sampling_weight b = sampling_weigh(&sampling, 50000, seed);

		CHECK_EQ(a.blocks, b.blocks);
		CHECK_EQ(a.bytes, b.bytes);
		CHECK(a.blocks == 1 || a.blocks == 2);
	}
}

TEST(errors_follow_blocks_that_come_go_and_move)
{
	struct sampling sampling = { .mean = MEAN };
	struct sampling_weight weight = sampling_weigh(&sampling, 1000, 1);
	struct result_errors errors;

	CHECK_EQ(sampling_made(&sampling, 3, &weight, 0, 1), 0);
	errors = sampling_result(&sampling, UINT32_MAX, 1);
	CHECK(errors.live_bytes > 60000 && errors.live_bytes < 70000);
	CHECK_EQ(errors.peak_bytes, errors.live_bytes);
	CHECK_EQ(errors.bytes, errors.live_bytes);

	CHECK_EQ(sampling_moved(&sampling, 3, 5, &weight, 1, true), 0);
	CHECK_EQ(sampling_result(&sampling, 3, 1).live_bytes, 0);
	CHECK_EQ(sampling_result(&sampling, 5, 1).live_bytes, errors.live_bytes);

	sampling_died(&sampling, 5, &weight, 1);
	CHECK_EQ(sampling_result(&sampling, 5, 1).live_bytes, 0);
	CHECK_EQ(sampling_result(&sampling, 5, 1).peak_bytes, errors.live_bytes);
	CHECK_EQ(sampling_result(&sampling, 5, 1).bytes, errors.live_bytes);
	CHECK_EQ(sampling_result(&sampling, UINT32_MAX, 1).live_bytes, 0);
	CHECK_EQ(sampling_result(&sampling, 1000, 1).bytes, 0);
	sampling_fini(&sampling);
}
