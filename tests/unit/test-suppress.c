/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of known leaks, against a stack that is made by hand. */
#include <string.h>

#include "report/report.h"
#include "report/suppress.h"

#include "test.h"

static const struct {
	const char *function;
	const char *file;
	const char *module;
	uint32_t line;
} frames[] = {
	{ "main", "/src/app.c", "/usr/bin/app", 9 },
	{ "run", "/src/app.c", "/usr/bin/app", 20 },
	{ "net::Session::open", "/src/net.cc", "/usr/lib/libnet.so.2", 30 },
	{ "xmalloc", "/src/xmalloc.c", "/usr/bin/app", 40 },
};

/* A leak of malloc() from xmalloc, from net::Session::open, from run, from main. */
static struct report *make_report(uint32_t class)
{
	struct report *report = report_new("0");
	struct report_process process = { .exe = "/usr/bin/app" };
	struct report_leak leak = { .class = class,
				    .fn = TENURE_FN_MALLOC,
				    .stack = REPORT_NONE,
				    .own = { 3, 300 },
				    .indirect = { 1, 50 } };

	CHECK(report);
	for (size_t i = 0; i < 4; i++) {
		struct report_frame frame = { .line = frames[i].line, .named = true };
		uint32_t id;

		CHECK_EQ(report_string(report, frames[i].function, &frame.function), 0);
		CHECK_EQ(report_string(report, frames[i].file, &frame.file), 0);
		CHECK_EQ(report_string(report, frames[i].module, &frame.module), 0);
		CHECK_EQ(report_add_frame(report, &frame, &id), 0);
		CHECK_EQ(report_add_stack(report, leak.stack, id, &leak.stack), 0);
	}
	CHECK_EQ(vec_push(&process.leaks, leak), 0);
	CHECK_EQ(vec_push(&report->processes, process), 0);
	return report;
}

static bool is_suppressed_as(const char *list, uint32_t class)
{
	struct suppress suppress = { .rules = { 0 } };
	struct report *report = make_report(class);
	struct suppress_error error = { 0 };
	bool suppressed;

	CHECK_EQ(suppress_parse(&suppress, list, strlen(list), "list", REPORT_SUPPRESSION_FILE,
				&error),
		 0);
	CHECK_EQ(suppress_apply(&suppress, report), 0);
	suppressed = report->processes.at[0].leaks.at[0].suppressed != 0;
	report_free(report);
	suppress_fini(&suppress);
	return suppressed;
}

static bool is_suppressed(const char *list)
{
	return is_suppressed_as(list, LEAKS_LOST);
}

/* A block of Valgrind's about these frames. */
#define BLOCK(frames_) "{\n  a name\n  Memcheck:Leak\n" frames_ "\n}\n"

TEST(a_leak_pattern_matches_any_part_of_any_frame)
{
	CHECK(is_suppressed("leak:xmalloc"));
	CHECK(is_suppressed("leak:Session"));
	CHECK(is_suppressed("leak:libnet"));
	CHECK(is_suppressed("leak:net.cc"));
	CHECK(is_suppressed("# text\n\n   leak: net::*open  \r\n"));
	CHECK(!is_suppressed("leak:nobody"));
	CHECK(!is_suppressed("# leak:xmalloc"));
}

TEST(a_leak_pattern_can_be_bound_to_both_ends)
{
	CHECK(is_suppressed("leak:^run$"));
	CHECK(is_suppressed("leak:^net::"));
	CHECK(is_suppressed("leak:open$"));
	CHECK(!is_suppressed("leak:^open$"));
	CHECK(!is_suppressed("leak:^malloc"));
	CHECK(!is_suppressed("leak:xmallo$"));
}

TEST(frames_follow_each_other_from_the_allocator_on)
{
	CHECK(is_suppressed(BLOCK("fun:malloc\nfun:xmalloc\nfun:net::Session::open\nfun:run")));
	CHECK(is_suppressed(BLOCK("fun:xmalloc\nobj:*/libnet.so*")));
	CHECK(is_suppressed(BLOCK("fun:*alloc\nfun:xmalloc")));
	CHECK(!is_suppressed(BLOCK("fun:calloc\nfun:xmalloc")));
	CHECK(!is_suppressed(BLOCK("fun:malloc\nfun:run")));
	CHECK(!is_suppressed(BLOCK("fun:malloc\nfun:xmalloc\nfun:run")));
	CHECK(!is_suppressed(BLOCK("fun:xmalloc\nobj:*\nfun:run\nfun:main\nfun:nobody")));
}

