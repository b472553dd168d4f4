/* SPDX-License-Identifier: Apache-2.0 */
/* tenure why: what holds memory, and what freeing it would give back. */
#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "report/report.h"
#include "report/why.h"

#include "cmd.h"
#include "output.h"
#include "source.h"

static struct {
	uint64_t top;
	uint64_t pid;
} options;

static const struct cli_option table[] = {
	{ "top", 0, CLI_COUNT, "N", NULL, "Figures", "show at most N places; default 5",
	  &options.top },
	{ "process", 0, CLI_COUNT, "PID", NULL, "Figures",
	  "of this process; default the one with the largest peak", &options.pid },
};

static int say_why_not(int r, const char *path, const char *what, const char *near)
{
	switch (r) {
	case -ESRCH:
		log_error("cannot tell: the process is not in '%s'", path);
		return CMD_USAGE;
	case -ENODATA:
		log_error("cannot tell: nobody has looked into the memory of the process in '%s'",
			  path);
		log_hint("tenure run --leaks PROGRAM");
		return CMD_USAGE;
	case -ENOENT:
		log_error("cannot tell about '%s': no block that is alive at the end comes from "
			  "there",
			  what ? what : path);
		if (near)
			log_hint("tenure why %s '%s'", path, near);
		else if (what)
			log_hint("tenure why %s, which shows what keeps most", path);
		return CMD_USAGE;
	default:
		log_error("cannot write to standard output: %s", log_reason(r));
		return CMD_FAILED;
	}
}

static int run(int argc, char *argv[])
{
	const struct output_summary summary = { .top = options.top, .pid = options.pid };
	const char *what = argc > 1 ? argv[1] : NULL;
	struct report_text_options text;
	const char *near = NULL;
	struct report *report;
	int status = CMD_OK;
	int r;

	if (argc < 1 || argc > 2) {
		log_error(argc < 1 ? "no report given"
				   : "cannot tell about more than one at a time");
		log_hint("tenure why REPORT [SITE|TYPE]");
		return CMD_USAGE;
	}
	if (source_load(argv[0], NULL, &report) < 0)
		return CMD_USAGE;
	text = output_options(&summary, stdout);
	r = why_print(report, &text, what, stdout, &near);
	if (r == 0 && fflush(stdout) != 0)
		r = neg_errno();
	if (r < 0)
		status = say_why_not(r, argv[0], what, near);
	report_free(report);
	return status;
}

const struct cli_command cmd_why = {
	.name = "why",
	.summary = "show what holds memory, and what freeing it would give back",
	.usage = "[OPTION]... REPORT [SITE|TYPE]",
	.about =
		"Shows the shortest way from a variable, a stack or a register to blocks that were "
		"alive at the end, and what would be given back with them.  REPORT is one that "
		"'tenure run --leaks' wrote; SITE is a function, FILE:LINE or a signature, TYPE a "
		"class with virtual functions, or of Python objects.  Without either: what keeps "
		"most.  Of Python programs the way is told as one would write it, from a module on.",
	.operand = CLI_FILES,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_USAGE,
	.run = run,
};
