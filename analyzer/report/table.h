/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of one process brought together by a key: lines, functions,
 * modules, packages, types, generations, threads.
 *
 * A site belongs to the frame that answers for it, see places.h.  Sums over
 * all rows of a table are the figures of the process.
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/intern.h"
#include "base/vec.h"
#include "report/places.h"

#define TABLE_SCHEMA "tenure.table/1"

enum table_by {
	TABLE_BY_LINE,
	TABLE_BY_FUNCTION,
	TABLE_BY_MODULE,     /* "app.cache" of app/cache.py; else the loaded object */
	TABLE_BY_PACKAGE,    /* "app"; of a loaded object its name without version */
	TABLE_BY_TYPE,	     /* of the objects, where a provider or the program told it */
	TABLE_BY_GENERATION, /* that blocks had reached when they were freed, or at the end */
	TABLE_BY_THREAD,     /* that made the block */
	TABLE_BY_COUNT,
};

/** table_by_names - in the order of enum table_by, ended by NULL */
extern const char *const table_by_names[];

struct table_sum {
	uint64_t blocks;
	uint64_t bytes;
};

/**
 * struct table_sums - figures of a row
 * @allocated: ever; of generations: what ended in it
 * @peak:      held at the peak of the process
 * @live:      at the end
 * @survived:  reached the oldest generation, freed since or not
 * @cyclic:    given back by a garbage collector: what only it could free
 * @temporary: blocks freed by their thread before it allocated again
 */
struct table_sums {
	struct table_sum allocated;
	struct table_sum peak;
	struct table_sum live;
	struct table_sum survived;
	struct table_sum cyclic;
	uint64_t temporary;
};

/**
 * struct table_row - one key
 * @frame: of lines and functions the one that stands for the row, that of its
 *         heaviest site; else REPORT_NONE
 * @name:  of the others: what the key is called
 * @tid:   of threads
 */
struct table_row {
	uint32_t frame;
	uint32_t tid;
	const char *name;
	struct table_sums sums;
};

/**
 * struct table - rows in the order asked for
 * @has_peak:      the rows have figures for the peak; generations have none
 * @has_temporary: likewise; types, generations and threads have none
 * @texts:         what the rows' names lie in
 */
struct table {
	enum table_by by;
	enum report_sort sort;
	bool has_peak;
	bool has_temporary;
	const struct report_process *process;
	VEC(struct table_row) rows;
	struct table_sums total;
	struct intern texts;
};

/** table_add() - what a site has, on top of @sums */
void table_add(struct table_sums *sums, const struct report_site *site);

/** table_weight() - blocks or bytes that rows are ordered by */
uint64_t table_weight(const struct table_sums *sums, enum report_sort sort);

/**
 * table_init() - make a table
 * @view:    of the document that @process is in
 * @sort:    REPORT_SORT_COUNT: generations in their order, all others by peak
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int table_init(struct table *table, const struct places_view *view,
			      const struct report_process *process, enum table_by by,
			      enum report_sort sort);

/** table_fini() - give the memory back */
void table_fini(struct table *table);

/**
 * table_json_write() - as docs/table-schema.json says
 * @top: rows at most; 0: all
 *
 * Return: 0 or a negative errno.
 */
attr_nodiscard int table_json_write(const struct table *table, const struct report *report,
				    size_t top, FILE *file);

#endif /* REPORT_TABLE_H */
