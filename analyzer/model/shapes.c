/* SPDX-License-Identifier: Apache-2.0 */
/* Components to shapes: members by type and stack, references by name. */
#include "shapes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "weaken.h"

#define SHAPES_MAX  4096u
#define MEMBERS_MAX 64u /* of a shape */
#define EDGES_MAX   192u
#define WEAKEN_MAX  2000000u /* work for a choice among all references of a cycle */
#define KEYS_MAX    40u	     /* characters of a key that names something */

#define LABEL_KIND(label)  ((label) & ((1u << TENURE_PY_LABEL_BITS) - 1))
#define LABEL_VALUE(label) ((label) >> TENURE_PY_LABEL_BITS)

int shapes_init(struct shapes *shapes)
{
	static const char *const reused[SHAPES_REUSED] = {
		"tuple", "list", "dict", "method", "frame", "slice", "builtin_function_or_method",
	};
	uint32_t none;
	int err = intern_add(&shapes->texts, "", 0, &none);

	for (size_t i = 0; i < SHAPES_REUSED && !err; i++)
		err = intern_add(&shapes->texts, reused[i], strlen(reused[i]), &shapes->reused[i]);
	return err;
}

void shapes_fini(struct shapes *shapes)
{
	intern_fini(&shapes->texts);
	arena_fini(&shapes->arena);
	hashmap_fini(&shapes->by_hash);
	vec_fini(&shapes->all);
	vec_fini(&shapes->results);
	vec_fini(&shapes->members);
	vec_fini(&shapes->edges);
	vec_fini(&shapes->member_of);
	vec_fini(&shapes->place_of);
}

static uint32_t text_of(const uint32_t *texts, size_t count, uint32_t id)
{
	return id < count ? texts[id] : 0;
}

static uint32_t type_of(const struct shape_names *names, const struct garbage_object *object)
{
	return text_of(names->types, names->types_count, object->type);
}

/* ----------------------------------------------------------------- members */

static int by_member(const void *a, const void *b)
{
	const struct shape_member *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return x->stack < y->stack ? -1 : x->stack > y->stack;
}

static bool is_reused(const struct shapes *shapes, uint32_t type)
{
	for (size_t i = 0; i < SHAPES_REUSED; i++)
		if (shapes->reused[i] == type)
			return true;
	return false;
}

static struct shape_member member_from(const struct shapes *shapes, const struct garbage *graph,
				       const struct shape_names *names, uint32_t number,
				       bool by_stack)
{
	const struct garbage_object *object = &graph->objects.at[number];
	const struct garbage_object *dict =
		object->dict == GARBAGE_NONE ? NULL : &graph->objects.at[object->dict];

	uint32_t type = type_of(names, object);
	bool reused = is_reused(shapes, type);

	return (struct shape_member){
		.type = type,
		.stack = by_stack && !reused ? object->stack : 0,
		.birth = object->birth,
		.sum = { .stack = object->stack,
			 .fn = object->fn,
			 .objects = 1,
			 .bytes = object->bytes + (dict ? dict->bytes : 0),
			 .flags = object->flags,
			 .reused = reused },
	};
}

static void add_member(struct shape_member *to, const struct shape_member *from)
{
	to->sum.objects += from->sum.objects;
	to->sum.bytes += from->sum.bytes;
	to->sum.flags |= from->sum.flags;
	if (from->birth > to->birth) {
		to->birth = from->birth;
		to->sum.stack = from->sum.stack;
		to->sum.fn = from->sum.fn;
	}
}

/* Puts equal members together. */
static void unite_members(struct shapes *shapes)
{
	size_t kept = 0;

	qsort(shapes->members.at, shapes->members.count, sizeof(*shapes->members.at), by_member);
	for (size_t i = 0; i < shapes->members.count; i++) {
		if (kept && !by_member(&shapes->members.at[kept - 1], &shapes->members.at[i]))
			add_member(&shapes->members.at[kept - 1], &shapes->members.at[i]);
		else
			shapes->members.at[kept++] = shapes->members.at[i];
	}
	shapes->members.count = kept;
}

