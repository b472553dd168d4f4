/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cycles of Python objects, drawn: who is in them, who refers to whom, and
 * which reference had better be weak.
 */
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report/text-parts.h"
#include "report/words.h"

#define INDENT	      16u
#define MEMBERS_SHOWN 8u
#define EDGES_SHOWN   10u
#define TYPE_COLUMNS  26u

/**
 * struct drawing - a shape in the order in which it is told
 * @order: members, so that references lead from one to the next
 * @letter: of each member, its place in @order; MEMBERS_SHOWN when it has none
 */
struct drawing {
	const struct text *text;
	const struct report_shape *shape;
	uint32_t order[MEMBERS_SHOWN];
	uint32_t count;
	uint32_t *letter;
};

static const char *to_sign(const struct text_out *out)
{
	return out->unicode ? "→" : "->";
}

static bool has_letter(const struct drawing *drawing, uint32_t member)
{
	return drawing->letter[member] < MEMBERS_SHOWN;
}

static void add_member(struct drawing *drawing, uint32_t member)
{
	if (drawing->count == MEMBERS_SHOWN || has_letter(drawing, member))
		return;
	drawing->letter[member] = drawing->count;
	drawing->order[drawing->count++] = member;
}

/* From what the weak reference would lead to, along the references. */
static void arrange(struct drawing *drawing)
{
	const struct report_shape *shape = drawing->shape;

	for (size_t i = 0; i < shape->members.count; i++)
		drawing->letter[i] = MEMBERS_SHOWN;
	for (size_t i = 0; i < shape->edges.count && !drawing->count; i++)
		if (shape->edges.at[i].weaken)
			add_member(drawing, shape->edges.at[i].to);
	add_member(drawing, 0);
	for (uint32_t at = 0; at < drawing->count; at++)
		for (size_t i = 0; i < shape->edges.count; i++)
			if (shape->edges.at[i].from == drawing->order[at])
				add_member(drawing, shape->edges.at[i].to);
}

static bool is_of_classes(const struct report_shape *shape)
{
	for (size_t i = 0; i < shape->edges.count; i++)
		if (!strcmp(shape->edges.at[i].name, "__mro__"))
			return true;
	return false;
}

static char letter_of(const struct drawing *drawing, uint32_t member)
{
	return (char)('A' + (int)drawing->letter[member]);
}

static const char *type_of(const struct report_cycle_member *member)
{
	return *member->type ? member->type : "object";
}

static void print_count(FILE *file, uint64_t least, uint64_t most)
{
	if (least == most)
		(void)fputs(units_count(most).s, file);
	else
		(void)fprintf(file, "%s to %s", units_count(least).s, units_count(most).s);
}

/* "A  __main__.Tree  ×3   tree  app.py:12" */
static void print_member(const struct drawing *drawing, uint32_t number)
{
	const struct text_out *out = &drawing->text->out;
	const struct report *report = drawing->text->report;
	const struct report_cycle_member *member = &drawing->shape->members.at[number];
	uint32_t stack = places_culprit(&drawing->text->view, member->stack);
	struct strbuf line = { 0 };

	text_out_clean(out, &line, type_of(member));
	if (member->most > 1 && member->least == member->most)
		strbuf_addf(&line, " %s%s", out->unicode ? "×" : "x", units_count(member->most).s);
	else if (member->most > 1)
		strbuf_addf(&line, " %s%s-%s", out->unicode ? "×" : "x",
			    units_count(member->least).s, units_count(member->most).s);
	text_out_clip(out, &line, out->width > 60 ? out->width - 40 : 20);
	(void)fprintf(out->file, "%*s%c  %s", INDENT, "", letter_of(drawing, number),
		      strbuf_get(&line));
	text_out_pad(out, utf8_width(strbuf_get(&line)), TYPE_COLUMNS);
	(void)fputs("  ", out->file);
	strbuf_fini(&line);
	if (stack == REPORT_NONE)
		(void)fprintf(out->file, "%s[no stack]%s", out->dim, out->plain);
	else
		text_out_frame(out, report, &report->frames.at[report->stacks.at[stack].frame],
			       REPORT_NONE, out->width - INDENT - TYPE_COLUMNS - 5);
	(void)fputc('\n', out->file);
}

static void print_edge(const struct drawing *drawing, const struct cycles_edge *edge)
{
	const struct text_out *out = &drawing->text->out;
	struct strbuf line = { 0 }, clean = { 0 };

	cycles_label(&line, edge);
	text_out_clean(out, &clean, strbuf_get(&line));
	(void)fprintf(out->file, "%*s%s%c%s %s %c%s%s\n", INDENT, "", edge->weaken ? out->bold : "",
		      letter_of(drawing, edge->from), strbuf_get(&clean), to_sign(out),
		      letter_of(drawing, edge->to),
		      edge->weaken && out->unicode ? "  ◀"
		      : edge->weaken		   ? "  <-"
						   : "",
		      out->plain);
	strbuf_fini(&line);
	strbuf_fini(&clean);
}

