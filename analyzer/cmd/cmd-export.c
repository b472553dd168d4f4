/* SPDX-License-Identifier: Apache-2.0 */
/* tenure export: a report in the format of another tool. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/nearest.h"
#include "export/export.h"
#include "report/report.h"

#include "cmd.h"
#include "output.h"
#include "source.h"

static struct {
	const char *out;
	const char *root;
	uint64_t process;
	uint64_t shape;
	unsigned int cost;
	unsigned int frames;
	bool force;
} options;

static const struct cli_option table[] = {
	{ "output", 'o', CLI_FILE, "FILE", NULL, "Output",
	  "write to FILE; default -, standard output", &options.out },
	{ "force", 'f', CLI_FLAG, NULL, NULL, "Output", "replace FILE if it exists",
	  &options.force },
	{ "cost", 0, CLI_CHOICE, NULL, export_cost_names, "Contents",
	  "bytes to show per stack, where the format has room for one figure; default peak",
	  &options.cost },
	{ "frames", 0, CLI_CHOICE, NULL, report_frames_names, "Contents",
	  "frames to show of stacks with Python functions in them; default mixed",
	  &options.frames },
	{ "process", 0, CLI_COUNT, "PID", NULL, "Contents",
	  "only this process; default all, but dhat takes the one with the largest peak",
	  &options.process },
	{ "shape", 0, CLI_COUNT, "N", NULL, "Contents",
	  "dot: only the N-th shape of reference cycles in the report; default all",
	  &options.shape },
	{ "source-root", 0, CLI_TEXT, "DIR", NULL, "Contents",
	  "top of the sources, which paths for CI systems are relative to; default where the "
	  "program was started",
	  &options.root },
};

struct export
{
	const struct export_format *format;
	struct export_job job;
};

static int write_job(const void *arg, FILE *file)
{
	const struct export *export = arg;

	return export->format->write(&export->job, file);
}

static int refuse_format(const char *name)
{
	const char *near = NULL;
	size_t distance = 0;

	for (size_t i = 0; export_formats[i].name; i++)
		nearest_feed(name, export_formats[i].name, &near, &distance);
	log_error("unknown format '%s'", name);
	if (near)
		log_hint("tenure export %s", near);
	else
		log_hint("tenure export --help");
	return CMD_USAGE;
}

static const struct report_process *find_process(const struct report *report, uint64_t pid)
{
	for (size_t i = 0; i < report->processes.count; i++) {
		if (report->processes.at[i].pid == pid)
			return &report->processes.at[i];
	}
	return NULL;
}

static int write_report(struct export *export, const struct report *report, const char *path)
{
	const char *out = options.out ? options.out : "-";
	const struct output_writer writer = { write_job, export };
	int r;

	export->job = (struct export_job){
		.report = report,
		.root = options.root,
		.shape = options.shape,
		.cost = (enum export_cost)options.cost,
		.frames = (enum report_frames)options.frames,
	};
	if (options.process) {
		export->job.process = find_process(report, options.process);
		if (!export->job.process) {
			log_error("cannot export process %llu: it is not in '%s'",
				  (unsigned long long)options.process, path);
			return CMD_USAGE;
		}
	}
	r = output_file(&writer, out, options.force);
	if (r == -ENODATA) {
		log_error("cannot export '%s': it has no process", path);
		return CMD_USAGE;
	}
	if (r == -ERANGE && options.shape) {
		log_error("cannot export shape %llu: '%s' has not so many",
			  (unsigned long long)options.shape, path);
		return CMD_USAGE;
	}
	return r < 0 ? (output_refuse(out, r), CMD_FAILED) : CMD_OK;
}

static int run(int argc, char *argv[])
{
	struct export export = { 0 };
	struct report *report;
	int status;

	if (argc != 2) {
		log_error(argc == 0   ? "no format given"
			  : argc == 1 ? "no file given"
				      : "cannot export more than one file at a time");
		log_hint("tenure export --help");
		return CMD_USAGE;
	}
	export.format = export_find(argv[0]);
	if (!export.format)
		return refuse_format(argv[0]);
	if (export.format->binary && !options.out && isatty(STDOUT_FILENO)) {
		log_error("cannot write %s to a terminal", argv[0]);
		log_hint("--output=FILE");
		return CMD_USAGE;
	}
	if (source_load(argv[1], NULL, &report) < 0)
		return CMD_USAGE;
	status = write_report(&export, report, argv[1]);
	report_free(report);
	return status;
}

const struct cli_command cmd_export = {
	.name = "export",
	.summary = "write a report in the format of another tool",
	.usage = "[OPTION]... FORMAT FILE",
	.about =
		"Writes FILE, a report that 'tenure run' wrote (- reads one from standard input) or a "
		"capture, as FORMAT:\n\n"
		"html: one page for a browser, which works offline.\n\n"
		"pprof: for go tool pprof, Pyroscope, Parca, Grafana.\n\n"
		"speedscope: for https://www.speedscope.app.\n\n"
		"folded: for flame graph tools and the Firefox Profiler.\n\n"
		"dhat: for valgrind's dh_view.html and the Firefox Profiler.\n\n"
		"dot: for Graphviz, the reference cycles of Python objects.\n\n"
		"markdown, sarif, junit, gitlab, annotations: the verdict of 'tenure check' for CI "
		"systems.\n\n"
		"openmetrics: totals, for GitLab and Prometheus.",
	.operand = CLI_FILES,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_USAGE,
	.run = run,
};
