/* SPDX-License-Identifier: Apache-2.0 */
/* Sites, types and threads of a process brought together by a key. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/idmap.h"
#include "base/strbuf.h"
#include "report/names.h"
#include "report/pymodule.h"
#include "report/table.h"
#include "symbol/resolve.h"

const char *const table_by_names[] = {
	[TABLE_BY_LINE] = "line",     [TABLE_BY_FUNCTION] = "function",
	[TABLE_BY_MODULE] = "module", [TABLE_BY_PACKAGE] = "package",
	[TABLE_BY_TYPE] = "type",     [TABLE_BY_GENERATION] = "generation",
	[TABLE_BY_THREAD] = "thread", [TABLE_BY_COUNT] = NULL,
};

#define OLDEST (RESULT_GENERATIONS - 1)

static void add(struct table_sum *sum, uint64_t blocks, uint64_t bytes)
{
	sum->blocks += blocks;
	sum->bytes += bytes;
}

void table_add(struct table_sums *sums, const struct report_site *site)
{
	add(&sums->allocated, site->allocations, site->bytes);
	add(&sums->peak, site->peak_blocks, site->peak_bytes);
	add(&sums->live, site->live_blocks, site->live_bytes);
	add(&sums->survived, site->died[OLDEST] + site->alive[OLDEST], site->survived_bytes);
	add(&sums->cyclic, site->collected_blocks, site->collected_bytes);
	sums->temporary += site->temporary;
}

uint64_t table_weight(const struct table_sums *sums, enum report_sort sort)
{
	switch (sort) {
	case REPORT_SORT_LIVE:
		return sums->live.bytes;
	case REPORT_SORT_ALLOCATIONS:
		return sums->allocated.blocks;
	case REPORT_SORT_BYTES:
		return sums->allocated.bytes;
	case REPORT_SORT_TEMPORARY:
		return sums->temporary;
	case REPORT_SORT_SURVIVORS:
		return sums->survived.bytes;
	case REPORT_SORT_CYCLIC:
		return sums->cyclic.bytes;
	case REPORT_SORT_PEAK:
	case REPORT_SORT_COUNT:
		break;
	}
	return sums->peak.bytes;
}

/* ------------------------------------------------------------ keys of sites */

/* What goes from site to site. */
struct making {
	struct table *table;
	const struct places_view *view;
	struct idmap rows;
	VEC(uint64_t) heaviest; /* per row: peak and allocated bytes of the site it is shown by */
	struct strbuf text;
};

static const struct report_frame *frame_at(const struct making *making, uint32_t frame)
{
	return &making->view->report->frames.at[frame];
}

static const char *string_of(const struct making *making, uint32_t id)
{
	return id == REPORT_NONE ? "" : intern_get(&making->view->report->strings, id);
}

static int name_key(struct making *making, uint64_t *ret_key)
{
	uint32_t id;
	int r = making->text.failed ? -ENOMEM
				    : intern_add(&making->table->texts, strbuf_get(&making->text),
						 making->text.count, &id);

	if (r == 0)
		*ret_key = id;
	return r;
}

/* The module of a frame, or its package. */
static int module_key(struct making *making, uint32_t frame, uint64_t *ret_key)
{
	const struct report_frame *at = frame_at(making, frame);
	bool is_package = making->table->by == TABLE_BY_PACKAGE;

	strbuf_clear(&making->text);
	if (at->kind == RESOLVE_PYTHON)
		pymodule_name(&making->text, making->view->report, making->table->process,
			      string_of(making, at->file), is_package);
	else if (at->module == REPORT_NONE)
		strbuf_adds(&making->text, "[no module]");
	else if (is_package)
		names_library(&making->text, string_of(making, at->module));
	else
		strbuf_adds(&making->text, names_base(string_of(making, at->module)));
	return name_key(making, ret_key);
}