/* What to do about one reference, in words. */
static void print_advice(const struct drawing *drawing, const struct cycles_edge *edge)
{
	const struct text_out *out = &drawing->text->out;
	const struct report_cycle_member *to = &drawing->shape->members.at[edge->to];
	struct strbuf label = { 0 }, line = { 0 };

	cycles_label(&label, edge);
	if (edge->kind == TENURE_PY_LABEL_LOCAL) {
		strbuf_addf(&line, "clear the variable '%s' before its function is left",
			    edge->name);
	} else if (!strcmp(edge->name, "__traceback__")) {
		strbuf_adds(&line, "let go of the exception, or set its __traceback__ to None: it "
				   "holds the frames it came through");
	} else if (!strcmp(edge->name, "cell_contents")) {
		strbuf_adds(&line, "a function that refers to itself: pass what it needs as an "
				   "argument, or clear the variable when done");
	} else if (!strcmp(edge->name, "__self__")) {
		strbuf_addf(&line, "a bound method kept by its own object: keep the function, or a "
				   "weakref.WeakMethod");
	} else if (to->weakable) {
		strbuf_addf(&line, "make %c%s a weak reference (weakref.ref)",
			    letter_of(drawing, edge->from), strbuf_get(&label));
		if (edge->back == edge->count)
			strbuf_addf(&line, ": it leads back to the older %s", type_of(to));
	} else {
		strbuf_addf(&line, "clear %c%s when done: a %s cannot be referred to weakly",
			    letter_of(drawing, edge->from), strbuf_get(&label), type_of(to));
	}
	(void)fprintf(out->file, "%*s%s", INDENT, "", out->loud);
	strbuf_clear(&label);
	text_out_clean(out, &label, strbuf_get(&line));
	(void)fprintf(out->file, "%s%s\n", strbuf_get(&label), out->plain);
	strbuf_fini(&label);
	strbuf_fini(&line);
}

static void print_edges(const struct drawing *drawing)
{
	const struct text_out *out = &drawing->text->out;
	const struct report_shape *shape = drawing->shape;
	size_t shown = 0;

	for (uint32_t at = 0; at < drawing->count; at++)
		for (size_t i = 0; i < shape->edges.count; i++) {
			const struct cycles_edge *edge = &shape->edges.at[i];

			if (edge->from != drawing->order[at] || !has_letter(drawing, edge->to) ||
			    (shown >= EDGES_SHOWN && !edge->weaken))
				continue;
			print_edge(drawing, edge);
			shown++;
		}
	if (shown < shape->edges.count || drawing->count < shape->members.count || shape->cut)
		(void)fprintf(out->file, "%*s%sand more; the JSON report has%s them all%s\n",
			      INDENT, "", out->dim, shape->cut ? " most of" : "", out->plain);
}

/* What became of them, if it was not what is to be expected. */
static void print_fate(const struct drawing *drawing)
{
	static const char *const said[] = {
		[CYCLES_RESURRECTED] = "brought back by a finalizer, so not freed then",
		[CYCLES_UNCOLLECTABLE] = "not to be freed at all: they are in gc.garbage",
		[CYCLES_SAVED] = "kept in gc.garbage, for gc.DEBUG_SAVEALL is set",
	};
	const struct text_out *out = &drawing->text->out;
	const struct report_shape *shape = drawing->shape;
	bool finalizer = false, weakrefs = false;

	for (unsigned int i = CYCLES_RESURRECTED; i < CYCLES_FATE_COUNT; i++)
		if (shape->cycles[i])
			(void)fprintf(out->file, "%*s%s%s of them %s%s\n", INDENT, "", out->loud,
				      units_count(shape->cycles[i]).s, said[i], out->plain);
	for (size_t i = 0; i < shape->members.count; i++) {
		finalizer |= shape->members.at[i].finalizer;
		weakrefs |= shape->members.at[i].weakrefs;
	}
	if (finalizer)
		(void)fprintf(out->file, "%*s%sthere is a __del__: it waits for the collector%s\n",
			      INDENT, "", out->dim, out->plain);
	if (weakrefs)
		(void)fprintf(out->file, "%*s%sthere are weak references to it already%s\n", INDENT,
			      "", out->dim, out->plain);
}

