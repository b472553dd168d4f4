/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints a document, without tenure's command line: for schema.py and golden.py.
 *
 *	print json|text [FILE [WIDTH]]
 *
 * FILE is a JSON report; without one it is the unit tests' sample.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report-json.h"
#include "report/report-load.h"
#include "report/report-text.h"

#include "report-sample.h"

int main(int argc, char **argv)
{
	struct report_text_options options = { .unicode = true, .file = "run.json" };
	struct report *report = NULL;
	int r;

	if (argc > 2)
		r = report_load(argv[2], &report);
	else
		r = (report = report_sample_new()) ? 0 : -1;
	if (argc > 3) {
		options.width = (unsigned int)strtoul(argv[3], NULL, 10);
		options.unicode = options.width > 80;
	}
	if (r < 0 || argc < 2) {
		fprintf(stderr, "print: %s\n", report_error_text());
		return 2;
	}
	r = strcmp(argv[1], "json") == 0 ? report_json_write(report, stdout)
					 : report_text_write(report, &options, stdout);
	report_free(report);
	return r < 0;
}
