/* SPDX-License-Identifier: Apache-2.0 */
/* SARIF 2.1.0, as code scanning services read it: paths below the top of the sources. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/emit.h"
#include "export/ci.h"
#include "export/formats.h"
#include "export/stacks.h"
#include "report/words.h"

static const char *const rule_texts[GATE_RULE_COUNT] = {
	[GATE_GROWTH] = "Memory that rises from checkpoint to checkpoint.",
	[GATE_LEAK] = "Memory that is not freed at the end and is not in the baseline.",
	[GATE_BUDGET] = "More than a budget allows.",
	[GATE_CYCLE] = "Reference cycles that only the collector can free.",
	[GATE_TOTAL] = "More than in the baseline.",
};

static void emit_message(struct emit *emit, const char *key, const char *text)
{
	emit_object(emit, key, EMIT_FLAT);
	emit_text(emit, "text", text);
	emit_end(emit);
}

static void write_tool(struct emit *emit, const struct report *report)
{
	emit_object(emit, "tool", EMIT_LINES);
	emit_object(emit, "driver", EMIT_LINES);
	emit_text(emit, "name", "tenure");
	emit_text(emit, "version", report->version);
	emit_array(emit, "rules", EMIT_LINES);
	for (uint32_t i = 0; i < GATE_RULE_COUNT; i++) {
		emit_object(emit, NULL, EMIT_FLAT);
		emit_text(emit, "id", words_get(&words_rule, i));
		emit_message(emit, "shortDescription", rule_texts[i]);
		emit_end(emit);
	}
	emit_end(emit);
	emit_end(emit);
	emit_end(emit);
}

static void write_invocation(struct emit *emit, const struct gate_result *gate)
{
	emit_array(emit, "invocations", EMIT_LINES);
	emit_object(emit, NULL, EMIT_LINES);
	emit_bool(emit, "executionSuccessful", gate->verdict != GATE_INCONCLUSIVE);
	emit_array(emit, "toolExecutionNotifications", EMIT_LINES);
	for (size_t i = 0; i < gate->reasons.count; i++) {
		emit_object(emit, NULL, EMIT_FLAT);
		emit_text(emit, "level", "warning");
		emit_message(emit, "message", gate->reasons.at[i]);
		emit_end(emit);
	}
	emit_end(emit);
	emit_end(emit);
	emit_end(emit);
}

/* Appends @path as part of a URI. */
static void add_uri(struct strbuf *out, const char *path)
{
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    strchr("/._-~", c))
			strbuf_addc(out, *path);
		else
			strbuf_addf(out, "%%%02X", c);
	}
}

static int write_place(struct emit *emit, const char *path, uint32_t line)
{
	cleanup_strbuf struct strbuf uri = { 0 };

	add_uri(&uri, path);
	if (uri.failed)
		return -ENOMEM;
	emit_object(emit, "physicalLocation", EMIT_FLAT);
	emit_object(emit, "artifactLocation", EMIT_FLAT);
	emit_text(emit, "uri", strbuf_get(&uri));
	emit_text(emit, "uriBaseId", "%SRCROOT%");
	emit_end(emit);
	emit_object(emit, "region", EMIT_FLAT);
	emit_uint(emit, "startLine", line);
	emit_end(emit);
	emit_end(emit);
	return 0;
}

static int write_frame(struct emit *emit, const struct stacks *stacks, uint32_t number)
{
	const struct report_frame *frame = &stacks->job->report->frames.at[number];
	cleanup_strbuf struct strbuf label = { 0 }, path = { 0 };
	uint32_t line = ci_path(stacks->job, frame, &path);
	int r = 0;

	stacks_label(stacks, number, &label);
	emit_object(emit, NULL, EMIT_FLAT);
	emit_object(emit, "location", EMIT_FLAT);
	if (line)
		r = write_place(emit, strbuf_get(&path), line);
	emit_message(emit, "message", strbuf_get(&label));
	emit_end(emit);
	emit_end(emit);
	return label.failed || path.failed ? -ENOMEM : r;
}

static int write_stack(struct emit *emit, struct stacks *stacks, uint32_t stack)
{
	int r = stacks_path(stacks, stack);

	if (r < 0 || !stacks->path.count)
		return r;
	emit_array(emit, "stacks", EMIT_LINES);
	emit_object(emit, NULL, EMIT_LINES);
	emit_array(emit, "frames", EMIT_LINES);
	for (size_t i = 0; i < stacks->path.count && r == 0; i++)
		r = write_frame(emit, stacks, stacks->path.at[i]);
	emit_end(emit);
	emit_end(emit);
	emit_end(emit);
	return r;
}

static int write_result(struct emit *emit, struct stacks *stacks,
			const struct gate_violation *violation)
{
	cleanup_strbuf struct strbuf path = { 0 }, text = { 0 }, print = { 0 };
	uint32_t line = ci_place(stacks->job, violation, &path);
	int r;

	ci_message(&text, violation);
	ci_fingerprint(&print, violation);
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "ruleId", words_get(&words_rule, violation->rule));
	emit_uint(emit, "ruleIndex", violation->rule);
	emit_text(emit, "level", "error");
	emit_message(emit, "message", strbuf_get(&text));
	emit_array(emit, "locations", EMIT_LINES);
	emit_object(emit, NULL, EMIT_FLAT);
	r = write_place(emit, strbuf_get(&path), line);
	emit_end(emit);
	emit_end(emit);
	emit_object(emit, "partialFingerprints", EMIT_FLAT);
	emit_text(emit, "tenure/v1", strbuf_get(&print));
	emit_end(emit);
	if (r == 0)
		r = write_stack(emit, stacks, violation->stack);
	emit_end(emit);
	return path.failed || text.failed || print.failed ? -ENOMEM : r;
}

int sarif_write(const struct export_job *job, FILE *file)
{
	const struct gate_result *gate = &job->report->gate;
	cleanup_free struct emit *emit = malloc(sizeof(*emit));
	cleanup_stacks struct stacks stacks = { 0 };
	int r = emit ? stacks_init(&stacks, job) : -ENOMEM;
	int written;

	if (r < 0)
		return r;
	emit_init(emit, file);
	emit_object(emit, NULL, EMIT_LINES);
	emit_text(emit, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	emit_text(emit, "version", "2.1.0");
	emit_array(emit, "runs", EMIT_LINES);
	emit_object(emit, NULL, EMIT_LINES);
	write_tool(emit, job->report);
	write_invocation(emit, gate);
	emit_array(emit, "results", EMIT_LINES);
	for (size_t i = 0; i < gate->violations.count && r == 0; i++)
		r = write_result(emit, &stacks, &gate->violations.at[i]);
	emit_end(emit);
	emit_end(emit);
	emit_end(emit);
	emit_end(emit);
	written = emit_finish(emit);
	return r < 0 ? r : written;
}
