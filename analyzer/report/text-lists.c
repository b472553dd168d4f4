/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of places in the program, each with the way up to it. */
#include <inttypes.h>
#include <math.h>

#include "base/err.h"
#include "base/units.h"
#include "base/utf8.h"
#include "report/text-parts.h"
#include "symbol/resolve.h"

#define WEIGHT_COLUMNS 10
#define SHARE_COLUMNS  8
#define BLOCKS_COLUMNS 12
#define ERROR_COLUMNS  8
#define CALLERS_MAX    8

/* What a list is called and how its two numbers are written. */
struct list_form {
	const char *title;
	const char *second;
	bool weight_is_count;
	bool second_is_bytes;
};

static const struct list_form forms[REPORT_SORT_COUNT] = {
	[REPORT_SORT_PEAK] = { "MEMORY AT THE PEAK", "blocks", false, false },
	[REPORT_SORT_LIVE] = { "LIVE AT THE END", "blocks", false, false },
	[REPORT_SORT_ALLOCATIONS] = { "MOST ALLOCATIONS", "bytes", true, true },
	[REPORT_SORT_BYTES] = { "MOST BYTES ALLOCATED", "allocations", false, false },
	[REPORT_SORT_TEMPORARY] = { "TEMPORARY ALLOCATIONS", "of its own", true, false },
	[REPORT_SORT_SURVIVORS] = { "SURVIVORS STILL LIVE", "blocks", false, false },
	[REPORT_SORT_CYCLIC] = { "FREED BY THE COLLECTOR", "blocks", false, false },
};

static struct units_text weight_text(const struct list_form *form, uint64_t weight)
{
	return form->weight_is_count ? units_count(weight) : units_bytes(weight);
}

static struct units_text second_text(const struct list_form *form, enum report_sort sort,
				     const struct place *place)
{
	if (sort == REPORT_SORT_TEMPORARY)
		return units_share(place->weight, place->whole);
	return form->second_is_bytes ? units_bytes(place->blocks) : units_count(place->blocks);
}

/* What the estimate of the weight may be off by, as a share of it; nothing where it is exact. */
static struct units_text error_text(const struct text *text, const struct place *place)
{
	struct units_text error = { "" };

	if (text->process->sample_bytes && place->error > 0)
		(void)snprintf(error.s, sizeof(error.s), "%s%.0f %%", text->out.plus_minus,
			       100 * sqrt(place->error) / (double)place->weight);
	return error;
}

/* Columns that the errors take. */
static size_t error_columns(const struct text *text)
{
	return text->process->sample_bytes ? ERROR_COLUMNS : 0;
}

static void print_columns(const struct text *text, size_t rank, const char *weight,
			  const char *error, const char *share, const char *second)
{
	const struct text_out *out = &text->out;

	if (rank)
		(void)fprintf(out->file, "%3zu ", rank);
	else
		(void)fputs("    ", out->file);
	(void)fprintf(out->file, "%s%*s%s", out->bold, WEIGHT_COLUMNS, weight, out->plain);
	if (error_columns(text))
		(void)fprintf(out->file, "%*s%s", (int)(ERROR_COLUMNS - utf8_width(error)), "",
			      error);
	(void)fprintf(out->file, "%*s%*s  ", SHARE_COLUMNS, share, BLOCKS_COLUMNS, second);
}

/*
 * A line below a place: what share of its weight comes from a frame that called it, or with
 * @inner went to one that it called.
 */
static void print_step(const struct text *text, const struct place *place,
		       const struct place_caller *step, bool inner, uint32_t module)
{
	const struct text_out *out = &text->out;
	const struct report_frame *frame = &text->report->frames.at[step->frame];
	const char *sign = inner ? "in" : out->arrow;
	/* Where callers part, the share of the one that is shown. */
	bool parted = step->weight < place->weight - place->weight / 100;
	size_t indent = 4 + WEIGHT_COLUMNS + error_columns(text) + SHARE_COLUMNS + 2;
	size_t deeper = 2 * (size_t)step->depth;
	size_t columns = out->width - indent - deeper - utf8_width(sign) - 1;

	if (parted)
		(void)fprintf(out->file, "%s%*s%s  ", out->dim, (int)indent - 2,
			      units_share(step->weight, place->weight).s, out->plain);
	else
		(void)fprintf(out->file, "%*s", (int)indent, "");
	(void)fprintf(out->file, "%*s%s%s%s ", (int)deeper, "", out->dim, sign, out->plain);
	if (inner && !frame->named)
		text_out_nameless(out, text->report, frame, columns);
	else
		text_out_frame(out, text->report, frame, module, columns);
	(void)fputc('\n', out->file);
}

