/* SPDX-License-Identifier: Apache-2.0 */
/* Where reports go: files that are written whole or not at all, and the terminal. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "launch/template.h"
#include "report/document.h"
#include "report/report-text.h"
#include "report/table.h"

#define OUTPUT_DEFAULT	    "tenure-%e.%p.json"
#define OUTPUT_DEFAULT_GLOB "tenure-*.*.json"

#define OUTPUT_OVERVIEW REPORT_SORT_COUNT /* for --sort that was not given */
#define OUTPUT_NO_TABLE TABLE_BY_COUNT	  /* for --by that was not given */

/** output_check_template() - reports a file name of @option that cannot be understood; NULL is fine
 */
attr_nodiscard int output_check_template(const char *option, const char *text);

/**
 * output_name() - the file that @text stands for, if it can be written
 * @text:  a template; "-" is standard output
 * @force: an existing file may be replaced
 *
 * Return: 0 and a name, owned by the caller; -EEXIST; -EISDIR; or why its
 * directory cannot be written to.
 */
attr_nodiscard int output_name(const char *text, const struct template_values *values, bool force,
			       char **ret_name);

/** output_refuse() - report that @name cannot be written because of @r.  Return: @r */
int output_refuse(const char *name, int r);

/** struct output_writer - what to write: @write gets @arg.  Return: 0 or a negative errno */
struct output_writer {
	int (*write)(const void *arg, FILE *file);
	const void *arg;
};

/**
 * output_file() - write to @path, "-" for stdout
 *
 * A regular file appears under its name only when it is complete.
 *
 * Return: 0 or a negative errno; -EEXIST when @force is not set and the file
 * is there.
 */
attr_nodiscard int output_file(const struct output_writer *writer, const char *path, bool force);

/** output_json() - write the document as JSON; as output_file() */
attr_nodiscard int output_json(const struct report *report, const char *path, bool force);

/**
 * struct output_summary - how to print a summary
 * @file: where the whole report is, for the hints at its end; NULL: nowhere
 * @top:  call stacks per table; 0: as many as fit the overview
 * @pid:  of the process to show; 0: the largest
 * @sort: enum report_sort, or OUTPUT_OVERVIEW
 * @frames: enum report_frames
 * @origin: enum report_origin
 * @by:   enum table_by, or OUTPUT_NO_TABLE
 */
struct output_summary {
	const char *file;
	uint64_t top;
	uint64_t pid;
	unsigned int sort;
	unsigned int frames;
	unsigned int origin;
	unsigned int by;
};

/** output_table() - as output_json(), but of the table that @summary asks for; -ESRCH: no process
 */
attr_nodiscard int output_table(const struct report *report, const struct output_summary *summary,
				const char *path, bool force);

/* The options of all commands that print one, for the table of options; @s is the struct. */
#define OUTPUT_SUMMARY_OPTIONS(s)                                                                              \
	{ "top", 0, CLI_COUNT, "N", NULL, "Summary", "show at most N call stacks", &(s).top },                 \
		{ "sort",                                                                                      \
		  0,                                                                                           \
		  CLI_CHOICE,                                                                                  \
		  NULL,                                                                                        \
		  report_sort_names,                                                                           \
		  "Summary",                                                                                   \
		  "instead of the overview, show the list of call stacks in this order",                       \
		  &(s).sort },                                                                                 \
		{ "origin",                                                                                    \
		  0,                                                                                           \
		  CLI_CHOICE,                                                                                  \
		  NULL,                                                                                        \
		  report_origin_names,                                                                         \
		  "Summary",                                                                                   \
		  "of a Python program, show only what its own code allocates, or libraries that it calls, "   \
		  "or the interpreter, start-up and imports included; default all",                            \
		  &(s).origin },                                                                               \
	{                                                                                                      \
		"frames", 0, CLI_CHOICE, NULL, report_frames_names, "Summary",                                 \
			"what to show of stacks with Python frames: these and the native code of extensions, " \
			"only Python, or only native code, with the interpreter's own; default mixed",         \
			&(s).frames                                                                            \
	}

/** output_options() - how to print to @out, stdout or stderr */
struct report_text_options output_options(const struct output_summary *summary, FILE *out);

/** output_text() - print the summary to @out, stdout or stderr.  Return: 0 or a negative errno */
attr_nodiscard int output_text(const struct report *report, const struct output_summary *summary,
			       FILE *out);

#endif /* CMD_OUTPUT_H */
