/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program mapped by itself: ranges of addresses, and who made them.
 *
 * Ranges are kept in order in leaves of bounded size, so that a change moves
 * little memory however many there are.
 */
#ifndef MODEL_MAPS_H
#define MODEL_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "sites.h"

/**
 * struct maps_range - addresses from @start to before @end
 * @site: index in maps->sites; meaningless for a file
 * @file: it shows a file; such ranges are counted apart
 */
struct maps_range {
	uint64_t start;
	uint64_t end;
	uint32_t site;
	bool file;
};

struct maps_leaf;

/**
 * struct maps - all zero is an empty address space
 * @sites:      of anonymous ranges; live_bytes, peak and so on are theirs
 * @file_bytes: of file ranges
 */
struct maps {
	struct maps_leaf **leaves;
	size_t leaves_count;
	size_t leaves_space;
	struct sites sites;
	uint64_t file_bytes;
};

void maps_fini(struct maps *maps);

/** struct maps_new - a range that comes to be */
struct maps_new {
	uint64_t start;
	uint64_t bytes;
	uint32_t stack;
	bool file;
	uint64_t stamp;
};

/**
 * maps_add() - a new range; what was there before is replaced
 *
 * Return: 0; -EINVAL for a range that no address space holds; -ENOMEM.
 */
attr_nodiscard int maps_add(struct maps *maps, const struct maps_new *range);

/** maps_remove() - nothing is mapped from @start on for @bytes; return as maps_add() */
attr_nodiscard int maps_remove(struct maps *maps, uint64_t start, uint64_t bytes);

/**
 * struct maps_move - mremap(2)
 * @stack: who did it: owns what is added at the end
 * @keep:  the old range stays mapped (MREMAP_DONTUNMAP), or @old_bytes is 0
 */
struct maps_move {
	uint64_t old_start;
	uint64_t old_bytes;
	uint64_t new_start;
	uint64_t new_bytes;
	uint32_t stack;
	bool keep;
	uint64_t stamp;
};

/** maps_move() - the old range, or as much of it as fits, is at a new place; as maps_add() */
attr_nodiscard int maps_move(struct maps *maps, const struct maps_move *move);

/**
 * maps_next() - the first range that ends above @addr
 *
 * Return: borrowed until the next change, NULL when there is none.
 */
const struct maps_range *maps_next(const struct maps *maps, uint64_t addr);

#endif /* MODEL_MAPS_H */
