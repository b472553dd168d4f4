/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats for CI systems share. */
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "export/ci.h"
#include "report/words.h"

/* What of @path is below @root, or NULL. */
static const char *below(const char *root, const char *path)
{
	size_t length = strlen(root);

	while (length > 1 && root[length - 1] == '/')
		length--;
	if (!length || strncmp(path, root, length) != 0 || path[length] != '/')
		return NULL;
	return path + length + 1;
}

uint32_t ci_path(const struct export_job *job, const struct report_frame *frame,
		 struct strbuf *path)
{
	const struct report *report = job->report;
	const char *root = job->root ? job->root : report->cwd;
	const char *file, *inner, *cwd;

	if (frame->file == REPORT_NONE || !frame->line)
		return 0;
	file = intern_get(&report->strings, frame->file);
	if (*file == '<' || strstr(file, "../"))
		return 0;
	if (*file == '/') {
		inner = below(root, file);
		if (!inner)
			return 0;
		strbuf_adds(path, inner);
		return frame->line;
	}
	/* Relative to where the program was started, which may be below the top. */
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	cwd = below(root, report->cwd);
	if (cwd && *cwd)
		strbuf_addf(path, "%s/", cwd);
	else if (!cwd && strcmp(root, report->cwd) != 0)
		return 0;
	strbuf_adds(path, file);
	return frame->line;
}

uint32_t ci_place(const struct export_job *job, const struct gate_violation *violation,
		  struct strbuf *path)
{
	const struct report *report = job->report;
	uint32_t at = violation->culprit != REPORT_NONE ? violation->culprit : violation->stack;

	for (; at != REPORT_NONE; at = report->stacks.at[at].caller) {
		uint32_t line = ci_path(job, &report->frames.at[report->stacks.at[at].frame], path);

		if (line)
			return line;
	}
	strbuf_adds(path, CI_NOWHERE);
	return 1;
}

void ci_amount(struct strbuf *out, enum gate_unit unit, uint64_t value)
{
	switch (unit) {
	case GATE_BYTES:
		strbuf_adds(out, units_bytes(value).s);
		return;
	case GATE_BYTES_PER_ITERATION:
		strbuf_addf(out, "%s per iteration", units_bytes(value).s);
		return;
	case GATE_NANOSECONDS:
		strbuf_adds(out, units_time(value).s);
		return;
	case GATE_BLOCKS:
	case GATE_UNIT_COUNT:
		break;
	}
	strbuf_adds(out, units_count(value).s);
}

void ci_message(struct strbuf *out, const struct gate_violation *violation)
{
	strbuf_addf(out, "%s: ", violation->message);
	ci_amount(out, violation->unit, violation->got);
	strbuf_adds(out, ", limit ");
	ci_amount(out, violation->unit, violation->limit);
	if (violation->has_baseline) {
		strbuf_adds(out, ", baseline ");
		ci_amount(out, violation->unit, violation->baseline);
	}
	strbuf_addf(out, " (%s)", violation->scope);
	if (*violation->where)
		strbuf_addf(out, ", in %s", violation->where);
}

/* FNV-1a */
static uint64_t hash(uint64_t before, const char *text)
{
	for (; *text; text++)
		before = (before ^ (unsigned char)*text) * 0x100000001b3u;
	return (before ^ 0xff) * 0x100000001b3u;
}

void ci_fingerprint(struct strbuf *out, const struct gate_violation *violation)
{
	uint64_t sum = hash(0xcbf29ce484222325u, words_get(&words_rule, violation->rule));

	sum = hash(sum, violation->metric);
	if (violation->has_sig)
		sum = (sum ^ violation->sig) * 0x100000001b3u;
	else
		sum = hash(sum, violation->scope);
	strbuf_addf(out, "%016" PRIx64, sum);
}
