/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the collector would find.
 *
 * One entry of 16 bytes per object holds all that is known of it, so that a
 * reference costs one look into the table.  Entries of objects that lie near
 * one another do so too: traversing follows the memory, not the lists.
 */
#include "py-graph.h"

#include <errno.h>
#include <string.h>

#include "pages.h"
#include "py-body.h"
#include "py-state.h"
#include "sys.h"

#define PLACES_FIRST (1u << 12)
#define PLACES_KEPT  (1u << 16) /* a table up to this size is kept */
#define PLACES_MAX   (1u << 24) /* 256 MiB */
#define AHEAD	     16u	/* places ahead whose objects are fetched */
#define CHECK_EVERY  4096u	/* references, objects: between two looks at the clock */

#define LINK_LAST 1u /* of node.link: reached, and the last one of the list */
#define LINK_NODE 2u /* + place: reached, the next one of the list */

#define GC_HEAD_BYTES	 16u
#define GENERATION_BYTES 24u
#define LISTS		 4u

#define FEWER_BYTES 4u /* of a head that needs no more alignment than an int */

/* PyGC_Head: in front of each tracked object, and at the head of each list. */
struct gc_head {
	struct gc_head *next;
	uintptr_t prev; /* two low bits are flags */
} __attribute__((packed, aligned(4)));

/* Where the lists are, from the collector's state on; 0: not known yet. */
struct places {
	uint16_t generations;
	uint16_t permanent;
};

struct reaching {
	struct py_graph *graph;
	uint32_t first; /* of the list of nodes whose references were not followed yet */
};

static bool is_late(const struct py_graph *graph)
{
	return graph->deadline && sys_ticks() > graph->deadline;
}

static size_t table_bytes(uint32_t places)
{
	return places * sizeof(struct py_graph_node);
}

/* The count itself; an object that is never freed has a very large one. */
static int32_t refs_of(const void *object)
{
	uint64_t refs = (uint64_t)(uintptr_t)py_field(object, PY_OB_REFCNT);

	if (py_state.abi->minor >= 14)
		refs = (uint32_t)refs;
	return refs > INT32_MAX ? INT32_MAX : (int32_t)refs;
}

static void put(struct py_graph *graph, const struct py_graph_node *new)
{
	uint32_t i = py_graph_home(graph, new->object);

	while (graph->nodes[i].object)
		i = (i + 1) & graph->mask;
	graph->nodes[i] = *new;
}

/* An empty table of so many places. */
static int begin(struct py_graph *graph, uint32_t places)
{
	if (places > graph->capacity) {
		struct py_graph_node *nodes = pages_map(table_bytes(places), 0);

		if (!nodes)
			return -ENOMEM;
		pages_unmap(graph->nodes, table_bytes(graph->capacity));
		graph->nodes = nodes;
		graph->capacity = places;
	} else {
		memset(graph->nodes, 0, table_bytes(places));
	}
	graph->mask = places - 1;
	graph->count = 0;
	graph->edges = 0;
	return 0;
}

static int grow(struct py_graph *graph)
{
	struct py_graph old = *graph;
	struct py_graph_node *node;
	uint32_t places = (graph->mask + 1) * 2;

	if (places > PLACES_MAX)
		return -E2BIG;
	graph->nodes = pages_map(table_bytes(places), 0);
	if (!graph->nodes) {
		graph->nodes = old.nodes;
		return -ENOMEM;
	}
	graph->capacity = places;
	graph->mask = places - 1;
	py_graph_each (node, &old)
		put(graph, node);
	pages_unmap(old.nodes, table_bytes(old.capacity));
	return 0;
}

/* Places that hold @count objects well. */
static uint32_t places_for(uint64_t count)
{
	uint32_t places = PLACES_FIRST;

	while (places < PLACES_MAX && places / 8 * 5 < count)
		places *= 2;
	return places;
}

/* A list that was never used is all zero where there is no such list. */
static bool is_list(const uint8_t *list)
{
	struct gc_head head, first;

	return py_read_safely(list, &head, sizeof(head)) &&
	       (uintptr_t)head.next % sizeof(uint32_t) == 0 &&
	       py_read_safely(head.next, &first, sizeof(first)) &&
	       (first.prev & ~(uintptr_t)3) == (uintptr_t)list;
}

static bool are_lists(const uint8_t *first, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (!is_list(first + i * GENERATION_BYTES))
			return false;
	return true;
}

/* @at, or the place a little before it, if @count lists are there; 0: neither. */
static uint16_t find_lists(const uint8_t *gc, uint16_t at, unsigned int count)
{
	if (at < FEWER_BYTES)
		return 0;
	if (are_lists(gc + at, count))
		return at;
	at -= FEWER_BYTES;
	return are_lists(gc + at, count) ? at : 0;
}

/*
 * Debian builds 3.13 and later with heads of lists that are aligned to 4 bytes, so
 * that they follow the int before them at once.  It is the same in all interpreters.
 *
 * Return: whether the lists look as expected.
 */
