/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums over the tree of dominators, and a search in breadth for the shortest
 * way to the block of each site that keeps most.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/huge.h"
#include "kept.h"
#include "model/sites.h"
#include "pykept.h"
#include "pypath.h"

#define NOTHING	  UINT32_MAX
#define STEPS_MAX 40u /* of one way, after those that repeat have become one */

/* @example: the block that keeps most; @most: how much that is */
struct site_sum {
	struct leaks_count own;
	struct leaks_count kept;
	struct leaks_count most;
	uint32_t example;
	uint32_t active;
};

/*
 * @heads: blocks to begin from: held by themselves, or the first of what is lost
 * @before: by block: who leads to it, or NOTHING
 * @edge:   by block: that pointer; of a head the number of its root, NOTHING if it is lost
 */
struct work {
	const struct graph *graph;
	struct classify *classify;
	struct site_sum *sites;
	uint32_t *heads;
	size_t heads_count;
	uint32_t *before;
	uint32_t *edge;
	VEC(struct leaks_step) steps;
	struct pykept python;
};

static uint32_t site_of(const struct work *work, uint32_t block)
{
	return (uint32_t)work->graph->blocks.at[block].site;
}

static bool is_mapped(const struct work *work, uint32_t block)
{
	return work->graph->blocks.at[block].site >= work->graph->view->sites->count;
}

/* ---------------------------------------------------------------------- ways */

static void begin_at(struct work *work, uint32_t block, uint32_t root)
{
	if (work->edge[block] != NOTHING || work->before[block] != NOTHING)
		return;
	work->edge[block] = root;
	work->before[block] = block;
	work->heads[work->heads_count++] = block;
}

/* Each block by the fewest pointers; what only pointers to the inside lead to comes last. */
static void search(struct work *work, size_t from, bool insides)
{
	const struct graph *graph = work->graph;
	uint32_t *queue = work->heads;

	for (size_t i = from; i < work->heads_count; i++) {
		uint32_t block = queue[i];

		for (uint32_t e = graph->first[block]; e < graph->first[block + 1]; e++) {
			uint32_t to = graph->edges.at[e].to & ~GRAPH_INSIDE;

			if ((graph->edges.at[e].to & GRAPH_INSIDE && !insides) ||
			    work->before[to] != NOTHING)
				continue;
			work->before[to] = block;
			work->edge[to] = graph->edges.at[e].from;
			queue[work->heads_count++] = to;
		}
	}
}

static void find_ways(struct work *work)
{
	const struct graph *graph = work->graph;
	size_t done;

	/* From a module the way is the one that the program's author knows. */
	for (size_t i = 0; i < graph->roots.count; i++)
		if (graph->holders.at[graph->roots.at[i].holder].kind == LEAKS_HOLDER_MODULE)
			begin_at(work, graph->roots.at[i].to, (uint32_t)i);
	search(work, 0, false);
	done = work->heads_count;
	for (size_t i = 0; i < graph->roots.count; i++)
		if (!(graph->roots.at[i].to & GRAPH_INSIDE))
			begin_at(work, graph->roots.at[i].to, (uint32_t)i);
	search(work, done, false);
	for (size_t i = 0; i < graph->roots.count; i++)
		begin_at(work, graph->roots.at[i].to & ~GRAPH_INSIDE, (uint32_t)i);
	search(work, 0, true);
	classify_again(work->classify);
	for (uint32_t i = 0; i < graph->blocks.count; i++) {
		size_t count = work->heads_count;

		if (!classify_begins(work->classify, i))
			continue;
		begin_at(work, i, NOTHING);
		search(work, count, true);
	}
}

static int add_step(struct work *work, size_t first, const struct leaks_step *step)
{
	struct leaks_step *last = work->steps.count > first ? &work->steps.at[work->steps.count - 1]
							    : NULL;

	if (last && last->site == step->site && last->offset == step->offset) {
		last->times++;
		return 0;
	}
	return vec_push(&work->steps, *step);
}

