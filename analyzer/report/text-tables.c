/* SPDX-License-Identifier: Apache-2.0 */
/* Small tables of the report: ages, sizes, threads, types, marks, processes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report/names.h"
#include "report/text-parts.h"

#define ROWS_MAX    10 /* of a table; the heaviest */
#define CLASSES	    8
#define CLASS_FIRST 12 /* columns before the first class */
#define CLASS_EACH  8

/* A histogram's buckets of powers of two, brought down to a few classes. */
struct class_form {
	const char *label;
	unsigned int bits; /* values below two to the power of this */
};

static void print_classes(const struct text *text, const char *title,
			  const struct class_form *forms, const uint64_t *buckets, size_t count)
{
	const struct text_out *out = &text->out;
	uint64_t sums[CLASSES] = { 0 };
	uint64_t total = 0;
	size_t class = 0;

	for (size_t i = 0; i < count; i++) {
		while (class + 1 < CLASSES && i > forms[class].bits)
			class ++;
		sums[class] += buckets[i];
		total += buckets[i];
	}
	if (!total)
		return;

	(void)fprintf(out->file, "%s%-*s%s", out->bold, CLASS_FIRST, title, out->plain);
	for (size_t i = 0; i < CLASSES; i++)
		(void)fprintf(out->file, "%s%*s%s", out->dim, CLASS_EACH, forms[i].label,
			      out->plain);
	(void)fprintf(out->file, "\n%*s", CLASS_FIRST, "");
	for (size_t i = 0; i < CLASSES; i++) {
		struct units_text share = units_share(sums[i], total);
		const char *shown = sums[i] ? share.s : out->dash;

		text_out_pad(out, utf8_width(shown), CLASS_EACH);
		(void)fputs(shown, out->file);
	}
	(void)fputc('\n', out->file);
}

void text_histograms(const struct text *text)
{
	static const struct class_form sizes[CLASSES] = {
		{ "<16 B", 4 },	  { "<64 B", 6 },    { "<256 B", 8 },  { "<1 KiB", 10 },
		{ "<4 KiB", 12 }, { "<64 KiB", 16 }, { "<1 MiB", 20 }, { "larger", 64 },
	};
	static const struct class_form lives[CLASSES] = {
		{ "<16 us", 4 },   { "<128 us", 7 }, { "<1 ms", 10 }, { "<16 ms", 14 },
		{ "<131 ms", 17 }, { "<1 s", 20 },   { "<17 s", 24 }, { "longer", 64 },
	};
	const struct report_totals *totals = &text->process->totals;

	(void)fputc('\n', text->out.file);
	print_classes(text, "SIZES", sizes, totals->size_histogram, RESULT_SIZE_BUCKETS);
	print_classes(text, "LIFETIMES", lives, totals->life_histogram, RESULT_LIFE_BUCKETS);
}

#define AGE_TEXT 80

/* Blocks by the generation they had reached. */
struct generations {
	uint64_t died[RESULT_GENERATIONS];
	uint64_t alive[RESULT_GENERATIONS];
	uint64_t bytes[RESULT_GENERATIONS]; /* of those alive */
};

static void print_generations(const struct text_out *out, const char *what, char (*ages)[AGE_TEXT],
			      const struct generations *sums)
{
	text_out_heading(out, "GENERATIONS", what);
	(void)fprintf(out->file, "%s    %-26s%14s%14s%14s%s\n", out->dim, "", "died", "still live",
		      "bytes", out->plain);
	for (size_t g = 0; g < RESULT_GENERATIONS; g++) {
		(void)fprintf(out->file, "    %-26s%14s%14s%14s\n", ages[g],
			      units_count(sums->died[g]).s, units_count(sums->alive[g]).s,
			      units_bytes(sums->bytes[g]).s);
	}
}

void text_survivors(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report_process *process = text->process;
	struct generations sums = { 0 };
	char ages[RESULT_GENERATIONS][AGE_TEXT];

	for (size_t i = 0; i < process->sites.count; i++) {
		for (size_t g = 0; g < RESULT_GENERATIONS; g++) {
			sums.died[g] += process->sites.at[i].died[g];
			sums.alive[g] += process->sites.at[i].alive[g];
			sums.bytes[g] += process->sites.at[i].alive_bytes[g];
		}
	}
	if (!process->gen_clock[0] && !process->collected)
		return;
	/* In a short run nothing can have grown old. */
	if (!sums.died[1] && !sums.died[2] && !sums.alive[1] && !sums.alive[2])
		return;

	if (process->collected) {
		(void)snprintf(ages[0], sizeof(ages[0]), "0  younger");
		(void)snprintf(ages[1], sizeof(ages[1]), "1  outlived a collection");
		(void)snprintf(ages[2], sizeof(ages[2]), "2  outlived an older one");
		print_generations(out, "a block's age is the collections since its birth", ages,
				  &sums);
		return;
	}
	(void)snprintf(ages[0], sizeof(ages[0]), "0  younger");
	(void)snprintf(ages[1], sizeof(ages[1]), "1  outlived %s",
		       units_bytes(process->gen_clock[0]).s);
	(void)snprintf(ages[2], sizeof(ages[2]), "2  outlived %s",
		       units_bytes(process->gen_clock[1]).s);
	print_generations(out, "a block's age is what was allocated since its birth", ages, &sums);
}

