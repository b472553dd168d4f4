/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching the two halves of a stack.
 *
 * From 3.11 on several Python frames share one run of the C function that
 * executes them; the outermost frame of such a group is marked.
 */
#include "pysplice.h"

#include <errno.h>
#include <stddef.h>

#include "model/result-python.h"

static const struct tenure_node *node_at(const struct pysplice *splice, uint32_t node)
{
	return &splice->process->nodes[node];
}

/* Parents have smaller numbers, so that walks end even in a damaged table. */
static uint32_t parent_of(const struct pysplice *splice, uint32_t node)
{
	uint32_t parent = node_at(splice, node)->parent;

	return parent < node ? parent : 0;
}

static bool in_eval(const struct pysplice *splice, uint32_t node)
{
	const struct result_python *python = splice->process->python;
	uint64_t word = node_at(splice, node)->word;
	uint64_t pc = TENURE_NODE_PC(word);

	if (!python)
		return false;
	/* The call may be the last instruction of its function. */
	if (TENURE_NODE_KIND(word) != TENURE_NODE_EXACT)
		pc--;
	return pc - python->eval < python->eval_bytes || pc - python->cold < python->cold_bytes;
}

static bool in_interpreter(const struct pysplice *splice, uint32_t node)
{
	const struct result_python *python = splice->process->python;
	uint64_t pc = TENURE_NODE_PC(node_at(splice, node)->word);

	return python && pc >= python->start && pc < python->end;
}

/* The native half, without its root.  Return: generation, or -ENOMEM. */
static int64_t read_native(struct pysplice *splice, uint32_t node, bool *ret_cut)
{
	*ret_cut = false;
	for (; node; node = parent_of(splice, node)) {
		uint64_t word = node_at(splice, node)->word;

		if (TENURE_NODE_KIND(word) == TENURE_NODE_ROOT)
			return (int64_t)TENURE_NODE_PC(word);
		if (TENURE_NODE_KIND(word) == TENURE_NODE_CUT)
			*ret_cut = true;
		if (vec_push(&splice->native, node) < 0)
			return -ENOMEM;
	}
	return 1;
}

/* The Python half, and the index behind each group's outermost frame; groups can be empty. */
static int read_python(struct pysplice *splice, uint32_t node)
{
	for (; node; node = parent_of(splice, node)) {
		uint64_t word = node_at(splice, node)->word;
		uint32_t outer = TENURE_NODE_FLAGS(word) & TENURE_PY_NODE_OUTER;
		uint32_t empty = TENURE_PY_NODE_EMPTY(TENURE_NODE_FLAGS(word));

		while (empty--)
			if (vec_push(&splice->groups, (uint32_t)splice->python.count) < 0)
				return -ENOMEM;
		if (vec_push(&splice->python, node) < 0)
			return -ENOMEM;
		if ((outer || !parent_of(splice, node)) &&
		    vec_push(&splice->groups, (uint32_t)splice->python.count) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* @generation: 0 to go by addresses alone. */
static int find_evals(struct pysplice *splice, uint32_t generation)
{
	vec_clear(&splice->evals);
	for (size_t i = 0; i < splice->native.count; i++) {
		uint32_t node = splice->native.at[i];

		if (!in_eval(splice, node) && !(generation && in_interpreter(splice, node) &&
						splice->is_eval(splice->arg, node, generation)))
			continue;
		if (vec_push(&splice->evals, (uint32_t)i) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int put_groups(struct pysplice *splice, size_t from, size_t to)
{
	size_t i = from ? splice->groups.at[from - 1] : 0;

	for (size_t end = to ? splice->groups.at[to - 1] : 0; i < end; i++)
		if (vec_push(&splice->nodes, splice->python.at[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* @first: the run that the innermost group belongs to; negative: groups without one. */
static int merge(struct pysplice *splice, ptrdiff_t first)
{
	ptrdiff_t groups = (ptrdiff_t)splice->groups.count;
	ptrdiff_t eval = 0, group = 0;

	for (size_t i = 0; i < splice->native.count; i++) {
		int err = 0;

		if ((size_t)eval < splice->evals.count &&
		    splice->evals.at[(size_t)eval] == (uint32_t)i) {
			ptrdiff_t to = eval - first + 1;

			if (to > groups)
				to = groups;
			eval++;
			if (to > group) {
				size_t before = splice->nodes.count;

				err = put_groups(splice, (size_t)group, (size_t)to);
				group = to;
				if (err)
					return err;
				if (splice->nodes.count > before)
					continue;
			}
		}
		if (vec_push(&splice->nodes, splice->native.at[i]) < 0)
			return -ENOMEM;
	}
	return put_groups(splice, (size_t)group, (size_t)groups);
}

int64_t pysplice_stack(struct pysplice *splice, uint32_t node)
{
	uint64_t python = TENURE_NODE_PC(node_at(splice, node)->word);
	int64_t generation;
	ptrdiff_t first = 0;
	bool cut;

	vec_clear(&splice->nodes);
	vec_clear(&splice->native);
	vec_clear(&splice->python);
	vec_clear(&splice->groups);
	generation = read_native(splice, parent_of(splice, node), &cut);
	if (generation < 0)
		return generation;
	if (python < node && read_python(splice, (uint32_t)python) < 0)
		return -ENOMEM;
	if (find_evals(splice, 0) < 0)
		return -ENOMEM;
	if (splice->evals.count < splice->groups.count && splice->is_eval &&
	    find_evals(splice, (uint32_t)generation) < 0)
		return -ENOMEM;

	if (splice->evals.count < splice->groups.count && !cut)
		first = (ptrdiff_t)splice->evals.count - (ptrdiff_t)splice->groups.count;
	if (merge(splice, first) < 0)
		return -ENOMEM;
	return generation;
}

void pysplice_fini(struct pysplice *splice)
{
	vec_fini(&splice->nodes);
	vec_fini(&splice->native);
	vec_fini(&splice->python);
	vec_fini(&splice->evals);
	vec_fini(&splice->groups);
}
