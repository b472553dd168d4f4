/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cycles with stacks of the document.  Members and references are put in an
 * order that does not depend on the run, so that shapes that look the same
 * can be told and become one.
 */
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/err.h"
#include "report/build.h"
#include "report/report.h"
#include "report/sig.h"

#define MEMBERS_MAX 256u

/* A member, and which one it was in the model. */
struct ordered {
	struct report_cycle_member member;
	uint32_t was;
};

static int by_identity(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;
	int order = strcmp(x->member.type, y->member.type);

	if (order)
		return order;
	if (x->member.sig != y->member.sig)
		return x->member.sig < y->member.sig ? -1 : 1;
	if (x->member.place != y->member.place)
		return x->member.place < y->member.place ? -1 : 1;
	return x->was < y->was ? -1 : x->was > y->was;
}

static int by_edge(const void *a, const void *b)
{
	const struct cycles_edge *x = a, *y = b;
	int order;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = strcmp(x->name, y->name);
	if (order)
		return order;
	/* Positions in lists are not told apart. */
	if (x->kind != TENURE_PY_LABEL_INDEX && x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* The interpreter gets to one line by several ways: what counts are its own frames. */
static uint64_t place_of(const struct report *report, uint32_t stack)
{
	uint64_t place = 0;

	for (uint32_t at = stack; at != REPORT_NONE; at = report->stacks.at[at].caller)
		if (report->frames.at[report->stacks.at[at].frame].kind == RESOLVE_PYTHON)
			place = hash_u64(place ^ report->stacks.at[at].frame) + 1;
	return place ? place : stack;
}

static int add_member(struct build *build, const struct cycles_member *from, uint32_t was,
		      struct ordered *ret_ordered)
{
	struct result_site site = { .stack = from->stack, .fn = from->fn };
	struct report_cycle_member *member = &ret_ordered->member;
	int r = 0;

	*ret_ordered = (struct ordered){
		.member = { .type = report_text(build->report, from->type),
			    .stack = REPORT_NONE,
			    .fn = from->fn,
			    .objects = from->objects,
			    .bytes = from->bytes,
			    .least = from->least,
			    .most = from->most,
			    .finalizer = from->flags & TENURE_PY_FINALIZER,
			    .weakrefs = from->flags & TENURE_PY_WEAKREFS,
			    .weakable = from->flags & TENURE_PY_WEAKABLE },
		.was = was,
	};
	if (!member->type)
		return -ENOMEM;
	if (from->stack)
		r = build_stack(build, &site, &member->stack);
	if (r == 0)
		r = sig_of_stack(build->report, build->process, member->stack, "cycle",
				 &member->sig);
	member->place = place_of(build->report, member->stack);
	if (from->reused)
		member->sig = member->place = 0;
	return r;
}

static void add_to_member(struct report_cycle_member *to, const struct report_cycle_member *from)
{
	to->objects += from->objects;
	to->bytes += from->bytes;
	to->least += from->least;
	to->most += from->most;
	to->finalizer |= from->finalizer;
	to->weakrefs |= from->weakrefs;
	to->weakable |= from->weakable;
}

static void add_to_edge(struct cycles_edge *to, const struct cycles_edge *from)
{
	to->varies |= from->varies || to->number != from->number;
	to->count += from->count;
	to->back += from->back;
	to->weaken |= from->weaken;
}

static int add_members(struct build *build, const struct cycles_shape *from,
		       struct report_shape *shape, uint32_t places[MEMBERS_MAX])
{
	struct ordered ordered[MEMBERS_MAX];
	int r = 0;

	for (uint32_t i = 0; i < from->members_count && r == 0; i++)
		r = add_member(build, &from->members[i], i, &ordered[i]);
	if (r < 0)
		return r;
	qsort(ordered, from->members_count, sizeof(*ordered), by_identity);
	for (uint32_t i = 0; i < from->members_count && r == 0; i++) {
		struct report_cycle_member *last =
			shape->members.count ? &shape->members.at[shape->members.count - 1] : NULL;

		/* From two paths through the machine code to the same line. */
		if (last && last->place == ordered[i].member.place &&
		    !strcmp(last->type, ordered[i].member.type))
			add_to_member(last, &ordered[i].member);
		else
			r = vec_push(&shape->members, ordered[i].member);
		places[ordered[i].was] = (uint32_t)shape->members.count - 1;
	}
	return r;
}

static int add_edges(struct build *build, const struct cycles_shape *from,
		     struct report_shape *shape, const uint32_t places[MEMBERS_MAX])
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < from->edges_count && r == 0; i++) {
		struct cycles_edge edge = from->edges[i];

		edge.from = places[edge.from];
		edge.to = places[edge.to];
		edge.name = report_text(build->report, edge.name);
		r = edge.name ? vec_push(&shape->edges, edge) : -ENOMEM;
	}
	if (r == 0 && shape->edges.count)
		qsort(shape->edges.at, shape->edges.count, sizeof(*shape->edges.at), by_edge);
	for (size_t i = 0; i < shape->edges.count; i++) {
		if (kept && !by_edge(&shape->edges.at[kept - 1], &shape->edges.at[i]))
			add_to_edge(&shape->edges.at[kept - 1], &shape->edges.at[i]);
		else
			shape->edges.at[kept++] = shape->edges.at[i];
	}
	shape->edges.count = kept;
	return r;
}

