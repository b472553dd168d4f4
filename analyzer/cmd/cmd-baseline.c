/* SPDX-License-Identifier: Apache-2.0 */
/* tenure baseline: keep the accepted state of a program's memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/units.h"
#include "report/places.h"
#include "report/report.h"

#include "budget.h"
#include "cmd.h"
#include "output.h"
#include "source.h"

static struct {
	const char *baseline;
	const char *budget;
	const char *reason;
	bool force;
} options;

static const struct cli_option table[] = {
	{ "baseline", 0, CLI_FILE, "FILE", NULL, "Files",
	  "the baseline; default the one that the budget file names, else " BUDGET_BASELINE,
	  &options.baseline },
	{ "budget", 0, CLI_FILE, "FILE", NULL, "Files",
	  "the budget file; default .tenure here or at the top of the git work tree",
	  &options.budget },
	{ "force", 'f', CLI_FLAG, NULL, NULL, "Files", "save: replace a baseline that exists",
	  &options.force },
	{ "reason", 0, CLI_TEXT, "TEXT", NULL, "Accepting", "why it may be more; kept in the file",
	  &options.reason },
};

/** struct job - the baseline at work */
struct job {
	struct gate_config config;
	struct baseline baseline;
	struct facts facts;
	const char *path;
	int argc;
	char **argv; /* reports */
};

/* What all reports on the command line have in common. */
static int load_facts(struct job *job)
{
	int r = 0;

	for (int i = 0; i < job->argc && r == 0; i++) {
		struct facts *facts = &job->facts, other = { 0 };
		struct places_view view = { 0 };
		struct report *report = NULL;

		r = source_load(job->argv[i], NULL, &report);
		if (r < 0)
			return r;
		if (!report->tree.complete)
			log_note("'%s' is incomplete: not everything was recorded", job->argv[i]);
		r = places_view_init(&view, report, REPORT_FRAMES_MIXED);
		if (r == 0)
			r = facts_init(i ? &other : facts, &view, &job->config);
		if (r == 0 && i)
			facts_meet(facts, &other);
		facts_fini(&other);
		places_view_fini(&view);
		report_free(report);
		if (r < 0)
			log_error("cannot read '%s': %s", job->argv[i], log_reason(r));
	}
	return r;
}

static int load_baseline(struct job *job)
{
	int r = baseline_load(&job->baseline, job->path);

	if (r < 0)
		log_error("cannot use the baseline '%s': %s", job->path,
			  *job->baseline.error ? job->baseline.error : log_reason(r));
	return r;
}

static int write_one(const void *arg, FILE *file)
{
	return baseline_write(arg, file);
}

static int store(const struct job *job, bool force)
{
	const struct output_writer writer = { write_one, &job->baseline };
	int r = output_file(&writer, job->path, force);

	if (r < 0)
		output_refuse(job->path, r);
	return r;
}

static int save(struct job *job)
{
	if (load_facts(job) < 0 || baseline_from(&job->baseline, &job->facts) < 0)
		return CMD_USAGE;
	if (store(job, options.force) < 0)
		return CMD_FAILED;
	log_note("'%s' holds %zu signatures", job->path, job->baseline.entries.count);
	if (job->facts.has_cycles && job->facts.skipped)
		log_note("it holds no reference cycles: %" PRIu64
			 " collections were not looked into; 'tenure run --cycles=all' looks into "
			 "each",
			 job->facts.skipped);
	return CMD_OK;
}

static int update(struct job *job)
{
	uint64_t changes;

	if (load_baseline(job) < 0 || load_facts(job) < 0)
		return CMD_USAGE;
	changes = baseline_lower(&job->baseline, &job->facts);
	if (changes && store(job, true) < 0)
		return CMD_FAILED;
	log_note("'%s': %" PRIu64 " figures lowered or dropped, none raised", job->path, changes);
	return CMD_OK;
}

