/* SPDX-License-Identifier: Apache-2.0 */
/* What was lost, the most worth fixing first, and how sure that is. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report/names.h"
#include "report/text-parts.h"
#include "report/words.h"
#include "symbol/resolve.h"

#define WEIGHT_COLUMNS 10
#define BLOCKS_COLUMNS 12
#define CLASS_COLUMNS  10
#define INDENT	       (4 + WEIGHT_COLUMNS + CLASS_COLUMNS + BLOCKS_COLUMNS + 2)
#define CALLERS	       3
#define LINKS_SHOWN    6
#define LOOK_SHOWN     3
#define LOOK_INDENT    11

static const char *const kinds[] = {
	[LEAKS_LOST] = "lost",
	[LEAKS_CYCLE] = "cycle",
	[LEAKS_LOST_THROUGH] = "through",
	[LEAKS_POSSIBLE] = "possibly",
};

static void print_frame(const struct text *text, uint32_t stack, size_t indent)
{
	const struct text_out *out = &text->out;
	const struct report *report = text->report;

	if (stack == REPORT_NONE)
		(void)fputs("[no stack]", out->file);
	else
		text_out_frame(out, report, &report->frames.at[report->stacks.at[stack].frame],
			       REPORT_NONE, out->width - indent);
	(void)fputc('\n', out->file);
}

/* The function that answers for a stack: not the allocator's own. */
static uint32_t answering(const struct text *text, uint32_t stack)
{
	return places_culprit(&text->view, stack);
}

/* Whether there is nothing up from here but what starts every program or thread. */
static bool is_start(const struct text *text, uint32_t stack)
{
	const struct report_stack *stacks = text->report->stacks.at;

	for (; stack != REPORT_NONE; stack = stacks[stack].caller) {
		uint8_t class = text->view.classes[stacks[stack].frame];

		if (class != PLACES_ENTRY && class != PLACES_SYSTEM)
			return false;
	}
	return true;
}

static void print_callers(const struct text *text, uint32_t stack)
{
	const struct text_out *out = &text->out;
	const struct report *report = text->report;

	for (int i = 0; i < CALLERS && stack != REPORT_NONE; i++) {
		stack = report->stacks.at[stack].caller;
		if (stack == REPORT_NONE || is_start(text, stack))
			break;
		(void)fprintf(out->file, "%*s%*s%s%s%s ", INDENT, "", 2 * i, "", out->dim,
			      out->arrow, out->plain);
		print_frame(text, stack, INDENT + 2 * (size_t)i + utf8_width(out->arrow) + 1);
	}
}

static void print_type(const struct text_out *out, const struct report_member *member)
{
	struct strbuf line = { .at = NULL };

	if (!*member->type)
		return;
	text_out_clean(out, &line, member->type);
	(void)fputs(strbuf_get(&line), out->file);
	if (member->uses)
		(void)fprintf(out->file, " (use count %u)", member->uses);
	(void)fputs("  ", out->file);
	strbuf_fini(&line);
}

static void print_link(const struct text *text, const struct report_leak *leak,
		       const struct report_link *link)
{
	const struct text_out *out = &text->out;
	const struct report_member *to = &leak->members.at[link->to];
	struct strbuf line = { .at = NULL };

	if (link->from >= LINKS_SHOWN || link->to >= LINKS_SHOWN)
		return;
	strbuf_addf(&line, "%c", (char)('A' + (int)link->from));
	if (*link->member) {
		strbuf_addc(&line, '.');
		text_out_clean(out, &line, link->member);
	}
	strbuf_addf(&line, " (+%" PRIu64 ") points to %c", link->offset,
		    (char)('A' + (int)link->to));
	if (*to->type) {
		strbuf_adds(&line, ", ");
		text_out_clean(out, &line, to->type);
	}
	(void)fprintf(out->file, "%*s%s%s%s\n", INDENT + 2, "", out->dim, strbuf_get(&line),
		      out->plain);
	strbuf_fini(&line);
}

/* Who points at whom, in the words of the places that made them. */
static void print_cycle(const struct text *text, const struct report_leak *leak)
{
	const struct text_out *out = &text->out;

	(void)fprintf(out->file, "%*s%s%s cycle%s of:%s\n", INDENT, "", out->dim,
		      units_count(leak->cycles).s, leak->cycles == 1 ? "" : "s", out->plain);
	for (size_t i = 0; i < leak->members.count && i < LINKS_SHOWN; i++) {
		const struct report_member *member = &leak->members.at[i];

		(void)fprintf(out->file, "%*s%s%c %s block%s, %s, %s", INDENT + 2, "", out->dim,
			      (char)('A' + (int)i), units_count(member->own.blocks).s,
			      member->own.blocks == 1 ? "" : "s", units_bytes(member->own.bytes).s,
			      out->plain);
		print_type(out, member);
		print_frame(text, answering(text, member->stack),
			    INDENT + 32 + strlen(member->type));
	}
	for (size_t i = 0; i < leak->links.count && i < LINKS_SHOWN; i++) {
		print_link(text, leak, &leak->links.at[i]);
	}
}

