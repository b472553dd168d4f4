/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of Python programs: what the objects of each type keep, and which objects
 * keep most.
 */
#ifndef ANALYSIS_PYKEPT_H
#define ANALYSIS_PYKEPT_H

#include "base/attr.h"
#include "graph.h"
#include "kept.h"
#include "model/result-leaks.h"

#define PYKEPT_OBJECTS 50u

/**
 * struct pykept_sum - of all objects of a type, or of one object
 * @example: block of the one that keeps most, which is @most
 * @active:  of those above, now
 */
struct pykept_sum {
	struct leaks_count own;
	struct leaks_count kept;
	struct leaks_count most;
	uint32_t example;
	uint32_t active;
};

/** struct pykept - all zero is nothing; @types: by number of the type; @objects: in order */
struct pykept {
	struct pykept_sum *types;
	size_t types_count;
	struct pykept_sum objects[PYKEPT_OBJECTS];
	size_t objects_count;
};

/** pykept_sum() - of a program with an interpreter.  Return: 0 or -ENOMEM */
attr_nodiscard int pykept_sum(struct pykept *pykept, const struct graph *graph,
			      const struct kept *kept);

/** pykept_way - fill in what is to be told of @block, and the way to it.  Return: 0 or -ENOMEM */
typedef int pykept_way(void *arg, uint32_t block, struct leaks_kept *kept);

/** pykept_write() - @types and @objects of @leaks.  Return: 0 or -ENOMEM */
attr_nodiscard int pykept_write(const struct pykept *pykept, struct result_leaks *leaks,
				pykept_way *way, void *arg);
void pykept_fini(struct pykept *pykept);

#endif /* ANALYSIS_PYKEPT_H */
