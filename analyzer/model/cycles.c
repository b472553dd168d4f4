/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One graph of garbage at a time: gathered while a collection begins, judged
 * when it has ended.
 */
#include "cycles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shapes.h"

#define IDS_MAX (1u << 22)

/**
 * struct cycles - and the collection that is under way
 * @types:   number of the text by type id; @names: likewise by name id
 * @whole:   the graph is all there
 * @thread:  whose collection it is
 * @saved:   the program wishes garbage to be kept
 * @shape_of: shape that each component belongs to, while a graph is judged
 */
struct cycles {
	struct result_cycles result;
	struct shapes shapes;
	VEC(uint32_t) types;
	VEC(uint32_t) names;
	VEC(uint32_t) shape_of;
	struct garbage graph;
	unsigned int generation;
	uint16_t thread;
	bool whole;
	bool saved;
};

struct cycles *cycles_new(void)
{
	struct cycles *cycles = calloc(1, sizeof(*cycles));

	if (!cycles || shapes_init(&cycles->shapes) < 0)
		return cycles_free(cycles);
	return cycles;
}

struct cycles *cycles_free(struct cycles *cycles)
{
	if (!cycles)
		return NULL;
	shapes_fini(&cycles->shapes);
	vec_fini(&cycles->types);
	vec_fini(&cycles->names);
	vec_fini(&cycles->shape_of);
	garbage_fini(&cycles->graph);
	free(cycles);
	return NULL;
}

/* u32 id, text. */
static int feed_text(struct cycles *cycles, const struct event *event, bool is_type)
{
	uint32_t id, text;
	size_t count;
	int err;

	if (event->bytes < sizeof(id))
		return -EINVAL;
	memcpy(&id, event->payload, sizeof(id));
	if (id == 0 || id >= IDS_MAX)
		return -EINVAL;
	count = strnlen((const char *)event->payload + sizeof(id), event->bytes - sizeof(id));
	err = intern_add(&cycles->shapes.texts, (const char *)event->payload + sizeof(id), count,
			 &text);
	while (!err && (is_type ? cycles->types.count : cycles->names.count) <= id)
		err = is_type ? vec_push(&cycles->types, 0) : vec_push(&cycles->names, 0);
	if (!err)
		(is_type ? cycles->types.at : cycles->names.at)[id] = text;
	return err;
}

/* ------------------------------------------------------------ a collection */

static int feed_start(struct cycles *cycles, const struct event *event)
{
	struct tenure_py_gc gc;

	if (event->bytes < sizeof(gc))
		return -EINVAL;
	memcpy(&gc, event->payload, sizeof(gc));
	if (gc.generation > 2)
		return -EINVAL;
	/* From another interpreter, of which nothing will be sent. */
	if (cycles->whole && cycles->thread != event->thread)
		return 0;
	garbage_clear(&cycles->graph);
	cycles->whole = false;
	cycles->generation = gc.generation;
	cycles->thread = event->thread;
	return 0;
}

/* What the block of each new object is known for. */
static void look_up(struct cycles *cycles, size_t from, const struct cycles_blocks *blocks)
{
	for (size_t i = from; i < cycles->graph.objects.count; i++) {
		struct garbage_object *object = &cycles->graph.objects.at[i];
		const struct heap_block *block =
			heap_look(blocks->heap, object->block & HEAP_ADDR_MASK);

		if (!block)
			continue;
		object->bytes = heap_bytes(block);
		object->birth = block->moment;
		object->stack = blocks->sites->at[block->site].stack;
		object->fn = blocks->sites->at[block->site].fn;
	}
}

static int feed_graph(struct cycles *cycles, const struct event *event,
		      const struct cycles_blocks *blocks)
{
	size_t from = cycles->graph.objects.count;
	int err;

	if (cycles->whole || event->thread != cycles->thread)
		return 0;
	err = garbage_read(&cycles->graph, event->payload, event->bytes);
	look_up(cycles, from, blocks);
	return err;
}

static int feed_end(struct cycles *cycles, const struct event *event)
{
	struct tenure_py_graph head;

	if (event->bytes < sizeof(head))
		return -EINVAL;
	memcpy(&head, event->payload, sizeof(head));
	if (head.outcome >= TENURE_PY_GRAPH_OUTCOMES)
		return -EINVAL;
	cycles->result.ticks += head.ticks;
	if (head.outcome == TENURE_PY_GRAPH_OTHERS) {
		cycles->result.outcomes[cycles->generation][head.outcome]++;
		return 0;
	}
	if (cycles->graph.objects.count != head.unreachable &&
	    head.outcome == TENURE_PY_GRAPH_WHOLE) {
		/* A part of it was lost. */
		garbage_clear(&cycles->graph);
		return -EINVAL;
	}
	cycles->result.outcomes[cycles->generation][head.outcome]++;
	if (head.outcome != TENURE_PY_GRAPH_WHOLE) {
		garbage_clear(&cycles->graph);
		return 0;
	}
	cycles->result.examined += head.examined;
	cycles->result.unreachable += head.unreachable;
	cycles->whole = true;
	cycles->saved = head.flags & TENURE_PY_GRAPH_SAVEALL;
	return 0;
}

