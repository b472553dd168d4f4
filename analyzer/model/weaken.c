/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates are judged by what is known of them: a reference back to an
 * older object, under a name that says so, that the program itself has made,
 * to something that can be referred to weakly.  The best one without which
 * nothing of the cycle is left is chosen; if there is none, the best one is
 * taken away and the search goes on with the rest.
 */
#include "weaken.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 8u

/* Names of references that lead back; without the underscores in front. */
static const char *const back_names[] = {
	"parent",   "owner",	  "root",      "prev",	  "previous",	"back",
	"up",	    "manager",	  "container", "app",	  "master",	"host",
	"context",  "controller", "self__",    "outer",	  "delegate",	"observers",
	"listener", "callback",	  "handler",   "backref", "supervisor",
};

struct search {
	const struct shapes *shapes;
	struct shape *shape;
	const struct weaken_edge *edges;
	size_t count;
	uint32_t objects;
	uint32_t *missing; /* by object: references to it that were not followed */
	uint32_t *ready;
	uint32_t *alike; /* by edge: the first one with the same types and the same name */
	bool *removed;	 /* by edge: does not count while a candidate is judged */
};

/* Of one edge, or of all that are alike. */
struct candidate {
	uint32_t edge;
	bool all;
	int points;
	uint32_t left;
};

static bool is_back_name(const char *name)
{
	while (*name == '_')
		name++;
	for (size_t i = 0; i < ARRAY_SIZE(back_names); i++)
		if (!strcmp(name, back_names[i]))
			return true;
	return strstr(name, "parent") || strstr(name, "owner");
}

/* References that the interpreter keeps by itself. */
static bool is_innate(const struct cycles_edge *edge, const char *name)
{
	static const char *const innate[] = {
		"__mro__",	"__bases__",	"__base__",	  "__globals__",
		"__objclass__", "__defaults__", "__kwdefaults__", "tb_frame",
		"tb_next",	"f_back",	"__func__",	  "__closure__",
	};

	if (edge->kind == TENURE_PY_LABEL_OTHER)
		return edge->number == TENURE_PY_OTHER_CLASS ||
		       edge->number == TENURE_PY_OTHER_DICT;
	for (size_t i = 0; i < ARRAY_SIZE(innate); i++)
		if (!strcmp(name, innate[i]))
			return true;
	return false;
}

static int score(const struct search *search, const struct candidate *of)
{
	const struct shape_edge *edge = &search->shape->edges[of->edge];
	const struct cycles_edge *sum = &edge->sum;
	const char *name = intern_get(&search->shapes->texts, edge->name);
	uint64_t count = 0, back = 0;
	int points = of->all ? -1 : 0;

	for (uint32_t i = 0; i < search->shape->edges_count; i++)
		if (i == of->edge || (of->all && search->alike[i] == of->edge)) {
			count += search->shape->edges[i].sum.count;
			back += search->shape->edges[i].sum.back;
		}
	if (is_innate(sum, name))
		points -= 12;
	if (count)
		points += (int)(4 * back / count);
	if (is_back_name(name))
		points += 5;
	if (!strcmp(name, "__traceback__"))
		points += 8;
	if (!strcmp(name, "cell_contents"))
		points += 1;
	if (sum->kind == TENURE_PY_LABEL_ATTR)
		points += 3;
	else if (sum->kind == TENURE_PY_LABEL_KEY)
		points += 2;
	if (!(search->shape->members[sum->to].sum.flags & TENURE_PY_WEAKABLE))
		points -= 3;
	return points;
}