static int print_shape(const struct text *text, size_t number, const struct report_shape *shape)
{
	const struct text_out *out = &text->out;
	struct drawing drawing = { .text = text, .shape = shape };
	uint64_t cycles = cycles_count(shape);

	drawing.letter = calloc(shape->members.count, sizeof(*drawing.letter));
	if (!drawing.letter)
		return -ENOMEM;
	arrange(&drawing);
	(void)fprintf(out->file, "%3zu %s%10s%s  %s cycle%s of ", number, out->bold,
		      units_bytes(shape->bytes).s, out->plain, units_count(cycles).s,
		      cycles == 1 ? "" : "s");
	print_count(out->file, shape->least, shape->most);
	(void)fprintf(out->file, " object%s", shape->most == 1 ? "" : "s");
	if (shape->held_objects)
		(void)fprintf(out->file, "%s, and %s object%s (%s) that hung on %s%s", out->dim,
			      units_count(shape->held_objects).s,
			      shape->held_objects == 1 ? "" : "s", units_bytes(shape->held_bytes).s,
			      cycles == 1 ? "it" : "them", out->plain);
	(void)fputc('\n', out->file);
	for (uint32_t i = 0; i < drawing.count; i++)
		print_member(&drawing, drawing.order[i]);
	print_edges(&drawing);
	for (size_t i = 0; i < shape->edges.count; i++)
		if (shape->edges.at[i].weaken && has_letter(&drawing, shape->edges.at[i].from) &&
		    has_letter(&drawing, shape->edges.at[i].to))
			print_advice(&drawing, &shape->edges.at[i]);
	print_fate(&drawing);
	free(drawing.letter);
	return 0;
}

/* What was not seen, and why. */
static void print_skipped(const struct text *text)
{
	static const char *const said[] = {
		[TENURE_PY_GRAPH_BUDGET] = "would have taken too long: see --cycles=all",
		[TENURE_PY_GRAPH_LATE] = "took too long and were given up: see --cycles=all",
		[TENURE_PY_GRAPH_MEMORY] = "were too large",
		[TENURE_PY_GRAPH_ODD] = "are of a kind that cannot be looked into",
		[TENURE_PY_GRAPH_OTHERS] = "ran while another interpreter's was looked into",
	};
	const struct text_out *out = &text->out;
	const struct report_cycles *cycles = &text->process->cycles;
	uint64_t seen = 0;

	for (unsigned int g = 0; g < 3; g++)
		seen += cycles->outcomes[g][TENURE_PY_GRAPH_WHOLE];
	(void)fprintf(out->file, "%s    %s collections looked into, %s objects, in %s%s\n",
		      out->dim, units_count(seen).s, units_count(cycles->examined).s,
		      units_time(cycles->ns).s, out->plain);
	for (unsigned int i = TENURE_PY_GRAPH_BUDGET; i < TENURE_PY_GRAPH_OUTCOMES; i++) {
		uint64_t count = 0;

		for (unsigned int g = 0; g < 3; g++)
			count += cycles->outcomes[g][i];
		if (count)
			(void)fprintf(out->file, "%s    %s %s%s\n", out->dim, units_count(count).s,
				      said[i], out->plain);
	}
	if (cycles->dropped)
		(void)fprintf(out->file, "%s    %s cycles are of yet other shapes%s\n", out->dim,
			      units_count(cycles->dropped).s, out->plain);
}

/* Classes that came and went; which references these have is no secret. */
static void print_classes(const struct text *text)
{
	const struct report_cycles *cycles = &text->process->cycles;
	const struct text_out *out = &text->out;
	uint64_t count = 0, bytes = 0;

	for (size_t i = 0; i < cycles->shapes.count; i++)
		if (is_of_classes(&cycles->shapes.at[i])) {
			count += cycles_count(&cycles->shapes.at[i]);
			bytes += cycles->shapes.at[i].bytes;
		}
	if (count)
		(void)fprintf(out->file,
			      "%s    %s cycle%s of classes (%s): each class refers to itself%s\n",
			      out->dim, units_count(count).s, count == 1 ? "" : "s",
			      units_bytes(bytes).s, out->plain);
}

int text_cycles(const struct text *text, const struct text_list *list)
{
	const struct report_cycles *cycles = &text->process->cycles;
	const struct text_out *out = &text->out;
	size_t shown = 0, others = 0;
	int r = 0;

	if (!cycles->looked || (!cycles->shapes.count && !cycles_skipped(cycles)))
		return 0;
	text_out_heading(out, "REFERENCE CYCLES", "no reference count could free them");
	for (size_t i = 0; i < cycles->shapes.count && r == 0; i++) {
		if (is_of_classes(&cycles->shapes.at[i]))
			continue;
		if (shown < list->top)
			r = print_shape(text, ++shown, &cycles->shapes.at[i]);
		else
			others++;
	}
	if (others)
		(void)fprintf(out->file, "%s    %zu other shape%s%s\n", out->dim, others,
			      others == 1 ? "" : "s", out->plain);
	print_classes(text);
	print_skipped(text);
	return r;
}
