/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What refers to nodes of a graph, and is none itself or does not tell.
 */
#include "py-holders.h"

#include <stddef.h>
#include <stdint.h>

#include "pages.h"
#include "py-body.h"
#include "py-explain.h"
#include "py-table.h"

#define SEEN_MAX	    (1u << 20) /* leaves that are looked into once only */
#define HOLDERS_MAX	    (1u << 18)
#define EDGES_MAX	    (1u << 18)
#define DEPTH_MAX	    24u /* of code within code, containers within containers */
#define ROUNDS_MAX	    16u /* of finding what holders lead to */
#define TYPE_BASE	    256u
#define TYPE_WEAKLISTOFFSET 208u
#define CODE_CONSTS	    (py_state.abi->minor >= 11 ? 24u : 56u)
#define FLAG_TUPLE_SUBCLASS (1ul << 26)

/**
 * struct holder - a leaf that refers to nodes
 * @visits:  references to it that were met
 * @reached: it is reachable, or held by something that is not known
 * @is_node: no leaf, but does not tell all
 */
struct holder {
	const void *object;
	uint32_t visits;
	bool reached;
	bool is_node;
};

/** struct edge - a node that refers to a holder itself */
struct edge {
	const struct py_graph_node *node;
	uint32_t holder;
};

/**
 * struct search - one look at a graph
 * @depth: of the leaf that is being looked into
 * @full:  a limit was met
 * @found: there are more roots
 */
struct search {
	struct py_graph *graph;
	struct py_table seen;
	struct py_table places; /* of holders: object to index + 1 */
	struct holder *holders;
	struct edge *edges;
	uint32_t holders_count;
	uint32_t edges_count;
	uint32_t seen_count;
	uint32_t depth;
	bool full;
	bool found;
};

static struct search search;

#define ROOM_BYTES (HOLDERS_MAX * sizeof(*search.holders) + EDGES_MAX * sizeof(*search.edges))

static struct holder *holder_of(const void *leaf)
{
	const struct py_slot *slot = py_table_find(&search.places, leaf);

	return slot ? &search.holders[slot->id - 1] : NULL;
}

bool py_holders_has(const void *object)
{
	return holder_of(object) != NULL;
}

static bool is_holder(const void *leaf)
{
	size_t bytes = py_body_of(leaf);

	for (size_t at = PY_BODY_HEAD; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t))
		if (py_explain_at(search.graph, (const uint8_t *)leaf + at))
			return true;
	return false;
}

/* @from: the node that refers to it; NULL: a leaf does, and what that means is not followed */
static void meet_holder(struct holder *holder, const struct py_graph_node *from)
{
	holder->visits++;
	if (!from)
		holder->reached = true;
	else if (search.edges_count < EDGES_MAX)
		search.edges[search.edges_count++] =
			(struct edge){ from, (uint32_t)(holder - search.holders) };
	else
		search.full = true;
}

static struct holder *add_holder(const void *leaf)
{
	if (search.holders_count == HOLDERS_MAX ||
	    !py_table_put(&search.places, leaf, search.holders_count + 1, 0)) {
		search.full = true;
		return NULL;
	}
	search.holders[search.holders_count] = (struct holder){ .object = leaf };
	return &search.holders[search.holders_count++];
}

/* Return: whether it has not been looked into before, and can be. */
static bool is_first_look(const void *leaf)
{
	if (py_table_find(&search.seen, leaf))
		return false;
	if (search.seen_count == SEEN_MAX || !py_table_put(&search.seen, leaf, 1, 0)) {
		search.full = true;
		return false;
	}
	search.seen_count++;
	return true;
}

static int meet(void *object, void *arg);

/*
 * What a leaf leads to that is a leaf again: containers that are not tracked, code in code.
 * @from: the node that leads to it, or NULL
 */
static void look_into(const void *leaf, void *from)
{
	const void *type = py_type_at(leaf);
	bool is_code = type == py_state.api.type_code;
	bool is_container = py_flags_of(type) & (PY_FLAG_DICT_SUBCLASS | FLAG_TUPLE_SUBCLASS);

	if ((!is_code && !is_container) || search.depth >= DEPTH_MAX || !is_first_look(leaf))
		return;
	/* Others may lead to it as well, who do not look into it again. */
	if (py_count_of(leaf) > 1)
		from = NULL;
	search.depth++;
	if (is_code)
		(void)meet(py_field(leaf, CODE_CONSTS), from);
	else
		(void)py_graph_traverse(leaf, meet, from);
	search.depth--;
}

