/* SPDX-License-Identifier: Apache-2.0 */
/* Graphviz: the shapes of Python's reference cycles, or one of them. */
#include <errno.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "export/formats.h"
#include "symbol/resolve.h"

/* Within a quoted string: what would end it, or begin an escape, is escaped. */
static void add_quoted(struct strbuf *line, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_addc(line, '\\');
		strbuf_addc(line, (unsigned char)*text < ' ' ? ' ' : *text);
	}
}

/* The innermost frame that says something: Python's if there is one. */
static uint32_t frame_of(const struct report *report, uint32_t stack)
{
	uint32_t first = stack == REPORT_NONE ? REPORT_NONE : report->stacks.at[stack].frame;

	for (; stack != REPORT_NONE; stack = report->stacks.at[stack].caller)
		if (report->frames.at[report->stacks.at[stack].frame].kind == RESOLVE_PYTHON)
			return report->stacks.at[stack].frame;
	return first;
}

static void add_member(const struct report *report, struct strbuf *line,
		       const struct report_cycle_member *member)
{
	uint32_t number = frame_of(report, member->stack);
	const struct report_frame *frame;

	add_quoted(line, *member->type ? member->type : "object");
	if (member->most > 1)
		strbuf_addf(line, " ×%llu", (unsigned long long)member->most);
	if (number == REPORT_NONE)
		return;
	frame = &report->frames.at[number];
	strbuf_adds(line, "\\n");
	add_quoted(line, intern_get(&report->strings, frame->function));
	if (frame->file == REPORT_NONE)
		return;
	strbuf_adds(line, "\\n");
	add_quoted(line, intern_get(&report->strings, frame->file));
	if (frame->line)
		strbuf_addf(line, ":%u", frame->line);
}

static void add_shape(const struct report *report, struct strbuf *line, uint64_t number,
		      const struct report_shape *shape)
{
	unsigned long long n = number;

	strbuf_addf(line, "\tsubgraph cluster_%llu {\n\t\tlabel=\"%llu: %llu × %llu objects\";\n",
		    n, n, (unsigned long long)cycles_count(shape), (unsigned long long)shape->most);
	for (size_t i = 0; i < shape->members.count; i++) {
		strbuf_addf(line, "\t\ts%llu_%zu [label=\"", n, i);
		add_member(report, line, &shape->members.at[i]);
		strbuf_addf(line, "\"%s];\n",
			    shape->members.at[i].finalizer ? ", peripheries=2" : "");
	}
	for (size_t i = 0; i < shape->edges.count; i++) {
		const struct cycles_edge *edge = &shape->edges.at[i];
		cleanup_strbuf struct strbuf label = { 0 };

		cycles_label(&label, edge);
		strbuf_addf(line, "\t\ts%llu_%u -> s%llu_%u [label=\"", n, edge->from, n, edge->to);
		add_quoted(line, strbuf_get(&label));
		strbuf_addf(line, "\"%s];\n",
			    edge->weaken ? ", color=red, fontcolor=red, style=dashed" : "");
	}
	strbuf_adds(line, "\t}\n");
}

int dot_write(const struct export_job *job, FILE *file)
{
	cleanup_strbuf struct strbuf text = { 0 };
	uint64_t number = 0;
	bool any = false;

	strbuf_adds(&text, "digraph cycles {\n\tnode [shape=box, fontname=\"sans-serif\"];\n"
			   "\tedge [fontname=\"sans-serif\"];\n");
	for (size_t i = 0; i < job->report->processes.count; i++) {
		const struct report_process *process = &job->report->processes.at[i];

		if (job->process && process != job->process)
			continue;
		for (size_t k = 0; k < process->cycles.shapes.count; k++) {
			if (job->shape && ++number != job->shape)
				continue;
			number += !job->shape;
			any = true;
			add_shape(job->report, &text, number, &process->cycles.shapes.at[k]);
		}
	}
	strbuf_adds(&text, "}\n");
	if (job->shape && !any)
		return -ERANGE;
	if (text.failed)
		return -ENOMEM;
	return fwrite(text.at, 1, text.count, file) == text.count ? 0 : neg_errno();
}