static void print_leak(const struct text *text, size_t number, const struct report_leak *leak)
{
	const struct text_out *out = &text->out;
	uint32_t stack = answering(text, leak->stack);

	(void)fprintf(out->file, "%3zu %s%*s%s%*s%*s  ", number, out->bold, WEIGHT_COLUMNS,
		      units_bytes(leak->own.bytes + leak->indirect.bytes).s, out->plain,
		      CLASS_COLUMNS, kinds[leak->class], BLOCKS_COLUMNS,
		      units_count(leak->own.blocks + leak->indirect.blocks).s);
	print_frame(text, stack, INDENT);
	print_callers(text, stack);
	if (leak->indirect.blocks)
		(void)fprintf(out->file, "%*s%sof these, %s in %s block%s reached through it%s\n",
			      INDENT, "", out->dim, units_bytes(leak->indirect.bytes).s,
			      units_count(leak->indirect.blocks).s,
			      leak->indirect.blocks == 1 ? " is" : "s are", out->plain);
	if (leak->class == LEAKS_CYCLE)
		print_cycle(text, leak);
}

static void print_sum(const struct text_out *out, const char *what, const struct leaks_count *count)
{
	if (count->blocks)
		(void)fprintf(out->file, ", %s%s in %s block%s", what, units_bytes(count->bytes).s,
			      units_count(count->blocks).s, count->blocks == 1 ? "" : "s");
}

static struct leaks_count all_lost(const struct leaks_count *classes)
{
	return (struct leaks_count){
		.blocks = classes[LEAKS_LOST].blocks + classes[LEAKS_CYCLE].blocks +
			  classes[LEAKS_LOST_THROUGH].blocks,
		.bytes = classes[LEAKS_LOST].bytes + classes[LEAKS_CYCLE].bytes +
			 classes[LEAKS_LOST_THROUGH].bytes,
	};
}

static void print_together(const struct text_out *out, const struct leaks_count *classes)
{
	struct leaks_count lost = all_lost(classes);

	(void)fprintf(out->file, "%s    ", out->dim);
	if (lost.blocks)
		(void)fprintf(out->file, "together %s in %s block%s lost",
			      units_bytes(lost.bytes).s, units_count(lost.blocks).s,
			      lost.blocks == 1 ? "" : "s");
	else
		(void)fputs("nothing surely lost", out->file);
	if (classes[LEAKS_CYCLE].blocks)
		(void)fprintf(out->file, ", of that %s in cycles",
			      units_bytes(classes[LEAKS_CYCLE].bytes).s);
	print_sum(out, "possibly ", &classes[LEAKS_POSSIBLE]);
	(void)fprintf(out->file, "%s\n", out->plain);
}

/* How it was done, and what that leaves open. */
static void print_way(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report_scan *scan = &text->process->scan;

	(void)fprintf(out->file, "%s    looked at %s%s", out->dim,
		      words_get(&words_moment, scan->moment), scan->mark ? " " : "");
	text_out_words(out, scan->mark ? scan->mark : "");
	(void)fprintf(out->file, ", memory read by %s in %s",
		      scan->direct ? "process_vm_readv" : "descriptor",
		      units_time(scan->stopped_ns).s);
	print_sum(out, "reachable ", &scan->classes[LEAKS_REACHABLE]);
	print_sum(out, "of the runtime ", &scan->classes[LEAKS_RUNTIME]);
	print_sum(out, "of Python ", &scan->classes[LEAKS_PYTHON]);
	(void)fprintf(out->file, "%s\n", out->plain);
	if (scan->unstopped)
		(void)fprintf(out->file,
			      "%s    %s of %s threads could not be stopped: nothing is certain%s\n",
			      out->dim, units_count(scan->unstopped).s,
			      units_count(scan->threads).s, out->plain);
	else if (scan->partial)
		(void)fprintf(out->file,
			      "%s    not all blocks are known: whatever memory holds, counts as "
			      "used%s\n",
			      out->dim, out->plain);
}

/* What hangs on others is told with them, what is known is not told. */
static bool is_shown(const struct report_leak *leak)
{
	return leak->class != LEAKS_LOST_THROUGH && !leak->suppressed;
}

