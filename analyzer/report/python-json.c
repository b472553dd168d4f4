/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions side by side, so that they cannot differ unseen. */
#include <inttypes.h>

#include "report/python-json.h"
#include "report/words.h"

#include <errno.h>
#include <string.h>

static void write_counts(struct emit *emit, const char *key, const uint64_t *counts)
{
	emit_array(emit, key, EMIT_FLAT);
	for (unsigned int i = 0; i < RESULT_GENERATIONS; i++)
		emit_uint(emit, NULL, counts[i]);
	emit_end(emit);
}

static void write_level(struct emit *emit, const char *key, const struct result_arenas_level *level)
{
	emit_object(emit, key, EMIT_FLAT);
	emit_uint(emit, "arenas", level->arenas);
	emit_uint(emit, "arena_bytes", level->arena_bytes);
	emit_uint(emit, "blocks", level->blocks);
	emit_uint(emit, "bytes", level->bytes);
	emit_uint(emit, "rounded_bytes", level->rounded_bytes);
	emit_end(emit);
}

static void load_level(struct load *load, const json_t *object, const char *key,
		       struct result_arenas_level *level)
{
	const json_t *from = load_object(load, object, key);

	level->arenas = load_uint(load, from, "arenas");
	level->arena_bytes = load_uint(load, from, "arena_bytes");
	level->blocks = load_uint(load, from, "blocks");
	level->bytes = load_uint(load, from, "bytes");
	level->rounded_bytes = load_uint(load, from, "rounded_bytes");
}

static void write_arenas(struct emit *emit, const struct result_arenas *arenas)
{
	emit_object(emit, "arenas", EMIT_LINES);
	emit_uint(emit, "most_bytes", arenas->most_bytes);
	write_level(emit, "peak", &arenas->peak);
	write_level(emit, "end", &arenas->end);
	emit_end(emit);
}

static void load_arenas(struct load *load, const json_t *object, struct result_arenas *arenas)
{
	const json_t *from = load_object(load, object, "arenas");

	arenas->most_bytes = load_uint(load, from, "most_bytes");
	load_level(load, from, "peak", &arenas->peak);
	load_level(load, from, "end", &arenas->end);
}

static void write_container(struct emit *emit, const struct report_container *container)
{
	emit_object(emit, NULL, EMIT_FLAT);
	emit_text(emit, "type", container->type);
	if (container->stack != REPORT_NONE)
		emit_uint(emit, "stack", container->stack);
	if (container->side_stack != REPORT_NONE)
		emit_uint(emit, "items_stack", container->side_stack);
	emit_uint(emit, "bytes", container->bytes);
	emit_uint(emit, "length", container->length);
	emit_end(emit);
}

static void write_containers(struct emit *emit, const struct report_python *python)
{
	emit_array(emit, "containers", EMIT_LINES);
	for (size_t i = 0; i < python->containers.count; i++) {
		const struct report_containers *at = &python->containers.at[i];

		emit_object(emit, NULL, EMIT_LINES);
		emit_uint(emit, "time_ns", at->time_ns);
		emit_uint(emit, "heap_bytes", at->heap_bytes);
		emit_bool(emit, "end", at->is_end);
		emit_bool(emit, "partial", at->partial);
		emit_array(emit, "biggest", EMIT_LINES);
		for (size_t j = 0; j < at->items.count; j++)
			write_container(emit, &at->items.at[j]);
		emit_end(emit);
		emit_end(emit);
	}
	emit_end(emit);
}

static uint32_t load_stack(struct load *load, const json_t *from, const char *key)
{
	uint32_t stack = load_uint32(load, from, key, REPORT_NONE);

	if (stack != REPORT_NONE && stack >= load->report->stacks.count)
		load_fail(load, -EINVAL, "there is no stack %u", stack);
	return stack;
}