/* Of everything that makes a shape what it is. */
static int sign(struct report_shape *shape)
{
	struct strbuf text = { 0 };

	strbuf_adds(&text, "tenure-cycle-1\n");
	for (size_t i = 0; i < shape->members.count; i++)
		strbuf_addf(&text, "%s %016llx\n", shape->members.at[i].type,
			    (unsigned long long)shape->members.at[i].sig);
	for (size_t i = 0; i < shape->edges.count; i++) {
		const struct cycles_edge *edge = &shape->edges.at[i];

		strbuf_addf(&text, "%u %u %u %s %u\n", edge->from, edge->to, edge->kind, edge->name,
			    edge->kind == TENURE_PY_LABEL_INDEX ? 0 : edge->number);
	}
	if (!text.failed)
		shape->sig = XXH3_64bits(text.at, text.count);
	strbuf_fini(&text);
	return text.failed ? -ENOMEM : 0;
}

static bool is_same(const struct report_shape *a, const struct report_shape *b)
{
	if (a->sig != b->sig || a->members.count != b->members.count ||
	    a->edges.count != b->edges.count)
		return false;
	for (size_t i = 0; i < a->members.count; i++)
		if (a->members.at[i].place != b->members.at[i].place)
			return false;
	return true;
}

/* One more part of the same: from another path through the machine code, say. */
static void unite(struct report_shape *to, const struct report_shape *from)
{
	for (unsigned int i = 0; i < CYCLES_FATE_COUNT; i++)
		to->cycles[i] += from->cycles[i];
	for (unsigned int i = 0; i < 3; i++)
		to->generations[i] += from->generations[i];
	to->objects += from->objects;
	to->bytes += from->bytes;
	to->held_objects += from->held_objects;
	to->held_bytes += from->held_bytes;
	to->least = from->least < to->least ? from->least : to->least;
	to->most = from->most > to->most ? from->most : to->most;
	to->first_ns = from->first_ns < to->first_ns ? from->first_ns : to->first_ns;
	to->last_ns = from->last_ns > to->last_ns ? from->last_ns : to->last_ns;
	to->cut |= from->cut;
	for (size_t i = 0; i < to->members.count; i++) {
		const struct report_cycle_member *other = &from->members.at[i];
		struct report_cycle_member *member = &to->members.at[i];
		uint64_t least = member->least, most = member->most;

		add_to_member(member, other);
		member->least = other->least < least ? other->least : least;
		member->most = other->most > most ? other->most : most;
	}
	for (size_t i = 0; i < to->edges.count; i++) {
		bool weaken = to->edges.at[i].weaken;

		add_to_edge(&to->edges.at[i], &from->edges.at[i]);
		to->edges.at[i].weaken = weaken; /* the most frequent case decides */
	}
}

static int add_shape(struct build *build, const struct cycles_shape *from,
		     struct report_shape *shape)
{
	uint32_t places[MEMBERS_MAX];
	uint64_t start = build->result->start_stamp;
	int r;

	if (from->members_count > MEMBERS_MAX)
		return 0;
	memcpy(shape->cycles, from->cycles, sizeof(shape->cycles));
	memcpy(shape->generations, from->generations, sizeof(shape->generations));
	shape->objects = from->objects;
	shape->bytes = from->bytes;
	shape->held_objects = from->held_objects;
	shape->held_bytes = from->held_bytes;
	shape->least = from->least;
	shape->most = from->most;
	shape->first_ns = from->first > start ? build_ns(build, from->first - start) : 0;
	shape->last_ns = from->last > start ? build_ns(build, from->last - start) : 0;
	shape->cut = from->cut;
	r = add_members(build, from, shape, places);
	if (r == 0)
		r = add_edges(build, from, shape, places);
	return r == 0 ? sign(shape) : r;
}

static int by_weight(const void *a, const void *b)
{
	const struct report_shape *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->objects != y->objects)
		return x->objects > y->objects ? -1 : 1;
	return x->sig < y->sig ? -1 : x->sig > y->sig;
}

static int place_shape(struct report_cycles *cycles, struct report_shape *shape)
{
	for (size_t i = 0; i < cycles->shapes.count; i++) {
		if (!is_same(&cycles->shapes.at[i], shape))
			continue;
		unite(&cycles->shapes.at[i], shape);
		vec_fini(&shape->members);
		vec_fini(&shape->edges);
		return 0;
	}
	return vec_push(&cycles->shapes, *shape);
}

int build_cycles(struct build *build)
{
	const struct result_cycles *from = build->result->cycles;
	struct report_cycles *cycles = &build->process->cycles;
	int r = 0;

	if (!from)
		return 0;
	memcpy(cycles->outcomes, from->outcomes, sizeof(cycles->outcomes));
	for (unsigned int g = 0; g < 3; g++)
		cycles->looked |= from->outcomes[g][TENURE_PY_GRAPH_WHOLE] != 0;
	cycles->looked |= cycles_skipped(cycles) != 0;
	cycles->examined = from->examined;
	cycles->unreachable = from->unreachable;
	cycles->kept = from->kept;
	cycles->ns = build_ns(build, from->ticks);
	cycles->dropped = from->dropped;
	for (size_t i = 0; i < from->shapes_count && r == 0; i++) {
		struct report_shape shape = { 0 };

		r = add_shape(build, &from->shapes[i], &shape);
		if (r == 0 && shape.members.count)
			r = place_shape(cycles, &shape);
		if (r < 0) {
			vec_fini(&shape.members);
			vec_fini(&shape.edges);
		}
	}
	if (cycles->shapes.count)
		qsort(cycles->shapes.at, cycles->shapes.count, sizeof(*cycles->shapes.at),
		      by_weight);
	return r;
}
