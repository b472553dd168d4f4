/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stack out of two: Python frames where the interpreter's loop runs in
 * the native stack.
 */
#ifndef SYMBOL_PYSPLICE_H
#define SYMBOL_PYSPLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/idmap.h"
#include "base/vec.h"
#include "model/result.h"

/**
 * struct pysplice - how to do it
 * @process: whose stacks they are
 * @is_eval: asked when the native stack shows fewer runs of the loop than the
 *           Python stack: is this node of @generation one, by its name?
 *           NULL: it never is
 * @arg:     for @is_eval
 * @nodes:   result, innermost first: node ids, native and Python
 * @keys:    as many: of what the stack from that node outwards depends on; 0: on more
 * @outside: what pysplice_learn() was told of all that is outside of @nodes; 0: nothing is
 * @known:   by key: what it was told
 * @counts:  per node: runs of the loop, or groups of frames, from there outwards, + 1
 * @roots:   per native node: the root of its stack
 */
struct pysplice {
	const struct result_process *process;
	bool (*is_eval)(void *arg, uint32_t node, uint32_t generation);
	void *arg;
	VEC(uint32_t) nodes;
	VEC(uint64_t) keys;
	uint32_t outside;
	struct idmap known;
	uint32_t *counts;
	uint32_t *roots;
	VEC(uint32_t) path;
	VEC(uint32_t) native;
	VEC(uint32_t) python;
	VEC(uint32_t) evals;
	VEC(uint32_t) groups;
};

/** pysplice_is_pair() - does the stack @node have Python frames? */
static inline bool pysplice_is_pair(const struct result_process *process, uint32_t node)
{
	return node < process->nodes_count &&
	       TENURE_NODE_KIND(process->nodes[node].word) == TENURE_NODE_PAIR;
}

/**
 * pysplice_stack() - fill @splice->nodes with the stack of a PAIR node
 *
 * Root nodes are left out.  Runs of the loop are matched to groups of Python
 * frames from the outermost inwards; if frames are missing at the outer end
 * of the native stack, from the innermost outwards.
 *
 * A deep recursion makes as many stacks as it is deep: where everything from a
 * node outwards is known, it is left out and @splice->outside says so.
 *
 * Return: module generation of the native stack, from 1, or -ENOMEM.
 */
attr_nodiscard int64_t pysplice_stack(struct pysplice *splice, uint32_t node);

/**
 * pysplice_learn() - the stack from @splice->nodes[@at] outwards need not be told again
 * @stack: not 0; what @splice->outside is to be then
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int pysplice_learn(struct pysplice *splice, size_t at, uint32_t stack);

/** pysplice_fini() - give the memory back */
void pysplice_fini(struct pysplice *splice);

#endif /* SYMBOL_PYSPLICE_H */