static void print_suppressed(const struct text *text)
{
	const struct text_out *out = &text->out;
	const struct report_process *process = text->process;
	struct leaks_count sum = { 0 };
	const struct report_suppression *by = NULL;
	bool several = false;

	for (size_t i = 0; i < process->leaks.count; i++) {
		const struct report_leak *leak = &process->leaks.at[i];

		if (!leak->suppressed || leak->class == LEAKS_LOST_THROUGH)
			continue;
		several |= by && by != &text->report->suppressions.at[leak->suppressed - 1];
		by = &text->report->suppressions.at[leak->suppressed - 1];
		sum.blocks += leak->own.blocks + leak->indirect.blocks;
		sum.bytes += leak->own.bytes + leak->indirect.bytes;
	}
	if (!by)
		return;
	(void)fprintf(out->file, "%s    not shown: %s in %s block%s, suppressed by '", out->dim,
		      units_bytes(sum.bytes).s, units_count(sum.blocks).s,
		      sum.blocks == 1 ? "" : "s");
	text_out_words(out, by->name);
	(void)fprintf(out->file, "'%s%s\n", several ? " and others" : "", out->plain);
}

int text_leaks(const struct text *text, const struct text_list *list)
{
	const struct text_out *out = &text->out;
	const struct report_process *process = text->process;
	const struct report_scan *scan = &process->scan;
	size_t shown = 0, count = 0;

	if (!scan->done) {
		if (!scan->why || !process->totals.live_blocks)
			return 0;
		(void)fprintf(out->file, "\n%sLEAKED%s  %snot looked for: ", out->bold, out->plain,
			      out->dim);
		text_out_words(out, scan->why);
		(void)fprintf(out->file, "%s\n", out->plain);
		return 0;
	}
	for (size_t i = 0; i < process->leaks.count; i++)
		count += is_shown(&process->leaks.at[i]);
	if (count == 0) {
		(void)fprintf(out->file, "\n%sLEAKED%s  nothing\n", out->bold, out->plain);
		print_suppressed(text);
		print_way(text);
		return 0;
	}
	(void)fprintf(out->file, "\n%s%-*s%s%s%*s  in%s\n", out->bold,
		      4 + WEIGHT_COLUMNS + CLASS_COLUMNS, "LEAKED", out->plain, out->dim,
		      BLOCKS_COLUMNS, "blocks", out->plain);
	for (size_t i = 0; i < process->leaks.count && shown < list->top; i++)
		if (is_shown(&process->leaks.at[i]))
			print_leak(text, ++shown, &process->leaks.at[i]);
	if (count > shown)
		(void)fprintf(out->file, "%s    %zu other place%s%s\n", out->dim, count - shown,
			      count - shown == 1 ? "" : "s", out->plain);
	print_together(out, scan->classes);
	print_suppressed(text);
	print_way(text);
	return 0;
}

void text_look(const struct text *text, const struct report_look *look)
{
	const struct text_out *out = &text->out;
	const struct leaks_count *classes = look->scan.classes;
	const struct leaks_count lost = all_lost(classes);
	size_t shown = 0;

	(void)fprintf(out->file, "%*s%s", LOOK_INDENT, "", out->dim);
	if (!look->scan.done) {
		(void)fputs("not looked for leaks: ", out->file);
		text_out_words(out, look->scan.why ? look->scan.why : "nobody says why");
		(void)fprintf(out->file, "%s\n", out->plain);
		return;
	}
	(void)fprintf(out->file, "leaked: %s", lost.blocks ? "" : "nothing");
	if (lost.blocks)
		(void)fprintf(out->file, "%s in %s block%s", units_bytes(lost.bytes).s,
			      units_count(lost.blocks).s, lost.blocks == 1 ? "" : "s");
	print_sum(out, "possibly ", &classes[LEAKS_POSSIBLE]);
	(void)fprintf(out->file, "%s\n", out->plain);
	for (size_t i = 0; i < look->leaks.count && shown < LOOK_SHOWN; i++) {
		const struct report_leak *leak = &look->leaks.at[i];

		if (!is_shown(leak))
			continue;
		shown++;
		(void)fprintf(out->file, "%*s%*s%*s  ", LOOK_INDENT, "", WEIGHT_COLUMNS,
			      units_bytes(leak->own.bytes + leak->indirect.bytes).s, CLASS_COLUMNS,
			      kinds[leak->class]);
		print_frame(text, answering(text, leak->stack),
			    LOOK_INDENT + WEIGHT_COLUMNS + CLASS_COLUMNS + 2);
	}
}