static int by_thread_bytes(const void *a, const void *b)
{
	const struct report_thread *x = *(const struct report_thread *const *)a;
	const struct report_thread *y = *(const struct report_thread *const *)b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

void text_threads(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report_process *process = text->process;
	const struct report_thread **order;
	size_t count = process->threads.count;

	if (count < 2)
		return;
	order = calloc(count, sizeof(*order));
	if (!order)
		return;
	for (size_t i = 0; i < count; i++)
		order[i] = &process->threads.at[i];
	qsort(order, count, sizeof(struct report_thread *), by_thread_bytes);

	(void)fprintf(out->file, "\n%s%-20s%s%s%10s%16s%14s%14s%s\n", out->bold, "THREADS",
		      out->plain, out->dim, "tid", "allocations", "bytes", "live at end",
		      out->plain);
	for (size_t i = 0; i < count && i < ROWS_MAX; i++) {
		struct strbuf name = { 0 };

		text_out_clean(out, &name, *order[i]->name ? order[i]->name : "(no name)");
		text_out_clip(out, &name, 16);
		(void)fprintf(out->file, "    %s", strbuf_get(&name));
		text_out_pad(out, utf8_width(strbuf_get(&name)), 16);
		(void)fprintf(out->file, "%10" PRIu32 "%16s%14s%14s\n", order[i]->tid,
			      units_count(order[i]->allocations).s, units_bytes(order[i]->bytes).s,
			      units_bytes(order[i]->live_bytes).s);
		strbuf_fini(&name);
	}
	if (count > ROWS_MAX)
		(void)fprintf(out->file, "    %s%zu more%s\n", out->dim, count - ROWS_MAX,
			      out->plain);
	free(order);
}

static int by_type_bytes(const void *a, const void *b)
{
	const struct result_type *x = *(const struct result_type *const *)a;
	const struct result_type *y = *(const struct result_type *const *)b;

	if (x->peak_bytes != y->peak_bytes)
		return x->peak_bytes > y->peak_bytes ? -1 : 1;
	if (x->live_bytes != y->live_bytes)
		return x->live_bytes > y->live_bytes ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void print_type(const struct text_out *out, const struct result_type *type)
{
	struct strbuf name = { 0 };

	text_out_clean(out, &name, type->name);
	text_out_clip(out, &name, 20);
	(void)fprintf(out->file, "    %s", strbuf_get(&name));
	text_out_pad(out, utf8_width(strbuf_get(&name)), 20);
	(void)fprintf(out->file, "%14s%14s%14s%14s\n", units_count(type->peak_blocks).s,
		      units_bytes(type->peak_bytes).s, units_count(type->live_blocks).s,
		      units_bytes(type->live_bytes).s);
	strbuf_fini(&name);
}

void text_types(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report_process *process = text->process;
	size_t count = process->types.count;
	const struct result_type **order = calloc(count + 1, sizeof(*order));

	if (!count || !order) {
		free(order);
		return;
	}
	for (size_t i = 0; i < count; i++)
		order[i] = &process->types.at[i];
	qsort(order, count, sizeof(const void *), by_type_bytes);
	(void)fprintf(out->file, "\n%s%-24s%s%s%14s%14s%14s%14s%s\n", out->bold, "TYPES",
		      out->plain, out->dim, "at the peak", "bytes", "at the end", "bytes",
		      out->plain);
	for (size_t i = 0; i < count && i < ROWS_MAX; i++)
		print_type(out, order[i]);
	if (count > ROWS_MAX)
		(void)fprintf(out->file, "    %s%zu more%s\n", out->dim, count - ROWS_MAX,
			      out->plain);
	free(order);
}

void text_marks(const struct text *text)
{
	static const char *const signs[] = {
		[TENURE_MARK_POINT] = "at",
		[TENURE_MARK_PHASE_BEGIN] = "begin",
		[TENURE_MARK_PHASE_END] = "end",
	};
	const struct text_out *out = &text->out;
	const struct report_process *process = text->process;
	size_t look = 0;
	size_t count = process->marks.count;
	size_t first = count > ROWS_MAX ? count - ROWS_MAX : 0;

	if (!count)
		return;
	(void)fprintf(out->file, "\n%s%-26s%s%s%12s%14s%14s%14s%s\n", out->bold, "MARKS",
		      out->plain, out->dim, "time", "heap", "blocks", "allocations", out->plain);
	for (size_t i = first; i < count; i++) {
		const struct report_mark *mark = &process->marks.at[i];
		struct strbuf name = { 0 };

		text_out_clean(out, &name, mark->name);
		text_out_clip(out, &name, 15);
		(void)fprintf(out->file, "    %-6s %s",
			      mark->kind < ARRAY_SIZE(signs) ? signs[mark->kind] : "at",
			      strbuf_get(&name));
		text_out_pad(out, utf8_width(strbuf_get(&name)), 15);
		(void)fprintf(out->file, "%12s%14s%14s%14s\n", units_time(mark->time_ns).s,
			      units_bytes(mark->heap_bytes).s, units_count(mark->heap_blocks).s,
			      units_count(mark->allocations).s);
		strbuf_fini(&name);
		while (look < process->looks.count && process->looks.at[look].mark < i)
			look++;
		if (look < process->looks.count && process->looks.at[look].mark == i)
			text_look(text, &process->looks.at[look]);
	}
	if (first)
		(void)fprintf(out->file, "    %s%zu earlier ones%s\n", out->dim, first, out->plain);
}