static void load_moment(struct load *load, const json_t *from, struct report_containers *to)
{
	const json_t *array = load_array(load, from, "biggest");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *at = json_array_get(array, i);
		struct report_container container = {
			.type = load_text(load, at, "type"),
			.stack = load_stack(load, at, "stack"),
			.side_stack = load_stack(load, at, "items_stack"),
			.bytes = load_uint(load, at, "bytes"),
			.length = load_uint(load, at, "length"),
		};

		if (vec_push(&to->items, container) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
}

static void load_containers(struct load *load, const json_t *object, struct report_python *python)
{
	const json_t *array = load_array(load, object, "containers");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *at = json_array_get(array, i);
		struct report_containers containers = {
			.time_ns = load_uint(load, at, "time_ns"),
			.heap_bytes = load_uint(load, at, "heap_bytes"),
			.is_end = load_bool(load, at, "end", false),
			.partial = load_bool(load, at, "partial", false),
		};

		if (vec_push(&python->containers, containers) < 0)
			load_fail(load, -ENOMEM, "%s", "");
		else
			load_moment(load, at, &python->containers.at[i]);
	}
}

static void write_leak(struct emit *emit, const struct report_python_leak *leak)
{
	emit_object(emit, NULL, EMIT_FLAT);
	emit_text(emit, "kind", words_get(&words_python_leak, leak->kind));
	if (leak->origin)
		emit_text(emit, "origin", words_get(&words_origin, leak->origin));
	if (leak->stack != REPORT_NONE) {
		emit_hash(emit, "sig", leak->sig);
		emit_uint(emit, "stack", leak->stack);
	}
	emit_text(emit, "function", words_get(&words_fn, leak->fn));
	if (*leak->type)
		emit_text(emit, "type", leak->type);
	emit_uint(emit, "objects", leak->objects);
	emit_uint(emit, "bytes", leak->bytes);
	if (leak->references)
		emit_uint(emit, "references", leak->references);
	emit_end(emit);
}

static void write_end(struct emit *emit, const struct report_python_end *end)
{
	emit_object(emit, "end", EMIT_FLAT);
	emit_uint(emit, "time_ns", end->time_ns);
	for (uint32_t i = REPORT_ORIGIN_INTERPRETER; i < REPORT_ORIGINS; i++) {
		emit_object(emit, words_get(&words_origin, i), EMIT_FLAT);
		emit_uint(emit, "blocks", end->blocks[i]);
		emit_uint(emit, "bytes", end->bytes[i]);
		emit_end(emit);
	}
	emit_uint(emit, "unlisted_leaks", end->own_objects);
	emit_uint(emit, "held_natively", end->held_objects);
	emit_end(emit);
	emit_array(emit, "leaks", EMIT_LINES);
	for (size_t i = 0; i < end->leaks.count; i++)
		write_leak(emit, &end->leaks.at[i]);
	emit_end(emit);
}

void python_json_write(struct emit *emit, const struct report_python *python)
{
	if (!python->version)
		return;
	emit_object(emit, "python", EMIT_LINES);
	emit_text(emit, "version", python->version);
	emit_text(emit, "generations", python->no_generations ? "survived" : "collector");
	write_counts(emit, "runs", python->runs);
	write_counts(emit, "run_ns", python->run_ns);
	emit_uint(emit, "collected", python->collected);
	emit_uint(emit, "uncollectable", python->uncollectable);
	if (python->has_arenas)
		write_arenas(emit, &python->arenas);
	if (python->containers.count)
		write_containers(emit, python);
	emit_array(emit, "collections", EMIT_LINES);
	for (size_t i = 0; i < python->collections.count; i++) {
		const struct report_collection *at = &python->collections.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		emit_uint(emit, "time_ns", at->time_ns);
		emit_uint(emit, "duration_ns", at->duration_ns);
		emit_uint(emit, "interpreter", at->interpreter);
		emit_uint(emit, "generation", at->generation);
		emit_uint(emit, "collected", at->collected);
		emit_uint(emit, "uncollectable", at->uncollectable);
		emit_uint(emit, "freed_blocks", at->freed_blocks);
		emit_uint(emit, "freed_bytes", at->freed_bytes);
		emit_uint(emit, "heap_bytes", at->heap_bytes);
		emit_uint(emit, "heap_blocks", at->heap_blocks);
		emit_end(emit);
	}
	emit_end(emit);
	if (python->end.seen)
		write_end(emit, &python->end);
	emit_end(emit);
}

