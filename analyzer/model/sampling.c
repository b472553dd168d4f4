/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates from samples. */
#include <math.h>

#include "sampling.h"

void sampling_fini(struct sampling *sampling)
{
	vec_fini(&sampling->sites);
	*sampling = (struct sampling){ 0 };
}

/* A number in [0, 1) that looks random. */
static double fraction_of(uint64_t seed)
{
	seed = (seed ^ seed >> 32) * 0x9e3779b97f4a7c15u;
	seed = (seed ^ seed >> 29) * 0xbf58476d1ce4e5b9u;
	seed ^= seed >> 32;
	return (double)(seed >> 11) * 0x1p-53;
}

struct sampling_weight sampling_weigh(const struct sampling *sampling, uint64_t bytes,
				      uint64_t seed)
{
	/* The shim takes a block without size for one of one byte. */
	double p = -expm1(-(double)(bytes ? bytes : 1) / (double)sampling->mean);
	double weight = 1 / p;
	double whole = floor(weight);
	double rest = weight - whole;
	double error = weight * (weight - 1);

	return (struct sampling_weight){
		.blocks = (uint64_t)whole + (fraction_of(seed) < rest),
		.bytes = (uint64_t)((double)bytes * weight + 0.5),
		.blocks_error = error + rest * (1 - rest),
		.bytes_error = error * (double)bytes * (double)bytes,
	};
}

static void add(struct sampling_sum *sum, const struct sampling_weight *weight)
{
	sum->blocks += weight->blocks_error;
	sum->bytes += weight->bytes_error;
}

static void take(struct sampling_sum *sum, const struct sampling_weight *weight)
{
	sum->blocks = fmax(sum->blocks - weight->blocks_error, 0);
	sum->bytes = fmax(sum->bytes - weight->bytes_error, 0);
}

/* To be called before @errors change; see sites_touch(). */
static void touch(struct sampling_errors *errors, uint64_t peak)
{
	if (errors->peak_number != peak) {
		errors->peak_number = peak;
		errors->peak = errors->live;
	}
}

static int have_site(struct sampling *sampling, uint32_t site, uint64_t peak)
{
	while (sampling->sites.count <= site) {
		int r = vec_push(&sampling->sites,
				 ((struct sampling_errors){ .peak_number = peak }));

		if (r < 0)
			return r;
	}
	return 0;
}

int sampling_back(struct sampling *sampling, uint32_t site, const struct sampling_weight *weight,
		  uint64_t peak, uint64_t now)
{
	struct sampling_errors *errors;
	int r = have_site(sampling, site, peak);

	if (r < 0)
		return r;
	errors = &sampling->sites.at[site];
	touch(errors, peak);
	add(&errors->live, weight);
	add(&sampling->all.live, weight);
	if (peak != now)
		sampling->all.peak = sampling->all.live;
	return 0;
}

int sampling_made(struct sampling *sampling, uint32_t site, const struct sampling_weight *weight,
		  uint64_t peak, uint64_t now)
{
	int r = sampling_back(sampling, site, weight, peak, now);

	if (r < 0)
		return r;
	add(&sampling->sites.at[site].made, weight);
	add(&sampling->all.made, weight);
	return 0;
}

void sampling_died(struct sampling *sampling, uint32_t site, const struct sampling_weight *weight,
		   uint64_t peak)
{
	if (site >= sampling->sites.count)
		return;
	touch(&sampling->sites.at[site], peak);
	take(&sampling->sites.at[site].live, weight);
	take(&sampling->all.live, weight);
}

int sampling_moved(struct sampling *sampling, uint32_t from, uint32_t to,
		   const struct sampling_weight *weight, uint64_t peak, bool at_peak)
{
	int r = have_site(sampling, from > to ? from : to, peak);

	if (r < 0)
		return r;
	touch(&sampling->sites.at[from], peak);
	touch(&sampling->sites.at[to], peak);
	take(&sampling->sites.at[from].made, weight);
	take(&sampling->sites.at[from].live, weight);
	add(&sampling->sites.at[to].made, weight);
	add(&sampling->sites.at[to].live, weight);
	if (at_peak) {
		take(&sampling->sites.at[from].peak, weight);
		add(&sampling->sites.at[to].peak, weight);
	}
	return 0;
}

static uint64_t root(double variance)
{
	return (uint64_t)(sqrt(variance) + 0.5);
}

struct result_errors sampling_result(const struct sampling *sampling, uint32_t site, uint64_t peak)
{
	const struct sampling_errors *errors = &sampling->all;
	const struct sampling_sum *at_peak = &sampling->all.peak;

	if (site != UINT32_MAX) {
		if (site >= sampling->sites.count)
			return (struct result_errors){ 0 };
		errors = &sampling->sites.at[site];
		at_peak = errors->peak_number == peak ? &errors->peak : &errors->live;
	}
	return (struct result_errors){
		.allocations = root(errors->made.blocks),
		.bytes = root(errors->made.bytes),
		.live_blocks = root(errors->live.blocks),
		.live_bytes = root(errors->live.bytes),
		.peak_blocks = root(at_peak->blocks),
		.peak_bytes = root(at_peak->bytes),
	};
}
