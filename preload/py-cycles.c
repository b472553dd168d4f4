/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph of what a collection finds unreachable, as records.
 *
 * Objects are numbered in the order of the graph's table.  The references of
 * one object are gathered, named, and sent with it; places in the list of
 * references are found by the number of the object referred to.
 */
#include "py-cycles.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "image.h"
#include "pages.h"
#include "py-edges.h"
#include "py-graph.h"
#include "py-names.h"
#include "py-state.h"
#include "py-types.h"
#include "record.h"
#include "sys.h"

#define BUDGET_SHARE	  20u		      /* one part in so many of the time */
#define GRANT_TICKS	  (UINT64_C(1) << 23) /* some 50 ms to begin with */
#define COST_FIRST	  32u		      /* ticks per object that is examined */
#define EDGES_MAX	  65536u	      /* references that are named together */
#define ENTRY_EDGES	  64u		      /* references in one entry of a record */
#define ENTRY_BYTES	  (1 + 10 + 5 + 2 + ENTRY_EDGES * 10)
#define BUFFER_BYTES	  3900u
#define KEPT_AT_ONCE	  512u
#define CHECK_EVERY	  256u /* objects sent between two looks at the clock */
#define OLDEST_GENERATION 2u

struct edge {
	uint32_t to;
	uint32_t label;
	uint32_t same; /* place + 1 of another reference to the same object, 0: none */
};

/**
 * struct cycles - the collection that is looked into; one at a time
 * @owner:      interpreter that it is of, NULL when there is none; atomic
 * @is_sent:    the analyzer has all of its unreachable objects
 * @began:      when the first collection was seen
 * @spent:      ticks for all so far
 * @cost:       ticks per examined object, of late
 * @hints:      objects examined the last time, by generation
 * @graph:      stays from the start to the stop; an unreachable node's refs is its number
 * @objects:    the unreachable ones, by number; @places: see want()
 * @buffer:     of the GRAPH record being filled
 */
struct cycles {
	const void *owner;
	bool is_sent;
	unsigned int generation;
	uint64_t began;
	uint64_t spent;
	uint64_t cost;
	uint32_t hints[3];
	struct py_graph graph;
	const void **objects;
	uint32_t *places;
	uint32_t count;
	struct thread *thread;
	struct edge *edges;
	uint32_t edges_count;
	bool is_late;
	bool has_begun; /* the object's first entry was written */
	const void *object;
	uint32_t number;
	uintptr_t last_block;
	uint32_t fill;
	uint8_t buffer[BUFFER_BYTES];
};

static struct cycles cycles;

/* ---------------------------------------------------------------- encoding */

static uint8_t *put_number(uint8_t *p, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*p++ = (uint8_t)(value | 0x80);
	*p++ = (uint8_t)value;
	return p;
}

