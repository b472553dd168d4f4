/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule of the gate at its edge: what just passes, and what just does not. */
#include <string.h>

#include "gate/baseline.h"
#include "gate/config.h"
#include "gate/facts.h"
#include "gate/gate.h"
#include "report/report.h"
#include "symbol/resolve.h"

#include "test.h"

#define POINTS 6u

static uint32_t stack_of(struct report *report, const char *function, const char *module)
{
	struct report_frame frame = { .file = REPORT_NONE, .kind = RESOLVE_NATIVE, .named = true };
	uint32_t id, stack;

	CHECK_EQ(report_string(report, function, &frame.function), 0);
	CHECK_EQ(report_string(report, module, &frame.module), 0);
	CHECK_EQ(report_add_frame(report, &frame, &id), 0);
	CHECK_EQ(report_add_stack(report, REPORT_NONE, id, &stack), 0);
	return stack;
}

static struct report_process *process_of(struct report *report)
{
	return &report->processes.at[0];
}

static void add_site(struct report *report, struct report_site site, const char *function,
		     const char *module)
{
	site.stack = stack_of(report, function, module);
	process_of(report)->totals.live_bytes += site.live_bytes;
	process_of(report)->totals.peak_bytes += site.peak_bytes;
	CHECK_EQ(vec_push(&process_of(report)->sites, site), 0);
}

/* A program that ended well and holds 1,000 bytes in 10 blocks, of make() in libapp. */
static struct report *begin(void)
{
	struct report *report = report_new("0");
	const struct report_process process = { .pid = 7,
						.exe = "/bin/app",
						.end = { RESULT_END_EXIT, 0 },
						.trust = { .complete = true } };

	CHECK(report);
	CHECK_EQ(vec_push(&report->processes, process), 0);
	add_site(report,
		 (struct report_site){ .sig = 1,
				       .allocations = 30,
				       .live_blocks = 10,
				       .live_bytes = 1000,
				       .peak_bytes = 3000,
				       .max_bytes = 3000,
				       .alive_bytes = { 100, 300, 600 } },
		 "make", "/lib/libapp.so.1");
	return report;
}

/* A series of marks in which signature 1 holds what @bytes says. */
static void add_series(struct report *report, const uint64_t bytes[POINTS])
{
	struct report_series series = { .kind = RESULT_SERIES_MARK,
					.name = "turn",
					.seen = POINTS };
	struct report_rise rise = { .sig = 1 };

	rise.bytes = arena_alloc(&report->texts, POINTS * sizeof(uint64_t));
	rise.blocks = arena_alloc(&report->texts, POINTS * sizeof(uint64_t));
	CHECK(rise.bytes && rise.blocks);
	memcpy(rise.bytes, bytes, POINTS * sizeof(uint64_t));
	memset(rise.blocks, 0, POINTS * sizeof(uint64_t));
	for (uint64_t i = 0; i < POINTS; i++)
		CHECK_EQ(vec_push(&series.points, (struct report_point){ .iteration = i }), 0);
	CHECK_EQ(vec_push(&series.rises, rise), 0);
	CHECK_EQ(vec_push(&process_of(report)->checkpoints, series), 0);
}

static enum gate_verdict judge_all(struct report *const *reports, size_t count, const char *text,
				   const struct baseline *baseline)
{
	struct gate_config config;

	CHECK_EQ(config_init(&config), 0);
	CHECK_EQ(config_parse(&config, text, strlen(text)), 0);
	CHECK_EQ(gate_judge(reports, count, &config, baseline, NULL), 0);
	config_fini(&config);
	return reports[0]->gate.verdict;
}

static enum gate_verdict judge(struct report *report, const char *text)
{
	return judge_all(&report, 1, text, NULL);
}

static struct baseline baseline_of(struct report *report)
{
	struct places_view view;
	struct gate_config config;
	struct facts facts;
	struct baseline baseline;