static int find_members(struct shapes *shapes, const struct garbage *graph,
			const struct garbage_scc *scc, const struct shape_names *names,
			bool by_stack)
{
	vec_clear(&shapes->members);
	for (uint32_t i = 0; i < scc->count; i++) {
		struct shape_member member = member_from(shapes, graph, names,
							 graph->order.at[scc->first + i], by_stack);

		if (vec_push(&shapes->members, member) < 0)
			return -ENOMEM;
	}
	unite_members(shapes);

	vec_clear(&shapes->member_of);
	for (uint32_t i = 0; i < scc->count; i++) {
		struct shape_member member = member_from(shapes, graph, names,
							 graph->order.at[scc->first + i], by_stack);
		const struct shape_member *found = bsearch(&member, shapes->members.at,
							   shapes->members.count, sizeof(member),
							   by_member);

		if (vec_push(&shapes->member_of, (uint32_t)(found - shapes->members.at)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* -------------------------------------------------------------- references */

static int by_edge(const void *a, const void *b)
{
	const struct shape_edge *x = a, *y = b;

	if (x->sum.from != y->sum.from)
		return x->sum.from < y->sum.from ? -1 : 1;
	if (x->sum.kind != y->sum.kind)
		return x->sum.kind < y->sum.kind ? -1 : 1;
	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	/* Positions in lists are not told apart. */
	if (x->sum.kind != TENURE_PY_LABEL_INDEX && x->sum.number != y->sum.number)
		return x->sum.number < y->sum.number ? -1 : 1;
	return x->sum.to < y->sum.to ? -1 : x->sum.to > y->sum.to;
}

/* A key that looks like the name of something, not like data. */
static bool is_name(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (i == KEYS_MAX || !((text[i] >= 'a' && text[i] <= 'z') ||
				       (text[i] >= 'A' && text[i] <= 'Z') || text[i] == '_'))
			return false;
	return i > 0;
}

static struct shape_edge edge_from(const struct shapes *shapes, const struct shape_names *names,
				   uint32_t label)
{
	struct shape_edge edge = { .sum = { .kind = LABEL_KIND(label), .count = 1 } };
	uint32_t value = LABEL_VALUE(label);

	if (edge.sum.kind != TENURE_PY_LABEL_ATTR && edge.sum.kind != TENURE_PY_LABEL_KEY &&
	    edge.sum.kind != TENURE_PY_LABEL_LOCAL) {
		edge.sum.number = value;
		return edge;
	}
	edge.name = text_of(names->names, names->names_count, value);
	if (edge.sum.kind != TENURE_PY_LABEL_KEY || is_name(intern_get(&shapes->texts, edge.name)))
		return edge;
	return (struct shape_edge){ .sum = { .kind = TENURE_PY_LABEL_OTHER,
					     .number = TENURE_PY_OTHER_VALUE,
					     .count = 1 } };
}

static void add_edge(struct shape_edge *to, const struct shape_edge *from)
{
	if (to->sum.number != from->sum.number || from->sum.varies)
		to->sum.varies = true;
	to->sum.count += from->sum.count;
	to->sum.back += from->sum.back;
}

/* The references of one object to others of its cycle. */
static int find_edges_of(struct shapes *shapes, const struct garbage *graph,
			 const struct shape_names *names, uint32_t number)
{
	const struct garbage_object *from = &graph->objects.at[number];
	struct garbage_walk walk = garbage_walk(graph, number);
	struct garbage_edge next;

	while (garbage_walk_next(&walk, &next)) {
		const struct garbage_object *to = &graph->objects.at[next.to];
		struct shape_edge edge;

		if (to->scc != from->scc)
			continue;
		edge = edge_from(shapes, names, next.label);
		edge.sum.from = shapes->member_of.at[shapes->place_of.at[number]];
		edge.sum.to = shapes->member_of.at[shapes->place_of.at[next.to]];
		edge.sum.back = from->birth > to->birth && to->birth;
		if (vec_push(&shapes->edges, edge) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int find_edges(struct shapes *shapes, const struct garbage *graph,
		      const struct garbage_scc *scc, const struct shape_names *names)
{
	size_t kept = 0;
	int err = 0;

	vec_clear(&shapes->edges);
	for (uint32_t i = 0; i < scc->count && !err; i++)
		err = find_edges_of(shapes, graph, names, graph->order.at[scc->first + i]);
	if (shapes->edges.count)
		qsort(shapes->edges.at, shapes->edges.count, sizeof(*shapes->edges.at), by_edge);
	for (size_t i = 0; i < shapes->edges.count; i++) {
		if (kept && !by_edge(&shapes->edges.at[kept - 1], &shapes->edges.at[i]))
			add_edge(&shapes->edges.at[kept - 1], &shapes->edges.at[i]);
		else
			shapes->edges.at[kept++] = shapes->edges.at[i];
	}
	shapes->edges.count = kept;
	return err;
}

/* ------------------------------------------------------------------ shapes */

static uint64_t hash_shape(const struct shapes *shapes)
{
	uint64_t hash = shapes->members.count;

	for (size_t i = 0; i < shapes->members.count; i++)
		hash = hash_u64(hash ^ ((uint64_t)shapes->members.at[i].type << 32 |
					shapes->members.at[i].stack));
	for (size_t i = 0; i < shapes->edges.count; i++) {
		const struct shape_edge *edge = &shapes->edges.at[i];

		hash = hash_u64(hash ^ ((uint64_t)edge->name << 32 | edge->sum.from << 16 |
					edge->sum.to << 4 | edge->sum.kind));
	}
	return hash;
}

static bool is_same(const struct shapes *shapes, const struct shape *shape)
{
	if (shape->members_count != shapes->members.count ||
	    shape->edges_count != shapes->edges.count)
		return false;
	for (uint32_t i = 0; i < shape->members_count; i++)
		if (by_member(&shape->members[i], &shapes->members.at[i]))
			return false;
	for (uint32_t i = 0; i < shape->edges_count; i++)
		if (by_edge(&shape->edges[i], &shapes->edges.at[i]))
			return false;
	return true;
}

/* The work for all references of a cycle of ten thousand objects is not worth it. */
static int weaken(struct shapes *shapes, const struct garbage *graph, const struct garbage_scc *scc,
		  const struct shape_names *names, struct shape *shape)
{
	VEC(struct weaken_edge) edges = { 0 };
	uint64_t work = scc->count;
	bool is_large;
	uint32_t objects;
	int err = 0;

	for (uint32_t i = 0; i < scc->count; i++)
		work += graph->objects.at[graph->order.at[scc->first + i]].edges_count / 4;
	is_large = work * shape->edges_count > WEAKEN_MAX || shape->sum.cut;
	objects = is_large ? shape->members_count : scc->count;
	for (uint32_t i = 0; i < shape->edges_count && is_large && !err; i++)
		err = vec_push(&edges, (struct weaken_edge){ shape->edges[i].sum.from,
							     shape->edges[i].sum.to, i });
	for (uint32_t i = 0; i < scc->count && !is_large && !err; i++) {
		uint32_t number = graph->order.at[scc->first + i];
		struct garbage_walk walk = garbage_walk(graph, number);
		struct garbage_edge next;

		while (!err && garbage_walk_next(&walk, &next)) {
			struct shape_edge edge = edge_from(shapes, names, next.label);
			const struct shape_edge *found;

			if (graph->objects.at[next.to].scc != graph->objects.at[number].scc)
				continue;
			edge.sum.from = shapes->member_of.at[i];
			edge.sum.to = shapes->member_of.at[shapes->place_of.at[next.to]];
			found = bsearch(&edge, shape->edges, shape->edges_count, sizeof(edge),
					by_edge);
			if (found)
				err = vec_push(&edges, (struct weaken_edge){
							       i, shapes->place_of.at[next.to],
							       (uint32_t)(found - shape->edges) });
		}
	}
	if (!err)
		err = weaken_choose(shapes, shape, objects, edges.at, edges.count);
	vec_fini(&edges);
	return err;
}

static int make_shape(struct shapes *shapes, const struct garbage *graph,
		      const struct garbage_scc *scc, const struct shape_names *names, uint64_t hash,
		      bool is_cut)
{
	struct shape shape = {
		.members = arena_copy(&shapes->arena, shapes->members.at,
				      shapes->members.count * sizeof(*shape.members)),
		.edges = arena_copy(&shapes->arena, shapes->edges.at,
				    shapes->edges.count * sizeof(*shape.edges)),
		.members_count = (uint32_t)shapes->members.count,
		.edges_count = (uint32_t)shapes->edges.count,
	};

	if (!shape.members || !shape.edges)
		return -ENOMEM;
	shape.sum.cut = is_cut;
	shape.sum.least = UINT64_MAX;
	if (weaken(shapes, graph, scc, names, &shape) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < shape.members_count; i++) {
		shape.members[i].sum.objects = 0;
		shape.members[i].sum.bytes = 0;
		shape.members[i].sum.least = UINT64_MAX;
	}
	for (uint32_t i = 0; i < shape.edges_count; i++) {
		shape.edges[i].sum.count = 0;
		shape.edges[i].sum.back = 0;
	}
	if (vec_push(&shapes->all, shape) < 0)
		return -ENOMEM;
	return hashmap_add(&shapes->by_hash, hash, (uint32_t)(shapes->all.count - 1));
}

/* The shape of what was found, made if need be. */
static int find_shape(struct shapes *shapes, const struct garbage *graph,
		      const struct garbage_scc *scc, const struct shape_names *names, bool is_cut,
		      uint32_t *ret_shape)
{
	uint64_t hash = hash_shape(shapes);
	int err;

	HASHMAP_EACH(&shapes->by_hash, hash, i)
	if (is_same(shapes, &shapes->all.at[i])) {
		*ret_shape = i;
		return 0;
	}
	*ret_shape = GARBAGE_NONE;
	if (shapes->all.count >= SHAPES_MAX)
		return 0;
	err = make_shape(shapes, graph, scc, names, hash, is_cut);
	if (!err)
		*ret_shape = (uint32_t)(shapes->all.count - 1);
	return err;
}

static void add_sums(const struct shapes *shapes, struct shape *shape, uint32_t count)
{
	uint64_t objects = 0;

	for (uint32_t i = 0; i < shape->members_count; i++) {
		const struct shape_member *from = &shapes->members.at[i];
		struct cycles_member *sum = &shape->members[i].sum;

		add_member(&shape->members[i], from);
		if (from->sum.objects < sum->least)
			sum->least = from->sum.objects;
		if (from->sum.objects > sum->most)
			sum->most = from->sum.objects;
		shape->sum.bytes += from->sum.bytes;
		objects += from->sum.objects;
	}
	if (objects < shape->sum.least)
		shape->sum.least = objects;
	if (objects > shape->sum.most)
		shape->sum.most = objects;
	shape->sum.objects += count;
	for (uint32_t i = 0; i < shape->edges_count; i++)
		add_edge(&shape->edges[i], &shapes->edges.at[i]);
}

/* Of too many kinds of members: the largest; references of the others are not listed. */
static void cut_members(struct shapes *shapes, uint32_t objects)
{
	size_t kept = 0;

	shapes->members.count = MEMBERS_MAX;
	for (uint32_t i = 0; i < objects; i++)
		if (shapes->member_of.at[i] >= MEMBERS_MAX)
			shapes->member_of.at[i] = MEMBERS_MAX;
	for (size_t i = 0; i < shapes->edges.count; i++)
		if (shapes->edges.at[i].sum.from < MEMBERS_MAX &&
		    shapes->edges.at[i].sum.to < MEMBERS_MAX)
			shapes->edges.at[kept++] = shapes->edges.at[i];
	shapes->edges.count = kept;
}

int shapes_add(struct shapes *shapes, const struct garbage *graph, const struct garbage_scc *scc,
	       const struct shape_names *names, const struct shape_find *find, uint32_t *ret_shape)
{
	uint32_t objects = 0;
	struct shape *shape;
	bool is_cut = false;
	int err;

	if (vec_reserve(&shapes->place_of, graph->objects.count) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < scc->count; i++) {
		const struct garbage_object *object =
			&graph->objects.at[graph->order.at[scc->first + i]];

		shapes->place_of.at[graph->order.at[scc->first + i]] = i;
		objects += object->dict == GARBAGE_NONE ? 1 : 2;
	}
	err = find_members(shapes, graph, scc, names, true);
	if (!err && shapes->members.count > MEMBERS_MAX)
		err = find_members(shapes, graph, scc, names, false);
	if (!err)
		err = find_edges(shapes, graph, scc, names);
	if (err)
		return err;
	if (shapes->members.count > MEMBERS_MAX) {
		cut_members(shapes, scc->count);
		is_cut = true;
	}
	if (shapes->edges.count > EDGES_MAX) {
		shapes->edges.count = EDGES_MAX;
		is_cut = true;
	}
	err = find_shape(shapes, graph, scc, names, is_cut, ret_shape);
	if (err || *ret_shape == GARBAGE_NONE) {
		shapes->dropped += !err;
		return err;
	}
	shape = &shapes->all.at[*ret_shape];
	add_sums(shapes, shape, objects);
	shape->sum.cycles[find->fate]++;
	shape->sum.generations[find->generation]++;
	if (!shape->sum.first)
		shape->sum.first = find->stamp;
	shape->sum.last = find->stamp;
	return 0;
}

/* --------------------------------------------------------------------- end */

static int by_size(const void *a, const void *b)
{
	const struct cycles_shape *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->objects != y->objects)
		return x->objects > y->objects ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int finish_shape(struct shapes *shapes, const struct shape *shape)
{
	struct cycles_member *members =
		arena_alloc(&shapes->arena, (shape->members_count + 1) * sizeof(*members));
	struct cycles_edge *edges =
		arena_alloc(&shapes->arena, (shape->edges_count + 1) * sizeof(*edges));
	struct cycles_shape sum = shape->sum;

	if (!members || !edges)
		return -ENOMEM;
	for (uint32_t i = 0; i < shape->members_count; i++) {
		members[i] = shape->members[i].sum;
		members[i].type = intern_get(&shapes->texts, shape->members[i].type);
	}
	for (uint32_t i = 0; i < shape->edges_count; i++) {
		edges[i] = shape->edges[i].sum;
		edges[i].name = intern_get(&shapes->texts, shape->edges[i].name);
	}
	sum.members = members;
	sum.members_count = shape->members_count;
	sum.edges = edges;
	sum.edges_count = shape->edges_count;
	return vec_push(&shapes->results, sum);
}

int shapes_finish(struct shapes *shapes, struct result_cycles *result)
{
	int err = 0;

	for (size_t i = 0; i < shapes->all.count && !err; i++)
		err = finish_shape(shapes, &shapes->all.at[i]);
	if (shapes->results.count)
		qsort(shapes->results.at, shapes->results.count, sizeof(*shapes->results.at),
		      by_size);
	result->shapes = shapes->results.at;
	result->shapes_count = shapes->results.count;
	result->dropped = shapes->dropped;
	return err;
}
