/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pprof's profile.proto, compressed.
 *
 * Every frame is a function and a location; names are final, so system_name
 * stays empty: where it is set, readers shorten "<module>" as if it were C++.
 * Every location has a mapping, which some servers insist on.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/err.h"
#include "base/intern.h"
#include "export/formats.h"
#include "export/proto.h"
#include "export/stacks.h"
#include "report/names.h"
#include "report/words.h"
#include "symbol/resolve.h"

/* Field numbers of profile.proto. */
enum {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_TIME_NS = 9,
	PROFILE_DURATION_NS = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_TYPE = 14,
	TYPE_NAME = 1,
	TYPE_UNIT = 2,
	SAMPLE_LOCATION = 1,
	SAMPLE_VALUE = 2,
	SAMPLE_LABEL = 3,
	LABEL_KEY = 1,
	LABEL_TEXT = 2,
	LABEL_NUMBER = 3,
	LABEL_UNIT = 4,
	MAPPING_ID = 1,
	MAPPING_FILE = 5,
	MAPPING_BUILD_ID = 6,
	MAPPING_HAS_FIRST = 7, /* to 10: functions, files, lines, inlined frames */
	MAPPING_HAS_LAST = 10,
	LOCATION_ID = 1,
	LOCATION_MAPPING = 2,
	LOCATION_ADDRESS = 3,
	LOCATION_LINE = 4,
	LINE_FUNCTION = 1,
	LINE_NUMBER = 2,
	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
	FUNCTION_FILE = 4,
};

/* @inner, @inmost: messages being made; @mappings: paths, number + 1 is the id. */
struct pprof {
	struct stacks stacks;
	struct intern strings;
	struct intern mappings;
	struct strbuf out;
	struct strbuf inner;
	struct strbuf inmost;
	bool failed;
};

/* Number of @text in the profile's table of strings, which begins with "". */
static uint64_t string_of(struct pprof *pprof, const char *text)
{
	uint32_t id = 0;

	if (intern_add(&pprof->strings, text, strlen(text), &id) < 0)
		pprof->failed = true;
	return id;
}

static uint64_t mapping_of(struct pprof *pprof, const char *path)
{
	uint32_t id = 0;

	if (intern_add(&pprof->mappings, path, strlen(path), &id) < 0)
		pprof->failed = true;
	return id + 1ull;
}

static void write_type(struct pprof *pprof, unsigned int field, const char *name, const char *unit)
{
	proto_uint(&pprof->inner, TYPE_NAME, string_of(pprof, name));
	proto_uint(&pprof->inner, TYPE_UNIT, string_of(pprof, unit));
	proto_message(&pprof->out, field, &pprof->inner);
}

static void write_head(struct pprof *pprof)
{
	const struct export_job *job = pprof->stacks.job;
	const char *about = job->cost == EXPORT_LIVE ? "inuse: held at the end of the process"
						     : "inuse: held at the peak of the process";

	(void)string_of(pprof, "");
	write_type(pprof, PROFILE_SAMPLE_TYPE, "alloc_objects", "count");
	write_type(pprof, PROFILE_SAMPLE_TYPE, "alloc_space", "bytes");
	write_type(pprof, PROFILE_SAMPLE_TYPE, "inuse_objects", "count");
	write_type(pprof, PROFILE_SAMPLE_TYPE, "inuse_space", "bytes");
	write_type(pprof, PROFILE_PERIOD_TYPE, "space", "bytes");
	proto_uint(&pprof->out, PROFILE_PERIOD, 1);
	proto_uint(&pprof->out, PROFILE_TIME_NS, job->report->start_unix_ns);
	proto_uint(&pprof->out, PROFILE_DURATION_NS, job->report->duration_ns);
	proto_uint(&pprof->out, PROFILE_COMMENT, string_of(pprof, about));
	proto_uint(&pprof->out, PROFILE_DEFAULT_TYPE,
		   string_of(pprof, job->cost == EXPORT_ALLOCATED ? "alloc_space" : "inuse_space"));
}

static void write_label(struct pprof *pprof, const char *key, const char *text, uint64_t number)
{
	proto_uint(&pprof->inmost, LABEL_KEY, string_of(pprof, key));
	if (text)
		proto_uint(&pprof->inmost, LABEL_TEXT, string_of(pprof, text));
	proto_uint(&pprof->inmost, LABEL_NUMBER, number);
	if (number)
		proto_uint(&pprof->inmost, LABEL_UNIT, string_of(pprof, "bytes"));
	proto_message(&pprof->inner, SAMPLE_LABEL, &pprof->inmost);
}

static int write_site(struct pprof *pprof, const struct report_process *process,
		      const struct report_site *site)
{
	struct stacks *stacks = &pprof->stacks;
	bool live = stacks->job->cost == EXPORT_LIVE;
	int r = stacks_path(stacks, site->stack);

	if (r < 0)
		return r;
	for (size_t i = 0; i < stacks->path.count; i++)
		proto_varint(&pprof->inmost, stacks->path.at[i] + 1ull);
	proto_message(&pprof->inner, SAMPLE_LOCATION, &pprof->inmost);

	proto_varint(&pprof->inmost, site->allocations);
	proto_varint(&pprof->inmost, site->bytes);
	proto_varint(&pprof->inmost, live ? site->live_blocks : site->peak_blocks);
	proto_varint(&pprof->inmost, live ? site->live_bytes : site->peak_bytes);
	proto_message(&pprof->inner, SAMPLE_VALUE, &pprof->inmost);

	write_label(pprof, "allocator", words_get(&words_fn, site->fn), 0);
	if (site->allocations)
		write_label(pprof, "bytes", NULL, site->bytes / site->allocations);
	if (stacks->several) {
		cleanup_strbuf struct strbuf name = { 0 };

		stacks_process(process, &name);
		write_label(pprof, "process", strbuf_get(&name), 0);
	}
	proto_message(&pprof->out, PROFILE_SAMPLE, &pprof->inner);
	return 0;
}