/* Return: 0 and what sites of one row have in common; or -ENOMEM. */
static int key_of(struct making *making, uint32_t frame, uint64_t *ret_key)
{
	const struct report_frame *at;

	if (frame == REPORT_NONE) {
		*ret_key = UINT64_MAX;
		return 0;
	}
	at = frame_at(making, frame);
	if (making->table->by == TABLE_BY_LINE) {
		*ret_key = at->file != REPORT_NONE && at->line
				   ? idmap_pair(at->file, at->line)
				   : idmap_pair(REPORT_NONE, making->view->labels[frame]);
		return 0;
	}
	if (making->table->by == TABLE_BY_FUNCTION) {
		*ret_key = at->named ? idmap_pair(at->function,
						  at->file == REPORT_NONE ? at->module : at->file)
				     : idmap_pair(REPORT_NONE, making->view->labels[frame]);
		return 0;
	}
	return module_key(making, frame, ret_key);
}

static bool has_frames(const struct table *table)
{
	return table->by == TABLE_BY_LINE || table->by == TABLE_BY_FUNCTION;
}

static int add_site(struct making *making, const struct report_site *site)
{
	const struct report *report = making->view->report;
	struct table *table = making->table;
	struct table_row row = { .frame = REPORT_NONE, .name = "[no stack]" };
	uint64_t weight = site->peak_bytes + site->bytes / 2;
	uint32_t stack = site->stack, index;
	uint64_t key = 0;
	int r;

	if (stack != REPORT_NONE)
		stack = places_culprit(making->view, stack);
	if (stack != REPORT_NONE)
		row.frame = report->stacks.at[stack].frame;
	r = key_of(making, row.frame, &key);
	if (r == 0)
		r = idmap_add(&making->rows, key, (uint32_t)table->rows.count, &index);
	if (r < 0)
		return r;
	if (r == 1) {
		if (row.frame != REPORT_NONE && !has_frames(table))
			row.name = intern_get(&table->texts, (uint32_t)key);
		if (vec_push(&table->rows, row) < 0 || vec_push(&making->heaviest, weight) < 0)
			return -ENOMEM;
	}
	if (weight > making->heaviest.at[index]) {
		making->heaviest.at[index] = weight;
		table->rows.at[index].frame = row.frame;
	}
	table_add(&table->rows.at[index].sums, site);
	return 0;
}

static int add_sites(struct table *table, const struct places_view *view)
{
	struct making making = { .table = table, .view = view };
	int r = 0;

	for (size_t i = 0; i < table->process->sites.count && r == 0; i++)
		if (places_shows(view, &table->process->sites.at[i]))
			r = add_site(&making, &table->process->sites.at[i]);
	for (size_t i = 0; i < table->rows.count && !has_frames(table); i++)
		table->rows.at[i].frame = REPORT_NONE;
	idmap_fini(&making.rows);
	vec_fini(&making.heaviest);
	strbuf_fini(&making.text);
	return r;
}

/* ------------------------------------------- what is not made of the sites */

static uint64_t less(uint64_t whole, uint64_t part)
{
	return whole > part ? whole - part : 0;
}

static void take_off(struct table_sum *rest, const struct table_sum *part)
{
	rest->blocks = less(rest->blocks, part->blocks);
	rest->bytes = less(rest->bytes, part->bytes);
}

static int add_types(struct table *table)
{
	struct table_row rest = { .frame = REPORT_NONE, .name = "[no type]" };
	int r = 0;

	rest.sums = table->total;
	rest.sums.temporary = 0;
	for (size_t i = 0; i < table->process->types.count && r == 0; i++) {
		const struct result_type *type = &table->process->types.at[i];
		struct table_row row = { .frame = REPORT_NONE, .name = type->name };

		add(&row.sums.allocated, type->allocations, type->bytes);
		add(&row.sums.peak, type->peak_blocks, type->peak_bytes);
		add(&row.sums.live, type->live_blocks, type->live_bytes);
		add(&row.sums.survived, type->died[OLDEST] + type->alive[OLDEST],
		    type->survived_bytes);
		add(&row.sums.cyclic, type->collected_blocks, type->collected_bytes);
		take_off(&rest.sums.allocated, &row.sums.allocated);
		take_off(&rest.sums.peak, &row.sums.peak);
		take_off(&rest.sums.live, &row.sums.live);
		take_off(&rest.sums.survived, &row.sums.survived);
		take_off(&rest.sums.cyclic, &row.sums.cyclic);
		r = vec_push(&table->rows, row);
	}
	return r == 0 && rest.sums.allocated.blocks ? vec_push(&table->rows, rest) : r;
}