/* The way to @block, from it to where it begins, then turned round. */
static int write_way(struct work *work, uint32_t block, struct leaks_kept *kept)
{
	size_t first = work->steps.count;
	uint32_t at = block;
	int r = 0;

	while (work->before[at] != at && r == 0) {
		struct leaks_step step = { .offset = work->edge[at], .times = 1 };

		at = work->before[at];
		step.site = is_mapped(work, at) ? LEAKS_SITE_MAPPED : site_of(work, at);
		r = add_step(work, first, &step);
		/* Rather the last of it than nothing. */
		if (work->steps.count - first > STEPS_MAX) {
			work->steps.count--;
			kept->is_cut = true;
		}
	}
	kept->steps_first = first;
	kept->steps_count = work->steps.count - first;
	for (size_t i = first, k = work->steps.count; i + 1 < k; i++) {
		struct leaks_step step = work->steps.at[i];

		work->steps.at[i] = work->steps.at[--k];
		work->steps.at[k] = step;
	}
	kept->is_held = work->edge[at] != NOTHING;
	if (kept->is_held) {
		const struct graph_root *root = &work->graph->roots.at[work->edge[at]];

		kept->holder = work->graph->holders.at[root->holder];
		kept->address = root->addr;
	}
	return r;
}

/* ---------------------------------------------------------------------- sums */

/* What is held by itself, and the first of what is lost: a bit for each block. */
static uint64_t *find_roots(const struct graph *graph, struct classify *classify)
{
	uint64_t *bits = calloc((size_t)graph->blocks.count / 64 + 1, sizeof(*bits));

	if (!bits)
		return NULL;
	for (size_t i = 0; i < graph->roots.count; i++) {
		uint32_t to = graph->roots.at[i].to;
		uint32_t block = to & ~GRAPH_INSIDE;

		/* A pointer to the inside holds what nothing better does. */
		if (!(to & GRAPH_INSIDE) || classify->class[block] == LEAKS_POSSIBLE)
			bits[block / 64] |= UINT64_C(1) << block % 64;
	}
	classify_again(classify);
	for (uint32_t i = 0; i < graph->blocks.count; i++)
		if (classify_begins(classify, i))
			bits[i / 64] |= UINT64_C(1) << i % 64;
	return bits;
}

static void sum_up(struct kept *kept, const struct graph *graph)
{
	const struct dominators *dominators = &kept->dominators;

	for (uint32_t v = dominators->count; v > DOMINATORS_ROOT; v--) {
		const struct block *block = &graph->blocks.at[dominators->block[v]];

		if (block->site < graph->view->sites->count) {
			kept->blocks[v]++;
			kept->bytes[v] += block->bytes;
		}
		kept->blocks[dominators->above[v]] += kept->blocks[v];
		kept->bytes[dominators->above[v]] += kept->bytes[v];
	}
}

int kept_init(struct kept *kept, const struct graph *graph, struct classify *classify)
{
	uint64_t *roots = find_roots(graph, classify);
	int r = roots ? dominators_find(&kept->dominators, graph, roots) : -ENOMEM;

	free(roots);
	if (r < 0)
		return r;
	kept->blocks = huge_take((size_t)kept->dominators.count + 1, sizeof(*kept->blocks));
	kept->bytes = huge_take((size_t)kept->dominators.count + 1, sizeof(*kept->bytes));
	if (!kept->blocks || !kept->bytes)
		return -ENOMEM;
	sum_up(kept, graph);
	return 0;
}

void kept_fini(struct kept *kept)
{
	dominators_fini(&kept->dominators);
	huge_give(kept->blocks);
	huge_give(kept->bytes);
	*kept = (struct kept){ 0 };
}

static void add_block(struct work *work, const struct kept *kept, uint32_t v)
{
	uint32_t block = kept->dominators.block[v];
	struct site_sum *site;

	if (is_mapped(work, block))
		return;
	site = &work->sites[site_of(work, block)];
	site->own.blocks++;
	site->own.bytes += work->graph->blocks.at[block].bytes;
	/* Not once more below another one of the same site. */
	if (!site->active) {
		site->kept.blocks += kept->blocks[v];
		site->kept.bytes += kept->bytes[v];
	}
	if (kept->bytes[v] > site->most.bytes || site->example == NOTHING) {
		site->most = (struct leaks_count){ kept->blocks[v], kept->bytes[v] };
		site->example = block;
	}
}

/* Down the tree and up again. */
static int sum_sites(struct work *work, const struct kept *kept)
{
	const struct dominators *dominators = &kept->dominators;
	size_t all = (size_t)dominators->count + 1;
	uint32_t *child = huge_take(all, sizeof(*child));
	uint32_t *next = huge_take(all, sizeof(*next));
	int r = child && next ? 0 : -ENOMEM;
	uint32_t v = DOMINATORS_ROOT;

	for (uint32_t i = dominators->count; r == 0 && i > DOMINATORS_ROOT; i--) {
		next[i] = child[dominators->above[i]];
		child[dominators->above[i]] = i;
	}
	for (bool down = true; r == 0;) {
		uint32_t block = dominators->block[v];

		if (down && v != DOMINATORS_ROOT) {
			add_block(work, kept, v);
			if (!is_mapped(work, block))
				work->sites[site_of(work, block)].active++;
		}
		if (down && child[v]) {
			v = child[v];
			continue;
		}
		if (v == DOMINATORS_ROOT)
			break;
		if (!is_mapped(work, block))
			work->sites[site_of(work, block)].active--;
		down = next[v] != 0;
		v = down ? next[v] : dominators->above[v];
	}
	huge_give(child);
	huge_give(next);
	return r;
}

