/* SPDX-License-Identifier: Apache-2.0 */
/* The gate's part of a JSON report, both ways. */
#include <inttypes.h>

#include "base/err.h"
#include "report/gate-json.h"
#include "report/words.h"

static void write_stack(struct emit *emit, const char *key, uint32_t stack)
{
	if (stack != REPORT_NONE)
		emit_uint(emit, key, stack);
}

static void write_violation(struct emit *emit, const struct gate_violation *violation)
{
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "rule", words_get(&words_rule, violation->rule));
	emit_text(emit, "scope", violation->scope);
	emit_text(emit, "metric", violation->metric);
	emit_text(emit, "unit", words_get(&words_unit, violation->unit));
	emit_uint(emit, "got", violation->got);
	emit_uint(emit, "limit", violation->limit);
	emit_int(emit, "delta", violation->delta);
	if (violation->has_baseline)
		emit_uint(emit, "baseline", violation->baseline);
	if (violation->has_sig)
		emit_hash(emit, "sig", violation->sig);
	emit_uint(emit, "process", violation->process);
	write_stack(emit, "stack", violation->stack);
	write_stack(emit, "culprit", violation->culprit);
	emit_text(emit, "where", violation->where);
	emit_text(emit, "message", violation->message);
	emit_text(emit, "accept", violation->accept);
	emit_text(emit, "suppress", violation->suppress);
	emit_end(emit);
}

static void write_texts(struct emit *emit, const char *key, const report_texts *texts)
{
	emit_array(emit, key, EMIT_LINES);
	for (size_t i = 0; i < texts->count; i++)
		emit_text(emit, NULL, texts->at[i]);
	emit_end(emit);
}

void gate_json_write(struct emit *emit, const struct gate_result *gate)
{
	emit_object(emit, "gate", EMIT_LINES);
	emit_text(emit, "status", words_get(&words_verdict, gate->verdict));
	emit_array(emit, "violations", EMIT_LINES);
	for (size_t i = 0; i < gate->violations.count; i++)
		write_violation(emit, &gate->violations.at[i]);
	emit_end(emit);
	write_texts(emit, "reasons", &gate->reasons);
	write_texts(emit, "notes", &gate->notes);
	emit_uint(emit, "suppressed", gate->suppressed);
	emit_uint(emit, "rules", gate->rules);
	emit_uint(emit, "runs", gate->runs);
	emit_text(emit, "baseline_file", gate->baseline);
	emit_end(emit);
}

static uint32_t load_stack(struct load *load, const json_t *from, const char *key)
{
	uint32_t stack = load_uint32(load, from, key, REPORT_NONE);

	if (stack != REPORT_NONE && stack >= load->report->stacks.count)
		load_fail(load, -EINVAL, "there is no stack %" PRIu32, stack);
	return stack;
}

static void load_violation(struct load *load, const json_t *from)
{
	struct gate_violation violation = {
		.rule = load_word(load, from, "rule", &words_rule),
		.unit = load_word(load, from, "unit", &words_unit),
		.scope = load_text(load, from, "scope"),
		.metric = load_text(load, from, "metric"),
		.got = load_uint(load, from, "got"),
		.limit = load_uint(load, from, "limit"),
		.delta = load_int(load, from, "delta"),
		.has_baseline = json_object_get(from, "baseline"),
		.baseline = load_uint(load, from, "baseline"),
		.has_sig = json_object_get(from, "sig"),
		.process = load_uint32(load, from, "process", 0),
		.stack = load_stack(load, from, "stack"),
		.culprit = load_stack(load, from, "culprit"),
		.where = load_text(load, from, "where"),
		.message = load_text(load, from, "message"),
		.accept = load_text(load, from, "accept"),
		.suppress = load_text(load, from, "suppress"),
	};

	if (violation.has_sig)
		violation.sig = load_sig(load, from);
	if (violation.process && violation.process >= load->report->processes.count)
		load_fail(load, -EINVAL, "there is no process %" PRIu32, violation.process);
	if (vec_push(&load->report->gate.violations, violation) < 0)
		load_fail(load, -ENOMEM, "%s", "");
}

static void load_gate(struct load *load, const json_t *from)
{
	struct gate_result *gate = &load->report->gate;
	const json_t *violations = load_array(load, from, "violations");

	gate->verdict = load_word(load, from, "status", &words_verdict);
	gate->suppressed = load_uint(load, from, "suppressed");
	gate->rules = load_uint(load, from, "rules");
	gate->runs = load_uint(load, from, "runs");
	gate->baseline = load_text(load, from, "baseline_file");
	for (size_t i = 0; i < json_array_size(violations) && !load->error; i++)
		load_violation(load, json_array_get(violations, i));
	load_texts(load, from, "reasons", &gate->reasons);
	load_texts(load, from, "notes", &gate->notes);
}

void gate_json_load(struct load *load, const json_t *root)
{
	if (json_object_get(root, "gate"))
		load_gate(load, load_object(load, root, "gate"));
}
