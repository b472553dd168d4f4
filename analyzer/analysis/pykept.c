/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One walk over the tree of dominators for the types; the objects that keep
 * most are those below which what is kept spreads out.
 */
#include "pykept.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "pyheap.h"

/* What has so much of what is kept above it stands for that: 9 of 10. */
#define SHARE_PART  9u
#define SHARE_WHOLE 10u

/* @child, @next: the tree, downwards */
struct work {
	struct pykept *pykept;
	const struct graph *graph;
	const struct kept *kept;
	uint32_t *child;
	uint32_t *next;
};

static uint32_t type_of(const struct work *work, uint32_t v)
{
	return v == DOMINATORS_ROOT
		       ? PYTYPES_NONE
		       : pyheap_type(work->graph->python, work->kept->dominators.block[v]);
}

static struct leaks_count kept_by(const struct work *work, uint32_t v)
{
	return (struct leaks_count){ work->kept->blocks[v], work->kept->bytes[v] };
}

static void add(struct work *work, uint32_t v)
{
	struct pykept_sum *sum = &work->pykept->types[type_of(work, v)];
	uint32_t block = work->kept->dominators.block[v];
	struct leaks_count kept = kept_by(work, v);

	if (!sum->own.blocks || kept.bytes > sum->most.bytes) {
		sum->most = kept;
		sum->example = block;
	}
	sum->own.blocks++;
	sum->own.bytes += work->graph->blocks.at[block].bytes;
	if (!sum->active) {
		sum->kept.blocks += kept.blocks;
		sum->kept.bytes += kept.bytes;
	}
}

/* Down the tree and up again. */
static void sum_types(struct work *work)
{
	uint32_t v = DOMINATORS_ROOT;

	for (bool down = true;;) {
		uint32_t type = type_of(work, v);

		if (down && type != PYTYPES_NONE) {
			add(work, v);
			work->pykept->types[type].active++;
		}
		if (down && work->child[v]) {
			v = work->child[v];
			continue;
		}
		if (v == DOMINATORS_ROOT)
			break;
		if (type != PYTYPES_NONE)
			work->pykept->types[type].active--;
		down = work->next[v] != 0;
		v = down ? work->next[v] : work->kept->dominators.above[v];
	}
}

/* ------------------------------------------------------------------- objects */

/* Is there none below that stands for it? */
static bool spreads(const struct work *work, uint32_t v)
{
	const uint64_t *bytes = work->kept->bytes;

	for (uint32_t c = work->child[v]; c; c = work->next[c])
		if (bytes[c] > 0 && bytes[c] / SHARE_PART >= bytes[v] / SHARE_WHOLE)
			return false;
	return true;
}

/* The object that the block is part of, if it is all that leads to it. */
static uint32_t whose(const struct work *work, uint32_t v)
{
	const struct dominators *dominators = &work->kept->dominators;
	const struct pyheap_part *part = pyheap_part(work->graph->python, dominators->block[v]);
	uint32_t above = dominators->above[v];

	return part && above != DOMINATORS_ROOT && part->owner == dominators->block[above] ? above
											   : v;
}

static void insert(struct pykept *pykept, const struct pykept_sum *sum)
{
	struct pykept_sum *objects = pykept->objects;
	size_t at = pykept->objects_count;

	if (at == PYKEPT_OBJECTS && objects[--at].kept.bytes >= sum->kept.bytes)
		return;
	if (pykept->objects_count < PYKEPT_OBJECTS)
		pykept->objects_count++;
	for (; at > 0 && objects[at - 1].kept.bytes < sum->kept.bytes; at--)
		objects[at] = objects[at - 1];
	objects[at] = *sum;
}

static void find_objects(struct work *work)
{
	const struct dominators *dominators = &work->kept->dominators;

	for (uint32_t v = DOMINATORS_ROOT + 1; v <= dominators->count; v++) {
		uint32_t owner = whose(work, v);
		struct pykept_sum sum = { .kept = kept_by(work, owner),
					  .most = kept_by(work, owner),
					  .example = dominators->block[owner] };

		if (!spreads(work, v) || (work->graph->heads[sum.example] & GRAPH_RUNTIME) != 0)
			continue;
		sum.own.blocks = 1;
		sum.own.bytes = work->graph->blocks.at[sum.example].bytes;
		insert(work->pykept, &sum);
	}
}

int pykept_sum(struct pykept *pykept, const struct graph *graph, const struct kept *kept)
{
	const struct dominators *dominators = &kept->dominators;
	size_t all = (size_t)dominators->count + 1;
	struct work work = {
		.pykept = pykept,
		.graph = graph,
		.kept = kept,
		.child = calloc(all, sizeof(*work.child)),
		.next = calloc(all, sizeof(*work.next)),
	};
	int r = -ENOMEM;

	pykept->types_count = graph->python->types.all.count;
	pykept->types = calloc(pykept->types_count, sizeof(*pykept->types));
	if (pykept->types && work.child && work.next) {
		for (uint32_t i = dominators->count; i > DOMINATORS_ROOT; i--) {
			work.next[i] = work.child[dominators->above[i]];
			work.child[dominators->above[i]] = i;
		}
		sum_types(&work);
		find_objects(&work);
		r = 0;
	}
	free(work.child);
	free(work.next);
	return r;
}

/* ------------------------------------------------------------------- writing */

static int write_all(const struct pykept_sum *sums, size_t count, pykept_way *way, void *arg,
		     struct leaks_kept *to, size_t *ret_count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		if (!sums[i].own.blocks)
			continue;
		to[*ret_count] = (struct leaks_kept){ .own = sums[i].own,
						      .kept = sums[i].kept,
						      .most = sums[i].most };
		r = way(arg, sums[i].example, &to[(*ret_count)++]);
	}
	return r;
}

int pykept_write(const struct pykept *pykept, struct result_leaks *leaks, pykept_way *way,
		 void *arg)
{
	int r;

	if (!pykept->types)
		return 0;
	leaks->types = calloc(pykept->types_count + 1, sizeof(*leaks->types));
	leaks->objects = calloc(PYKEPT_OBJECTS, sizeof(*leaks->objects));
	if (!leaks->types || !leaks->objects)
		return -ENOMEM;
	r = write_all(pykept->types, pykept->types_count, way, arg, leaks->types,
		      &leaks->types_count);
	if (r == 0)
		r = write_all(pykept->objects, pykept->objects_count, way, arg, leaks->objects,
			      &leaks->objects_count);
	return r;
}

void pykept_fini(struct pykept *pykept)
{
	free(pykept->types);
	*pykept = (struct pykept){ 0 };
}