/* Edges are in the order of the objects that they come from. */
static size_t first_from(const struct search *search, uint32_t from)
{
	size_t low = 0, high = search->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (search->edges[middle].from < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_edges(struct search *search, const struct candidate *candidate)
{
	for (uint32_t i = 0; i < search->shape->edges_count; i++)
		search->removed[i] =
			search->shape->edges[i].sum.weaken ||
			(candidate && (i == candidate->edge ||
				       (candidate->all && search->alike[i] == candidate->edge)));
}

/*
 * How many objects stay in cycles, or behind them, without references of this
 * kind: those that nothing refers to are taken away, one by one.
 */
static uint32_t left_without(struct search *search, const struct candidate *candidate)
{
	uint32_t ready = 0;

	remove_edges(search, candidate);

	memset(search->missing, 0, search->objects * sizeof(*search->missing));
	for (size_t i = 0; i < search->count; i++)
		if (!search->removed[search->edges[i].edge])
			search->missing[search->edges[i].to]++;
	for (uint32_t i = 0; i < search->objects; i++)
		if (!search->missing[i])
			search->ready[ready++] = i;
	for (uint32_t done = 0; done < ready; done++) {
		uint32_t from = search->ready[done];

		for (size_t i = first_from(search, from);
		     i < search->count && search->edges[i].from == from; i++)
			if (!search->removed[search->edges[i].edge] &&
			    !--search->missing[search->edges[i].to])
				search->ready[ready++] = search->edges[i].to;
	}
	return search->objects - ready;
}

/* All of it first; short of that, what is right to do counts more than how much. */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (!a->left != !b->left)
		return !a->left;
	if (a->points != b->points)
		return a->points > b->points;
	return a->left < b->left;
}

static void judge(struct search *search, struct candidate *candidate, uint32_t before,
		  struct candidate *best)
{
	if (search->shape->edges[candidate->edge].sum.weaken)
		return;
	candidate->left = left_without(search, candidate);
	candidate->points = score(search, candidate);
	if (candidate->left == before)
		candidate->points -= 20;
	if (best->edge == UINT32_MAX || is_better(candidate, best))
		*best = *candidate;
}

/* Return: objects that are still in cycles when the best one is gone. */
static uint32_t choose_one(struct search *search)
{
	uint32_t before = left_without(search, NULL);
	struct candidate best = { .edge = UINT32_MAX };

	for (uint32_t i = 0; i < search->shape->edges_count; i++) {
		struct candidate one = { .edge = i };
		struct candidate all = { .edge = search->alike[i], .all = true };

		judge(search, &one, before, &best);
		if (search->alike[i] != i)
			judge(search, &all, before, &best);
	}
	if (best.edge == UINT32_MAX)
		return 0;
	remove_edges(search, &best);
	for (uint32_t i = 0; i < search->shape->edges_count; i++)
		search->shape->edges[i].sum.weaken = search->removed[i];
	return best.left;
}

static bool are_alike(const struct shape *shape, const struct shape_edge *a,
		      const struct shape_edge *b)
{
	return a->name == b->name && a->sum.kind == b->sum.kind &&
	       (a->sum.kind == TENURE_PY_LABEL_INDEX || a->sum.number == b->sum.number) &&
	       shape->members[a->sum.from].type == shape->members[b->sum.from].type &&
	       shape->members[a->sum.to].type == shape->members[b->sum.to].type;
}

static void find_alike(struct search *search)
{
	const struct shape *shape = search->shape;

	for (uint32_t i = 0; i < shape->edges_count; i++) {
		uint32_t first = 0;

		while (!are_alike(shape, &shape->edges[first], &shape->edges[i]))
			first++;
		search->alike[i] = first;
	}
}

/* A class refers to itself by nature: there is nothing that could be weak. */
static bool is_of_classes(const struct shapes *shapes, const struct shape *shape)
{
	for (uint32_t i = 0; i < shape->edges_count; i++)
		if (!strcmp(intern_get(&shapes->texts, shape->edges[i].name), "__mro__"))
			return true;
	return false;
}

int weaken_choose(const struct shapes *shapes, struct shape *shape, uint32_t objects,
		  const struct weaken_edge *edges, size_t count)
{
	struct search search = {
		.shapes = shapes,
		.shape = shape,
		.edges = edges,
		.count = count,
		.objects = objects,
		.missing = calloc(objects, sizeof(*search.missing)),
		.ready = calloc(objects, sizeof(*search.ready)),
		.alike = calloc(shape->edges_count + 1, sizeof(*search.alike)),
		.removed = calloc(shape->edges_count + 1, sizeof(*search.removed)),
	};
	int err = search.missing && search.ready && search.alike && search.removed ? 0 : -ENOMEM;

	if (is_of_classes(shapes, shape))
		goto out;
	if (!err)
		find_alike(&search);
	for (unsigned int round = 0; !err && round < ROUNDS_MAX; round++)
		if (!choose_one(&search))
			break;
out:
	free(search.missing);
	free(search.ready);
	free(search.alike);
	free(search.removed);
	return err;
}