static int feed_kept(struct cycles *cycles, const struct event *event)
{
	if (!cycles->whole || event->thread != cycles->thread)
		return 0;
	for (size_t at = 0; at + sizeof(uint32_t) <= event->bytes; at += sizeof(uint32_t)) {
		uint32_t number;

		memcpy(&number, event->payload + at, sizeof(number));
		if (number >= cycles->graph.objects.count)
			return -EINVAL;
		cycles->graph.objects.at[number].kept = true;
	}
	return 0;
}

/* ------------------------------------------------------------ its judgement */

static enum cycles_fate fate_of(const struct cycles *cycles, const struct garbage_scc *scc,
				const struct tenure_py_gc *gc)
{
	const struct garbage *graph = &cycles->graph;

	if (cycles->saved)
		return CYCLES_SAVED;
	for (uint32_t i = 0; i < scc->count; i++)
		if (graph->objects.at[graph->order.at[scc->first + i]].kept)
			return gc->uncollectable ? CYCLES_UNCOLLECTABLE : CYCLES_RESURRECTED;
	return CYCLES_COLLECTED;
}

/*
 * What is no cycle hangs on one.  Components that can reach others have higher
 * numbers than these, so shapes are handed down from the end.
 */
static void count_held(struct cycles *cycles)
{
	const struct garbage *graph = &cycles->graph;

	for (size_t i = graph->sccs.count; i-- > 0;) {
		const struct garbage_scc *scc = &graph->sccs.at[i];
		uint32_t shape = cycles->shape_of.at[i];

		for (uint32_t k = 0; shape != GARBAGE_NONE && k < scc->count; k++) {
			uint32_t number = graph->order.at[scc->first + k];
			const struct garbage_object *object = &graph->objects.at[number];
			struct garbage_walk walk = garbage_walk(graph, number);
			struct cycles_shape *sum = &cycles->shapes.all.at[shape].sum;
			struct garbage_edge edge;

			if (!scc->is_cycle) {
				sum->held_objects += object->dict == GARBAGE_NONE ? 1 : 2;
				sum->held_bytes += object->bytes;
				if (object->dict != GARBAGE_NONE)
					sum->held_bytes += graph->objects.at[object->dict].bytes;
			}
			while (garbage_walk_next(&walk, &edge)) {
				uint32_t to = graph->objects.at[edge.to].scc;

				if (cycles->shape_of.at[to] == GARBAGE_NONE)
					cycles->shape_of.at[to] = shape;
			}
		}
	}
}

static int judge(struct cycles *cycles, const struct tenure_py_gc *gc, uint64_t stamp)
{
	struct garbage *graph = &cycles->graph;
	struct shape_names names = {
		.types = cycles->types.at,
		.types_count = cycles->types.count,
		.names = cycles->names.at,
		.names_count = cycles->names.count,
	};
	int err = garbage_analyze(graph);

	vec_clear(&cycles->shape_of);
	for (size_t i = 0; i < graph->sccs.count && !err; i++) {
		const struct garbage_scc *scc = &graph->sccs.at[i];
		struct shape_find find = {
			.stamp = stamp,
			.generation = cycles->generation,
			.fate = fate_of(cycles, scc, gc),
		};
		uint32_t shape = GARBAGE_NONE;

		if (scc->is_cycle)
			err = shapes_add(&cycles->shapes, graph, scc, &names, &find, &shape);
		if (!err)
			err = vec_push(&cycles->shape_of, shape);
	}
	if (!err)
		count_held(cycles);
	for (size_t i = 0; i < graph->objects.count; i++)
		cycles->result.kept += graph->objects.at[i].kept || cycles->saved;
	return err;
}

static int feed_stop(struct cycles *cycles, const struct event *event)
{
	struct tenure_py_gc gc;
	int err;

	if (event->bytes < sizeof(gc))
		return -EINVAL;
	if (!cycles->whole || event->thread != cycles->thread)
		return 0;
	memcpy(&gc, event->payload, sizeof(gc));
	err = judge(cycles, &gc, event->stamp);
	cycles->whole = false;
	garbage_clear(&cycles->graph);
	return err;
}

int cycles_feed(struct cycles *cycles, const struct event *event,
		const struct cycles_blocks *blocks)
{
	switch (event->ext) {
	case TENURE_PY_TYPE:
		return feed_text(cycles, event, true);
	case TENURE_PY_NAME:
		return feed_text(cycles, event, false);
	case TENURE_PY_GC_START:
		return feed_start(cycles, event);
	case TENURE_PY_GRAPH:
		return feed_graph(cycles, event, blocks);
	case TENURE_PY_GRAPH_END:
		return feed_end(cycles, event);
	case TENURE_PY_GRAPH_KEPT:
		return feed_kept(cycles, event);
	case TENURE_PY_GC_STOP:
		return feed_stop(cycles, event);
	default:
		return 0;
	}
}

const struct result_cycles *cycles_finish(struct cycles *cycles)
{
	return shapes_finish(&cycles->shapes, &cycles->result) < 0 ? NULL : &cycles->result;
}
