/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that the report for people is put together from, in their order. */
#ifndef REPORT_TEXT_PARTS_H
#define REPORT_TEXT_PARTS_H

#include "base/attr.h"
#include "report/places.h"
#include "report/report-text.h"
#include "report/table.h"
#include "report/text-out.h"

/** struct text - one printing: what, of which process, how */
struct text {
	const struct report *report;
	const struct report_process *process;
	const struct report_text_options *options;
	struct text_out out;
	struct places_view view;
};

/** struct text_list - how long a list is, and how much of the way up it shows */
struct text_list {
	size_t top;
	size_t callers;
};

/** text_trust() - loudly, what the figures lack; nothing if they are complete */
void text_trust(const struct text *text);

/** text_head() - the command, how it ended, peak, live, churn, the heap over time */
void text_head(const struct text *text);

/** text_places() - the places that @sort puts first.  Return: 0 or -ENOMEM */
attr_nodiscard int text_places(const struct text *text, enum report_sort sort,
			       const struct text_list *list);

/** text_mapped() - mapped ranges, which are no part of the heap.  Return: 0 or -ENOMEM */
attr_nodiscard int text_mapped(const struct text *text, const struct text_list *list);

/** text_leaks() - what was lost.  Return: 0 */
int text_leaks(const struct text *text, const struct text_list *list);

/** text_look() - likewise at a mark, in a few lines */
void text_look(const struct text *text, const struct report_look *look);

/** text_survivors() - how old blocks grow, in one table */
void text_survivors(const struct text *text);

/** text_python() - collections, and what only they could free */
void text_python(const struct text *text);

/** text_cycles() - cycles of Python objects, by shape.  Return: 0 or -ENOMEM */
attr_nodiscard int text_cycles(const struct text *text, const struct text_list *list);

/** text_python_leaks() - Python objects that were leaked, and what grows */
void text_python_leaks(const struct text *text, const struct text_list *list);

/** text_held() - Python objects that keep most alive */
void text_held(const struct text *text, const struct text_list *list);

/** text_by() - a table; @sort as of table_init().  Return: 0 or -ENOMEM */
attr_nodiscard int text_by(const struct text *text, enum table_by by, enum report_sort sort);

/** text_containers() - the biggest containers of a Python process */
void text_containers(const struct text *text);

/** text_histograms() - sizes and lifetimes */
void text_histograms(const struct text *text);

/** text_threads() - a table, when there are several */
void text_threads(const struct text *text);

/** text_types() - blocks by the names of their types */
void text_types(const struct text *text);

/** text_marks() - the heap at the marks that the program set */
void text_marks(const struct text *text);

/** text_processes() - the other processes of the run */
void text_processes(const struct text *text);

/** text_notes() - what else a reader should know */
void text_notes(const struct text *text);

/** text_next() - commands that show more */
void text_next(const struct text *text);

#endif /* REPORT_TEXT_PARTS_H */