	CHECK_EQ(config_init(&config), 0);
	CHECK_EQ(places_view_init(&view, report, REPORT_FRAMES_MIXED), 0);
	CHECK_EQ(facts_init(&facts, &view, &config), 0);
	CHECK_EQ(baseline_from(&baseline, &facts), 0);
	facts_fini(&facts);
	places_view_fini(&view);
	config_fini(&config);
	return baseline;
}

TEST(a_budget_is_the_largest_figure_that_passes)
{
	static const struct {
		const char *passes, *fails;
	} pairs[] = {
		{ "[budget]\npeak=3000\n", "[budget]\npeak=2999\n" },
		{ "[budget]\nlive=1000\n", "[budget]\nlive-at-exit=999\n" },
		{ "[budget]\nsurvivors=600\n", "[budget]\nsurvivors-2=599\n" },
		{ "[budget]\nsurvivors-1=300\n", "[budget]\nsurvivors-1=299\n" },
		{ "[budget]\nsurvivors-0=100\n", "[budget]\nsurvivors-0=99\n" },
		{ "[budget \"dso:libapp*\"]\nallocations=30\n",
		  "[budget \"dso:libapp*\"]\nallocations=29\n" },
		{ "[budget \"function:make\"]\nlive=1000\n",
		  "[budget \"function:ma*\"]\nlive=999\n" },
		{ "[budget \"function:other\"]\nlive=0\n", "[budget \"sig:*1\"]\nlive=0\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct report *report = begin();

		CHECK_EQ(judge(report, pairs[i].passes), GATE_PASS);
		CHECK_EQ(judge(report, pairs[i].fails), GATE_FAIL);
		CHECK_EQ(report->gate.violations.count, 1);
		CHECK_EQ(report->gate.violations.at[0].delta, 1 + (i == 7) * 999);
		report_free(report);
	}
}

static bool has_note(const struct report *report, const char *words)
{
	for (size_t i = 0; i < report->gate.notes.count; i++)
		if (strstr(report->gate.notes.at[i], words))
			return true;
	return false;
}

TEST(a_budget_of_what_did_not_happen_says_so)
{
	static const char budgets[] = "[budget \"mark:turn*\"]\nlive=2000\n"
				      "[budget \"phase:load\"]\nlive=2000\npeak=9000\n";
	struct report *report = begin();

	CHECK_EQ(judge(report, budgets), GATE_INCONCLUSIVE);
	CHECK(has_note(report, "'mark:turn*' was not used: no such mark was made"));
	CHECK(has_note(report, "'phase:load' was not used: no such phase has ended"));
	CHECK(has_note(report, "'phase:load' was not used: no such phase has begun"));
	CHECK_EQ(
		vec_push(&process_of(report)->marks,
			 ((struct report_mark){ .name = "load", .kind = TENURE_MARK_PHASE_BEGIN })),
		0);
	CHECK_EQ(vec_push(&process_of(report)->marks,
			  ((struct report_mark){ .name = "turn 1",
						 .kind = TENURE_MARK_POINT,
						 .heap_bytes = 2000 })),
		 0);
	CHECK_EQ(judge(report, budgets), GATE_PASS);
	CHECK(!has_note(report, "mark:turn"));
	CHECK(!has_note(report, "has begun"));
	CHECK(has_note(report, "has ended"));
	report_free(report);
}

TEST(figures_of_the_collector_need_one)
{
	struct report *report = begin();
	const struct report_collection run = { .duration_ns = 5000000 };

	CHECK_EQ(judge(report, "[budget]\ngc-pause=1s\n"), GATE_INCONCLUSIVE);
	process_of(report)->python.version = "3.12.1";
	CHECK_EQ(vec_push(&process_of(report)->python.collections, run), 0);
	process_of(report)->python.uncollectable = 2;
	process_of(report)->sites.at[0].collected_blocks = 4;
	CHECK_EQ(judge(report, "[budget]\ngc-pause=5ms\nuncollectable=2\ncollected=4\n"),
		 GATE_PASS);
	CHECK_EQ(judge(report, "[budget]\ngc-pause=4999us\nuncollectable=1\ncollected=3\n"),
		 GATE_FAIL);
	CHECK_EQ(report->gate.violations.count, 3);
	report_free(report);
}

TEST(growth_rises_in_every_interval_after_the_warm_up)
{
	static const struct {
		uint64_t bytes[POINTS];
		enum gate_verdict verdict;
	} cases[] = {
		{ { 0, 16, 32, 48, 64, 80 }, GATE_FAIL },
		{ { 0, 15, 30, 45, 60, 75 }, GATE_PASS },	 /* below the floor */
		{ { 0, 100, 200, 200, 300, 400 }, GATE_PASS },	 /* once it did not */
		{ { 900, 100, 200, 300, 400, 500 }, GATE_FAIL }, /* the fall was in the warm-up */
		{ { 0, 1000, 1000, 1000, 1000, 1000 }, GATE_PASS }, /* a cache that is full */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report *report = begin();

		add_series(report, cases[i].bytes);
		CHECK_EQ(judge(report, ""), cases[i].verdict);
		report_free(report);
	}
}

TEST(growth_says_how_steep_it_is_and_may_be_allowed)
{
	static const uint64_t bytes[POINTS] = { 0, 48, 96, 144, 192, 240 };
	struct report *report = begin();

	add_series(report, bytes);
	CHECK_EQ(judge(report, "[gate]\ngrowth=47\n"), GATE_FAIL);
	CHECK_EQ(report->gate.violations.at[0].got, 48);
	CHECK_EQ(report->gate.violations.at[0].unit, GATE_BYTES_PER_ITERATION);
	CHECK_EQ(judge(report, "[gate]\ngrowth=48\n"), GATE_PASS);
	/* One more than there are. */
	CHECK_EQ(judge(report, "[gate]\nintervals=5\n"), GATE_INCONCLUSIVE);
	report_free(report);
}

TEST(figures_of_growth_are_those_of_one_series)
{
	static const uint64_t steep[POINTS] = { 0, 100, 200, 300, 400, 500 };
	static const uint64_t flat[POINTS] = { 0, 50, 100, 150, 200, 250 };
	struct report *both = begin();
	struct report *runs[] = { begin(), begin() };

	/* The steepest of one run. */
	add_series(both, flat);
	add_series(both, steep);
	CHECK_EQ(judge(both, ""), GATE_FAIL);
	CHECK(strstr(both->gate.violations.at[0].message, "100 bytes per"));
	CHECK(strstr(both->gate.violations.at[0].message, "by 400 B over 4"));
	/* The least of several runs. */
	add_series(runs[0], steep);
	add_series(runs[1], flat);
	CHECK_EQ(judge_all(runs, 2, "", NULL), GATE_FAIL);
	CHECK(strstr(runs[0]->gate.violations.at[0].message, "50 bytes per"));
	CHECK(strstr(runs[0]->gate.violations.at[0].message, "by 200 B over 4"));
	report_free(both);
	report_free(runs[0]);
	report_free(runs[1]);
}

TEST(suppressions_end_by_size_and_by_date)
{
	static const uint64_t bytes[POINTS] = { 0, 48, 96, 144, 192, 240 };
	struct report *report = begin();

	add_series(report, bytes);
	CHECK_EQ(judge(report, "[suppress \"x\"]\nmatch=function:make\nreason=r\n"), GATE_PASS);
	CHECK_EQ(report->gate.suppressed, 1);
	CHECK_EQ(judge(report, "[suppress \"x\"]\nmatch=function:make\nreason=r\nmax=192\n"),
		 GATE_PASS);
	CHECK_EQ(judge(report, "[suppress \"x\"]\nmatch=function:make\nreason=r\nmax=191\n"),
		 GATE_FAIL);
	CHECK_EQ(judge(report, "[suppress \"x\"]\nmatch=function:make\nreason=r\n"
			       "until=2001-01-01\n"),
		 GATE_FAIL);
	CHECK_EQ(judge(report, "[suppress \"x\"]\nmatch=function:else\nreason=r\n"), GATE_FAIL);
	report_free(report);
}

TEST(of_several_runs_the_smallest_figure_counts)
{
	static const uint64_t steep[POINTS] = { 0, 100, 200, 300, 400, 500 };
	static const uint64_t flat[POINTS] = { 0, 100, 100, 100, 100, 100 };
	struct report *runs[] = { begin(), begin() };

	process_of(runs[0])->totals.peak_bytes = 5000;
	add_series(runs[0], steep);
	add_series(runs[1], flat);
	CHECK_EQ(judge_all(runs, 2, "[budget]\npeak=3000\n", NULL), GATE_PASS);
	CHECK_EQ(judge_all(runs, 2, "[budget]\npeak=2999\n", NULL), GATE_FAIL);
	CHECK_EQ(runs[0]->gate.violations.count, 1);
	CHECK_EQ(runs[0]->gate.runs, 2);
	report_free(runs[0]);
	report_free(runs[1]);
}

TEST(a_total_violates_by_both_floors)
{
	struct report *before = begin(), *report;
	struct baseline baseline = baseline_of(before);
	static const char text[] = "[gate]\ngrowth=off\nleaks=off\nlive=off\npeak=5%|100\n";

	report = begin();
	process_of(report)->totals.peak_bytes = 3150; /* 5 %, which is more than 100 */
	CHECK_EQ(judge_all(&report, 1, text, &baseline), GATE_PASS);
	process_of(report)->totals.peak_bytes = 3151;
	CHECK_EQ(judge_all(&report, 1, text, &baseline), GATE_FAIL);
	CHECK_EQ(report->gate.violations.at[0].rule, GATE_TOTAL);
	CHECK_EQ(report->gate.violations.at[0].delta, 151);
	report_free(report);
	baseline_fini(&baseline);
	report_free(before);
}

TEST(new_leaks_are_those_that_have_not_moved)
{
	struct report *before = begin(), *report;
	struct baseline baseline = baseline_of(before);
	struct report_site more = {
		.sig = 2, .live_blocks = 10, .live_bytes = 1000, .peak_bytes = 1000
	};

	report = begin();
	CHECK_EQ(judge_all(&report, 1, "[gate]\ngrowth=off\n", &baseline), GATE_PASS);
	add_site(report, more, "build", "/lib/libapp.so.1");
	CHECK_EQ(judge_all(&report, 1, "[gate]\ngrowth=off\nleaks=0%|0\n", &baseline), GATE_FAIL);
	CHECK_EQ(report->gate.violations.at[0].sig, 2);
	/* What signature 1 held is gone, and signature 2 holds as much: the code has moved. */
	process_of(report)->sites.at[0].live_blocks = 0;
	process_of(report)->sites.at[0].live_bytes = 0;
	CHECK_EQ(judge_all(&report, 1, "[gate]\ngrowth=off\nleaks=0%|0\n", &baseline), GATE_PASS);
	report_free(report);
	baseline_fini(&baseline);
	report_free(before);
}

TEST(data_that_cannot_be_trusted_has_no_verdict)
{
	struct report *report = begin();
	static const char fails[] = "[gate]\ngrowth=off\n[budget]\npeak=0\n";

	process_of(report)->trust.complete = false;
	CHECK_EQ(judge(report, fails), GATE_INCONCLUSIVE);
	process_of(report)->trust.complete = true;
	process_of(report)->end = (struct report_end){ RESULT_END_SIGNAL, 9 };
	CHECK_EQ(judge(report, fails), GATE_INCONCLUSIVE);
	process_of(report)->end = (struct report_end){ RESULT_END_EXIT, 0 };
	process_of(report)->sample_bytes = 4096;
	CHECK_EQ(judge(report, fails), GATE_INCONCLUSIVE);
	process_of(report)->sample_bytes = 0;
	CHECK_EQ(vec_push(&process_of(report)->trust.notes, "Python is not followed: why"), 0);
	CHECK_EQ(judge(report, fails), GATE_INCONCLUSIVE);
	/* A note about a Python that was followed is passed on. */
	process_of(report)->python.version = "3.12.1";
	CHECK_EQ(judge(report, fails), GATE_FAIL);
	CHECK_EQ(report->gate.notes.count, 1);
	report_free(report);
}
