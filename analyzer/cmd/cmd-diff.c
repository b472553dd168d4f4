/* SPDX-License-Identifier: Apache-2.0 */
/* tenure diff: what has changed between runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/vec.h"
#include "gate/diff.h"
#include "report/report.h"

#include "cmd.h"
#include "source.h"

#define TOP_DEFAULT 20u

static struct {
	const char *control;
	const char *treatment;
	uint64_t floor;
	uint64_t top;
	bool json;
	bool markdown;
} options = {
	.floor = 4096,
	.top = TOP_DEFAULT,
};

static const struct cli_option table[] = {
	{ "control", 0, CLI_TEXT, "FILE,...", NULL, "Runs",
	  "runs without the change, instead of OLD; separated by commas", &options.control },
	{ "treatment", 0, CLI_TEXT, "FILE,...", NULL, "Runs",
	  "runs with the change, instead of NEW; a difference counts only if it is in all of them "
	  "and in none of the others",
	  &options.treatment },
	{ "floor", 0, CLI_BYTES, "SIZE", NULL, "Output",
	  "the exit status is 1 only if something grew by more than SIZE; default 4KiB",
	  &options.floor },
	{ "top", 0, CLI_COUNT, "N", NULL, "Output",
	  "show at most N rows of each kind, 0 for all; default 20", &options.top },
	{ "json", 0, CLI_FLAG, NULL, NULL, "Output", "print JSON", &options.json },
	{ "md", 0, CLI_FLAG, NULL, NULL, "Output", "print Markdown", &options.markdown },
};

typedef VEC(struct report *) report_list;

static int add_report(report_list *reports, const char *path)
{
	struct report *report = NULL;
	int r = source_load(path, NULL, &report);

	if (r == 0)
		r = vec_push(reports, report);
	if (r < 0)
		report_free(report);
	return r;
}

static int add_reports(report_list *reports, const char *list)
{
	char *copy = strdup(list), *rest = copy, *name;
	int r = copy ? 0 : -ENOMEM;

	while (r == 0 && (name = strsep(&rest, ",")))
		if (*name)
			r = add_report(reports, name);
	free(copy);
	return r;
}

static int print(const struct diff *diff)
{
	size_t top = (size_t)options.top;
	int r = options.json	   ? diff_json(diff, stdout)
		: options.markdown ? diff_markdown(diff, top, stdout)
				   : diff_text(diff, top, stdout);

	if (r == 0 && fflush(stdout) != 0)
		r = neg_errno();
	if (r < 0) {
		log_error("cannot write to standard output: %s", log_reason(r));
		return CMD_USAGE;
	}
	return !diff->is_complete		    ? CMD_CHECK_FILE_INCONCLUSIVE
	       : diff_is_worse(diff, options.floor) ? CMD_FAILED
						    : CMD_OK;
}

static int run(int argc, char *argv[])
{
	report_list before = { 0 }, after = { 0 };
	struct diff diff = { 0 };
	int status = CMD_USAGE;
	bool sets = options.control || options.treatment;
	int r;

	if (sets ? argc != 0 || !options.control || !options.treatment : argc != 2) {
		log_error("two reports, or --control and --treatment, are needed");
		log_hint("tenure diff OLD NEW");
		return CMD_USAGE;
	}
	r = sets ? add_reports(&before, options.control) : add_report(&before, argv[0]);
	if (r == 0)
		r = sets ? add_reports(&after, options.treatment) : add_report(&after, argv[1]);
	if (r == 0 && (!before.count || !after.count)) {
		log_error("an empty list of reports");
		r = -EINVAL;
	}
	if (r == 0) {
		r = diff_init(&diff, before.at, before.count, after.at, after.count);
		if (r < 0)
			log_error("cannot compare: %s", log_reason(r));
		else
			status = print(&diff);
	}
	diff_fini(&diff);
	for (size_t i = 0; i < before.count; i++)
		report_free(before.at[i]);
	for (size_t i = 0; i < after.count; i++)
		report_free(after.at[i]);
	vec_fini(&before);
	vec_fini(&after);
	return status;
}

const struct cli_command cmd_diff = {
	.name = "diff",
	.summary = "show what has changed between runs",
	.usage = "[OPTION]... [OLD NEW]",
	.about = "Compares reports or captures by signature and by object.  A signature does not "
		 "change when lines or files do, and code that moved within an object nets out "
		 "there.  The exit status is 1 when an object, or the whole, has grown.",
	.operand = CLI_FILES,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_USAGE,
	.run = run,
};
