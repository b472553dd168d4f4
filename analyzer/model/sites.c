/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sites: dense by stack id, chained where one stack uses several functions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "sites.h"

void sites_fini(struct sites *sites)
{
	free(sites->at);
	free(sites->by_stack);
	*sites = (struct sites){ 0 };
}

static int grow_stacks(struct sites *sites, uint32_t stack)
{
	uint32_t stacks = sites->stacks ? sites->stacks : 4096;
	uint32_t *by_stack;

	if (stack < sites->stacks)
		return 0;
	while (stacks <= stack)
		stacks *= 2;
	by_stack = realloc(sites->by_stack, stacks * sizeof(*by_stack));
	if (!by_stack)
		return -ENOMEM;
	memset(by_stack + sites->stacks, 0xff, (stacks - sites->stacks) * sizeof(*by_stack));
	sites->by_stack = by_stack;
	sites->stacks = stacks;
	return 0;
}

static int grow_sites(struct sites *sites)
{
	uint32_t space = sites->space ? sites->space * 2 : 1024;
	struct site *at;

	if (sites->count < sites->space)
		return 0;
	at = aligned_alloc(sizeof(*at) / 2, space * sizeof(*at));
	if (!at)
		return -ENOMEM;
	if (sites->count)
		memcpy(at, sites->at, sites->count * sizeof(*at));
	free(sites->at);
	sites->at = at;
	sites->space = space;
	return 0;
}

/* A new site in front of the others of its stack. */
static uint32_t add_site(struct sites *sites, uint32_t stack, uint32_t fn, uint32_t type)
{
	uint32_t index;

	if (grow_sites(sites) < 0)
		return SITES_NONE;
	index = sites->count++;
	sites->at[index] = (struct site){
		.stack = stack,
		.fn = fn,
		.type = type,
		.next = sites->by_stack[stack],
		.peak_number = sites->peak_number,
	};
	sites->by_stack[stack] = index;
	return index;
}

static bool is_full(const struct sites *sites)
{
	return sites->count >= HEAP_SITES_MAX - 1 - TENURE_FN_COUNT;
}

uint32_t sites_make(struct sites *sites, uint32_t stack, uint32_t fn)
{
	uint32_t index;

	if (stack >= TENURE_NODES_MAX || (is_full(sites) && stack))
		stack = 0;
	if (grow_stacks(sites, stack) < 0)
		return SITES_NONE;
	for (index = sites->by_stack[stack]; index != SITES_NONE; index = sites->at[index].next)
		if (sites->at[index].fn == fn)
			return index;
	return add_site(sites, stack, fn, 0);
}

uint32_t sites_type(struct sites *sites, uint32_t stack, uint32_t fn, uint32_t type)
{
	uint32_t first = sites_get(sites, stack, fn);
	uint32_t *link, index;

	if (first == SITES_NONE || sites->at[first].type == type || sites->at[first].stack != stack)
		return first;
	for (link = &sites->by_stack[stack]; *link != SITES_NONE; link = &sites->at[*link].next) {
		index = *link;
		if (sites->at[index].fn != fn || sites->at[index].type != type)
			continue;
		*link = sites->at[index].next;
		sites->at[index].next = sites->by_stack[stack];
		sites->by_stack[stack] = index;
		return index;
	}
	if (is_full(sites))
		return first;
	/* One that has no type and nothing to its name yet can be it. */
	if (!sites->at[first].type && !sites->at[first].allocations) {
		sites->at[first].type = type;
		return first;
	}
	return add_site(sites, stack, fn, type);
}

void sites_move(struct sites *sites, uint32_t from, uint32_t to, uint64_t bytes, uint64_t blocks,
		bool at_peak)
{
	struct site *old = &sites->at[from], *new = &sites->at[to];

	sites_touch(sites, old);
	sites_touch(sites, new);
	old->allocations -= blocks;
	old->bytes -= bytes;
	old->live_blocks -= blocks;
	old->live_bytes -= bytes;
	new->allocations += blocks;
	new->bytes += bytes;
	new->live_blocks += blocks;
	new->live_bytes += bytes;
	if (new->live_bytes > new->max_bytes)
		new->max_bytes = new->live_bytes;
	if (at_peak && old->peak_blocks >= blocks && old->peak_bytes >= bytes) {
		old->peak_blocks -= blocks;
		old->peak_bytes -= bytes;
		new->peak_blocks += blocks;
		new->peak_bytes += bytes;
	}
}

struct result_site *sites_result(const struct sites *sites)
{
	struct result_site *results = calloc(sites->count, sizeof(*results));

	if (!results)
		return NULL;
	for (uint32_t i = 0; i < sites->count; i++) {
		const struct site *site = &sites->at[i];
		bool is_seen = site->peak_number == sites->peak_number;
		uint64_t frees = site->allocations + site->pieces - site->live_blocks;

		results[i] = (struct result_site){
			.stack = site->stack,
			.fn = site->fn,
			.type = site->type,
			.allocations = site->allocations,
			.bytes = site->bytes,
			.frees = frees,
			.temporary = site->temporary,
			.live_blocks = site->live_blocks,
			.live_bytes = site->live_bytes,
			.peak_blocks = is_seen ? site->peak_blocks : site->live_blocks,
			.peak_bytes = is_seen ? site->peak_bytes : site->live_bytes,
			.max_bytes = site->max_bytes,
			.died = { frees - site->died[0] - site->died[1], site->died[0],
				  site->died[1] },
			.survived_bytes = site->died_old_bytes,
			.life_sum = site->life_sum,
			.life_max = site->life_max,
		};
	}
	return results;
}
