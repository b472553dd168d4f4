/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All live blocks by address, and from any word to the block it points at.
 *
 * A bitmap of where blocks begin, in regions of 4 MiB, and the number of
 * blocks before each word of it: so blocks are in order of addresses without
 * sorting, and a look-up is two loads.
 */
#ifndef ANALYSIS_BLOCKS_H
#define ANALYSIS_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "model/session.h"

#define BLOCKS_NONE UINT32_MAX
#define BLOCKS_MAX  (UINT32_C(1) << 30)

/* Beside the numbers of sites: a range that the program mapped. */
#define BLOCKS_SITE_MAPPED ((UINT64_C(1) << 24) - 1)

/**
 * struct block - one live block, or a mapped range
 * @site: index in the session's sites; BLOCKS_SITE_MAPPED
 */
struct block {
	uint64_t addr;
	uint64_t bytes : 40;
	uint64_t site : 24;
};

/* The rest of a larger one is not looked at. */
#define BLOCKS_BYTES_MAX ((UINT64_C(1) << 40) - 1)

struct blocks_region;

/**
 * struct blocks - all zero is none
 * @at:     the first @inner in order of addresses, none within another; then
 *          those that hold others, and mapped ranges, also in order
 * @outer:  by block: number of the one around it, BLOCKS_NONE.  NULL: nobody is inside another
 * @crowded: blocks that begin in the same word as another: not classified
 */
struct blocks {
	struct block *at;
	uint32_t count;
	uint32_t inner;
	uint32_t *outer;
	uint64_t crowded;
	struct blocks_region *regions;
	size_t regions_count;
	uint64_t *bits;	 /* of all regions */
	uint32_t *ranks; /* likewise */
	uint32_t *table;
	unsigned int table_bits;
};

/** blocks_init() - from the models of a session.  Return: 0, -ENOMEM, -E2BIG */
attr_nodiscard int blocks_init(struct blocks *blocks, const struct session_view *view);
void blocks_fini(struct blocks *blocks);

/**
 * blocks_find() - the innermost block that @word points into
 * @ret_offset: how far, in bytes
 *
 * Return: its number, or BLOCKS_NONE.
 */
uint32_t blocks_find(const struct blocks *blocks, uint64_t word, uint64_t *ret_offset);

/**
 * blocks_fetch() - bring what blocks_find() will look at first into the cache
 * @word: between the bounds of all blocks
 */
void blocks_fetch(const struct blocks *blocks, uint64_t word);

/** blocks_fetch_block() - and what it will look at then */
void blocks_fetch_block(const struct blocks *blocks, uint64_t word);

/** blocks_seal() - give back what only blocks_init() and blocks_find() need */
void blocks_seal(struct blocks *blocks);

#endif /* ANALYSIS_BLOCKS_H */
