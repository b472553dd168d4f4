/* SPDX-License-Identifier: Apache-2.0 */
/* Records to a graph, and Tarjan's algorithm without recursion. */
#include "garbage.h"

#include <errno.h>
#include <stdlib.h>

#define OBJECTS_MAX (1u << 28)

#define LABEL_DICT (TENURE_PY_LABEL_OTHER | TENURE_PY_OTHER_DICT << TENURE_PY_LABEL_BITS)

/* ----------------------------------------------------------------- reading */

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

static uint64_t take_number(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		if (reader->at == reader->end)
			break;
		value |= (uint64_t)(*reader->at & 0x7f) << shift;
		if (!(*reader->at++ & 0x80))
			return value;
	}
	reader->bad = true;
	return 0;
}

static uint64_t take_signed(struct reader *reader)
{
	uint64_t value = take_number(reader);

	return value >> 1 ^ -(value & 1);
}

static int read_object(struct garbage *graph, struct reader *reader, uint32_t flags)
{
	struct garbage_object object = {
		.flags = flags,
		.edges = (uint32_t)graph->edges.count,
		.owner = GARBAGE_NONE,
		.dict = GARBAGE_NONE,
		.scc = GARBAGE_NONE,
	};

	graph->block += take_signed(reader) * 16;
	object.block = graph->block;
	object.type = (uint32_t)take_number(reader);
	if (graph->objects.count >= OBJECTS_MAX)
		return -EINVAL;
	return vec_push(&graph->objects, object);
}

static int read_entry(struct garbage *graph, struct reader *reader)
{
	uint32_t flags = (uint32_t)take_number(reader);
	uint64_t count, self;
	int err = 0;

	if (!(flags & TENURE_PY_MORE))
		err = read_object(graph, reader, flags);
	if (err || !graph->objects.count)
		return err ? err : -EINVAL;

	self = graph->objects.count - 1;
	count = take_number(reader);
	for (uint64_t i = 0; i < count && !reader->bad && !err; i++) {
		struct garbage_edge edge = { .to = (uint32_t)(self + take_signed(reader)) };

		edge.label = (uint32_t)take_number(reader);
		if (graph->edges.count >= UINT32_MAX)
			return -EINVAL;
		err = vec_push(&graph->edges, edge);
		graph->objects.at[self].edges_count++;
	}
	return reader->bad ? -EINVAL : err;
}

int garbage_read(struct garbage *graph, const uint8_t *bytes, size_t count)
{
	struct reader reader = { .at = bytes, .end = bytes + count };
	int err = 0;

	while (reader.at < reader.end && !err)
		err = read_entry(graph, &reader);
	return err;
}

void garbage_clear(struct garbage *graph)
{
	vec_clear(&graph->objects);
	vec_clear(&graph->edges);
	vec_clear(&graph->sccs);
	vec_clear(&graph->order);
	graph->block = 0;
}

void garbage_fini(struct garbage *graph)
{
	vec_fini(&graph->objects);
	vec_fini(&graph->edges);
	vec_fini(&graph->sccs);
	vec_fini(&graph->order);
}

/* ------------------------------------------------------------ dictionaries */

/* A dictionary that only its instance refers to is a part of it. */
static int find_owners(struct garbage *graph)
{
	uint32_t *references = calloc(graph->objects.count, sizeof(*references));

	if (!references)
		return -ENOMEM;
	for (size_t i = 0; i < graph->edges.count; i++)
		references[graph->edges.at[i].to]++;
	for (uint32_t i = 0; i < graph->objects.count; i++) {
		const struct garbage_object *object = &graph->objects.at[i];

		for (uint32_t k = 0; k < object->edges_count; k++) {
			const struct garbage_edge *edge = &graph->edges.at[object->edges + k];

			if (edge->label != LABEL_DICT || references[edge->to] != 1 ||
			    edge->to == i || object->owner != GARBAGE_NONE ||
			    graph->objects.at[edge->to].dict != GARBAGE_NONE)
				continue;
			graph->objects.at[i].dict = edge->to;
			graph->objects.at[edge->to].owner = i;
			break;
		}
	}
	free(references);
	return 0;
}

