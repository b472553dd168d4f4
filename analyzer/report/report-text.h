/* SPDX-License-Identifier: Apache-2.0 */
/* The report for people: 80 columns and wider, what matters first. */
#ifndef REPORT_REPORT_TEXT_H
#define REPORT_REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "report/document.h"

/** What the list of sites is ordered by; every order has its own columns. */
enum report_sort {
	REPORT_SORT_PEAK,	 /* bytes held at the process's peak */
	REPORT_SORT_LIVE,	 /* bytes held at the end */
	REPORT_SORT_ALLOCATIONS, /* blocks ever made */
	REPORT_SORT_BYTES,	 /* bytes ever asked for */
	REPORT_SORT_TEMPORARY,	 /* blocks freed before the thread allocated again */
	REPORT_SORT_SURVIVORS,	 /* bytes that reached the oldest generation and stayed */
	REPORT_SORT_CYCLIC,	 /* bytes that only a garbage collector could free */
	REPORT_SORT_COUNT,
};

/** What is shown of stacks that have Python frames. */
enum report_frames {
	REPORT_FRAMES_MIXED,  /* Python first, with the extension code around it */
	REPORT_FRAMES_PYTHON, /* Python only */
	REPORT_FRAMES_NATIVE, /* native only, the interpreter's own frames included */
	REPORT_FRAMES_COUNT,
};

/** report_frames_names - in the order of enum report_frames, ended by NULL */
extern const char *const report_frames_names[];

/** report_origin_names - of enum report_origin, the first one for all; ended by NULL */
extern const char *const report_origin_names[];

/** report_sort_names - in the order of enum report_sort, ended by NULL */
extern const char *const report_sort_names[];

/**
 * struct report_text_options - how the text shall look
 * @width:   columns; 0: 80
 * @top:     sites per list; 0: as many as the overview shows
 * @sort:    with @sorted, only the list in this order
 * @sorted:  see @sort; else the overview
 * @by:      with @tabled, only a table; enum table_by
 * @tabled:  see @by
 * @frames:  see there
 * @origin:  enum report_origin: only what is of it; REPORT_ORIGIN_NONE: all
 * @color:   use colours
 * @unicode: characters beyond ASCII may be used
 * @process: pid of the process to show; 0: the one with the largest peak
 * @file:    where the JSON report lies, for the commands at the end; NULL: nowhere
 */
struct report_text_options {
	unsigned int width;
	size_t top;
	enum report_sort sort;
	bool sorted;
	unsigned int by;
	bool tabled;
	enum report_frames frames;
	uint32_t origin;
	bool color;
	bool unicode;
	uint32_t process;
	const char *file;
};

/**
 * report_text_write() - print @report to @out
 *
 * Return: 0, -ESRCH when there is no such process in it, -ENOMEM, or the
 * negative errno of the failed write.
 */
attr_nodiscard int report_text_write(const struct report *report,
				     const struct report_text_options *options, FILE *out);

#endif /* REPORT_REPORT_TEXT_H */