static int add_generations(struct table *table)
{
	static const char *const names[RESULT_GENERATIONS] = { "0", "1", "2" };
	const struct report_process *process = table->process;
	int r = 0;

	for (unsigned int g = 0; g < RESULT_GENERATIONS && r == 0; g++) {
		struct table_row row = { .frame = REPORT_NONE, .name = names[g] };
		struct table_sums *sums = &row.sums;

		for (size_t i = 0; i < process->sites.count; i++) {
			const struct report_site *site = &process->sites.at[i];

			add(&sums->allocated, site->died[g] + site->alive[g], site->alive_bytes[g]);
			add(&sums->live, site->alive[g], site->alive_bytes[g]);
		}
		sums->allocated.bytes += process->totals.died_bytes[g];
		sums->cyclic.blocks = process->totals.collected_blocks[g];
		sums->cyclic.bytes = process->totals.collected_bytes[g];
		if (g == OLDEST)
			sums->survived = sums->allocated;
		r = vec_push(&table->rows, row);
	}
	return r;
}

static int add_threads(struct table *table)
{
	int r = 0;

	for (size_t i = 0; i < table->process->threads.count && r == 0; i++) {
		const struct report_thread *thread = &table->process->threads.at[i];
		struct table_row row = { .frame = REPORT_NONE, .tid = thread->tid };

		row.name = *thread->name ? thread->name : "[no name]";
		add(&row.sums.allocated, thread->allocations, thread->bytes);
		add(&row.sums.peak, thread->peak_blocks, thread->peak_bytes);
		add(&row.sums.live, thread->live_blocks, thread->live_bytes);
		add(&row.sums.survived, thread->survived_blocks, thread->survived_bytes);
		add(&row.sums.cyclic, thread->collected_blocks, thread->collected_bytes);
		r = vec_push(&table->rows, row);
	}
	return r;
}

/* ------------------------------------------------------------------- order */

static int by_weight(const void *a, const void *b, void *arg)
{
	const struct table_row *x = a, *y = b;
	const struct table *table = arg;
	const uint64_t pairs[][2] = {
		{ table_weight(&x->sums, table->sort), table_weight(&y->sums, table->sort) },
		{ x->sums.peak.bytes, y->sums.peak.bytes },
		{ x->sums.live.bytes, y->sums.live.bytes },
		{ x->sums.allocated.bytes, y->sums.allocated.bytes },
		{ x->sums.allocated.blocks, y->sums.allocated.blocks },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (pairs[i][0] != pairs[i][1])
			return pairs[i][0] > pairs[i][1] ? -1 : 1;
	}
	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return x->name && y->name ? strcmp(x->name, y->name) : 0;
}

int table_init(struct table *table, const struct places_view *view,
	       const struct report_process *process, enum table_by by, enum report_sort sort)
{
	int r;

	*table = (struct table){
		.by = by,
		.sort = sort == REPORT_SORT_COUNT ? REPORT_SORT_PEAK : sort,
		.has_peak = by != TABLE_BY_GENERATION,
		.has_temporary = by < TABLE_BY_TYPE,
		.process = process,
	};
	for (size_t i = 0; i < process->sites.count; i++)
		if (places_shows(view, &process->sites.at[i]))
			table_add(&table->total, &process->sites.at[i]);
	if (by == TABLE_BY_TYPE)
		r = add_types(table);
	else if (by == TABLE_BY_GENERATION)
		r = add_generations(table);
	else if (by == TABLE_BY_THREAD)
		r = add_threads(table);
	else
		r = add_sites(table, view);
	if (r < 0) {
		table_fini(table);
		return r;
	}
	if (table->rows.count && !(by == TABLE_BY_GENERATION && sort == REPORT_SORT_COUNT))
		qsort_r(table->rows.at, table->rows.count, sizeof(*table->rows.at), by_weight,
			table);
	return 0;
}

void table_fini(struct table *table)
{
	vec_fini(&table->rows);
	intern_fini(&table->texts);
	*table = (struct table){ 0 };
}
