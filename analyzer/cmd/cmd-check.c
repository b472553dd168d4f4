/* SPDX-License-Identifier: Apache-2.0 */
/* tenure check: judge the memory of a program, or of reports. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "gate/gate-text.h"
#include "gate/gate.h"
#include "input/capture.h"
#include "report/report.h"
#include "tenure/wire-python.h"

#include "budget.h"
#include "ci-output.h"
#include "cmd.h"
#include "collector.h"
#include "output.h"
#include "runner.h"
#include "source.h"

#define REPEAT_MAX 1000u

static struct {
	const char *limits;
	const char *budget;
	const char *baseline;
	const char *output;
	uint64_t repeat;
	uint64_t warmup;
	bool keep;
	bool force;
	bool deterministic;
	bool no_python;
	struct ci_output ci;
} options = {
	.repeat = 1,
	.warmup = UINT64_MAX,
};

static const struct cli_option table[] = {
	{ "limit", 0, CLI_TEXT, "LIMITS", NULL, "Rules",
	  "limits such as peak=200MiB,live=5%|1MiB,growth=0, which replace those of the budget file; "
	  "with a per cent sign they are distances from the baseline",
	  &options.limits },
	{ "budget", 0, CLI_FILE, "FILE", NULL, "Rules",
	  "the budget file; default .tenure here or at the top of the git work tree",
	  &options.budget },
	{ "baseline", 0, CLI_FILE, "FILE", NULL, "Rules",
	  "compare with this baseline; default the one that the budget file names",
	  &options.baseline },
	{ "warmup", 0, CLI_COUNT, "N", NULL, "Rules",
	  "the first N iterations do not count for growth; default 1", &options.warmup },
	{ "repeat", 0, CLI_COUNT, "N", NULL, "Running",
	  "run the program N times; only what happens every time violates", &options.repeat },
	{ "deterministic", 0, CLI_FLAG, NULL, NULL, "Running",
	  "set PYTHONHASHSEED=0, so that Python programs allocate the same every time",
	  &options.deterministic },
	{ "no-python", 0, CLI_FLAG, NULL, NULL, "Running", "record Python programs like all others",
	  &options.no_python },
	{ "output", 'o', CLI_FILE, "FILE", NULL, "Output",
	  "write the report with the verdict to FILE, whatever it is; %p and so on as for "
	  "'tenure run'",
	  &options.output },
	{ "keep", 0, CLI_FLAG, NULL, NULL, "Output",
	  "write the report even if nothing is wrong; it is always written when something is",
	  &options.keep },
	{ "force", 'f', CLI_FLAG, NULL, NULL, "Output", "replace files that exist",
	  &options.force },
	CI_OUTPUT_OPTIONS(&options.ci),
};

/**
 * struct check - one check
 * @status: of the program: the first that was not 0
 * @output: where the report goes, if it is written
 */
struct check {
	struct gate_config config;
	struct baseline baseline;
	const char *baseline_path;
	VEC(struct report *) reports;
	int status;
	char *output;
};

static int load_rules(struct check *check)
{
	int r = budget_load(&check->config, options.budget);

	if (r < 0)
		return r;
	if (options.limits) {
		unsigned int before = (unsigned int)check->config.limits.count;

		r = config_limits(&check->config, options.limits);
		if (r < 0)
			log_error("invalid value '%s' for option '--limit': %s", options.limits,
				  r == -EINVAL ? check->config.error : log_reason(r));
		/* Line 0 is a default; these were chosen. */
		for (size_t i = before; i < check->config.limits.count; i++)
			check->config.limits.at[i].line = UINT32_MAX;
	}
	if (options.warmup != UINT64_MAX)
		check->config.warmup = options.warmup;
	if (r < 0)
		return r;

	check->baseline_path = budget_baseline_path(&check->config, options.baseline);
	if (!check->baseline_path)
		return 0;
	r = baseline_load(&check->baseline, check->baseline_path);
	if (r < 0)
		log_error("cannot use the baseline '%s': %s", check->baseline_path,
			  *check->baseline.error ? check->baseline.error : log_reason(r));
	if (r == -ENOENT)
		log_hint("tenure baseline save --baseline=%s REPORT", check->baseline_path);
	return r;
}