/* As seen from the instance, what its dictionary has under a key is an attribute. */
static uint32_t as_attribute(uint32_t label)
{
	uint32_t kind = label & ((1u << TENURE_PY_LABEL_BITS) - 1);

	return kind == TENURE_PY_LABEL_KEY ? label - TENURE_PY_LABEL_KEY + TENURE_PY_LABEL_ATTR
					   : label;
}

bool garbage_walk_next(struct garbage_walk *walk, struct garbage_edge *ret_edge)
{
	const struct garbage *graph = walk->graph;
	uint32_t dict = graph->objects.at[walk->object].dict;

	for (;;) {
		const struct garbage_object *from = &graph->objects.at[walk->from];
		const struct garbage_object *to;

		if (walk->at == from->edges_count) {
			if (walk->from == dict || dict == GARBAGE_NONE)
				return false;
			walk->from = dict;
			walk->at = 0;
			continue;
		}
		*ret_edge = graph->edges.at[from->edges + walk->at++];
		if (ret_edge->to == dict && walk->from == walk->object)
			continue;
		to = &graph->objects.at[ret_edge->to];
		if (to->owner != GARBAGE_NONE)
			ret_edge->to = to->owner;
		if (walk->from == dict)
			ret_edge->label = as_attribute(ret_edge->label);
		return true;
	}
}

/* --------------------------------------------------------------- components */

struct visit {
	struct garbage_walk walk;
	uint32_t low;
};

struct search {
	struct garbage *graph;
	uint32_t *index; /* in the order of discovery, from 1 */
	uint32_t next;
	VEC(struct visit) visits;
	VEC(uint32_t) open; /* objects whose component is not known yet */
};

static int enter(struct search *search, uint32_t object)
{
	struct visit visit = { .walk = garbage_walk(search->graph, object), .low = ++search->next };

	search->index[object] = visit.low;
	if (vec_push(&search->open, object) < 0)
		return -ENOMEM;
	return vec_push(&search->visits, visit);
}

static bool refers_to_itself(const struct garbage *graph, uint32_t object)
{
	struct garbage_walk walk = garbage_walk(graph, object);
	struct garbage_edge edge;

	while (garbage_walk_next(&walk, &edge))
		if (edge.to == object)
			return true;
	return false;
}

/* The open objects down to @root are one component. */
static int close_component(struct search *search, uint32_t root)
{
	struct garbage *graph = search->graph;
	struct garbage_scc scc = { .first = (uint32_t)graph->order.count };
	uint32_t object;

	do {
		object = search->open.at[--search->open.count];
		graph->objects.at[object].scc = (uint32_t)graph->sccs.count;
		if (vec_push(&graph->order, object) < 0)
			return -ENOMEM;
		scc.count++;
	} while (object != root);
	scc.is_cycle = scc.count > 1 || refers_to_itself(graph, root);
	return vec_push(&graph->sccs, scc);
}

static int search_from(struct search *search, uint32_t start)
{
	struct garbage *graph = search->graph;
	int err = enter(search, start);

	while (!err && search->visits.count) {
		struct visit *top = &search->visits.at[search->visits.count - 1];
		struct garbage_edge edge;
		uint32_t object = top->walk.object, low;

		if (garbage_walk_next(&top->walk, &edge)) {
			if (!search->index[edge.to])
				err = enter(search, edge.to);
			else if (graph->objects.at[edge.to].scc == GARBAGE_NONE &&
				 search->index[edge.to] < top->low)
				top->low = search->index[edge.to];
			continue;
		}
		low = top->low;
		search->visits.count--;
		if (low == search->index[object])
			err = close_component(search, object);
		else if (low < search->visits.at[search->visits.count - 1].low)
			search->visits.at[search->visits.count - 1].low = low;
	}
	return err;
}

int garbage_analyze(struct garbage *graph)
{
	struct search search = { .graph = graph };
	int err;

	if (!graph->objects.count)
		return 0;
	for (size_t i = 0; i < graph->edges.count; i++)
		if (graph->edges.at[i].to >= graph->objects.count)
			return -EINVAL;
	err = find_owners(graph);
	search.index = calloc(graph->objects.count, sizeof(*search.index));
	if (!search.index)
		err = -ENOMEM;
	for (uint32_t i = 0; i < graph->objects.count && !err; i++)
		if (!search.index[i] && graph->objects.at[i].owner == GARBAGE_NONE)
			err = search_from(&search, i);
	free(search.index);
	vec_fini(&search.visits);
	vec_fini(&search.open);
	return err;
}