/* For tp_traverse: @from, a node or NULL, refers to @object. */
static int meet(void *object, void *from)
{
	struct holder *holder;
	const void *type;

	if (!object || py_graph_find(search.graph, object))
		return 0;
	type = py_type_at(object);
	if (type == py_state.api.type_unicode || type == py_state.api.type_bytes)
		return 0;
	holder = holder_of(object);
	if (!holder && is_holder(object))
		holder = add_holder(object);
	if (holder)
		meet_holder(holder, from);
	look_into(object, from);
	return search.full ? -1 : 0;
}

/* A weak reference has the address of its object, and does not count. */
static bool is_weak(const void *object)
{
	const void *type = py_type_at(object);

	for (uint32_t i = 0; type && i < DEPTH_MAX; i++) {
		if (type == py_state.api.type_weakref)
			return true;
		type = py_field(type, TYPE_BASE);
	}
	return false;
}

static int is_it(void *object, void *wanted)
{
	return object == wanted;
}

static bool hides_word(const void *object, const void *at)
{
	const struct py_graph_node *other = py_explain_at(search.graph, at);

	return other && !py_graph_traverse(object, is_it, (void *)(uintptr_t)other->object);
}

/* Does the body of @node refer to another one, which its tp_traverse does not tell? */
static bool hides(const struct py_graph_node *node)
{
	const uint8_t *object = node->object;
	size_t bytes = py_body_of(object);
	size_t weak_list = (size_t)py_field(py_type_at(object), TYPE_WEAKLISTOFFSET);
	const uint8_t *dict = py_body_dict(object);

	if (dict && hides_word(object, dict))
		return true;

	for (size_t at = PY_BODY_HEAD; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t)) {
		if (at != weak_list && hides_word(object, object + at))
			return true;
	}
	return false;
}

bool py_holders_find(void)
{
	struct py_graph_node *node;

	py_graph_each (node, search.graph) {
		struct holder *holder;

		if (py_graph_traverse(node->object, meet, node))
			return false;
		if (!hides(node) || is_weak(node->object))
			continue;
		holder = add_holder(node->object);
		if (!holder)
			return false;
		meet_holder(holder, node);
		holder->is_node = true;
	}
	return !search.full;
}

void py_holders_explain(void)
{
	for (uint32_t i = 0; i < search.holders_count; i++)
		py_explain_body(search.graph, search.holders[i].object);
}

/* All that it refers to is reachable with it: roots for the next round. */
static void reach_word(const void *at)
{
	struct py_graph_node *node = py_explain_any(search.graph, at);

	if (node && !node->link && node->refs <= 0) {
		node->refs = PY_IMMORTAL;
		search.found = true;
	}
}

static void reach_holder(struct holder *holder)
{
	const uint8_t *object = holder->object;
	const uint8_t *dict = py_body_dict(object);
	size_t bytes = py_body_of(object);

	holder->reached = true;
	if (dict)
		reach_word(dict);
	for (size_t at = PY_BODY_HEAD; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t))
		reach_word(object + at);
}

bool py_holders_reach(void)
{
	for (uint32_t i = 0; i < search.holders_count; i++)
		if (search.holders[i].reached)
			reach_holder(&search.holders[i]);
	for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
		uint32_t unreachable;

		search.found = false;
		if (py_graph_reach(search.graph, &unreachable) < 0)
			return false;
		for (uint32_t i = 0; i < search.holders_count; i++) {
			struct holder *holder = &search.holders[i];

			if (!holder->reached && !holder->is_node &&
			    py_count_of(holder->object) > holder->visits)
				reach_holder(holder);
		}
		for (uint32_t i = 0; i < search.edges_count; i++) {
			struct holder *holder = &search.holders[search.edges[i].holder];

			if (!holder->reached && search.edges[i].node->link)
				reach_holder(holder);
		}
		if (!search.found)
			return true;
	}
	return false;
}

void py_holders_tell(void (*hidden)(void *arg, const void *object), void *arg)
{
	struct py_graph_node *node;
	uint32_t holders = 0;

	for (uint32_t i = 0; i < search.holders_count; i++) {
		if (search.holders[i].reached)
			continue;
		if (!search.holders[i].is_node)
			hidden(arg, search.holders[i].object);
		holders++;
	}
	/* Without such a thing it is garbage that the collector has yet to find. */
	if (!holders)
		return;
	py_graph_each (node, search.graph)
		if (!node->link)
			hidden(arg, node->object);
}

bool py_holders_open(struct py_graph *graph)
{
	uint8_t *room = pages_map(ROOM_BYTES, 0);

	if (!room)
		return false;
	search.graph = graph;
	search.edges = (void *)room;
	search.holders = (void *)(room + EDGES_MAX * sizeof(*search.edges));
	search.edges_count = search.holders_count = search.seen_count = search.depth = 0;
	search.full = false;
	py_table_reset(&search.seen);
	py_table_reset(&search.places);
	return true;
}

void py_holders_close(void)
{
	pages_unmap(search.edges, ROOM_BYTES);
	search.edges = NULL;
}
