/* SPDX-License-Identifier: Apache-2.0 */
/* A run of two processes whose every figure is known; shared by the report's tests. */
#ifndef TESTS_UNIT_REPORT_SAMPLE_H
#define TESTS_UNIT_REPORT_SAMPLE_H

#include "model/result-python.h"
#include "report/report.h"
#include "sample-cycles.h"

#define REPORT_SAMPLE_SITES 4 /* of the first process; its results have 5 */

/** report_sample_new() - the document of that run; report_free().  Return: NULL on failure */
static inline struct report *report_sample_new(void);

#define PC(addr_) TENURE_NODE_WORD(TENURE_NODE_CALL, addr_)

static inline int report_sample_add(struct report *report, struct resolve *resolve)
{
	/*
	 * Generation 1 has libold.so where generation 2 has liblater.so.  5 differs
	 * from 4 only as a guess: it is printed alike.
	 */
	static const struct tenure_node nodes[] = {
		{ 0 },
		{ TENURE_NODE_WORD(TENURE_NODE_ROOT, 1), 0, 0 },
		{ TENURE_NODE_WORD(TENURE_NODE_ROOT, 2), 0, 0 },
		{ PC(0x11000), 1, 0 },
		{ PC(0x12000), 3, 0 },
		{ TENURE_NODE_WORD(TENURE_NODE_GUESS, 0x12000), 3, 0 },
		{ PC(0x50110), 3, 0 },
		{ PC(0x50110), 2, 0 },
		{ TENURE_NODE_WORD(TENURE_NODE_CUT, 0), 1, 0 },
	};
	static const struct result_site sites[] = {
		{ .stack = 4,
		  .allocations = 4,
		  .bytes = 4000,
		  .frees = 2,
		  .live_blocks = 2,
		  .live_bytes = 2000,
		  .peak_blocks = 4,
		  .peak_bytes = 4000,
		  .max_bytes = 4000,
		  .died = { 2 },
		  .alive = { 0, 0, 2 },
		  .alive_bytes = { 0, 0, 2000 },
		  .survived_bytes = 2000,
		  .life_sum = 200,
		  .life_max = 150 },
		{ .stack = 5,
		  .allocations = 3,
		  .bytes = 3000,
		  .live_blocks = 3,
		  .live_bytes = 3000,
		  .peak_blocks = 3,
		  .peak_bytes = 3000,
		  .max_bytes = 3000,
		  .alive = { 3 },
		  .alive_bytes = { 3000 } },
		{ .stack = 6,
		  .fn = TENURE_FN_CALLOC,
		  .allocations = 10,
		  .bytes = 1000,
		  .frees = 10,
		  .temporary = 9,
		  .peak_blocks = 1,
		  .peak_bytes = 100,
		  .max_bytes = 100,
		  .died = { 10 },
		  .collected_blocks = 2,
		  .collected_bytes = 200,
		  .life_sum = 10,
		  .life_max = 1 },
		{ .stack = 7,
		  .fn = TENURE_FN_REALLOC,
		  .allocations = 1,
		  .bytes = 64,
		  .live_blocks = 1,
		  .live_bytes = 64,
		  .peak_blocks = 1,
		  .peak_bytes = 64,
		  .max_bytes = 64,
		  .alive = { 0, 1 },
		  .alive_bytes = { 0, 64 } },
		{ .stack = 8,
		  .allocations = 1,
		  .bytes = 8,
		  .live_blocks = 1,
		  .live_bytes = 8,
		  .max_bytes = 8,
		  .alive = { 1 },
		  .alive_bytes = { 8 } },
	};
	static const struct result_site only = { .allocations = 1,
						 .bytes = 16,
						 .live_blocks = 1,
						 .live_bytes = 16,
						 .peak_blocks = 1,
						 .peak_bytes = 16,
						 .max_bytes = 16,
						 .alive = { 1 },
						 .alive_bytes = { 16 } };
	static const struct result_site mapped[] = {
		{ .stack = 4,
		  .fn = TENURE_FN_MMAP,
		  .allocations = 1,
		  .bytes = 1 << 20,
		  .live_blocks = 1,
		  .live_bytes = 1 << 20,
		  .peak_blocks = 1,
		  .peak_bytes = 1 << 20,
		  .max_bytes = 1 << 20 },
	};
	static const struct result_module modules[] = {
		{ 0x10000, 0x10000, 0x20000, 1, 0, "aabb", "/no/such/libwork.so.1" },
		{ 0x50000, 0x50000, 0x60000, 1, 2, "", "/no/such/libold.so" },
		{ 0x50000, 0x50000, 0x60000, 2, 0, "ccdd", "/no/such/liblater.so" },
	};
	static const struct result_thread threads[] = {
		{ 100, "main", 1000, 0, 18, 8072, 7, 5072, 9, 7164, 2, 2000, 2, 200 },
		{ 101, "worker \"2\"", 1500, 2500, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	};
	static const struct result_moment timeline[] = {
		{ 1000, 0, 0, 0, 4096 },
		{ 2000, 7164, 9, 1 << 20, 0 },
		{ 3000, 5072, 7, 1 << 20, 8192 },
	};
	static const struct result_mark marks[] = {
		{ 1200, TENURE_MARK_PHASE_BEGIN, "load\n", 100, 1, 1 },
		{ 2200, TENURE_MARK_PHASE_END, "load\n", 7164, 9, 18 },
	};
	static const struct result_type types[] = {
		{ .name = "struct work",
		  .allocations = 4,
		  .bytes = 4000,
		  .live_blocks = 2,
		  .live_bytes = 2000,
		  .peak_blocks = 4,
		  .peak_bytes = 4000,
		  .died = { 1, 1, 0 },
		  .alive = { 0, 1, 1 },
		  .alive_bytes = { 0, 1000, 1000 },
		  .survived_bytes = 1000,
		  .collected_blocks = 1,
		  .collected_bytes = 1000 },
	};
	static const struct result_level levels[] = {
		{ 0, 500, 1 }, { 1, 1000, 1 }, { 2, 100, 1 }, { 0, 1000, 1 }, { 1, 3000, 3 },
	};
	static const struct result_point points[] = {
		{ 1500, 1, 1600, 3, levels, 3 },
		{ 2500, 2, 4000, 4, levels + 3, 2 },
	};
	static const struct result_series series[] = {
		{ RESULT_SERIES_MARK, "turn", 3, points, 2 },
		{ RESULT_SERIES_TIME, "", 9, points, 2 },
	};
	static const char *const notes[] = { "one note" };
	struct result_process process = {
		.pid = 100,
		.ppid = 1,
		.image = 1,
		.exe = "/no/such/work",
		.command = "work\0caf\xe9\0",
		.end = RESULT_END_EXIT,
		.end_status = 3,
		.start_stamp = 1000,
		.end_stamp = 3000,
		.start_unix_ns = 1000000005000,
		.ns_per_tick = 1000.0,
		.gen_clock = { 1 << 20, 1 << 24 },
		.events = 40,
		.stream_bytes = 400,
		.totals = { .allocations = 19,
			    .allocated_bytes = 8072,
			    .frees = 12,
			    .freed_bytes = 3000,
			    .died_bytes = { 2000, 1000, 0 },
			    .collected_blocks = { 0, 2, 0 },
			    .collected_bytes = { 0, 200, 0 },
			    .reallocs = 1,
			    .temporary = 9,
			    .live_blocks = 7,
			    .live_bytes = 5072,
			    .peak_bytes = 7164,
			    .peak_blocks = 9,
			    .peak_stamp = 2000,
			    .peak_rss_bytes = 12288,
			    .mapped_peak_bytes = 1 << 20,
			    .mapped_live_bytes = 1 << 20,
			    .maps = 1,
			    .break_bytes = -4096 },
		.trust = { .complete = true, .notes = notes, .notes_count = 1 },
		.nodes = nodes,
		.nodes_count = ARRAY_SIZE(nodes),
		.sites = sites,
		.sites_count = ARRAY_SIZE(sites),
		.mapped = mapped,
		.mapped_count = ARRAY_SIZE(mapped),
		.modules = modules,
		.modules_count = ARRAY_SIZE(modules),
		.threads = threads,
		.threads_count = ARRAY_SIZE(threads),
		.timeline = timeline,
		.timeline_count = ARRAY_SIZE(timeline),
		.marks = marks,
		.marks_count = ARRAY_SIZE(marks),
		.types = types,
		.types_count = ARRAY_SIZE(types),
		.series = series,
		.series_count = ARRAY_SIZE(series),
	};
	static const struct result_collection collections[] = {
		{ 1100, 1200, 0, 2, 5, 1, 3, 300, 700, 7 },
	};
	static const struct result_python python = {
		.version = "3.12.1 (main)",
		.collections = collections,
		.collections_count = 1,
		.runs = { 4, 0, 1 },
		.run_ticks = { 10, 0, 100 },
		.collected = 5,
		.uncollectable = 1,
	};
	static const struct result_containers containers[] = {
		{ 1500,
		  7000,
		  false,
		  true,
		  2,
		  { { 0, 1, 4000, 100 }, { 1, RESULT_SITE_NONE, 3000, 10 } } },
		{ 2500, 5000, true, false, 1, { { 1, 0, 3000, 10 } } },
	};
	static const struct result_arenas arenas = {
		.peak = { 3, 786432, 100, 5000, 6400 },
		.end = { 1, 262144, 10, 500, 640 },
		.most_bytes = 1048576,
	};
	int r;

	process.python = &python;
	process.arenas = &arenas;
	process.containers = containers;
	process.containers_count = ARRAY_SIZE(containers);
	process.cycles = &report_sample_cycles;
	process.totals.by_fn[TENURE_FN_MALLOC] = 8;
	process.totals.by_fn[TENURE_FN_CALLOC] = 10;
	process.totals.by_fn[TENURE_FN_REALLOC] = 1;
	process.totals.size_histogram[0] = 1;
	process.totals.size_histogram[7] = 11;
	process.totals.size_histogram[10] = 7;
	process.totals.life_histogram[1] = 12;
	r = report_add(report, &process, resolve);
	if (r < 0)
		return r;

	process = (struct result_process){
		.sites = &only,
		.sites_count = 1,
		.pid = 102,
		.ppid = 100,
		.image = 2,
		.forked = true,
		.exe = "/no/such/work",
		.command = "work\0",
		.end = RESULT_END_SIGNAL,
		.end_status = 11,
		.start_stamp = 1,
		.end_stamp = 2,
		.start_unix_ns = 1000000006000,
		.ns_per_tick = 1.0,
		.totals = { .allocations = 1,
			    .allocated_bytes = 16,
			    .live_blocks = 1,
			    .live_bytes = 16,
			    .peak_bytes = 16,
			    .peak_blocks = 1 },
		.trust = { .truncated = 1,
			   .off_reason = "too many threads",
			   .unmatched = 2,
			   .missing_chunks = 3 },
	};
	process.trust.lost[TENURE_LOST_PIPE] = 5;
	return report_add(report, &process, resolve);
}

static inline int report_sample_judge(struct report *report)
{
	const struct gate_violation violation = {
		.rule = GATE_LEAK,
		.scope = "sig:0123456789abcdef",
		.metric = "live",
		.got = 300,
		.limit = 100,
		.delta = -5,
		.has_baseline = true,
		.baseline = 305,
		.has_sig = true,
		.sig = 0x0123456789abcdef,
		.process = 1,
		.stack = 0,
		.culprit = 0,
		.where = "work  work.c:1",
		.message = "more than \"before\"",
		.accept = "accept",
		.suppress = "suppress",
	};
	const struct gate_violation plain = {
		.rule = GATE_BUDGET,
		.unit = GATE_BLOCKS,
		.scope = "process",
		.metric = "allocations",
		.got = 2,
		.limit = 1,
		.delta = 1,
		.stack = REPORT_NONE,
		.culprit = REPORT_NONE,
		.where = "",
		.message = "m",
		.accept = "",
		.suppress = "",
	};

	report->gate.verdict = GATE_FAIL;
	report->gate.rules = 4;
	report->gate.runs = 1;
	report->gate.baseline = "old.json";
	return vec_push(&report->gate.violations, violation) ||
	       vec_push(&report->gate.violations, plain) ||
	       vec_push(&report->gate.reasons, "too few checkpoints") ||
	       vec_push(&report->gate.notes, "a note");
}

static inline struct report *report_sample_new(void)
{
	static const char *const command[] = { "work", "--hard", NULL };
	const struct report_session session = { .command = command,
						.cwd = "/tmp",
						.host = "here",
						.start_unix_ns = 1000000000000,
						.duration_ns = 3000000,
						.end = { RESULT_END_EXIT, 3 } };
	struct report *report = report_new("0.0");
	struct resolve *resolve = resolve_new(NULL);
	int r = report && resolve ? report_set_session(report, &session) : -1;

	if (r == 0)
		r = report_sample_add(report, resolve);
	resolve_free(resolve);
	if (r == 0)
		r = report_sample_judge(report);
	if (r < 0)
		return report_free(report);
	report_sum(report);
	return report;
}

#endif /* TESTS_UNIT_REPORT_SAMPLE_H */
