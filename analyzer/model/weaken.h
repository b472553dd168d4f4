/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which reference of a shape had better be weak, or be cleared in time.
 */
#ifndef MODEL_WEAKEN_H
#define MODEL_WEAKEN_H

#include <stdint.h>

#include "base/attr.h"
#include "shapes.h"

/** struct weaken_edge - a reference between two objects of a cycle, by their positions in it */
struct weaken_edge {
	uint32_t from;
	uint32_t to;
	uint32_t edge; /* of the shape */
};

/**
 * weaken_choose() - sets @weaken of the edges without which a cycle is none
 * @objects: in the cycle
 * @edges:   of the cycle, @count of them
 *
 * One kind of reference if one is enough, else a few.
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int weaken_choose(const struct shapes *shapes, struct shape *shape, uint32_t objects,
				 const struct weaken_edge *edges, size_t count);

#endif /* MODEL_WEAKEN_H */
