/* SPDX-License-Identifier: Apache-2.0 */
/* The document and its JSON, from results whose truth is written down here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report-sample.h"
#include "report/report-json.h"
#include "report/report.h"
#include "test.h"

static struct report *sample(void)
{
	struct report *report = report_sample_new();

	CHECK(report);
	return report;
}

static char *json_of(const struct report *report)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *file = open_memstream(&text, &bytes);

	CHECK(file);
	CHECK_EQ(report_json_write(report, file), 0);
	CHECK_EQ(fclose(file), 0);
	return text;
}

TEST(sites_at_the_peak_sum_up_to_the_peak)
{
	struct report *report = sample();
	const struct report_process *process = &report->processes.at[0];
	uint64_t bytes = 0, blocks = 0;

	for (size_t i = 0; i < process->sites.count; i++) {
		bytes += process->sites.at[i].peak_bytes;
		blocks += process->sites.at[i].peak_blocks;
	}
	CHECK_EQ(bytes, process->totals.peak_bytes);
	CHECK_EQ(blocks, process->totals.peak_blocks);
	report_free(report);
}

TEST(sites_come_heaviest_first)
{
	struct report *report = sample();
	const struct report_process *process = &report->processes.at[0];

	CHECK(process->sites.count > 2);
	for (size_t i = 1; i < process->sites.count; i++)
		CHECK(process->sites.at[i - 1].peak_bytes >= process->sites.at[i].peak_bytes);
	report_free(report);
}

TEST(stacks_that_look_the_same_make_one_site)
{
	struct report *report = sample();
	const struct report_process *process = &report->processes.at[0];

	/* Nodes 4 and 5 are the same address, called from the same place. */
	CHECK_EQ(process->sites.count, REPORT_SAMPLE_SITES);
	CHECK_EQ(process->sites.at[0].allocations, 7);
	CHECK_EQ(process->sites.at[0].peak_bytes, 7000);
	CHECK_EQ(process->sites.at[0].life_mean_ns, 100000);
	report_free(report);
}

TEST(a_stack_is_read_from_the_leaf_to_the_root)
{
	struct report *report = sample();
	const struct report_site *site = &report->processes.at[0].sites.at[0];
	const struct report_stack *leaf = &report->stacks.at[site->stack];
	const struct report_stack *root = &report->stacks.at[leaf->caller];
	const struct report_frame *frame = &report->frames.at[leaf->frame];

	/* A return address: what is looked up is the call just before it. */
	CHECK_STR(intern_get(&report->strings, frame->function), "libwork.so.1+0x1fff");
	CHECK(!frame->named);
	CHECK_EQ(frame->address, 0x1fff);
	frame = &report->frames.at[root->frame];
	CHECK_STR(intern_get(&report->strings, frame->function), "libwork.so.1+0xfff");
	CHECK_EQ(root->caller, REPORT_NONE);
	report_free(report);
}

TEST(an_address_means_what_was_loaded_there_at_the_time)
{
	struct report *report = sample();
	const struct report_process *process = &report->processes.at[0];
	bool old = false, later = false;

	for (size_t i = 0; i < process->sites.count; i++) {
		const struct report_stack *leaf = &report->stacks.at[process->sites.at[i].stack];
		const char *function =
			intern_get(&report->strings, report->frames.at[leaf->frame].function);

		old |= strcmp(function, "libold.so+0x10f") == 0;
		later |= strcmp(function, "liblater.so+0x10f") == 0;
	}
	CHECK(old);
	CHECK(later);
	report_free(report);
}

TEST(times_count_from_the_start_in_nanoseconds)
{
	struct report *report = sample();
	const struct report_process *process = &report->processes.at[0];

	CHECK_EQ(process->duration_ns, 2000000);
	CHECK_EQ(process->totals.peak_time_ns, 1000000);
	CHECK_EQ(process->start_ns, 5000);
	report_free(report);
}

TEST(a_tree_is_complete_only_if_every_process_is)
{
	struct report *report = sample();

	CHECK_EQ(report->processes.count, 2);
	CHECK(report->processes.at[0].trust.complete);
	CHECK(!report->processes.at[1].trust.complete);
	CHECK(!report->tree.complete);
	CHECK_EQ(report->tree.allocations, report->processes.at[0].totals.allocations +
						   report->processes.at[1].totals.allocations);
	CHECK_EQ(report->tree.peak_process, 0);
	report_free(report);
}

TEST(bad_bytes_in_names_become_replacement_characters)
{
	struct report *report = sample();

	CHECK_STR(report->processes.at[0].command.at[1], "caf\xef\xbf\xbd");
	report_free(report);
}

TEST(the_same_document_gives_the_same_bytes)
{
	struct report *a = sample(), *b = sample();
	char *x = json_of(a), *y = json_of(b);

	CHECK_STR(x, y);
	CHECK(strstr(x, "\"schema\": \"" REPORT_SCHEMA "\""));
	free(x);
	free(y);
	report_free(a);
	report_free(b);
}

TEST(a_full_disk_is_an_error)
{
	struct report *report = sample();
	FILE *full = fopen("/dev/full", "w");

	if (!full)
		SKIP("no /dev/full here");
	CHECK_EQ(report_json_write(report, full), -ENOSPC);
	fclose(full);
	report_free(report);
}
