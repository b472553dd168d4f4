/* SPDX-License-Identifier: Apache-2.0 */
/* What `tenure check` leaves for CI systems, beside its text: files, annotations, a job summary. */
#ifndef CMD_CI_OUTPUT_H
#define CMD_CI_OUTPUT_H

#include "base/attr.h"
#include "report/document.h"

/** struct ci_output - values of the options; all zero: --ci=auto and no files */
struct ci_output {
	const char *sarif;
	const char *junit;
	const char *markdown;
	const char *gitlab;
	const char *openmetrics;
	unsigned int ci;
};

extern const char *const ci_output_names[]; /* of --ci */

/** CI_OUTPUT_OPTIONS() - rows of a table of options, for the struct at @to */
#define CI_OUTPUT_OPTIONS(to)                                                                        \
	{ "ci",                                                                                      \
	  0,                                                                                         \
	  CLI_CHOICE,                                                                                \
	  NULL,                                                                                      \
	  ci_output_names,                                                                           \
	  "CI systems",                                                                              \
	  "what to tell of the verdict without being asked: github: annotations and the job "        \
	  "summary; gitlab: tenure-codequality.json and tenure-metrics.txt; default auto, by "       \
	  "the environment",                                                                         \
	  &(to)->ci },                                                                               \
		{ "sarif",     0, CLI_FILE, "FILE", NULL, "CI systems", "write SARIF 2.1.0 to FILE", \
		  &(to)->sarif },                                                                    \
		{ "junit",     0, CLI_FILE, "FILE", NULL, "CI systems", "write JUnit XML to FILE",   \
		  &(to)->junit },                                                                    \
		{ "markdown",                                                                        \
		  0,                                                                                 \
		  CLI_FILE,                                                                          \
		  "FILE",                                                                            \
		  NULL,                                                                              \
		  "CI systems",                                                                      \
		  "write a summary to FILE, as Markdown",                                            \
		  &(to)->markdown },                                                                 \
		{ "gitlab",                                                                          \
		  0,                                                                                 \
		  CLI_FILE,                                                                          \
		  "FILE",                                                                            \
		  NULL,                                                                              \
		  "CI systems",                                                                      \
		  "write a code quality report for GitLab to FILE",                                  \
		  &(to)->gitlab },                                                                   \
	{                                                                                            \
		"openmetrics", 0, CLI_FILE, "FILE", NULL, "CI systems",                              \
			"write the totals to FILE, as OpenMetrics", &(to)->openmetrics               \
	}

/**
 * ci_output_write() - write all that was asked for, replacing files
 *
 * Goes on after an error; reports them.  Return: 0 or the first, a negative errno.
 */
attr_nodiscard int ci_output_write(const struct ci_output *options, const struct report *report);

#endif /* CMD_CI_OUTPUT_H */
