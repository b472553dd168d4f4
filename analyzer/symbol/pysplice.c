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
#include <stdlib.h>

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

/* ------------------------------------------- as many runs as groups */

/* Frames of the run of the loop that ends at @node, or of empty ones before it. */
static uint32_t groups_at(const struct pysplice *splice, uint32_t node)
{
	uint64_t word = node_at(splice, node)->word;
	bool ends = TENURE_NODE_FLAGS(word) & TENURE_PY_NODE_OUTER || !parent_of(splice, node);

	return TENURE_PY_NODE_EMPTY(TENURE_NODE_FLAGS(word)) + ends;
}

static uint32_t runs_at(const struct pysplice *splice, uint32_t node)
{
	return in_eval(splice, node);
}

static bool is_root(const struct pysplice *splice, uint32_t node)
{
	return TENURE_NODE_KIND(node_at(splice, node)->word) == TENURE_NODE_ROOT;
}

/* The sum of @count_at over @node and all outside of it, each node counted once.  Or -ENOMEM. */
static int64_t count(struct pysplice *splice, uint32_t node,
		     uint32_t (*count_at)(const struct pysplice *splice, uint32_t node))
{
	uint32_t sum = 0, root, at = node;

	vec_clear(&splice->path);
	for (; at && !is_root(splice, at) && !splice->counts[at]; at = parent_of(splice, at))
		if (vec_push(&splice->path, at) < 0)
			return -ENOMEM;
	root = at;
	if (at && splice->counts[at]) {
		sum = splice->counts[at] - 1;
		root = splice->roots[at];
	}
	while (splice->path.count) {
		at = splice->path.at[--splice->path.count];
		sum += count_at(splice, at);
		splice->counts[at] = sum + 1;
		splice->roots[at] = root;
	}
	return sum;
}

/*
 * Where a frame of the one stack stands determines what follows in both: the
 * native node and the Python node that are next.  Return: 1 when it is known.
 */
static int push(struct pysplice *splice, uint32_t node, uint32_t native, uint32_t python)
{
	uint64_t key = idmap_pair(native, python);
	uint32_t known = idmap_find(&splice->known, key);

	if (known != UINT32_MAX) {
		splice->outside = known;
		return 1;
	}
	return vec_push(&splice->nodes, node) < 0 || vec_push(&splice->keys, key) < 0 ? -ENOMEM : 0;
}

/* The frames that the run of the loop at @run executes, from *@python on. */
static int put_group(struct pysplice *splice, uint32_t run, uint32_t *python)
{
	bool ends = false;
	int r = 0;

	while (*python && !ends && r == 0) {
		ends = TENURE_NODE_FLAGS(node_at(splice, *python)->word) & TENURE_PY_NODE_OUTER;
		r = push(splice, *python, run, *python);
		*python = parent_of(splice, *python);
	}
	return r;
}

static uint32_t empty_before(const struct pysplice *splice, uint32_t python)
{
	return python ? TENURE_PY_NODE_EMPTY(TENURE_NODE_FLAGS(node_at(splice, python)->word)) : 0;
}

/* Each run has its group, so that no more is looked at than is new.  Return: 0 or -ENOMEM. */
static int merge_new(struct pysplice *splice, uint32_t native, uint32_t python)
{
	uint32_t empty = empty_before(splice, python);
	int r = 0;

	for (; native && !is_root(splice, native) && r == 0; native = parent_of(splice, native)) {
		if (!in_eval(splice, native)) {
			r = push(splice, native, native, python);
		} else if (empty || !python) {
			/* Its key would be that of its frames, had it any. */
			empty -= empty != 0;
			if (vec_push(&splice->nodes, native) < 0 || vec_push(&splice->keys, 0) < 0)
				r = -ENOMEM;
		} else {
			r = put_group(splice, native, &python);
			empty = empty_before(splice, python);
		}
	}
	return r < 0 ? r : 0;
}

static bool make_room(struct pysplice *splice)
{
	size_t nodes = splice->process->nodes_count;

	if (splice->counts)
		return true;
	splice->counts = calloc(nodes, sizeof(*splice->counts));
	splice->roots = calloc(nodes, sizeof(*splice->roots));
	return splice->counts && splice->roots;
}

/* Return: generation; 0: runs and groups are not as many; -ENOMEM. */
static int64_t splice_new(struct pysplice *splice, uint32_t native, uint32_t python)
{
	int64_t runs, groups;
	uint32_t root;

	if (!make_room(splice))
		return -ENOMEM;
	runs = count(splice, native, runs_at);
	groups = count(splice, python, groups_at);
	if (runs < 0 || groups < 0)
		return -ENOMEM;
	if (runs != groups || !groups)
		return 0;
	root = is_root(splice, native) ? native : splice->roots[native];
	if (merge_new(splice, native, python) < 0)
		return -ENOMEM;
	return root ? (int64_t)TENURE_NODE_PC(node_at(splice, root)->word) : 1;
}

/* ------------------------------------------------------------- all of it */

static int64_t splice_all(struct pysplice *splice, uint32_t native, uint32_t python)
{
	int64_t generation;
	ptrdiff_t first = 0;
	bool cut;

	vec_clear(&splice->native);
	vec_clear(&splice->python);
	vec_clear(&splice->groups);
	generation = read_native(splice, native, &cut);
	if (generation < 0)
		return generation;
	if (read_python(splice, python) < 0 || find_evals(splice, 0) < 0)
		return -ENOMEM;
	if (splice->evals.count < splice->groups.count && splice->is_eval &&
	    find_evals(splice, (uint32_t)generation) < 0)
		return -ENOMEM;

	if (splice->evals.count < splice->groups.count && !cut)
		first = (ptrdiff_t)splice->evals.count - (ptrdiff_t)splice->groups.count;
	if (merge(splice, first) < 0)
		return -ENOMEM;
	while (splice->keys.count < splice->nodes.count)
		if (vec_push(&splice->keys, 0) < 0)
			return -ENOMEM;
	return generation;
}

int64_t pysplice_stack(struct pysplice *splice, uint32_t node)
{
	uint64_t half = TENURE_NODE_PC(node_at(splice, node)->word);
	uint32_t native = parent_of(splice, node);
	uint32_t python = half < node ? (uint32_t)half : 0;
	int64_t generation;

	vec_clear(&splice->nodes);
	vec_clear(&splice->keys);
	splice->outside = 0;
	generation = splice_new(splice, native, python);
	return generation ? generation : splice_all(splice, native, python);
}

int pysplice_learn(struct pysplice *splice, size_t at, uint32_t stack)
{
	uint64_t key = splice->keys.at[at];
	uint32_t known;

	return key && idmap_add(&splice->known, key, stack, &known) < 0 ? -ENOMEM : 0;
}

void pysplice_fini(struct pysplice *splice)
{
	idmap_fini(&splice->known);
	free(splice->counts);
	free(splice->roots);
	vec_fini(&splice->nodes);
	vec_fini(&splice->keys);
	vec_fini(&splice->path);
	vec_fini(&splice->native);
	vec_fini(&splice->python);
	vec_fini(&splice->evals);
	vec_fini(&splice->groups);
}
