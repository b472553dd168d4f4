/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of sites. */
#include <inttypes.h>
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

static void add_frame(struct strbuf *text, const struct report *report,
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

/*
 * Appends the frames of @stack, leaf first, one a line.  With @all those are
 * kept that say little: for stacks that have no others.
 */
static unsigned int add_stack(struct strbuf *text, const struct report *report,
			      const struct report_process *process, uint32_t stack, bool all)
{
	struct strbuf line = { 0 };
	unsigned int frames = 0;

	for (; stack != REPORT_NONE && frames < SIG_FRAMES;
	     stack = report->stacks.at[stack].caller) {
		const struct report_frame *frame =
			&report->frames.at[report->stacks.at[stack].frame];
		const char *function = string_of(report, frame->function);

		if (!all && !counts(function, string_of(report, frame->module), frame->named))
			continue;
		strbuf_clear(&line);
		strbuf_addc(&line, '\n');
		add_frame(&line, report, process, frame);
		strbuf_addc(&line, '\n');
		if (line.failed)
			text->failed = true;
		/* Lines end where the next begins, so a whole line is a whole function. */
		if (!strstr(strbuf_get(text), strbuf_get(&line))) {
			strbuf_add(text, line.at, line.count);
			frames++;
		}
		if (strcmp(function, "main") == 0)
			break;
	}
	strbuf_fini(&line);
	return frames;
}

int sig_of_stack(const struct report *report, const struct report_process *process, uint32_t stack,
		 const char *kind, uint64_t *ret_sig)
{
	struct strbuf text = { 0 };
	int r = 0;

	strbuf_addf(&text, SIG_VERSION "\n%s\n", kind);
	if (add_stack(&text, report, process, stack, false) == 0)
		(void)add_stack(&text, report, process, stack, true);
	if (text.failed)
		r = -ENOMEM;
	else
		*ret_sig = XXH3_64bits(text.at, text.count);
	strbuf_fini(&text);
	return r;
}