static bool find_places(const void *gc, struct places *ret)
{
	static struct places known;
	const struct py_abi *abi = py_state.abi;

	__atomic_load(&known, ret, __ATOMIC_RELAXED);
	if (ret->generations)
		return true;
	ret->generations = find_lists(gc, abi->gc_generations, LISTS - 1);
	ret->permanent = find_lists(gc, abi->gc_permanent, 1);
	if (!ret->generations || !ret->permanent)
		return false;
	__atomic_store(&known, ret, __ATOMIC_RELAXED);
	return true;
}

static const struct gc_head *list_of(const void *gc, const struct places *places, unsigned int list)
{
	size_t at = list == LISTS - 1 ? places->permanent
				      : places->generations + list * GENERATION_BYTES;

	return (const void *)((uintptr_t)gc + at);
}

static int take_list(struct py_graph *graph, const struct gc_head *list)
{
	const struct gc_head *at = list->next;
	uint32_t full = (graph->mask + 1) / 8 * 5;

	for (; at != list; at = at->next) {
		struct py_graph_node node = {
			.object = (const uint8_t *)at + GC_HEAD_BYTES,
		};

		__builtin_prefetch(at->next);
		if (unlikely(graph->count >= full)) {
			int err = grow(graph);

			if (err)
				return err;
			full = (graph->mask + 1) / 8 * 5;
		}
		if (unlikely(graph->limit && graph->count >= graph->limit))
			return -E2BIG;
		if (unlikely(graph->count % CHECK_EVERY == 0) && is_late(graph))
			return -ETIME;
		node.refs = refs_of(node.object);
		put(graph, &node);
		graph->count++;
	}
	return 0;
}

int py_graph_open(struct py_graph *graph, const void *gc, unsigned int lists)
{
	struct places places;
	int err = find_places(gc, &places) ? begin(graph, places_for(graph->hint)) : -EINVAL;

	for (unsigned int i = 0; !err && i < LISTS; i++)
		if (lists >> i & 1)
			err = take_list(graph, list_of(gc, &places, i));
	return err;
}

int py_graph_walk(const void *gc, unsigned int lists, int (*each)(const void *object, void *arg),
		  void *arg)
{
	struct places places;

	if (!find_places(gc, &places))
		return -EINVAL;
	for (unsigned int i = 0; i < LISTS; i++) {
		const struct gc_head *list = list_of(gc, &places, i);

		if (!(lists >> i & 1))
			continue;
		for (const struct gc_head *at = list->next; at != list; at = at->next) {
			__builtin_prefetch(at->next);
			if (each((const uint8_t *)at + GC_HEAD_BYTES, arg))
				return 1;
		}
	}
	return 0;
}

void py_graph_close(struct py_graph *graph)
{
	if (graph->capacity > PLACES_KEPT) {
		pages_unmap(graph->nodes, table_bytes(graph->capacity));
		graph->nodes = NULL;
		graph->capacity = 0;
	}
	graph->count = 0;
}

static int count_reference(void *object, void *arg)
{
	struct py_graph *graph = arg;
	struct py_graph_node *node = py_graph_find(graph, object);

	if (node)
		node->refs--;
	return unlikely(++graph->edges % CHECK_EVERY == 0) && is_late(graph) ? -1 : 0;
}

static attr_always_inline void fetch_ahead(const struct py_graph *graph,
					   const struct py_graph_node *node)
{
	const struct py_graph_node *ahead = node + AHEAD;

	if (likely(ahead <= graph->nodes + graph->mask) && ahead->object)
		__builtin_prefetch(ahead->object);
}

int py_graph_count(struct py_graph *graph)
{
	struct py_graph_node *node;
	uint32_t done = 0;

	py_graph_each (node, graph) {
		fetch_ahead(graph, node);
		if (py_graph_traverse(node->object, count_reference, graph) ||
		    (++done % CHECK_EVERY == 0 && is_late(graph)))
			return -ETIME;
	}
	return 0;
}

static int reach(void *object, void *arg)
{
	struct reaching *reaching = arg;
	struct py_graph *graph = reaching->graph;
	struct py_graph_node *node = py_graph_find(graph, object);

	if (node && !node->link) {
		node->link = reaching->first;
		reaching->first = LINK_NODE + (uint32_t)(node - graph->nodes);
	}
	return unlikely(++graph->edges % CHECK_EVERY == 0) && is_late(graph) ? -1 : 0;
}

int py_graph_reach(struct py_graph *graph, uint32_t *ret_unreachable)
{
	struct py_graph_node *root;
	uint32_t unreachable = graph->count;

	py_graph_each (root, graph) {
		struct reaching reaching = { .graph = graph, .first = LINK_LAST };

		if (root->refs <= 0 || root->link)
			continue;
		(void)reach((void *)root->object, &reaching);
		while (reaching.first != LINK_LAST) {
			struct py_graph_node *node = &graph->nodes[reaching.first - LINK_NODE];

			reaching.first = node->link;
			unreachable--;
			if (py_graph_traverse(node->object, reach, &reaching))
				return -ETIME;
		}
	}
	*ret_unreachable = unreachable;
	return 0;
}