static int accept_one(struct job *job)
{
	const char *what = job->argv[0];
	int r;

	job->argv++;
	job->argc--;
	if (!options.reason || !*options.reason) {
		log_error("cannot accept '%s' without a reason", what);
		log_hint("tenure baseline accept --reason=TEXT %s REPORT", what);
		return CMD_USAGE;
	}
	if (job->argc == 0) {
		log_error("no report given");
		log_hint("tenure baseline accept --reason=TEXT %s REPORT", what);
		return CMD_USAGE;
	}
	if (load_baseline(job) < 0 || load_facts(job) < 0)
		return CMD_USAGE;
	r = baseline_accept(&job->baseline, &job->facts, what, options.reason);
	if (r < 0) {
		log_error("cannot accept '%s': %s", what,
			  r == -ENOENT ? "it is neither a signature with live blocks or cycles in "
					 "the report nor a total"
				       : log_reason(r));
		return CMD_USAGE;
	}
	return store(job, true) < 0 ? CMD_FAILED : CMD_OK;
}

static int show(struct job *job)
{
	const struct baseline *baseline = &job->baseline;

	if (load_baseline(job) < 0)
		return CMD_USAGE;
	(void)printf("%s: %zu signatures, peak %s, %s live at the end\n", job->path,
		     baseline->entries.count, units_bytes(baseline->totals[LIMITS_PEAK]).s,
		     units_bytes(baseline->totals[LIMITS_LIVE]).s);
	for (size_t i = 0; i < baseline->entries.count; i++) {
		const struct baseline_entry *entry = &baseline->entries.at[i];

		(void)printf("  %016" PRIx64 "  %10s  %8s  %s%s%s\n", entry->sig,
			     units_bytes(entry->live_bytes).s, units_count(entry->live_blocks).s,
			     entry->where, *entry->reason ? "  # " : "", entry->reason);
	}
	for (size_t i = 0; i < baseline->cycles.count; i++) {
		const struct baseline_cycle *cycle = &baseline->cycles.at[i];

		(void)printf("  %016" PRIx64 "  %10s  %8s  %s%s%s\n", cycle->sig,
			     cycle->count == 1 ? "cycle" : "cycles", units_count(cycle->count).s,
			     cycle->where, *cycle->reason ? "  # " : "", cycle->reason);
	}
	return cmd_finish_stdout(CMD_OK);
}

static int run(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int (*run)(struct job *job);
		int least;
	} actions[] = {
		{ "save", save, 1 },
		{ "update", update, 1 },
		{ "accept", accept_one, 1 },
		{ "show", show, 0 },
	};
	struct job job = { .argc = argc - 1, .argv = argv + 1 };
	size_t i = 0;
	int status = CMD_USAGE;

	while (argc && i < ARRAY_SIZE(actions) && strcmp(argv[0], actions[i].name) != 0)
		i++;
	if (!argc || i == ARRAY_SIZE(actions)) {
		log_error(argc ? "there is no 'tenure baseline %s'" : "nothing to do%s",
			  argc ? argv[0] : "");
		log_hint("tenure baseline save|update|accept|show");
		return CMD_USAGE;
	}
	if (job.argc < actions[i].least) {
		log_error("no report given");
		log_hint("tenure baseline %s REPORT", actions[i].name);
		return CMD_USAGE;
	}
	if (budget_load(&job.config, options.budget) == 0) {
		job.path = budget_baseline_path(&job.config, options.baseline);
		if (!job.path)
			job.path = BUDGET_BASELINE;
		status = actions[i].run(&job);
	}
	baseline_fini(&job.baseline);
	facts_fini(&job.facts);
	config_fini(&job.config);
	return status;
}

const struct cli_command cmd_baseline = {
	.name = "baseline",
	.summary = "keep the accepted state, for 'tenure check' to compare with",
	.usage = "[OPTION]... save|update|accept|show [WHAT] [REPORT]...",
	.about = "save writes what the reports hold at their ends, by signature, their reference "
		 "cycles and their totals; "
		 "update only lowers figures and drops entries; accept raises one signature or one "
		 "total, with a reason; show prints the file.",
	.operand = CLI_FILES,
	.options = table,
	.options_count = ARRAY_SIZE(table),
	.usage_status = CMD_USAGE,
	.run = run,
};
