/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each line of one source file has to do with a process's memory.
 *
 * Of each stack the innermost frame in the file counts, whatever other files'
 * functions it called; or all of them, when that is asked for.
 */
#ifndef REPORT_ANNOTATE_H
#define REPORT_ANNOTATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/vec.h"
#include "report/table.h"

/** struct annotate_line - a line with its figures; @line 0: of frames without a line */
struct annotate_line {
	uint32_t line;
	struct table_sums sums;
};

/** struct annotate_function - @function: number of a string; @line: the first seen of it */
struct annotate_function {
	uint32_t function;
	uint32_t line;
	struct table_sums sums;
};

/**
 * struct annotate - all zero is an empty one
 * @path:      of the file, absolute where the report tells; owned by it
 * @lines:     in their order
 * @functions: those with most at the peak first
 * @total:     of all stacks that come through the file
 */
struct annotate {
	char *path;
	VEC(struct annotate_line) lines;
	VEC(struct annotate_function) functions;
	struct table_sums total;
};

/** struct annotate_options - @cumulative: a line has what its calls within the file have, too */
struct annotate_options {
	const struct report_process *process;
	const char *cwd; /* that @path is relative to */
	bool cumulative;
};

/**
 * annotate_init() - find a file in the report and add up its lines
 * @path:     of the file; or its last parts, where they are enough
 * @ret_hint: for -ENOENT the file that was probably meant, for -EEXIST one of
 *            several that could be; else, or if there is none, NULL.  Borrowed
 *            from @report
 *
 * Return: 0; -ENOENT: no allocation came through such a file; -EEXIST: through
 * several; -ENOMEM.
 */
attr_nodiscard int annotate_init(struct annotate *annotate, const struct report *report,
				 const char *path, const struct annotate_options *options,
				 const char **ret_hint);

/** annotate_fini() - give the memory back */
void annotate_fini(struct annotate *annotate);

/** annotate_last() - the last line that has figures */
uint32_t annotate_last(const struct annotate *annotate);

/**
 * annotate_print() - the source with its figures, for people
 * @source:  its text
 * @options: width, colour, unicode, and top: of functions
 * @context: lines shown around those with figures; UINT32_MAX: all
 *
 * Return: 0 or a negative errno.
 */
attr_nodiscard int annotate_print(const struct annotate *annotate, const struct report *report,
				  const struct report_text_options *options, uint32_t context,
				  FILE *source, FILE *out);

#endif /* REPORT_ANNOTATE_H */
