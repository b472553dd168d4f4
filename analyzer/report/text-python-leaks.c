/* SPDX-License-Identifier: Apache-2.0 */
/* Leaks of the Python kind, and what grows from collection to collection, for people. */
#include <stdio.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report/text-parts.h"
#include "report/words.h"
#include "tenure/wire-python.h"

#define NUMBER_COLUMNS 4
#define BYTES_COLUMNS  10
#define COUNT_COLUMNS  12
#define INDENT	       (NUMBER_COLUMNS + BYTES_COLUMNS + COUNT_COLUMNS + 2)
#define CALLERS	       2
#define GROWTH_TOP     5u
#define INTERVALS_MIN  3u /* after the warm-up; fewer are no trend */

static const char *const kinds[] = {
	[TENURE_PY_LEAK_UNCOLLECTABLE] = "in gc.garbage: the collector cannot free them",
	[TENURE_PY_LEAK_EXCESS] =
		"counted more often than referred to, by objects and by native memory: a missing Py_DECREF",
	[TENURE_PY_LEAK_HIDDEN] = "in cycles that a type without tp_traverse hides",
};

static void print_frame(const struct text *text, uint32_t stack, size_t indent)
{
	const struct report *report = text->report;

	text_out_frame(&text->out, report, &report->frames.at[report->stacks.at[stack].frame],
		       REPORT_NONE, text->out.width - indent);
	(void)fputc('\n', text->out.file);
}

/* The function that answers for @stack, and its callers. */
static void print_stack(const struct text *text, uint32_t stack)
{
	const struct report *report = text->report;
	const struct text_out *out = &text->out;

	if (stack == REPORT_NONE) {
		(void)fprintf(out->file, "%*s%sfrom a free list: whose they were is not known%s\n",
			      INDENT, "", out->dim, out->plain);
		return;
	}
	stack = places_culprit(&text->view, stack);
	for (int i = 0; i <= CALLERS && stack != REPORT_NONE;
	     stack = report->stacks.at[stack].caller) {
		if (i && text->view.classes[report->stacks.at[stack].frame] != PLACES_OWN)
			continue;
		(void)fprintf(out->file, "%*s%*s%s%s%s ", INDENT, "", 2 * i, "", out->dim,
			      i ? out->arrow : "at", out->plain);
		print_frame(text, stack, INDENT + 2 * (size_t)i + 3);
		i++;
	}
}

static void print_type(const struct text *text, const char *type)
{
	const struct text_out *out = &text->out;
	struct strbuf line = { 0 };

	text_out_clean(out, &line, *type ? type : "[type not known]");
	text_out_clip(out, &line, out->width > INDENT + 20 ? out->width - INDENT : 20);
	(void)fprintf(out->file, "%s%s%s\n", out->name, strbuf_get(&line), out->plain);
	strbuf_fini(&line);
}

static bool is_shown(const struct text *text, const struct report_python_leak *leak)
{
	return !text->view.origin || !leak->origin || leak->origin == text->view.origin;
}

static void print_leaks(const struct text *text, uint32_t kind, size_t top)
{
	const struct report_python_end *end = &text->process->python.end;
	const struct text_out *out = &text->out;
	size_t number = 0;

	for (size_t i = 0; i < end->leaks.count && number < top; i++) {
		const struct report_python_leak *leak = &end->leaks.at[i];

		if (leak->kind != kind || !is_shown(text, leak))
			continue;
		if (!number++) {
			text_out_heading(out, "LEAKED PYTHON OBJECTS",
					 words_get(&words_python_leak, kind));
			(void)fprintf(out->file, "    %s%s%s\n", out->dim, kinds[kind], out->plain);
		}
		(void)fprintf(out->file, "%3zu %s%*s%s%*s  ", number, out->bold, BYTES_COLUMNS,
			      units_bytes(leak->bytes).s, out->plain, COUNT_COLUMNS,
			      units_count(leak->objects).s);
		print_type(text, leak->type);
		print_stack(text, leak->stack);
	}
}

/* ------------------------------------------------------------- growth */

static const struct report_site *site_of(const struct report_process *process, uint64_t sig)
{
	for (size_t i = 0; i < process->sites.count; i++)
		if (process->sites.at[i].sig == sig)
			return &process->sites.at[i];
	return NULL;
}

/* Bytes per collection, if it rose at every one after the first; else 0. */
static uint64_t slope_of(const struct report_series *series, const struct report_rise *rise)
{
	size_t last = series->points.count - 1;
	uint64_t turns = series->points.at[last].iteration - series->points.at[1].iteration;

	for (size_t i = 2; i <= last; i++)
		if (rise->bytes[i] <= rise->bytes[i - 1])
			return 0;
	return turns ? (rise->bytes[last] - rise->bytes[1]) / turns : 0;
}

static void print_growth(const struct text *text, const struct report_series *series)
{
	const struct text_out *out = &text->out;
	size_t number = 0;

	for (size_t i = 0; i < series->rises.count && number < GROWTH_TOP; i++) {
		const struct report_rise *rise = &series->rises.at[i];
		uint64_t slope = slope_of(series, rise);
		const struct report_site *site = slope ? site_of(text->process, rise->sig) : NULL;

		if (!site || site->origin == REPORT_ORIGIN_INTERPRETER ||
		    (text->view.origin && site->origin != text->view.origin))
			continue;
		if (!number++) {
			text_out_heading(out, "GROWS AT EVERY FULL COLLECTION", "after the first");
			(void)fprintf(out->file, "    %s%*s%*s  from %s collections%s\n", out->dim,
				      BYTES_COLUMNS, "each", COUNT_COLUMNS, "now",
				      units_count(series->seen).s, out->plain);
		}
		(void)fprintf(out->file, "%3zu %s%*s%s%*s\n", number, out->bold, BYTES_COLUMNS,
			      units_bytes(slope).s, out->plain, COUNT_COLUMNS,
			      units_bytes(rise->bytes[series->points.count - 1]).s);
		print_stack(text, site->stack);
	}
}

void text_python_leaks(const struct text *text, const struct text_list *list)
{
	const struct report_process *process = text->process;

	for (uint32_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		print_leaks(text, kind, list->top);
	for (size_t i = 0; i < process->checkpoints.count; i++) {
		const struct report_series *series = &process->checkpoints.at[i];

		if (series->kind == RESULT_SERIES_COLLECTION &&
		    series->points.count >= 2 + INTERVALS_MIN)
			print_growth(text, series);
	}
}
