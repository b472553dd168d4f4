/* SPDX-License-Identifier: Apache-2.0 */
/* What the garbage collector of a Python process did, for people. */
#include <stdlib.h>

#include "base/units.h"
#include "report/text-parts.h"

#define TYPES_TOP 5u

/* The longest pause in each generation. */
static void longest(const struct report_python *python, uint64_t *ret_ns)
{
	for (size_t g = 0; g < RESULT_GENERATIONS; g++)
		ret_ns[g] = 0;
	for (size_t i = 0; i < python->collections.count; i++) {
		const struct report_collection *at = &python->collections.at[i];

		if (at->duration_ns > ret_ns[at->generation])
			ret_ns[at->generation] = at->duration_ns;
	}
}

static void print_runs(const struct text *text)
{
	const struct report_python *python = &text->process->python;
	const struct text_out *out = &text->out;
	uint64_t collected[RESULT_GENERATIONS] = { 0 };
	uint64_t pauses[RESULT_GENERATIONS];

	longest(python, pauses);
	for (size_t i = 0; i < python->collections.count; i++)
		collected[python->collections.at[i].generation] +=
			python->collections.at[i].collected;
	(void)fprintf(out->file, "%s    %-14s%12s%12s%12s%16s%s\n", out->dim, "generation", "runs",
		      "time", "longest", "objects freed", out->plain);
	for (size_t g = 0; g < RESULT_GENERATIONS; g++)
		(void)fprintf(out->file, "    %-14zu%12s%12s%12s%16s\n", g,
			      units_count(python->runs[g]).s, units_time(python->run_ns[g]).s,
			      units_time(pauses[g]).s, units_count(collected[g]).s);
	if (python->no_generations)
		(void)fprintf(out->file,
			      "%s    this collector keeps no generations: those of blocks "
			      "are collections survived%s\n",
			      out->dim, out->plain);
	if (python->uncollectable)
		(void)fprintf(out->file, "    %s%s objects could not be freed: see gc.garbage%s\n",
			      out->loud, units_count(python->uncollectable).s, out->plain);
}

static int by_collected(const void *a, const void *b)
{
	const struct result_type *x = *(const struct result_type *const *)a;
	const struct result_type *y = *(const struct result_type *const *)b;

	if (x->collected_bytes != y->collected_bytes)
		return x->collected_bytes > y->collected_bytes ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Types of which blocks were given back during collections: members of cycles, mostly. */
static void print_collected(const struct text *text)
{
	const struct report_process *process = text->process;
	const struct text_out *out = &text->out;
	const struct result_type **types = calloc(process->types.count + 1, sizeof(*types));
	size_t count = 0;

	for (size_t i = 0; types && i < process->types.count; i++)
		if (process->types.at[i].collected_blocks)
			types[count++] = &process->types.at[i];
	if (count) {
		struct strbuf line = { 0 };

		qsort(types, count, sizeof(const void *), by_collected);
		text_out_heading(out, "ONLY THE COLLECTOR COULD FREE",
				 "cycles, and what hung on them");
		for (size_t i = 0; i < count && i < TYPES_TOP; i++) {
			strbuf_clear(&line);
			text_out_clean(out, &line, types[i]->name);
			text_out_clip(out, &line, out->width > 60 ? out->width - 40 : 20);
			(void)fprintf(out->file, "%3zu %10s %14s  %s%s%s\n", i + 1,
				      units_bytes(types[i]->collected_bytes).s,
				      units_count(types[i]->collected_blocks).s, out->name,
				      strbuf_get(&line), out->plain);
		}
		strbuf_fini(&line);
	}
	free(types);
}

/* What of an arena is neither a live block nor on its way to be one. */
static struct units_text fragmentation(const struct result_arenas_level *level)
{
	uint64_t used = level->rounded_bytes < level->arena_bytes ? level->rounded_bytes
								  : level->arena_bytes;

	return units_share(level->arena_bytes - used, level->arena_bytes);
}

static void print_arenas(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct result_arenas *arenas = &text->process->python.arenas;
	const struct result_arenas_level *peak = &arenas->peak, *end = &arenas->end;

	(void)fprintf(out->file, "\n%s%-32s%s%s%16s%16s%s\n", out->bold, "PYMALLOC'S ARENAS",
		      out->plain, out->dim, "at the peak", "at the end", out->plain);
	(void)fprintf(out->file, "    %-28s%16s%16s\n", "mapped", units_bytes(peak->arena_bytes).s,
		      units_bytes(end->arena_bytes).s);
	(void)fprintf(out->file, "    %-28s%16s%16s\n", "live blocks in them",
		      units_bytes(peak->bytes).s, units_bytes(end->bytes).s);
	(void)fprintf(out->file, "    %-28s%16s%16s\n", "as rounded up",
		      units_bytes(peak->rounded_bytes).s, units_bytes(end->rounded_bytes).s);
	(void)fprintf(out->file, "    %-28s%16s%16s\n", "fragmentation", fragmentation(peak).s,
		      fragmentation(end).s);
}

void text_python(const struct text *text)
{
	const struct report_python *python = &text->process->python;

	if (python->version && python->has_arenas)
		print_arenas(text);

	/* An interpreter that has never collected has nothing to tell. */
	if (!python->version || !(python->runs[0] + python->runs[1] + python->runs[2]))
		return;
	text_out_heading(&text->out, "PYTHON'S GARBAGE COLLECTOR", "");
	print_runs(text);
	print_collected(text);
}
