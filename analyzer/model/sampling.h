/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Estimates from samples.
 *
 * A block of S bytes was recorded with the probability p = 1 - exp(-S/R), so
 * it stands for 1/p blocks of its kind: then every sum over blocks has the
 * right mean.  A recorded block adds (1 - p)/p^2 times the square of what it
 * is counted for to the estimate of the sum's variance.
 *
 * Figures are whole numbers, so what a block stands for is rounded up or
 * down, at random but always in the same way for the same block: it takes back
 * exactly what it added.
 */
#ifndef MODEL_SAMPLING_H
#define MODEL_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "result.h"

/**
 * struct sampling_weight - what one block is counted for
 * @blocks, @bytes: that it stands for
 * @blocks_error, @bytes_error: what it adds to the variance of their sums
 */
struct sampling_weight {
	uint64_t blocks;
	uint64_t bytes;
	double blocks_error;
	double bytes_error;
};

/** struct sampling_sum - variances of sums over blocks */
struct sampling_sum {
	double blocks;
	double bytes;
};

/**
 * struct sampling_errors - variances of the figures of a site, or of all
 * @made: of the blocks ever made
 * @live: of those alive
 * @peak: of those alive at the peak with @peak_number; see struct site
 */
struct sampling_errors {
	struct sampling_sum made;
	struct sampling_sum live;
	struct sampling_sum peak;
	uint64_t peak_number;
};

/**
 * struct sampling - all zero when everything is recorded
 * @mean:  mean distance of samples in bytes, 0: everything is recorded
 * @sites: by index of the site
 */
struct sampling {
	uint64_t mean;
	struct sampling_errors all;
	VEC(struct sampling_errors) sites;
};

void sampling_fini(struct sampling *sampling);

/**
 * sampling_weigh() - what a block of @bytes is counted for
 * @seed: the same for all events of a block, different for each block
 */
struct sampling_weight sampling_weigh(const struct sampling *sampling, uint64_t bytes,
				      uint64_t seed);

/**
 * sampling_made() - the errors of a block that @site has made
 * @peak: number of the last peak before, @now of the last one with the block
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int sampling_made(struct sampling *sampling, uint32_t site,
				 const struct sampling_weight *weight, uint64_t peak, uint64_t now);

/** sampling_back() - the errors of a block that was not freed after all; likewise */
attr_nodiscard int sampling_back(struct sampling *sampling, uint32_t site,
				 const struct sampling_weight *weight, uint64_t peak, uint64_t now);

/** sampling_died() - the errors of a live block that is no more */
void sampling_died(struct sampling *sampling, uint32_t site, const struct sampling_weight *weight,
		   uint64_t peak);

/** sampling_moved() - what sites_move() is for errors.  Return: 0 or -ENOMEM */
attr_nodiscard int sampling_moved(struct sampling *sampling, uint32_t from, uint32_t to,
				  const struct sampling_weight *weight, uint64_t peak,
				  bool at_peak);

/** sampling_result() - standard errors of @site, or of all sites for UINT32_MAX */
struct result_errors sampling_result(const struct sampling *sampling, uint32_t site, uint64_t peak);

#endif /* MODEL_SAMPLING_H */
