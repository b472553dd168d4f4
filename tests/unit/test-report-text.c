/* SPDX-License-Identifier: Apache-2.0 */
/* What the report says to people, on documents made by hand. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "report/report-text.h"
#include "report/report.h"

#include "test.h"

/* A document of processes that end with status 0 and have this peak; 0: did nothing. */
static struct report_process *add_process(struct report *report, uint32_t pid, uint64_t peak)
{
	struct report_process process = { .exe = "/bin/worker",
					  .pid = pid,
					  .image = report->processes.count + 1,
					  .end = { RESULT_END_EXIT, 0 },
					  .duration_ns = 1000000 };

	process.trust.complete = true;
	process.totals.allocations = peak ? 2 : 0;
	process.totals.peak_bytes = peak;
	process.totals.peak_blocks = peak ? 2 : 0;
	CHECK_EQ(vec_push(&report->processes, process), 0);
	if (peak > report->processes.at[report->tree.peak_process].totals.peak_bytes)
		report->tree.peak_process = (uint32_t)report->processes.count - 1;
	return &report->processes.at[report->processes.count - 1];
}

static struct report *begin(void)
{
	struct report *report = report_new("0");

	CHECK(report);
	return report;
}

/* Prints, and frees @report.  Return: to be freed. */
static char *print(struct report *report)
{
	const struct report_text_options options = { .width = 80, .file = "x.json" };
	size_t bytes;
	char *text = NULL;
	FILE *file = open_memstream(&text, &bytes);

	CHECK(file);
	CHECK_EQ(report_text_write(report, &options, file), 0);
	CHECK_EQ(fclose(file), 0);
	report_free(report);
	return text;
}

TEST(a_process_that_allocated_nothing_has_no_figures)
{
	struct report *report = begin();
	char *text;

	add_process(report, 10, 0);
	text = print(report);
	CHECK(strstr(text, "exit status 0 after 1.00 ms, pid 10\n"
			   "allocated   nothing while it was recorded\n"));
	CHECK(!strstr(text, "peak heap"));
	CHECK(!strstr(text, "next:"));
	free(text);
}

TEST(frees_of_unknown_blocks_are_the_parents_only_after_a_fork)
{
	struct report *report = begin();
	char *text;

	add_process(report, 10, 100)->totals.inherited_frees = 3;
	text = print(report);
	CHECK(strstr(text, "everything freed\n"));
	CHECK(!strstr(text, "parent"));
	free(text);

	report = begin();
	add_process(report, 10, 100)->totals.inherited_frees = 3;
	report->processes.at[0].forked = true;
	text = print(report);
	CHECK(strstr(text, "everything freed; freed 3 of its parent's\n"));
	free(text);
}

TEST(another_process_has_another_pid)
{
	struct report *report = begin();
	char *text;

	add_process(report, 10, 50);
	add_process(report, 10, 100);
	text = print(report);
	CHECK(!strstr(text, "--process"));
	free(text);

	report = begin();
	add_process(report, 10, 50);
	add_process(report, 11, 20);
	add_process(report, 10, 100);
	add_process(report, 12, 30);
	text = print(report);
	CHECK(strstr(text, "--process 12 "));
	free(text);
}

TEST(commands_without_room_lose_their_directories)
{
	const char *path = "/usr/lib/a/long/way/down/helper";
	struct report *report = begin();
	struct report_process *process;
	char *text;

	add_process(report, 10, 100);
	process = add_process(report, 11, 50);
	CHECK_EQ(vec_push(&process->command, "/bin/sh"), 0);
	CHECK_EQ(vec_push(&process->command, path), 0);
	process = add_process(report, 12, 40);
	CHECK_EQ(vec_push(&process->command, "/bin/cat"), 0);
	CHECK_EQ(vec_push(&process->command, "/etc/fstab"), 0);
	text = print(report);
	CHECK(strstr(text, "\n    sh helper "));
	CHECK(strstr(text, "\n    cat /etc/fstab "));
	free(text);
}

TEST(a_title_is_no_path)
{
	struct report *report = begin();
	struct report_process *process;
	char *text;

	add_process(report, 10, 100);
	process = add_process(report, 11, 50);
	CHECK_EQ(vec_push(&process->command, "daemon: worker /etc/d.conf"), 0);
	process = add_process(report, 12, 40);
	CHECK_EQ(vec_push(&process->command, "/usr/sbin/daemon: main /etc/d.conf"), 0);
	text = print(report);
	CHECK(strstr(text, "\n    'daemon: worker"));
	CHECK(strstr(text, "\n    'daemon: main"));
	free(text);
}

TEST(what_still_runs_has_no_end)
{
	struct report *report = begin();
	struct report_process *process = add_process(report, 10, 100);
	char *text;

	process->end.kind = RESULT_END_RUNNING;
	process->totals.live_blocks = process->totals.live_bytes = 2;
	text = print(report);
	CHECK(strstr(text, "\nso far      2 B in 2 blocks not freed\n"));
	CHECK(!strstr(text, "at the end"));
	free(text);
}

TEST(one_is_no_plural)
{
	struct report *report = begin();
	struct report_process *process = add_process(report, 10, 100);
	char *text;

	process->totals.allocations = process->totals.peak_blocks = 1;
	process->totals.live_blocks = process->totals.live_bytes = 1;
	text = print(report);
	CHECK(strstr(text, " in 1 block after "));
	CHECK(strstr(text, " in 1 block not freed\n"));
	CHECK(strstr(text, " in 1 allocation\n"));
	free(text);
}

TEST(a_signal_without_a_name_has_a_number)
{
	struct report *report = begin();
	char *text;

	add_process(report, 10, 100);
	add_process(report, 11, 50)->end = (struct report_end){ RESULT_END_SIGNAL, 40 };
	add_process(report, 12, 40)->end = (struct report_end){ RESULT_END_SIGNAL, SIGKILL };
	text = print(report);
	CHECK(strstr(text, " 11 signal 40 "));
	CHECK(strstr(text, " 12   SIGKILL "));
	free(text);
}