TEST(an_ellipsis_stands_for_any_frames)
{
	CHECK(is_suppressed(BLOCK("...\nfun:main")));
	CHECK(is_suppressed(BLOCK("fun:malloc\n...\nfun:run\nfun:main")));
	CHECK(is_suppressed(BLOCK("...\nfun:xmalloc\n...\nfun:run\n...")));
	CHECK(!is_suppressed(BLOCK("...\nfun:run\n...\nfun:xmalloc")));
	CHECK(!is_suppressed(BLOCK("...\nfun:main\nfun:xmalloc")));
}

TEST(linker_names_are_read_as_people_write_them)
{
	CHECK(is_suppressed(BLOCK("fun:malloc\nfun:xmalloc\nfun:_ZN3net7Session4openEv")));
	CHECK(is_suppressed(BLOCK("...\nfun:_ZN3net7Session*")));
	CHECK(!is_suppressed(BLOCK("...\nfun:_ZN3net6Server*")));
}

TEST(sources_may_be_named_with_their_line)
{
	CHECK(is_suppressed(BLOCK("src:xmalloc.c:40")));
	CHECK(is_suppressed(BLOCK("src:xmalloc.c")));
	CHECK(is_suppressed(BLOCK("src:/src/xm*")));
	CHECK(!is_suppressed(BLOCK("src:xmalloc.c:41")));
}

TEST(a_block_names_the_kinds_that_it_is_about)
{
	CHECK(is_suppressed(BLOCK("match-leak-kinds: definite\n...")));
	CHECK(!is_suppressed(BLOCK("match-leak-kinds: possible,reachable\n...")));
	CHECK(is_suppressed_as(BLOCK("match-leak-kinds: possible\n..."), LEAKS_POSSIBLE));
	CHECK(is_suppressed_as(BLOCK("match-leak-kinds: definite\n..."), LEAKS_CYCLE));
	CHECK(is_suppressed_as(BLOCK("match-leak-kinds: indirect\n..."), LEAKS_LOST_THROUGH));
	CHECK(is_suppressed_as(BLOCK("match-leak-kinds: all\n..."), LEAKS_POSSIBLE));
}

TEST(blocks_about_other_errors_are_passed_over)
{
	CHECK(!is_suppressed("{\n  n\n  Memcheck:Param\n  write(buf)\n  fun:xmalloc\n}\n"));
	CHECK(is_suppressed("{\nn\nMemcheck:Cond\nfun:*\n}\n{\nm\nMemcheck:Leak\n...\n}\n"));
}

TEST(use_is_counted_with_what_hangs_on_the_leak)
{
	static const char list[] = "leak:nobody\nleak:xmalloc\nleak:run\n";
	struct suppress suppress = { .rules = { 0 } };
	struct report *report = make_report(LEAKS_LOST);
	struct suppress_error error;

	CHECK_EQ(suppress_parse(&suppress, list, strlen(list), "my list", REPORT_SUPPRESSION_FILE,
				&error),
		 0);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(suppress_apply(&suppress, report), 0);
		CHECK_EQ(report->suppressions.count, 3);
		CHECK_EQ(report->suppressions.at[0].used, 0);
		CHECK_EQ(report->suppressions.at[1].used, 1);
		CHECK_EQ(report->suppressions.at[1].own.blocks, 4);
		CHECK_EQ(report->suppressions.at[1].own.bytes, 350);
		CHECK_EQ(report->suppressions.at[1].line, 2);
		CHECK_STR(report->suppressions.at[1].file, "my list");
		CHECK_EQ(report->suppressions.at[2].used, 0);
		CHECK_EQ(report->processes.at[0].leaks.at[0].suppressed, 2);
	}
	report_free(report);
	suppress_fini(&suppress);
}

TEST(what_cannot_be_understood_is_named_with_its_line)
{
	static const struct {
		const char *list;
		uint32_t line;
	} lists[] = {
		{ "leak:a\nrace:b\n", 2 },
		{ "leak:\n", 1 },
		{ "leak:^$\n", 1 },
		{ "{\n", 1 },
		{ "{\n}\n", 2 },
		{ "{\nn\nMemcheck:Leak\n}\n", 4 },
		{ "{\nn\nMemcheck:Leak\nfun:x\nfrom:y\n}\n", 5 },
		{ "{\nn\nMemcheck:Leak\nmatch-leak-kinds: some\nfun:x\n}\n", 4 },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct suppress suppress = { .rules = { 0 } };
		struct suppress_error error = { 0 };

		CHECK_EQ(suppress_parse(&suppress, lists[i].list, strlen(lists[i].list), NULL,
					REPORT_SUPPRESSION_FILE, &error),
			 -EINVAL);
		CHECK_EQ(error.line, lists[i].line);
		CHECK(error.what);
		suppress_fini(&suppress);
	}
}
