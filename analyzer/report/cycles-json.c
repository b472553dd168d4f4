/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions side by side, so that they cannot differ unseen. */
#include "report/cycles-json.h"

#include <inttypes.h>

#include "base/err.h"
#include "report/words.h"

static const char *const outcomes[] = {
	[TENURE_PY_GRAPH_WHOLE] = "examined", [TENURE_PY_GRAPH_BUDGET] = "over_budget",
	[TENURE_PY_GRAPH_LATE] = "too_slow",  [TENURE_PY_GRAPH_MEMORY] = "too_large",
	[TENURE_PY_GRAPH_ODD] = "unknown",    [TENURE_PY_GRAPH_OTHERS] = "concurrent",
};

static const char *const kinds[] = {
	[TENURE_PY_LABEL_OTHER] = "other", [TENURE_PY_LABEL_ATTR] = "attribute",
	[TENURE_PY_LABEL_KEY] = "key",	   [TENURE_PY_LABEL_INDEX] = "index",
	[TENURE_PY_LABEL_LOCAL] = "local", [TENURE_PY_LABEL_OFFSET] = "offset",
};

static const struct words words_kind = { .at = kinds, ARRAY_SIZE(kinds) };

static const char *const fates[] = {
	[CYCLES_COLLECTED] = "collected",
	[CYCLES_RESURRECTED] = "resurrected",
	[CYCLES_UNCOLLECTABLE] = "uncollectable",
	[CYCLES_SAVED] = "saved",
};

/* ------------------------------------------------------------------- writing */

static void write_counts(struct emit *emit, const char *key, const uint64_t counts[3])
{
	emit_array(emit, key, EMIT_FLAT);
	for (unsigned int i = 0; i < 3; i++)
		emit_uint(emit, NULL, counts[i]);
	emit_end(emit);
}

static void write_member(struct emit *emit, const struct report_cycle_member *member)
{
	emit_object(emit, NULL, EMIT_FLAT);
	emit_text(emit, "type", member->type);
	if (member->stack != REPORT_NONE)
		emit_uint(emit, "stack", member->stack);
	emit_text(emit, "function", words_get(&words_fn, member->fn));
	emit_uint(emit, "objects", member->objects);
	emit_uint(emit, "bytes", member->bytes);
	emit_uint(emit, "least", member->least);
	emit_uint(emit, "most", member->most);
	emit_bool(emit, "finalizer", member->finalizer);
	emit_bool(emit, "weakrefs", member->weakrefs);
	emit_bool(emit, "weakable", member->weakable);
	emit_end(emit);
}

static void write_edge(struct emit *emit, const struct cycles_edge *edge)
{
	struct strbuf label = { 0 };

	cycles_label(&label, edge);
	emit_object(emit, NULL, EMIT_FLAT);
	emit_uint(emit, "from", edge->from);
	emit_uint(emit, "to", edge->to);
	emit_text(emit, "label", strbuf_get(&label));
	emit_text(emit, "kind", words_get(&words_kind, edge->kind));
	if (*edge->name)
		emit_text(emit, "name", edge->name);
	emit_uint(emit, "number", edge->number);
	emit_bool(emit, "varies", edge->varies);
	emit_uint(emit, "count", edge->count);
	emit_uint(emit, "back", edge->back);
	emit_bool(emit, "weaken", edge->weaken);
	emit_end(emit);
	strbuf_fini(&label);
}

static void write_shape(struct emit *emit, const struct report_shape *shape)
{
	emit_object(emit, NULL, EMIT_LINES);
	emit_hash(emit, "sig", shape->sig);
	emit_object(emit, "cycles", EMIT_FLAT);
	for (unsigned int i = 0; i < CYCLES_FATE_COUNT; i++)
		emit_uint(emit, fates[i], shape->cycles[i]);
	emit_end(emit);
	emit_uint(emit, "objects", shape->objects);
	emit_uint(emit, "bytes", shape->bytes);
	emit_uint(emit, "held_objects", shape->held_objects);
	emit_uint(emit, "held_bytes", shape->held_bytes);
	emit_uint(emit, "least", shape->least);
	emit_uint(emit, "most", shape->most);
	write_counts(emit, "generations", shape->generations);
	emit_uint(emit, "first_ns", shape->first_ns);
	emit_uint(emit, "last_ns", shape->last_ns);
	emit_bool(emit, "cut", shape->cut);
	emit_array(emit, "members", EMIT_LINES);
	for (size_t i = 0; i < shape->members.count; i++)
		write_member(emit, &shape->members.at[i]);
	emit_end(emit);
	emit_array(emit, "edges", EMIT_LINES);
	for (size_t i = 0; i < shape->edges.count; i++)
		write_edge(emit, &shape->edges.at[i]);
	emit_end(emit);
	emit_end(emit);
}

