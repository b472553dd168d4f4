/* SPDX-License-Identifier: Apache-2.0 */
/* How what is alive is held, in the JSON report, both ways. */
#include <inttypes.h>

#include "base/err.h"
#include "report/held-json.h"
#include "report/words.h"

/* ------------------------------------------------------------------- writing */

static void write_place(struct emit *emit, uint32_t stack, uint32_t fn, const char *type)
{
	if (stack != REPORT_NONE)
		emit_uint(emit, "stack", stack);
	emit_text(emit, "function", words_get(&words_fn, fn));
	if (*type)
		emit_text(emit, "type", type);
}

static void write_root(struct emit *emit, const struct report_held *held)
{
	emit_object(emit, "root", EMIT_FLAT);
	emit_text(emit, "kind", words_get(&words_holder, held->kind));
	if (*held->module) {
		emit_text(emit, "module", held->module);
		emit_uint(emit, "offset", held->offset);
	}
	if (*held->variable)
		emit_text(emit, "variable", held->variable);
	if (held->tid)
		emit_uint(emit, "tid", held->tid);
	emit_end(emit);
}

static void write_held(struct emit *emit, const struct report_held *held)
{
	emit_object(emit, NULL, EMIT_FLAT);
	emit_hash(emit, "sig", held->sig);
	write_place(emit, held->stack, held->fn, held->type);
	emit_text(emit, "class", words_get(&words_leak, held->class));
	emit_uint(emit, "blocks", held->own.blocks);
	emit_uint(emit, "bytes", held->own.bytes);
	emit_uint(emit, "kept_blocks", held->kept.blocks);
	emit_uint(emit, "kept_bytes", held->kept.bytes);
	emit_uint(emit, "most_blocks", held->most.blocks);
	emit_uint(emit, "most_bytes", held->most.bytes);
	if (*held->expression)
		emit_text(emit, "expression", held->expression);
	if (held->is_guessed)
		emit_bool(emit, "guessed", true);
	if (held->is_held)
		write_root(emit, held);
	if (held->is_cut)
		emit_bool(emit, "cut", true);
	emit_array(emit, "path", EMIT_FLAT);
	for (size_t i = 0; i < held->steps.count; i++) {
		const struct report_step *step = &held->steps.at[i];

		emit_object(emit, NULL, EMIT_FLAT);
		write_place(emit, step->stack, step->fn, step->type);
		if (*step->member)
			emit_text(emit, "member", step->member);
		emit_uint(emit, "offset", step->offset);
		if (step->times > 1)
			emit_uint(emit, "times", step->times);
		emit_end(emit);
	}
	emit_end(emit);
	emit_end(emit);
}

static void write_all(struct emit *emit, const char *key, const report_helds *held)
{
	emit_array(emit, key, EMIT_LINES);
	for (size_t i = 0; i < held->count; i++)
		write_held(emit, &held->at[i]);
	emit_end(emit);
}

/* How much of what is told of Python objects is known, and how much guessed. */
static void write_look(struct emit *emit, const struct report_process *process)
{
	const struct leaks_python *python = &process->held_python;

	emit_object(emit, "held_look", EMIT_FLAT);
	emit_text(emit, "moment", words_get(&words_moment, process->held_moment));
	emit_uint(emit, "precise_blocks", python->precise);
	emit_uint(emit, "guessed_blocks", python->guessed);
	emit_uint(emit, "unknown_blocks", python->unknown);
	emit_uint(emit, "unused_blocks", python->dead);
	emit_end(emit);
}

void held_json_write(struct emit *emit, const struct report_process *process)
{
	if (!process->scan.done && !process->held.count)
		return;
	write_all(emit, "held", &process->held);
	if (!process->held_types.count)
		return;
	write_look(emit, process);
	write_all(emit, "held_types", &process->held_types);
	write_all(emit, "held_objects", &process->held_objects);
}

/* ------------------------------------------------------------------- loading */

static uint32_t load_stack(struct load *load, const json_t *from)
{
	uint32_t stack = load_uint32(load, from, "stack", REPORT_NONE);

	if (stack != REPORT_NONE && stack >= load->report->stacks.count)
		load_fail(load, -EINVAL, "there is no stack %" PRIu32, stack);
	return stack;
}

static void load_steps(struct load *load, const json_t *from, struct report_held *held)
{
	const json_t *array = load_array(load, from, "path");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *at = json_array_get(array, i);
		struct report_step step = { .stack = load_stack(load, at),
					    .fn = load_word(load, at, "function", &words_fn),
					    .type = load_text(load, at, "type"),
					    .member = load_text(load, at, "member"),
					    .offset = load_uint(load, at, "offset"),
					    .times = load_uint(load, at, "times") };

		if (!step.times)
			step.times = 1;
		if (vec_push(&held->steps, step) < 0)
			load_fail(load, -ENOMEM, "%s", "");
	}
}

static void load_root(struct load *load, const json_t *from, struct report_held *held)
{
	const json_t *root = load_object(load, from, "root");

	held->is_held = json_object_get(from, "root") != NULL;
	held->module = load_text(load, root, "module");
	held->variable = load_text(load, root, "variable");
	held->offset = load_uint(load, root, "offset");
	held->tid = load_uint32(load, root, "tid", 0);
	if (held->is_held)
		held->kind = load_word(load, root, "kind", &words_holder);
}

static void load_held(struct load *load, const json_t *from, report_helds *to)
{
	struct report_held held = { .stack = load_stack(load, from),
				    .fn = load_word(load, from, "function", &words_fn),
				    .type = load_text(load, from, "type"),
				    .class = load_word(load, from, "class", &words_leak),
				    .own = { load_uint(load, from, "blocks"),
					     load_uint(load, from, "bytes") },
				    .kept = { load_uint(load, from, "kept_blocks"),
					      load_uint(load, from, "kept_bytes") },
				    .most = { load_uint(load, from, "most_blocks"),
					      load_uint(load, from, "most_bytes") },
				    .expression = load_text(load, from, "expression"),
				    .is_guessed = load_bool(load, from, "guessed", false),
				    .is_cut = load_bool(load, from, "cut", false) };

	held.sig = load_sig(load, from);
	load_root(load, from, &held);
	load_steps(load, from, &held);
	if (vec_push(to, held) < 0) {
		vec_fini(&held.steps);
		load_fail(load, -ENOMEM, "%s", "");
	}
}

static void load_all(struct load *load, const json_t *object, const char *key, report_helds *to)
{
	const json_t *array = load_array(load, object, key);

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++)
		load_held(load, json_array_get(array, i), to);
}

void held_json_load(struct load *load, const json_t *object, struct report_process *process)
{
	struct leaks_python *python = &process->held_python;
	const json_t *look;

	load_all(load, object, "held", &process->held);
	load_all(load, object, "held_types", &process->held_types);
	load_all(load, object, "held_objects", &process->held_objects);
	if (!json_object_get(object, "held_look"))
		return;
	look = load_object(load, object, "held_look");
	process->held_moment = load_word(load, look, "moment", &words_moment);
	python->precise = load_uint(load, look, "precise_blocks");
	python->guessed = load_uint(load, look, "guessed_blocks");
	python->unknown = load_uint(load, look, "unknown_blocks");
	python->dead = load_uint(load, look, "unused_blocks");
}