static int judge(struct check *check)
{
	struct report *report = check->reports.at[0];
	int r;

	if (check->baseline_path) {
		report->gate.baseline = report_text(report, check->baseline_path);
		if (!report->gate.baseline)
			return -ENOMEM;
	}
	r = gate_judge(check->reports.at, check->reports.count, &check->config,
		       check->baseline_path ? &check->baseline : NULL, check->output);
	if (r < 0)
		log_error("cannot judge: %s", log_reason(r));
	return r;
}

/* ------------------------------------------------------------------- running */

static int one_run(struct check *check, char *argv[])
{
	struct collector collector = { .follow = COLLECTOR_BOTH };
	struct server_options server = { 0 };
	struct runner *runner = NULL;
	struct report *report = NULL;
	int status = CMD_RUN_FAILED;

	if (options.no_python)
		server.welcome_flags |= TENURE_WELCOME_NO_PYTHON;
	/* The verdict must not depend on how fast the machine is. */
	server.welcome_flags |= TENURE_WELCOME_ALL_CYCLES;
	if (runner_new(argv, &runner) < 0)
		return CMD_RUN_FAILED;
	if (!check->reports.count) {
		const struct template_values values = { .program = argv[0],
							.pid = (uint32_t)runner_pid(runner) };
		const char *name = options.output ? options.output : OUTPUT_DEFAULT;
		int r = output_name(name, &values, options.force, &check->output);

		if (r < 0) {
			output_refuse(name, r);
			goto out;
		}
	}

	status = runner_start(runner, &server, &collector);
	if (status != 0)
		goto out;
	status = CMD_RUN_FAILED;
	if (runner_wait(runner, false) < 0) {
		log_error("the collector failed");
		goto out;
	}
	check->status = WIFSIGNALED(collector.run.status)
				? CMD_RUN_SIGNAL + WTERMSIG(collector.run.status)
				: WEXITSTATUS(collector.run.status);
	if (collector.failed || collector_report(&collector, &report) < 0 ||
	    vec_push(&check->reports, report) < 0) {
		log_error("cannot make the report: out of memory");
		report_free(report);
		goto out;
	}
	status = 0;
out:
	collector_fini(&collector);
	runner_free(runner);
	return status;
}

static void show(const struct check *check, FILE *out)
{
	const struct report *report = check->reports.at[0];

	if (cli_global.quiet && report->gate.verdict == GATE_PASS)
		return;
	if (gate_text_write(report, out) < 0 || fflush(out) != 0)
		log_error("cannot write the verdict: %s", log_reason(errno));
}

static void keep_report(const struct check *check)
{
	const struct report *report = check->reports.at[0];
	int r;

	if (report->gate.verdict == GATE_PASS && check->status == 0 && !options.keep &&
	    !options.output)
		return;
	r = output_json(report, check->output, options.force);
	if (r < 0)
		output_refuse(check->output, r);
	else if (strcmp(check->output, "-") != 0)
		log_note("the report is in '%s'", check->output);
}

static int check_program(struct check *check, char *argv[])
{
	if (options.deterministic) {
		if (setenv("PYTHONHASHSEED", "0", 1) < 0)
			return CMD_RUN_FAILED;
		log_note("PYTHONHASHSEED=0");
	}
	for (uint64_t i = 0; i < options.repeat && check->status == 0; i++) {
		int status = one_run(check, argv);

		if (status != 0)
			return status;
	}
	if (judge(check) < 0)
		return CMD_RUN_FAILED;
	show(check, stderr);
	if (ci_output_write(&options.ci, check->reports.at[0]) < 0)
		return CMD_RUN_FAILED;
	keep_report(check);
	if (check->status != 0)
		return check->status;
	switch (check->reports.at[0]->gate.verdict) {
	case GATE_FAIL:
		return CMD_CHECK_VIOLATION;
	case GATE_INCONCLUSIVE:
		return check->config.inconclusive_passes ? CMD_OK : CMD_CHECK_INCONCLUSIVE;
	case GATE_PASS:
	case GATE_OFF:
	case GATE_VERDICT_COUNT:
		break;
	}
	return CMD_OK;
}