void cycles_json_write(struct emit *emit, const struct report_cycles *cycles)
{
	if (!cycles->looked)
		return;
	emit_object(emit, "cycles", EMIT_LINES);
	emit_object(emit, "collections", EMIT_LINES);
	for (unsigned int i = 0; i < TENURE_PY_GRAPH_OUTCOMES; i++) {
		uint64_t counts[3];

		for (unsigned int g = 0; g < 3; g++)
			counts[g] = cycles->outcomes[g][i];
		write_counts(emit, outcomes[i], counts);
	}
	emit_end(emit);
	emit_uint(emit, "examined", cycles->examined);
	emit_uint(emit, "unreachable", cycles->unreachable);
	emit_uint(emit, "kept", cycles->kept);
	emit_uint(emit, "duration_ns", cycles->ns);
	emit_uint(emit, "dropped", cycles->dropped);
	emit_array(emit, "shapes", EMIT_LINES);
	for (size_t i = 0; i < cycles->shapes.count; i++)
		write_shape(emit, &cycles->shapes.at[i]);
	emit_end(emit);
	emit_end(emit);
}

/* ------------------------------------------------------------------- loading */

static void load_member(struct load *load, const json_t *from, struct report_shape *shape)
{
	struct report_cycle_member member = {
		.type = load_text(load, from, "type"),
		.stack = load_uint32(load, from, "stack", REPORT_NONE),
		.fn = load_word(load, from, "function", &words_fn),
		.objects = load_uint(load, from, "objects"),
		.bytes = load_uint(load, from, "bytes"),
		.least = load_uint(load, from, "least"),
		.most = load_uint(load, from, "most"),
		.finalizer = load_bool(load, from, "finalizer", false),
		.weakrefs = load_bool(load, from, "weakrefs", false),
		.weakable = load_bool(load, from, "weakable", false),
	};

	if (member.stack != REPORT_NONE && member.stack >= load->report->stacks.count)
		load_fail(load, -EINVAL, "there is no stack %" PRIu32, member.stack);
	else if (vec_push(&shape->members, member) < 0)
		load_fail(load, -ENOMEM, "%s", "");
}

static void load_edge(struct load *load, const json_t *from, struct report_shape *shape)
{
	struct cycles_edge edge = {
		.from = load_uint32(load, from, "from", 0),
		.to = load_uint32(load, from, "to", 0),
		.kind = load_word(load, from, "kind", &words_kind),
		.name = load_text(load, from, "name"),
		.number = load_uint32(load, from, "number", 0),
		.varies = load_bool(load, from, "varies", false),
		.count = load_uint(load, from, "count"),
		.back = load_uint(load, from, "back"),
		.weaken = load_bool(load, from, "weaken", false),
	};

	if (edge.from >= shape->members.count || edge.to >= shape->members.count)
		load_fail(load, -EINVAL, "%s", "a shape of cycles has no such member");
	else if (vec_push(&shape->edges, edge) < 0)
		load_fail(load, -ENOMEM, "%s", "");
}

static void load_shape(struct load *load, const json_t *from, struct report_cycles *cycles)
{
	const json_t *counts = load_object(load, from, "cycles"), *array;
	struct report_shape shape = {
		.objects = load_uint(load, from, "objects"),
		.bytes = load_uint(load, from, "bytes"),
		.held_objects = load_uint(load, from, "held_objects"),
		.held_bytes = load_uint(load, from, "held_bytes"),
		.least = load_uint(load, from, "least"),
		.most = load_uint(load, from, "most"),
		.first_ns = load_uint(load, from, "first_ns"),
		.last_ns = load_uint(load, from, "last_ns"),
		.cut = load_bool(load, from, "cut", false),
	};

	shape.sig = load_sig(load, from);
	for (unsigned int i = 0; i < CYCLES_FATE_COUNT; i++)
		shape.cycles[i] = load_uint(load, counts, fates[i]);
	load_counts(load, from, "generations", shape.generations, 3);
	array = load_array(load, from, "members");
	for (size_t i = 0; i < json_array_size(array) && !load->error; i++)
		load_member(load, json_array_get(array, i), &shape);
	array = load_array(load, from, "edges");
	for (size_t i = 0; i < json_array_size(array) && !load->error; i++)
		load_edge(load, json_array_get(array, i), &shape);
	if (vec_push(&cycles->shapes, shape) < 0) {
		vec_fini(&shape.members);
		vec_fini(&shape.edges);
		load_fail(load, -ENOMEM, "%s", "");
	}
}

void cycles_json_load(struct load *load, const json_t *object, struct report_cycles *cycles)
{
	const json_t *from, *collections, *array;

	if (!json_object_get(object, "cycles"))
		return;
	from = load_object(load, object, "cycles");
	cycles->looked = true;
	collections = load_object(load, from, "collections");
	for (unsigned int i = 0; i < TENURE_PY_GRAPH_OUTCOMES; i++) {
		uint64_t counts[3] = { 0 };

		load_counts(load, collections, outcomes[i], counts, 3);
		for (unsigned int g = 0; g < 3; g++)
			cycles->outcomes[g][i] = counts[g];
	}
	cycles->examined = load_uint(load, from, "examined");
	cycles->unreachable = load_uint(load, from, "unreachable");
	cycles->kept = load_uint(load, from, "kept");
	cycles->ns = load_uint(load, from, "duration_ns");
	cycles->dropped = load_uint(load, from, "dropped");
	array = load_array(load, from, "shapes");
	for (size_t i = 0; i < json_array_size(array) && !load->error; i++)
		load_shape(load, json_array_get(array, i), cycles);
}