static uint8_t *put_signed(uint8_t *p, int64_t value)
{
	return put_number(p, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static void flush(struct cycles *at)
{
	if (at->fill)
		record_ext(at->thread, TENURE_PY_GRAPH, at->buffer, at->fill, NULL, 0);
	at->fill = 0;
}

static void put_entry(struct cycles *at, const struct edge *edges, uint32_t count)
{
	uint8_t *p;

	if (at->fill + ENTRY_BYTES > sizeof(at->buffer))
		flush(at);
	p = at->buffer + at->fill;
	if (at->has_begun) {
		*p++ = TENURE_PY_MORE;
	} else {
		uintptr_t block = (uintptr_t)py_edges_block(at->object);
		const void *type = py_field(at->object, PY_OB_TYPE);

		*p++ = (uint8_t)py_edges_flags(at->object);
		p = put_signed(p, (int64_t)(block / 16 - at->last_block / 16));
		p = put_number(p, py_types_id(at->thread, type));
		at->last_block = block;
		at->has_begun = true;
	}
	p = put_number(p, count);
	for (uint32_t i = 0; i < count; i++) {
		p = put_signed(p, (int64_t)edges[i].to - (int64_t)at->number);
		p = put_number(p, edges[i].label);
	}
	at->fill = (uint32_t)(p - at->buffer);
}

/* -------------------------------------------------------------- references */

/* The next reference to @target without a label. */
static uint32_t *want(const void *target, void *arg)
{
	struct cycles *at = arg;
	const struct py_graph_node *node = py_graph_find(&at->graph, target);
	struct edge *edge;
	uint32_t *place;

	if (!node || node->link)
		return NULL;
	place = &at->places[node->refs];
	if (!*place || *place > at->edges_count)
		return NULL;
	edge = &at->edges[*place - 1];
	/* What an earlier object has left there. */
	if (edge->to != (uint32_t)node->refs)
		return NULL;
	*place = edge->same;
	return &edge->label;
}

static void send_edges(struct cycles *at)
{
	struct py_edges names = {
		.thread = at->thread,
		.want = want,
		.arg = at,
		.left = at->edges_count,
	};
	uint32_t done = 0;

	if (at->edges_count)
		py_edges_name(&names, at->object);
	do {
		uint32_t count = at->edges_count - done;

		if (count > ENTRY_EDGES)
			count = ENTRY_EDGES;
		put_entry(at, at->edges + done, count);
		done += count;
	} while (done < at->edges_count);
	at->edges_count = 0;
}

static int gather(void *object, void *arg)
{
	struct cycles *at = arg;
	const struct py_graph_node *node = py_graph_find(&at->graph, object);
	uint32_t *place;

	if (!node || node->link)
		return 0;
	if (unlikely(at->edges_count == EDGES_MAX)) {
		send_edges(at);
		at->is_late = at->graph.deadline && sys_ticks() > at->graph.deadline;
		if (at->is_late)
			return -1;
	}
	place = &at->places[node->refs];
	at->edges[at->edges_count] = (struct edge){ .to = (uint32_t)node->refs };
	if (*place && *place <= at->edges_count && at->edges[*place - 1].to == (uint32_t)node->refs)
		at->edges[at->edges_count].same = *place;
	*place = ++at->edges_count;
	return 0;
}

/* Return: false when it is too late. */
static bool send_object(struct cycles *at, uint32_t number)
{
	at->object = at->objects[number];
	at->number = number;
	at->has_begun = false;
	at->is_late = false;
	if (py_graph_traverse(at->object, gather, at))
		return false;
	send_edges(at);
	if (number % CHECK_EVERY == 0 && at->graph.deadline && sys_ticks() > at->graph.deadline)
		at->is_late = true;
	return !at->is_late;
}

/* -------------------------------------------------------------- the graph */

static size_t objects_bytes(uint32_t count)
{
	return count * (sizeof(*cycles.objects) + sizeof(*cycles.places));
}

static void forget_objects(struct cycles *at)
{
	pages_unmap(at->objects, objects_bytes(at->count));
	at->objects = NULL;
	at->count = 0;
}

/* Gives each unreachable object its number. */
static bool number_objects(struct cycles *at, uint32_t count)
{
	struct py_graph_node *node;

	if (!at->edges)
		at->edges = pages_map(EDGES_MAX * sizeof(*at->edges), 0);
	if (!at->edges)
		return false;
	at->objects = pages_map(objects_bytes(count), 0);
	if (!at->objects)
		return false;
	at->places = (void *)(at->objects + count);
	at->count = count;
	count = 0;
	py_graph_each (node, &at->graph) {
		if (node->link)
			continue;
		node->refs = (int32_t)count;
		at->objects[count++] = node->object;
	}
	return true;
}

static enum tenure_py_outcome outcome_of(int err)
{
	if (!err)
		return TENURE_PY_GRAPH_WHOLE;
	if (err == -ETIME)
		return TENURE_PY_GRAPH_LATE;
	return err == -EINVAL ? TENURE_PY_GRAPH_ODD : TENURE_PY_GRAPH_MEMORY;
}

static enum tenure_py_outcome look(struct cycles *at, uint32_t *ret_unreachable)
{
	uint32_t unreachable = 0;
	int err;

	if (!py_state.abi->gc_generations)
		return TENURE_PY_GRAPH_ODD;
	at->graph.hint = at->hints[at->generation];
	err = py_graph_open(&at->graph, py_gc_of(at->owner), PY_GRAPH_UP_TO(at->generation));
	if (!err)
		err = py_graph_count(&at->graph);
	if (!err)
		err = py_graph_reach(&at->graph, &unreachable);
	if (err)
		return outcome_of(err);
	at->hints[at->generation] = at->graph.count;
	*ret_unreachable = unreachable;
	if (!unreachable)
		return TENURE_PY_GRAPH_WHOLE;
	if (!number_objects(at, unreachable))
		return TENURE_PY_GRAPH_MEMORY;

	py_names_begin();
	at->last_block = 0;
	at->fill = 0;
	at->edges_count = 0;
	for (uint32_t i = 0; i < at->count; i++)
		if (!send_object(at, i))
			return TENURE_PY_GRAPH_LATE;
	flush(at);
	return TENURE_PY_GRAPH_WHOLE;
}

/* Ticks that may be spent on it; younger generations leave something to the older ones. */
static uint64_t allowance(const struct cycles *at)
{
	uint64_t all = GRANT_TICKS + (sys_ticks() - at->began) / BUDGET_SHARE;

	all = all / 4 * (2 + at->generation);
	return all > at->spent ? all - at->spent : 0;
}

/* Return: false when there is no time for it. */
static bool may_look(struct cycles *at)
{
	uint64_t left;

	at->graph.deadline = 0;
	if (image->flags & TENURE_WELCOME_ALL_CYCLES)
		return true;
	if (!py_state.api.is_initialized()) {
		/* The last one: nothing else is waiting for this program. */
		at->graph.deadline = sys_ticks() + 8 * GRANT_TICKS + (sys_ticks() - at->began) / 2;
		return true;
	}
	left = allowance(at);
	at->graph.deadline = sys_ticks() + left;
	return at->hints[at->generation] * at->cost <= left && left > COST_FIRST;
}

static bool take_over(struct cycles *at, const void *interp)
{
	const void *none = NULL;

	if (__atomic_load_n(&at->owner, __ATOMIC_RELAXED) == interp)
		return true;
	return __atomic_compare_exchange_n(&at->owner, &none, interp, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static void end(struct cycles *at)
{
	at->is_sent = false;
	forget_objects(at);
	py_graph_close(&at->graph);
	/* Partner: the acquire in take_over(). */
	__atomic_store_n(&at->owner, NULL, __ATOMIC_RELEASE);
}

void py_cycles_start(struct thread *thread, const void *interp, unsigned int generation)
{
	struct cycles *at = &cycles;
	struct tenure_py_graph head = { .outcome = TENURE_PY_GRAPH_OTHERS };
	uint64_t begin = sys_ticks();
	uint32_t unreachable = 0;

	if ((image->flags & TENURE_WELCOME_NO_CYCLES) || generation > OLDEST_GENERATION)
		return;
	if (take_over(at, interp)) {
		forget_objects(at);
		at->is_sent = false;
		at->thread = thread;
		at->generation = generation;
		if (!at->began)
			at->began = begin;
		if (!at->cost)
			at->cost = COST_FIRST;
		head.outcome = TENURE_PY_GRAPH_BUDGET;
		if (may_look(at)) {
			head.outcome = look(at, &unreachable);
			head.examined = at->graph.count;
			head.unreachable = unreachable;
			head.ticks = sys_ticks() - begin;
			at->spent += head.ticks;
			if (at->graph.count)
				at->cost = (3 * at->cost + head.ticks / at->graph.count) / 4;
		}
		at->is_sent = head.outcome == TENURE_PY_GRAPH_WHOLE && unreachable;
		if (py_field_int(py_gc_of(interp), py_state.abi->gc_enabled + sizeof(int)) &
		    PY_GC_SAVEALL)
			head.flags |= TENURE_PY_GRAPH_SAVEALL;
	}
	record_ext(thread, TENURE_PY_GRAPH_END, &head, sizeof(head), NULL, 0);
	if (head.outcome != TENURE_PY_GRAPH_OTHERS && !at->is_sent)
		end(at);
}

/* ---------------------------------------------------------------- the stop */

struct kept {
	const struct cycles *at;
	struct thread *thread;
	uint32_t count;
	uint32_t numbers[KEPT_AT_ONCE];
};

static void flush_kept(struct kept *kept)
{
	if (kept->count)
		record_ext(kept->thread, TENURE_PY_GRAPH_KEPT, kept->numbers,
			   kept->count * sizeof(kept->numbers[0]), NULL, 0);
	kept->count = 0;
}

static int keep(const void *object, void *arg)
{
	struct kept *kept = arg;
	const struct py_graph_node *node = py_graph_find(&kept->at->graph, object);

	if (!node || node->link)
		return 0;
	if (kept->count == KEPT_AT_ONCE)
		flush_kept(kept);
	kept->numbers[kept->count++] = (uint32_t)node->refs;
	return 0;
}

void py_cycles_stop(struct thread *thread, const void *interp, const struct tenure_py_gc *gc)
{
	struct cycles *at = &cycles;
	struct kept kept = { .at = at, .thread = thread };
	unsigned int older = at->generation < OLDEST_GENERATION ? at->generation + 1
								: OLDEST_GENERATION;

	if (__atomic_load_n(&at->owner, __ATOMIC_RELAXED) != interp)
		return;
	/* What lives on has moved to the older list, where nothing new can be yet. */
	if (at->is_sent && gc->collected != at->count) {
		(void)py_graph_walk(py_gc_of(interp), 1u << older, keep, &kept);
		flush_kept(&kept);
	}
	end(at);
}

void py_cycles_drop(const void *interp)
{
	if (__atomic_load_n(&cycles.owner, __ATOMIC_RELAXED) == interp)
		end(&cycles);
}

void py_cycles_reset(void)
{
	cycles.began = 0;
	cycles.spent = 0;
	end(&cycles);
	py_names_reset();
}
