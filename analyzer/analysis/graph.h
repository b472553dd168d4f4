/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who points at whom: from each block, and from what holds blocks by itself.
 */
#ifndef ANALYSIS_GRAPH_H
#define ANALYSIS_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/target.h"
#include "base/vec.h"
#include "blocks.h"
#include "model/result-leaks.h"
#include "pyheap.h"

/* In graph_edge.to: the pointer is to the inside of the block, and nothing explains that. */
#define GRAPH_INSIDE (UINT32_C(1) << 31)

/**
 * struct graph_edge - a pointer that lies in a block
 * @to:   block it points at, perhaps GRAPH_INSIDE
 * @from: where in its own block it lies, bytes; UINT32_MAX if further
 */
struct graph_edge {
	uint32_t to;
	uint32_t from;
};

/** struct graph_root - a pointer that lies at @addr in something that is alive by itself */
struct graph_root {
	uint32_t to;
	uint32_t holder;
	uint64_t addr; /* 0: in no memory */
};

/**
 * struct graph_inside - what a pointer with GRAPH_INSIDE was
 * @at:      number of the edge; with @is_root of the root
 * @offset:  from the beginning of the block
 */
struct graph_inside {
	uint64_t at : 63;
	uint64_t is_root : 1;
	uint64_t offset;
};

/**
 * struct graph - all zero is empty
 * @first:   by block: number of its first edge; one more at the end
 * @heads:   by block: enum graph_head
 * @hidden:  what may be pointers, until hidden_find()
 * @tables:  by site: of all its blocks
 * @python:  objects of an interpreter; NULL: there is none
 * @unread:  bytes of blocks that could not be read
 * @low, @high: bounds of all blocks
 */
struct graph {
	const struct session_view *view;
	const struct target *target;
	struct blocks blocks;
	VEC(struct graph_edge) edges;
	VEC(struct graph_root) roots;
	VEC(struct graph_inside) insides;
	VEC(struct leaks_holder) holders;
	uint32_t *first;
	uint8_t *heads;
	struct hidden *hidden;
	struct leaks_table *tables;
	struct pyheap *python;
	uint64_t unread;
	uint64_t low;
	uint64_t high;
};

/** graph_find() - as blocks_find(), but for what cannot be a reference to a Python object */
static inline uint32_t graph_find(const struct graph *graph, uint64_t word, uint64_t *ret_offset)
{
	uint32_t to = blocks_find(&graph->blocks, word, ret_offset);

	if (graph->python && to != BLOCKS_NONE && !pyheap_counts(graph->python, to, *ret_offset))
		return BLOCKS_NONE;
	return to;
}

/*
 * Does a pointer there count for less?  What was mapped is a place to put things: it has no
 * beginning that would count for more.  Python objects begin further behind.
 */
static inline bool graph_is_inside(const struct graph *graph, uint32_t to, uint64_t offset)
{
	return offset >= 8 && graph->blocks.at[to].site != BLOCKS_SITE_MAPPED &&
	       !(graph->python && graph->python->info[to]);
}

/* What is known of a block by its first words and by its site. */
enum graph_head {
	GRAPH_COUNT_8 = 1u << 0,  /* could be an array with its length before it */
	GRAPH_COUNT_16 = 1u << 1, /* likewise, with elements aligned to 16 bytes */
	GRAPH_VTABLE = 1u << 2,	  /* begins with a pointer into a module */
	GRAPH_RUNTIME = 1u << 3,  /* the runtime's own: no function of the program asked for it */
	GRAPH_PYTHON = 1u << 4,	  /* from an interpreter's own allocators */
};

/** graph_init() - find all pointers in blocks.  Return: 0 or a negative errno */
attr_nodiscard int graph_init(struct graph *graph, const struct session_view *view,
			      const struct target *target);
void graph_fini(struct graph *graph);

/** graph_root() - @word was found at @addr in what @holder is.  Return: 0 or -ENOMEM */
attr_nodiscard int graph_root(struct graph *graph, uint64_t word, uint32_t holder, uint64_t addr);

/** graph_holder() - a number for it.  Return: 0 or -ENOMEM */
attr_nodiscard int graph_holder(struct graph *graph, const struct leaks_holder *holder,
				uint32_t *ret_number);

/** struct graph_join - a new edge, of @block */
struct graph_join {
	uint32_t block;
	struct graph_edge edge;
};

/** graph_join() - add @count of them, in the order of their blocks.  Return: 0, -ENOMEM, -E2BIG */
attr_nodiscard int graph_join(struct graph *graph, const struct graph_join *joins, size_t count);

/**
 * graph_explain() - find out which pointers to the inside of blocks are as good as
 * those to their beginning
 *
 * When all edges and roots are there, and the memory can still be read.
 */
attr_nodiscard int graph_explain(struct graph *graph);

/** graph_module() - the module that @addr lies in now, or NULL */
const struct result_module *graph_module(const struct session_view *view, uint64_t addr);

/** graph_is_allocator() - is the module an allocator, whose data points at what is free? */
bool graph_is_allocator(const struct result_module *module);

/** graph_owners() - GRAPH_RUNTIME and GRAPH_PYTHON in heads.  Return: 0 or -ENOMEM */
attr_nodiscard int graph_owners(struct graph *graph);

/** graph_is_libc() - is the module the C library? */
bool graph_is_libc(const struct result_module *module);

/** graph_is_linker() - is it the dynamic linker? */
bool graph_is_linker(const struct result_module *module);

/** roots_find() - all that is alive by itself.  Return: 0 or a negative errno */
attr_nodiscard int roots_find(struct graph *graph, struct result_leaks *leaks);

#endif /* ANALYSIS_GRAPH_H */
