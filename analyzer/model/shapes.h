/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cycles grouped by what they look like: the types of their members, where
 * these were allocated, and the names of the references among them.
 */
#ifndef MODEL_SHAPES_H
#define MODEL_SHAPES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/hashmap.h"
#include "base/intern.h"
#include "base/vec.h"
#include "garbage.h"
#include "result-cycles.h"

#define SHAPES_REUSED 7

/**
 * struct shape_member - as struct cycles_member
 * @type:  number in shapes.texts
 * @stack: 0 when it does not count
 * @birth: of the block that @sum.stack is of
 */
struct shape_member {
	uint32_t type;
	uint32_t stack;
	uint64_t birth;
	struct cycles_member sum;
};

/** struct shape_edge - @name: number in shapes.texts */
struct shape_edge {
	uint32_t name;
	struct cycles_edge sum;
};

struct shape {
	struct cycles_shape sum;
	struct shape_member *members;
	struct shape_edge *edges;
	uint32_t members_count;
	uint32_t edges_count;
};

/**
 * struct shapes - all zero is an empty one
 * @texts:   type and attribute names
 * @dropped: cycles of shapes that there was no room for
 * @reused:  names of types whose freed objects are kept for the next one
 */
struct shapes {
	struct intern texts;
	struct arena arena;
	struct hashmap by_hash;
	VEC(struct shape) all;
	VEC(struct cycles_shape) results;
	uint64_t dropped;
	uint32_t reused[SHAPES_REUSED];

	/* Of the cycle that is looked at; kept for their memory. */
	VEC(struct shape_member) members;
	VEC(struct shape_edge) edges;
	VEC(uint32_t) member_of; /* by position in the component */
	VEC(uint32_t) place_of;	 /* by object: its position */
};

/**
 * struct shape_names - numbers to numbers of texts
 * @types: by type id, @types_count of them; @names: by name id, likewise
 */
struct shape_names {
	const uint32_t *types;
	size_t types_count;
	const uint32_t *names;
	size_t names_count;
};

/** struct shape_find - @stamp: when; @generation: whose collection found it */
struct shape_find {
	uint64_t stamp;
	unsigned int generation;
	enum cycles_fate fate;
};

/** shapes_init() - the texts that are always there, "" first; 0 or -ENOMEM */
attr_nodiscard int shapes_init(struct shapes *shapes);

void shapes_fini(struct shapes *shapes);

/**
 * shapes_add() - one more cycle
 * @scc:       of @graph, which was analyzed
 * @ret_shape: index of its shape, GARBAGE_NONE when there is no room for it
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int shapes_add(struct shapes *shapes, const struct garbage *graph,
			      const struct garbage_scc *scc, const struct shape_names *names,
			      const struct shape_find *find, uint32_t *ret_shape);

/** shapes_finish() - everything there is to know, the largest first; 0 or -ENOMEM */
attr_nodiscard int shapes_finish(struct shapes *shapes, struct result_cycles *result);

#endif /* MODEL_SHAPES_H */
