/* SPDX-License-Identifier: Apache-2.0 */
/* The biggest containers of a Python process, for people. */
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report/text-parts.h"

#define TOP_HIGH     5u
#define TOP_LAST     3u
#define TYPE_COLUMNS 16
#define WORTH_PART   100 /* of the heap: smaller ones are not shown */

/* The part of @stack that answers for it. */
static uint32_t culprit_of(const struct text *text, uint32_t stack)
{
	return stack == REPORT_NONE ? stack : places_culprit(&text->view, stack);
}

static const struct report_frame *frame_of(const struct text *text, uint32_t stack)
{
	return &text->report->frames.at[text->report->stacks.at[stack].frame];
}

static void print_place(const struct text *text, uint32_t stack, size_t columns)
{
	if (stack == REPORT_NONE)
		(void)fputs("[no stack]", text->out.file);
	else
		text_out_frame(&text->out, text->report, frame_of(text, stack), REPORT_NONE,
			       columns);
	(void)fputc('\n', text->out.file);
}

/*
 * Whether it says something where the object itself was made: elsewhere than
 * its items' block, and not out of the stock that the interpreter keeps of
 * lists and dictionaries.
 */
static bool is_made_elsewhere(const struct text *text, const struct report_container *container,
			      uint32_t made, uint32_t grown)
{
	const struct places_view *view = &text->view;

	return strcmp(container->type, "list") != 0 && strcmp(container->type, "dict") != 0 &&
	       made != REPORT_NONE && grown != REPORT_NONE &&
	       view->labels[text->report->stacks.at[made].frame] !=
		       view->labels[text->report->stacks.at[grown].frame];
}

static void print_container(const struct text *text, size_t rank,
			    const struct report_container *container)
{
	const struct text_out *out = &text->out;
	size_t indent = 4 + 10 + 14 + 2 + TYPE_COLUMNS + 1;
	uint32_t made = culprit_of(text, container->stack);
	uint32_t grown = culprit_of(text, container->side_stack);
	struct strbuf type = { 0 };

	text_out_clean(out, &type, *container->type ? container->type : "[no type]");
	text_out_clip(out, &type, TYPE_COLUMNS);
	(void)fprintf(out->file, "%3zu %s%10s%s%14s  %s", rank, out->bold,
		      units_bytes(container->bytes).s, out->plain, units_count(container->length).s,
		      strbuf_get(&type));
	text_out_pad(out, utf8_width(strbuf_get(&type)), TYPE_COLUMNS + 1);
	strbuf_fini(&type);
	print_place(text, grown == REPORT_NONE ? made : grown, out->width - indent);
	if (!is_made_elsewhere(text, container, made, grown))
		return;
	(void)fprintf(out->file, "%*s%smade in%s ", (int)indent, "", out->dim, out->plain);
	print_place(text, made, out->width - indent - 8);
}

/* What is no part worth naming of the heap is the interpreter's own, mostly. */
static bool is_worth_it(const struct report_containers *containers,
			const struct report_container *container)
{
	return container->bytes >= containers->heap_bytes / WORTH_PART;
}

static void print_moment(const struct text *text, const struct report_containers *containers,
			 size_t top)
{
	struct units_text share =
		units_share(containers->heap_bytes, text->process->totals.peak_bytes);
	struct units_text time = units_time(containers->time_ns);
	char when[160];

	if (!containers->items.count || !is_worth_it(containers, &containers->items.at[0]))
		return;
	(void)snprintf(when, sizeof(when), "%s%s, heap %s (%s of its peak)%s",
		       containers->is_end ? "at the end" : "after ",
		       containers->is_end ? "" : time.s, units_bytes(containers->heap_bytes).s,
		       share.s, containers->partial ? ", not all" : "");
	text_out_heading(&text->out, "BIGGEST CONTAINERS", when);
	(void)fprintf(text->out.file, "%s    %10s%14s  %-*s in%s\n", text->out.dim, "bytes",
		      "items", TYPE_COLUMNS, "type", text->out.plain);
	for (size_t i = 0; i < containers->items.count && i < top; i++) {
		if (is_worth_it(containers, &containers->items.at[i]))
			print_container(text, i + 1, &containers->items.at[i]);
	}
}

void text_containers(const struct text *text)
{
	const struct report_python *python = &text->process->python;

	for (size_t i = 0; i < python->containers.count; i++)
		print_moment(text, &python->containers.at[i], i == 0 ? TOP_HIGH : TOP_LAST);
}