static uint32_t class_of(const struct work *work, uint32_t block)
{
	uint8_t head = work->graph->heads[block];

	return head & GRAPH_PYTHON    ? LEAKS_PYTHON
	       : head & GRAPH_RUNTIME ? LEAKS_RUNTIME
				      : work->classify->class[block];
}

/* The way in the words of a Python program. */
static int write_words(struct work *work, uint32_t block, struct leaks_kept *kept)
{
	const char *type = pypath_type(work->graph, block);
	VEC(uint32_t) blocks = { 0 };
	VEC(uint32_t) edges = { 0 };
	int r = 0;

	for (uint32_t at = block, before; r == 0; at = before) {
		before = work->before[at];
		r = vec_push(&blocks, at);
		if (r == 0)
			r = vec_push(&edges, work->edge[at]);
		if (before == at)
			break;
	}
	for (size_t i = 0, k = blocks.count; r == 0 && i + 1 < k; i++) {
		uint32_t number = blocks.at[i], edge = edges.at[i];

		k--;
		blocks.at[i] = blocks.at[k];
		edges.at[i] = edges.at[k];
		blocks.at[k] = number;
		edges.at[k] = edge;
	}
	if (r == 0)
		r = pypath_find(work->graph, blocks.at, edges.at, blocks.count, &kept->expression,
				&kept->is_guessed);
	if (r == 0 && type) {
		kept->type = strdup(type);
		r = kept->type ? 0 : -ENOMEM;
	}
	vec_fini(&blocks);
	vec_fini(&edges);
	return r;
}

static int write_block(void *arg, uint32_t block, struct leaks_kept *kept)
{
	struct work *work = arg;
	int r;

	kept->site = is_mapped(work, block) ? LEAKS_SITE_MAPPED : site_of(work, block);
	kept->class = class_of(work, block);
	r = write_way(work, block, kept);
	return r == 0 && work->graph->python ? write_words(work, block, kept) : r;
}

static int write_sites(struct work *work, struct result_leaks *leaks)
{
	uint32_t count = work->graph->view->sites->count;
	VEC(struct leaks_kept) all = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < count && r == 0; i++) {
		const struct site_sum *site = &work->sites[i];
		struct leaks_kept kept = { .site = i, .own = site->own, .kept = site->kept };

		if (!site->own.blocks)
			continue;
		kept.most = site->most;
		r = write_block(work, site->example, &kept);
		if (r == 0)
			r = vec_push(&all, kept);
	}
	leaks->kept = all.at;
	leaks->kept_count = all.count;
	if (r == 0)
		r = pykept_write(&work->python, leaks, write_block, work);
	leaks->steps = work->steps.at;
	leaks->steps_count = work->steps.count;
	return r;
}

int kept_write(struct kept *kept, struct result_leaks *leaks, const struct graph *graph,
	       struct classify *classify)
{
	uint32_t count = graph->blocks.count;
	struct work work = {
		.graph = graph,
		.classify = classify,
		.sites = calloc((size_t)graph->view->sites->count + 1, sizeof(*work.sites)),
	};
	int r = work.sites ? 0 : -ENOMEM;

	if (r == 0) {
		for (uint32_t i = 0; i < graph->view->sites->count; i++)
			work.sites[i].example = NOTHING;
		r = sum_sites(&work, kept);
		if (r == 0 && graph->python)
			r = pykept_sum(&work.python, graph, kept);
	}
	kept_fini(kept);
	work.heads = huge_take((size_t)count + 1, sizeof(*work.heads));
	work.before = huge_take((size_t)count + 1, sizeof(*work.before));
	work.edge = huge_take((size_t)count + 1, sizeof(*work.edge));
	if (r == 0 && !(work.heads && work.before && work.edge))
		r = -ENOMEM;
	if (r == 0) {
		memset(work.before, 0xff, count * sizeof(*work.before));
		memset(work.edge, 0xff, count * sizeof(*work.edge));
		find_ways(&work);
		r = write_sites(&work, leaks);
	}
	pykept_fini(&work.python);
	free(work.sites);
	huge_give(work.heads);
	huge_give(work.before);
	huge_give(work.edge);
	return r;
}