/* --------------------------------------------------------------------- files */

static bool is_report(const char *name)
{
	size_t length = strlen(name);

	return strcmp(name, "-") == 0 || (length > 5 && strcmp(name + length - 5, ".json") == 0) ||
	       capture_is_capture(name);
}

static bool are_reports(int argc, char *argv[])
{
	for (int i = 0; i < argc; i++)
		if (!is_report(argv[i]))
			return false;
	return true;
}

static int check_files(struct check *check, int argc, char *argv[])
{
	const struct template_values values = { .program = "check", .pid = (uint32_t)getpid() };

	for (int i = 0; i < argc; i++) {
		struct report *report = NULL;

		if (source_load(argv[i], NULL, &report) < 0)
			return CMD_USAGE;
		if (vec_push(&check->reports, report) < 0) {
			report_free(report);
			return CMD_USAGE;
		}
	}
	check->output = strdup(argv[0]); /* as the commands call it */
	if (!check->output || judge(check) < 0)
		return CMD_USAGE;
	show(check, stdout);
	if (ci_output_write(&options.ci, check->reports.at[0]) < 0)
		return CMD_USAGE;
	if (options.output) {
		int r;

		free(check->output);
		check->output = NULL;
		r = output_name(options.output, &values, options.force, &check->output);
		if (r < 0) {
			output_refuse(options.output, r);
			return CMD_USAGE;
		}
		keep_report(check);
	}
	switch (check->reports.at[0]->gate.verdict) {
	case GATE_FAIL:
		return CMD_FAILED;
	case GATE_INCONCLUSIVE:
		return check->config.inconclusive_passes ? CMD_OK : CMD_CHECK_FILE_INCONCLUSIVE;
	case GATE_PASS:
	case GATE_OFF:
	case GATE_VERDICT_COUNT:
		break;
	}
	return cmd_finish_stdout(CMD_OK);
}

static int run(int argc, char *argv[])
{
	struct check check = { .status = 0 };
	bool files = argc > 0 && are_reports(argc, argv);
	int status = files ? CMD_USAGE : CMD_RUN_FAILED;

	if (argc == 0) {
		log_error("no program and no report given");
		log_hint("tenure check PROGRAM [ARG]...");
		return CMD_RUN_FAILED;
	}
	if (options.repeat < 1 || options.repeat > REPEAT_MAX) {
		log_error("invalid value for option '--repeat': it must be between 1 and %u",
			  REPEAT_MAX);
		return status;
	}
	if (output_check_template("output", options.output) == 0 && load_rules(&check) == 0)
		status = files ? check_files(&check, argc, argv) : check_program(&check, argv);

	for (size_t i = 0; i < check.reports.count; i++)
		report_free(check.reports.at[i]);
	vec_fini(&check.reports);
	baseline_fini(&check.baseline);
	config_fini(&check.config);
	free(check.output);
	return status;
}

const struct cli_command cmd_check = {
	.name = "check",
	.summary = "judge a program's memory: growth, budgets, a baseline",
	.usage = "[OPTION]... [--] PROGRAM [ARG]... | REPORT...",
	.about = "Runs PROGRAM, or reads reports or captures of runs of it, and judges: does "
		 "memory grow from turn to turn, does it keep to its budget, is it worse than the "
		 "baseline?  The verdict is pass, fail or inconclusive.  The exit status is that "
		 "of PROGRAM if it failed, else 23 for a violation and 24 for inconclusive; of "
		 "reports 1 and 3.",
	.operand = CLI_PROGRAM,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_RUN_FAILED,
	.run = run,
};
