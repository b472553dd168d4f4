/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each stack allocates, and what the peak was made of.
 *
 * The composition of the peak costs nothing per peak: each new peak has a
 * number, and a site that is about to change for the first time since writes
 * down what it holds.
 */
#ifndef MODEL_SITES_H
#define MODEL_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "result.h"

#define SITES_NONE	UINT32_MAX
#define SITES_TYPES_MAX (1u << 24)

/**
 * struct site - two cache lines; the first is what an allocation needs
 * @died:        in generations 1 and 2; the rest of the dead died in 0
 * @died_old_bytes: bytes of those that died in the oldest
 * @peak_number: the peak that @peak_bytes and @peak_blocks belong to, if it is
 *               the last; else what is live now was live then
 * @next:        site with the same stack and another function or type
 * @type:        of the provider's types, 0: none
 * @pieces:      mapped ranges that came from dividing or moving others
 */
struct site {
	uint64_t live_blocks;
	uint64_t live_bytes;
	uint64_t peak_number;
	uint64_t allocations;
	uint64_t bytes;
	uint64_t max_bytes;
	uint64_t peak_blocks;
	uint64_t peak_bytes;

	uint64_t temporary;
	uint64_t died[RESULT_GENERATIONS - 1];
	uint64_t died_old_bytes;
	uint64_t life_sum;
	uint64_t life_max;
	uint32_t stack;
	uint32_t fn : 8;
	uint32_t type : 24;
	uint32_t next;
	uint32_t pieces;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct site) == 128, "site: two cache lines");

/**
 * struct sites - all zero is an empty table
 * @by_stack:    first site of a stack, by id; SITES_NONE
 * @live_bytes:  of all sites, and so on
 * @peak_number: of the last peak
 */
struct sites {
	struct site *at;
	uint32_t count;
	uint32_t space;
	uint32_t *by_stack;
	uint32_t stacks;
	uint64_t live_bytes;
	uint64_t live_blocks;
	uint64_t peak_bytes;
	uint64_t peak_blocks;
	uint64_t peak_stamp;
	uint64_t peak_number;
};

void sites_fini(struct sites *sites);

/** sites_make() - slow half of sites_get() */
attr_cold uint32_t sites_make(struct sites *sites, uint32_t stack, uint32_t fn);

/**
 * sites_get() - index of the site of (@stack, @fn), made if need be
 *
 * Stacks beyond the limit of ids, and sites beyond theirs, are one with stack 0.
 *
 * Return: SITES_NONE when memory has run out.
 */
static inline uint32_t sites_get(struct sites *sites, uint32_t stack, uint32_t fn)
{
	if (likely(stack < sites->stacks)) {
		uint32_t index = sites->by_stack[stack];

		if (likely(index != SITES_NONE && sites->at[index].fn == fn))
			return index;
	}
	return sites_make(sites, stack, fn);
}

/**
 * sites_type() - from here on blocks of (@stack, @fn) are of this type
 *
 * Return: index of the site of all three, made if need be, which sites_get()
 * returns from now on; SITES_NONE when memory has run out.
 */
uint32_t sites_type(struct sites *sites, uint32_t stack, uint32_t fn, uint32_t type);

/**
 * sites_move() - a live block belongs to another site than was thought
 * @at_peak: it was alive at the last peak
 */
void sites_move(struct sites *sites, uint32_t from, uint32_t to, uint64_t bytes, uint64_t blocks,
		bool at_peak);

/** sites_touch() - to be called before a site changes */
static inline void sites_touch(const struct sites *sites, struct site *site)
{
	if (site->peak_number != sites->peak_number) {
		site->peak_number = sites->peak_number;
		site->peak_bytes = site->live_bytes;
		site->peak_blocks = site->live_blocks;
	}
}

/** sites_grow() - @bytes more of @site are alive, @blocks blocks more */
static inline void sites_grow(struct sites *sites, struct site *site, uint64_t bytes,
			      uint64_t blocks, uint64_t stamp)
{
	sites_touch(sites, site);
	site->live_bytes += bytes;
	site->live_blocks += blocks;
	if (site->live_bytes > site->max_bytes)
		site->max_bytes = site->live_bytes;
	sites->live_bytes += bytes;
	sites->live_blocks += blocks;
	if (sites->live_bytes > sites->peak_bytes) {
		sites->peak_bytes = sites->live_bytes;
		sites->peak_blocks = sites->live_blocks;
		sites->peak_stamp = stamp;
		sites->peak_number++;
	}
}

/** sites_shrink() - the opposite */
static inline void sites_shrink(struct sites *sites, struct site *site, uint64_t bytes,
				uint64_t blocks)
{
	sites_touch(sites, site);
	site->live_bytes -= bytes;
	site->live_blocks -= blocks;
	sites->live_bytes -= bytes;
	sites->live_blocks -= blocks;
}

/** sites_died() - @blocks blocks of @bytes died in @generation; negative numbers take that back */
static inline void sites_died(struct site *site, unsigned int generation, uint64_t bytes,
			      uint64_t blocks)
{
	if (likely(!generation))
		return;
	site->died[generation - 1] += blocks;
	if (generation == RESULT_GENERATIONS - 1)
		site->died_old_bytes += bytes;
}

/**
 * sites_result() - the table as the result wants it
 *
 * Return: malloc'd array of sites->count, owned by the caller; alive[] and
 * alive_bytes[] are left 0, survived_bytes is that of the dead.  NULL when memory has run out or it
 * is empty.
 */
struct result_site *sites_result(const struct sites *sites);

#endif /* MODEL_SITES_H */