/* A function and a location, both with the frame's number + 1 as id. */
static void write_frame(struct pprof *pprof, uint32_t number)
{
	const struct stacks *stacks = &pprof->stacks;
	const struct report_frame *frame = &stacks->job->report->frames.at[number];
	const char *module = frame->kind == RESOLVE_PYTHON ? "[python]" : "[unknown]";

	if (frame->kind != RESOLVE_PYTHON && frame->module != REPORT_NONE)
		module = stacks_string(stacks, frame->module);

	proto_uint(&pprof->inner, FUNCTION_ID, number + 1ull);
	proto_uint(&pprof->inner, FUNCTION_NAME,
		   string_of(pprof, stacks_string(stacks, frame->function)));
	proto_uint(&pprof->inner, FUNCTION_FILE,
		   string_of(pprof, stacks_string(stacks, frame->file)));
	proto_message(&pprof->out, PROFILE_FUNCTION, &pprof->inner);

	proto_uint(&pprof->inner, LOCATION_ID, number + 1ull);
	proto_uint(&pprof->inner, LOCATION_MAPPING, mapping_of(pprof, module));
	proto_uint(&pprof->inner, LOCATION_ADDRESS, frame->address);
	proto_uint(&pprof->inmost, LINE_FUNCTION, number + 1ull);
	proto_uint(&pprof->inmost, LINE_NUMBER, frame->line);
	proto_message(&pprof->inner, LOCATION_LINE, &pprof->inmost);
	proto_message(&pprof->out, PROFILE_LOCATION, &pprof->inner);
}

static const char *build_id_of(const struct report *report, const char *path)
{
	for (size_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];

		for (size_t n = 0; n < process->modules.count; n++) {
			if (strcmp(process->modules.at[n].path, path) == 0)
				return process->modules.at[n].build_id;
		}
	}
	return "";
}

/* Mappings without addresses: that all names are known is what they are to say. */
static void write_mappings(struct pprof *pprof)
{
	for (uint32_t i = 0; i < pprof->mappings.strings.count; i++) {
		const char *path = intern_get(&pprof->mappings, i);

		proto_uint(&pprof->inner, MAPPING_ID, i + 1ull);
		proto_uint(&pprof->inner, MAPPING_FILE, string_of(pprof, path));
		proto_uint(&pprof->inner, MAPPING_BUILD_ID,
			   string_of(pprof, build_id_of(pprof->stacks.job->report, path)));
		for (unsigned int has = MAPPING_HAS_FIRST; has <= MAPPING_HAS_LAST; has++)
			proto_uint(&pprof->inner, has, 1);
		proto_message(&pprof->out, PROFILE_MAPPING, &pprof->inner);
	}
}

static int write_profile(struct pprof *pprof)
{
	const struct report *report = pprof->stacks.job->report;
	int r = 0;

	write_head(pprof);
	for (size_t i = 0; i < report->processes.count; i++) {
		const struct report_process *process = &report->processes.at[i];

		if (!stacks_has(&pprof->stacks, process))
			continue;
		(void)mapping_of(pprof, process->exe); /* the program comes first */
		for (size_t n = 0; n < process->sites.count && r == 0; n++)
			r = write_site(pprof, process, &process->sites.at[n]);
	}
	for (uint32_t i = 0; i < report->frames.count; i++)
		write_frame(pprof, i);
	write_mappings(pprof);
	for (uint32_t i = 0; i < pprof->strings.strings.count; i++) {
		const char *text = intern_get(&pprof->strings, i);

		proto_bytes(&pprof->out, PROFILE_STRING, text, strlen(text));
	}
	return r < 0 ? r : pprof->failed || pprof->out.failed ? -ENOMEM : 0;
}

/* Writes @bytes to @file as gzip would, without a name and a time in it. */
static int write_compressed(const struct strbuf *bytes, FILE *file)
{
	unsigned char buffer[16384];
	z_stream z = { .next_in = (unsigned char *)bytes->at };
	size_t left = bytes->count;
	int status = Z_OK, r = 0;

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	while (status != Z_STREAM_END && r == 0) {
		size_t made;

		if (z.avail_in == 0) {
			z.avail_in = left < 1u << 30 ? (unsigned int)left : 1u << 30;
			left -= z.avail_in;
		}
		z.next_out = buffer;
		z.avail_out = sizeof(buffer);
		status = deflate(&z, left ? Z_NO_FLUSH : Z_FINISH);
		made = sizeof(buffer) - z.avail_out;
		if (fwrite(buffer, 1, made, file) != made)
			r = neg_errno();
	}
	(void)deflateEnd(&z);
	return r;
}

int pprof_write(const struct export_job *job, FILE *file)
{
	struct pprof pprof = { 0 };
	int r = stacks_init(&pprof.stacks, job);

	if (r == 0)
		r = write_profile(&pprof);
	if (r == 0)
		r = write_compressed(&pprof.out, file);
	stacks_fini(&pprof.stacks);
	intern_fini(&pprof.strings);
	intern_fini(&pprof.mappings);
	strbuf_fini(&pprof.out);
	strbuf_fini(&pprof.inner);
	strbuf_fini(&pprof.inmost);
	return r;
}