/* What a place called, if it is Python; then its callers, deeper and deeper. */
static int print_callers(const struct text *text, const struct places *places,
			 const struct place *place, size_t most)
{
	const struct report *report = text->report;
	const struct report_frame *own;
	struct place_caller callers[CALLERS_MAX], inner;
	uint32_t module;
	size_t count;
	int r = places_callers(places, &text->view, place, callers,
			       most < CALLERS_MAX ? most : CALLERS_MAX, &count);

	if (r < 0 || place->stack == REPORT_NONE)
		return r;
	own = &report->frames.at[report->stacks.at[place->stack].frame];
	module = own->module;
	if (own->kind == RESOLVE_PYTHON && text->view.frames == REPORT_FRAMES_MIXED) {
		r = places_inner(places, &text->view, place, &inner);
		if (r == 0 && inner.weight > place->weight / 20)
			print_step(text, place, &inner, true, REPORT_NONE);
	}
	for (size_t i = 0; i < count && r == 0; i++) {
		print_step(text, place, &callers[i], false, module);
		if (i + 1 < count && callers[i + 1].depth > callers[i].depth)
			module = report->frames.at[callers[i].frame].module;
	}
	return r;
}

static int print_place(const struct text *text, const struct places *places, size_t index,
		       enum report_sort sort, const struct text_list *list)
{
	const struct text_out *out = &text->out;
	const struct report *report = text->report;
	const struct place *place = &places->items.at[index];
	size_t room = out->width - 4 - WEIGHT_COLUMNS - error_columns(text) - SHARE_COLUMNS -
		      BLOCKS_COLUMNS - 2;

	print_columns(text, index + 1, weight_text(&forms[sort], place->weight).s,
		      error_text(text, place).s, units_share(place->weight, places->weight).s,
		      second_text(&forms[sort], sort, place).s);
	if (place->stack == REPORT_NONE)
		(void)fputs("[no stack]", out->file);
	else
		text_out_frame(out, report,
			       &report->frames.at[report->stacks.at[place->stack].frame],
			       REPORT_NONE, room);
	(void)fputc('\n', out->file);
	return print_callers(text, places, place, list->callers);
}

/* One line for all the places that were not shown. */
static void print_rest(const struct text *text, const struct places *places, size_t shown,
		       enum report_sort sort)
{
	const struct text_out *out = &text->out;
	struct place rest = { 0 };
	size_t count = places->items.count - shown;

	if (count == 0)
		return;
	for (size_t i = shown; i < places->items.count; i++) {
		rest.weight += places->items.at[i].weight;
		rest.blocks += places->items.at[i].blocks;
		rest.whole += places->items.at[i].whole;
		rest.error += places->items.at[i].error;
	}
	(void)fputs(out->dim, out->file);
	print_columns(text, 0, weight_text(&forms[sort], rest.weight).s, error_text(text, &rest).s,
		      units_share(rest.weight, places->weight).s,
		      second_text(&forms[sort], sort, &rest).s);
	(void)fprintf(out->file, "%s%zu other place%s%s\n", out->dim, count, count == 1 ? "" : "s",
		      out->plain);
}

static int print_list(const struct text *text, const report_sites *sites, enum report_sort sort,
		      const char *title, const struct text_list *list)
{
	const struct text_out *out = &text->out;
	struct places places;
	size_t top;
	int r = places_init(&places, &text->view, sites, sort);

	if (r < 0)
		return r;
	if (places.items.count) {
		(void)fprintf(out->file, "\n%s%-*s%s%s%*s  in%s\n", out->bold,
			      (int)(4 + WEIGHT_COLUMNS + error_columns(text) + SHARE_COLUMNS),
			      title, out->plain, out->dim, BLOCKS_COLUMNS, forms[sort].second,
			      out->plain);
		top = places.items.count < list->top ? places.items.count : list->top;
		/* A rest of one is as long as the place itself. */
		if (top + 1 == places.items.count)
			top++;
		for (size_t i = 0; i < top && r == 0; i++)
			r = print_place(text, &places, i, sort, list);
		print_rest(text, &places, top, sort);
	}
	places_fini(&places);
	return r;
}

int text_places(const struct text *text, enum report_sort sort, const struct text_list *list)
{
	bool running = text->process->end.kind == RESULT_END_RUNNING;

	return print_list(text, &text->process->sites, sort,
			  running && sort == REPORT_SORT_LIVE ? "LIVE SO FAR" : forms[sort].title,
			  list);
}

int text_mapped(const struct text *text, const struct text_list *list)
{
	return print_list(text, &text->process->mapped, REPORT_SORT_PEAK, "MAPPED BESIDE THE HEAP",
			  list);
}