static void load_leak(struct load *load, const json_t *from, struct report_python_end *end)
{
	struct report_python_leak leak = {
		.kind = load_word(load, from, "kind", &words_python_leak),
		.origin = json_object_get(from, "origin")
				  ? load_word(load, from, "origin", &words_origin)
				  : REPORT_ORIGIN_NONE,
		.stack = load_uint32(load, from, "stack", REPORT_NONE),
		.fn = load_word(load, from, "function", &words_fn),
		.type = "",
		.objects = load_uint(load, from, "objects"),
		.bytes = load_uint(load, from, "bytes"),
		.references = load_uint(load, from, "references"),
	};

	if (leak.stack != REPORT_NONE)
		leak.sig = load_sig(load, from);
	if (leak.stack != REPORT_NONE && leak.stack >= load->report->stacks.count)
		load_fail(load, -EINVAL, "there is no stack %" PRIu32, leak.stack);
	if (json_object_get(from, "type"))
		leak.type = load_text(load, from, "type");
	if (vec_push(&end->leaks, leak) < 0)
		load_fail(load, -ENOMEM, "%s", "");
}

static void load_python_end(struct load *load, const json_t *object, struct report_python_end *end)
{
	const json_t *from, *array;

	if (!json_object_get(object, "end"))
		return;
	from = load_object(load, object, "end");
	end->seen = true;
	end->time_ns = load_uint(load, from, "time_ns");
	end->own_objects = load_uint(load, from, "unlisted_leaks");
	/* Reports of earlier releases do not have it. */
	end->held_objects =
		json_object_get(from, "held_natively") ? load_uint(load, from, "held_natively") : 0;
	for (uint32_t i = REPORT_ORIGIN_INTERPRETER; i < REPORT_ORIGINS; i++) {
		const json_t *of = load_object(load, from, words_get(&words_origin, i));

		end->blocks[i] = load_uint(load, of, "blocks");
		end->bytes[i] = load_uint(load, of, "bytes");
	}
	array = load_array(load, object, "leaks");
	for (size_t i = 0; i < json_array_size(array) && !load->error; i++)
		load_leak(load, json_array_get(array, i), end);
}

void python_json_load(struct load *load, const json_t *object, struct report_python *python)
{
	const json_t *from, *array;

	if (!json_object_get(object, "python"))
		return;
	from = load_object(load, object, "python");
	python->version = load_text(load, from, "version");
	/* Reports of earlier releases do not have it. */
	python->no_generations = json_object_get(from, "generations") &&
				 !strcmp(load_text(load, from, "generations"), "survived");
	load_counts(load, from, "runs", python->runs, RESULT_GENERATIONS);
	load_counts(load, from, "run_ns", python->run_ns, RESULT_GENERATIONS);
	python->collected = load_uint(load, from, "collected");
	python->uncollectable = load_uint(load, from, "uncollectable");
	python->has_arenas = json_object_get(from, "arenas") != NULL;
	if (python->has_arenas)
		load_arenas(load, from, &python->arenas);
	if (json_object_get(from, "containers"))
		load_containers(load, from, python);
	array = load_array(load, from, "collections");
	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *at = json_array_get(array, i);
		struct report_collection collection = {
			.time_ns = load_uint(load, at, "time_ns"),
			.duration_ns = load_uint(load, at, "duration_ns"),
			.interpreter = load_uint32(load, at, "interpreter", 0),
			.generation = load_uint32(load, at, "generation", 0),
			.collected = load_uint(load, at, "collected"),
			.uncollectable = load_uint(load, at, "uncollectable"),
			.freed_blocks = load_uint(load, at, "freed_blocks"),
			.freed_bytes = load_uint(load, at, "freed_bytes"),
			.heap_bytes = load_uint(load, at, "heap_bytes"),
			.heap_blocks = load_uint(load, at, "heap_blocks"),
		};

		if (collection.generation >= RESULT_GENERATIONS)
			load_fail(load, -EINVAL, "there is no generation %u",
				  collection.generation);
		else if (vec_push(&python->collections, collection) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
	load_python_end(load, from, &python->end);
}
