/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of sites. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "report/names.h"
#include "report/sig.h"
#include "symbol/resolve.h"

static const char *string_of(const struct report *report, uint32_t id)
{
	return id == REPORT_NONE ? NULL : intern_get(&report->strings, id);
}

static const char *build_of(const struct report_process *process, const char *module)
{
	for (size_t i = 0; i < process->modules.count; i++) {
		if (strcmp(process->modules.at[i].path, module) == 0)
			return process->modules.at[i].build_id;
	}
	return "";
}

static bool counts(const char *function, const char *module, bool named)
{
	if (names_is_plumbing(function) || names_is_entry(function))
		return false;
	/* What the C library does inside has other names and inlines elsewhere. */
	return named || !module || !names_is_system(module);
}

static void add_text(struct strbuf *text, const struct report *report,
		     const struct report_process *process, const struct report_frame *frame)
{
	const char *function = string_of(report, frame->function);
	const char *module = string_of(report, frame->module);

	if (frame->kind != RESOLVE_NATIVE || !module) {
		strbuf_adds(text, function);
		return;
	}
	names_library(text, module);
	strbuf_addc(text, '!');
	if (frame->named)
		names_plain(text, function);
	else
		strbuf_addf(text, "%s+%" PRIx64, build_of(process, module), frame->address);
}

static int make_line(struct report *report, const struct report_process *process,
		     const struct report_frame *frame, struct report_sig_line *line)
{
	const char *module = string_of(report, frame->module);
	struct strbuf text = { 0 };
	uint32_t id;
	int r;

	add_text(&text, report, process, frame);
	r = text.failed ? -ENOMEM
			: intern_add(&report->sig_texts, strbuf_get(&text), text.count, &id);
	strbuf_fini(&text);
	if (r < 0)
		return r;
	line->text = id + 1;
	line->counts = counts(string_of(report, frame->function), module, frame->named);
	/* How the interpreter comes from one to another changes as it warms up. */
	line->interpreter = frame->kind == RESOLVE_NATIVE && module && names_is_interpreter(module);
	line->ends = strcmp(string_of(report, frame->function), "main") == 0;
	/* Of code without a name, the build counts: another process may have another. */
	line->process = 0;
	if (frame->kind == RESOLVE_NATIVE && module && !frame->named)
		line->process = (uint32_t)(process - report->processes.at) + 1;
	return 0;
}

/* Return: what @frame says, until the next call; NULL for out of memory. */
static const struct report_sig_line *line_of(struct report *report,
					     const struct report_process *process, uint32_t frame)
{
	struct report_sig_line *line;

	while (report->sig_lines.count <= frame) {
		if (vec_push(&report->sig_lines, (struct report_sig_line){ 0 }) < 0)
			return NULL;
	}
	line = &report->sig_lines.at[frame];
	if (line->text &&
	    (!line->process || line->process == (uint32_t)(process - report->processes.at) + 1))
		return line;
	return make_line(report, process, &report->frames.at[frame], line) < 0 ? NULL : line;
}

static bool is_among(const uint32_t *list, unsigned int count, uint32_t wanted)
{
	for (unsigned int i = 0; i < count; i++) {
		if (list[i] == wanted)
			return true;
	}
	return false;
}

/*
 * Is there Python on @stack?  Callers come before those they call, so each
 * stack is looked at once.  Return: 0, 1 or -ENOMEM.
 */
static int has_python(struct report *report, uint32_t stack)
{
	while (stack != REPORT_NONE && report->sig_python.count <= stack) {
		const struct report_stack *next = &report->stacks.at[report->sig_python.count];
		bool is_python =
			report->frames.at[next->frame].kind == RESOLVE_PYTHON ||
			(next->caller != REPORT_NONE && report->sig_python.at[next->caller]);
		int r = vec_push(&report->sig_python, is_python);

		if (r < 0)
			return r;
	}
	return stack != REPORT_NONE && report->sig_python.at[stack];
}

/*
 * Takes the frames of @stack, leaf first.  With @all those are kept that say
 * little: for stacks that have no others.
 *
 * Return: how many, or -ENOMEM.
 */
static int take_stack(struct report *report, const struct report_process *process, uint32_t stack,
		      bool all, uint32_t texts[SIG_FRAMES])
{
	int python = has_python(report, stack);
	unsigned int count = 0, nothing = 0;

	if (python < 0)
		return python;
	for (; stack != REPORT_NONE && count < SIG_FRAMES && nothing++ < SIG_NOTHING;
	     stack = report->stacks.at[stack].caller) {
		uint32_t frame = report->stacks.at[stack].frame;
		const struct report_sig_line *line = line_of(report, process, frame);

		if (!line)
			return -ENOMEM;
		if (!all && (!line->counts || (python && line->interpreter)))
			continue;
		if (!is_among(texts, count, line->text)) {
			texts[count++] = line->text;
			nothing = 0;
		}
		if (line->ends)
			break;
	}
	return (int)count;
}

int sig_of_stack(struct report *report, const struct report_process *process, uint32_t stack,
		 const char *kind, uint64_t *ret_sig)
{
	struct strbuf text = { 0 };
	uint32_t texts[SIG_FRAMES];
	int count = take_stack(report, process, stack, false, texts);

	if (count == 0)
		count = take_stack(report, process, stack, true, texts);
	if (count < 0)
		return count;

	strbuf_adds(&text, SIG_VERSION "\n");
	strbuf_adds(&text, kind);
	strbuf_addc(&text, '\n');
	for (int i = 0; i < count; i++) {
		strbuf_addc(&text, '\n');
		strbuf_adds(&text, intern_get(&report->sig_texts, texts[i] - 1));
		strbuf_addc(&text, '\n');
	}
	if (text.failed)
		count = -ENOMEM;
	else
		*ret_sig = XXH3_64bits(text.at, text.count);
	strbuf_fini(&text);
	return count < 0 ? count : 0;
}

int sig_parse(const char *text, uint64_t *ret_sig)
{
	int length = 0;

	if (sscanf(text, "%16" SCNx64 "%n", ret_sig, &length) != 1 || text[length])
		return -EINVAL;
	return 0;
}
