/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a JSON report back into the document it was written from. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "report/gate-json.h"
#include "report/load.h"
#include "report/report-load.h"
#include "report/report.h"
#include "report/suppress-json.h"

static char error_text[256];

const char *report_error_text(void)
{
	return error_text;
}

static void load_strings(struct load *load, const json_t *root)
{
	const json_t *array = load_array(load, root, "strings");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *value = json_array_get(array, i);
		uint32_t id;

		if (!json_is_string(value))
			load_fail(load, -EINVAL, "string %zu is no string", i);
		else if (report_string(load->report, json_string_value(value), &id) < 0)
			load_fail(load, -ENOMEM, "%s", "");
		else if (id != i)
			load_fail(load, -EINVAL, "string %zu is there twice", i);
	}
}

/* The number of a string that must exist; REPORT_NONE when there is no @key. */
static uint32_t string_number(struct load *load, const json_t *object, const char *key)
{
	uint32_t id = load_uint32(load, object, key, REPORT_NONE);

	if (id != REPORT_NONE && id >= load->report->strings.strings.count) {
		load_fail(load, -EINVAL, "there is no string %" PRIu32, id);
		return REPORT_NONE;
	}
	return id;
}

static void load_frames(struct load *load, const json_t *root)
{
	const json_t *array = load_array(load, root, "frames");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *from = json_array_get(array, i);
		struct report_frame frame = {
			.function = string_number(load, from, "function"),
			.file = string_number(load, from, "file"),
			.module = string_number(load, from, "module"),
			.line = load_uint32(load, from, "line", 0),
			.address = load_uint(load, from, "address"),
			.kind = (uint8_t)load_word(load, from, "kind", &words_frame),
			.named = load_bool(load, from, "named", true),
			.inlined = load_bool(load, from, "inlined", false),
		};
		uint32_t id;

		if (frame.function == REPORT_NONE)
			load_fail(load, -EINVAL, "frame %zu has no function", i);
		else if (report_add_frame(load->report, &frame, &id) < 0)
			load_fail(load, -ENOMEM, "%s", "");
		else if (id != i)
			load_fail(load, -EINVAL, "frame %zu is there twice", i);
	}
}

static void load_stacks(struct load *load, const json_t *root)
{
	const json_t *array = load_array(load, root, "stacks");

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		const json_t *from = json_array_get(array, i);
		const json_t *frame = json_array_get(from, 0);
		const json_t *caller = json_array_get(from, 1);
		json_int_t frame_id = json_integer_value(frame);
		json_int_t caller_id = json_integer_value(caller);
		uint32_t id;

		/* Callers come first: a walk from a leaf always ends. */
		if (!json_is_integer(frame) || frame_id < 0 ||
		    (size_t)frame_id >= load->report->frames.count ||
		    (caller &&
		     (!json_is_integer(caller) || caller_id < 0 || (size_t)caller_id >= i)))
			load_fail(load, -EINVAL, "stack %zu is damaged", i);
		else if (report_add_stack(load->report, caller ? (uint32_t)caller_id : REPORT_NONE,
					  (uint32_t)frame_id, &id) < 0)
			load_fail(load, -ENOMEM, "%s", "");
		else if (id != i)
			load_fail(load, -EINVAL, "stack %zu is there twice", i);
	}
}

/* Nanoseconds since 1970 of "2026-01-02T03:04:05.123456789Z". */
static uint64_t load_time(struct load *load, const json_t *object, const char *key)
{
	const char *text = load_text(load, object, key);
	struct tm tm = { 0 };
	const char *rest;
	uint64_t ns = 0;
	int length = 0;

	if (!*text)
		return 0;
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || sscanf(rest, ".%9" SCNu64 "Z%n", &ns, &length) != 1 || length != 11)
		load_fail(load, -EINVAL, "'%s' is no time", key);
	return (uint64_t)timegm(&tm) * 1000000000u + ns;
}

static void load_session(struct load *load, const json_t *root)
{
	const json_t *generator = load_object(load, root, "generated_by");
	const json_t *session = load_object(load, root, "session");
	struct report *report = load->report;

	report->generator = load_text(load, generator, "name");
	report->version = load_text(load, generator, "version");
	load_texts(load, session, "command", &report->command);
	report->cwd = load_text(load, session, "cwd");
	report->host = load_text(load, session, "host");
	report->hash_seed = load_text(load, session, "hash_seed");
	report->start_unix_ns = load_time(load, session, "start");
	report->duration_ns = load_uint(load, session, "duration_ns");
	load_end(load, session, &report->end);
}

static void load_processes(struct load *load, const json_t *root)
{
	const json_t *array = load_array(load, root, "processes");
	struct report *report = load->report;

	for (size_t i = 0; i < json_array_size(array) && !load->error; i++) {
		if (vec_push(&report->processes, (struct report_process){ 0 }) < 0) {
			load_fail(load, -ENOMEM, "%s", "");
			return;
		}
		load_process(load, json_array_get(array, i), &report->processes.at[i]);
	}
}

/* Whether @root is a report of a version that is understood. */
static void check_schema(struct load *load, const json_t *root)
{
	const char *schema = json_string_value(json_object_get(root, "schema"));

	if (!schema || strncmp(schema, "tenure.report/", 14) != 0)
		load_fail(load, -EINVAL, "it is not a tenure report");
	else if (strcmp(schema, REPORT_SCHEMA) != 0)
		load_fail(load, -EPROTO, "it is a '%.40s', this version reads '%s'", schema,
			  REPORT_SCHEMA);
}

static int load_root(const json_t *root, struct report **ret_report)
{
	struct load load = { .report = report_new("") };

	if (!load.report)
		return -ENOMEM;
	check_schema(&load, root);
	if (!load.error) {
		load_session(&load, root);
		load_strings(&load, root);
		load_frames(&load, root);
		load_stacks(&load, root);
		suppress_json_load(&load, root);
		load_processes(&load, root);
		gate_json_load(&load, root);
	}
	if (load.error) {
		(void)snprintf(error_text, sizeof(error_text), "%s", load.text);
		report_free(load.report);
		return load.error;
	}
	report_sum(load.report);
	*ret_report = load.report;
	return 0;
}

/* Says what is wrong with a file that is no JSON, or not all of it. */
static int refuse_text(const json_error_t *error)
{
	enum json_error_code code = json_error_code(error);

	if (code == json_error_out_of_memory)
		return -ENOMEM;
	if (code != json_error_premature_end_of_input)
		(void)snprintf(error_text, sizeof(error_text),
			       "it is neither a report nor a capture (line %d: %s)", error->line,
			       error->text);
	else if (error->position > 0)
		(void)snprintf(error_text, sizeof(error_text), "it ends in the middle, in line %d",
			       error->line);
	else
		(void)snprintf(error_text, sizeof(error_text), "it is empty");
	return -EINVAL;
}

int report_load(const char *path, struct report **ret_report)
{
	cleanup_fclose FILE *file = strcmp(path, "-") == 0 ? NULL : fopen(path, "re");
	json_error_t error;
	struct stat st;
	json_t *root;
	int r;

	error_text[0] = '\0';
	if (!file && strcmp(path, "-") != 0)
		return neg_errno();
	if (file && fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode))
		return -EISDIR;
	root = json_loadf(file ? file : stdin, 0, &error);
	if (!root)
		return refuse_text(&error);
	r = load_root(root, ret_report);
	json_decref(root);
	return r;
}
