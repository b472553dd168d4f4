/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON report read back is the document it was written from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report-json.h"
#include "report/report-load.h"
#include "report/report-text.h"
#include "report/report.h"

#include "report-sample.h"
#include "test.h"

static char path[] = "/tmp/test-report-load-XXXXXX";

/* A file that holds @text, at @path until the next one. */
static void put(const char *text)
{
	FILE *file;
	int fd;

	memcpy(strrchr(path, '-') + 1, "XXXXXX", 6);
	fd = mkstemp(path);
	CHECK(fd >= 0);
	file = fdopen(fd, "w");
	CHECK(file);
	CHECK(fputs(text, file) >= 0);
	CHECK_EQ(fclose(file), 0);
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

static char *text_of(const struct report *report, const struct report_text_options *options)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *file = open_memstream(&text, &bytes);

	CHECK(file);
	CHECK_EQ(report_text_write(report, options, file), 0);
	CHECK_EQ(fclose(file), 0);
	return text;
}

static int load(const char *text, struct report **ret_report)
{
	int r;

	put(text);
	r = report_load(path, ret_report);
	unlink(path);
	return r;
}

TEST(write_load_write_gives_the_same_bytes)
{
	struct report *report = report_sample_new(), *again;
	char *first = json_of(report), *second;

	CHECK_EQ(load(first, &again), 0);
	CHECK_STR(report_error_text(), "");
	second = json_of(again);
	CHECK_STR(second, first);
	free(first);
	free(second);
	report_free(report);
	report_free(again);
}

TEST(a_loaded_report_prints_as_the_live_one)
{
	const struct report_text_options all = { .unicode = true };
	struct report *report = report_sample_new(), *again;
	char *json = json_of(report), *live, *loaded;

	CHECK_EQ(load(json, &again), 0);
	for (int sort = -1; sort < REPORT_SORT_COUNT; sort++) {
		struct report_text_options options = all;

		options.sorted = sort >= 0;
		options.sort = sort >= 0 ? (enum report_sort)sort : REPORT_SORT_PEAK;
		live = text_of(report, &options);
		loaded = text_of(again, &options);
		CHECK_STR(loaded, live);
		free(live);
		free(loaded);
	}
	free(json);
	report_free(report);
	report_free(again);
}

TEST(a_missing_file_is_an_error_of_open)
{
	struct report *report;

	CHECK_EQ(report_load("/no/such/file", &report), -ENOENT);
	CHECK_STR(report_error_text(), "");
}

TEST(what_is_no_report_is_refused_with_a_reason)
{
	struct report *report;

	CHECK_EQ(load("{\"a\": 1}", &report), -EINVAL);
	CHECK_STR(report_error_text(), "it is not a tenure report");
	CHECK_EQ(load("{\"schema\": \"tenure.report/99\"}", &report), -EPROTO);
	CHECK(strstr(report_error_text(), "tenure.report/99"));
	CHECK_EQ(load("{\n\"schema\"", &report), -EINVAL);
	CHECK(strstr(report_error_text(), "line 2"));
	CHECK_EQ(load("[]", &report), -EINVAL);
}

/* The sample's JSON with the first @old replaced by @new. */
static char *changed(const char *old, const char *new)
{
	struct report *report = report_sample_new();
	char *json = json_of(report), *result;
	const char *at = strstr(json, old);

	CHECK(at);
	CHECK(asprintf(&result, "%.*s%s%s", (int)(at - json), json, new, at + strlen(old)) > 0);
	free(json);
	report_free(report);
	return result;
}

TEST(numbers_that_lead_nowhere_are_refused)
{
	static const struct {
		const char *old;
		const char *new;
		const char *error;
	} cases[] = {
		{ "\"stack\":1,", "\"stack\":999,", "there is no stack 999" },
		{ "{\"function\":0,", "{\"function\":77,", "there is no string 77" },
		{ "{\"function\":0,", "{", "frame 0 has no function" },
		{ "[1,0]", "[1,1]", "stack 1 is damaged" },
		{ "[1,0]", "[0]", "stack 1 is there twice" },
		{ "\"pid\": 100", "\"pid\": -1", "'pid' is negative" },
		{ "\"pid\": 100", "\"pid\": \"x\"", "'pid' is not an integer" },
		{ "\"how\":\"exit\"", "\"how\":\"magic\"",
		  "'how' is 'magic', which this version does not know" },
		{ "\"min_bytes\":64", "\"min_bytes\":1152921504606846976",
		  "'sizes' holds a bucket that is too large" },
		{ "1970-01-01T", "yesterday ", "'start' is no time" },
		{ "\"pid\": 100",
		  "\"leak_scan\": {\"moment\": \"exit\"}, \"leaks\": [{\"class\": \"reachable\", "
		  "\"sig\": \"1\", \"function\": \"malloc\"}], \"pid\": 100",
		  "'class' is 'reachable', which is no leak" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report *report = NULL;
		char *json = changed(cases[i].old, cases[i].new);

		CHECK_EQ(load(json, &report), -EINVAL);
		CHECK_STR(report_error_text(), cases[i].error);
		free(json);
	}
}

TEST(keys_of_later_versions_are_passed_over)
{
	struct report *report;
	char *json = changed("\"pid\": 100", "\"novel\": {\"a\": [1]}, \"pid\": 100");

	CHECK_EQ(load(json, &report), 0);
	CHECK_EQ(report->processes.at[0].pid, 100);
	report_free(report);
	free(json);
}
