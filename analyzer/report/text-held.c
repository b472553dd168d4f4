/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects of a Python program keep most alive, for people. */
#include <stdio.h>

#include "base/strbuf.h"
#include "base/units.h"
#include "report/text-parts.h"

#define NUMBER_COLUMNS 4
#define BYTES_COLUMNS  10
#define COUNT_COLUMNS  12
#define INDENT	       (NUMBER_COLUMNS + BYTES_COLUMNS + COUNT_COLUMNS + 2)
#define SHARE_MIN      100u /* of the first; less than that is not told */

static void print_object(const struct text *text, size_t number, const struct report_held *held)
{
	const struct text_out *out = &text->out;
	struct strbuf line = { .at = NULL };

	(void)fprintf(out->file, "%3zu %s%*s%s%*s  ", number, out->bold, BYTES_COLUMNS,
		      units_bytes(held->kept.bytes).s, out->plain, COUNT_COLUMNS,
		      units_count(held->kept.blocks).s);
	text_out_clean(out, &line, *held->type ? held->type : "memory that is no object");
	(void)fprintf(out->file, "%s\n", strbuf_get(&line));
	strbuf_clear(&line);
	if (*held->expression) {
		text_out_clean(out, &line, held->expression);
		(void)fprintf(out->file, "%*s%sat%s %s\n", INDENT, "", out->dim, out->plain,
			      strbuf_get(&line));
	}
	strbuf_fini(&line);
}

void text_held(const struct text *text, const struct text_list *list)
{
	const report_helds *held = &text->process->held_objects;
	const struct leaks_python *python = &text->process->held_python;
	uint64_t least = 0;
	size_t shown = 0;

	for (size_t i = 0; i < held->count; i++)
		if (least < held->at[i].kept.bytes)
			least = held->at[i].kept.bytes;
	for (size_t i = 0; i < held->count && shown < list->top; i++) {
		if (held->at[i].kept.bytes < least / SHARE_MIN)
			break;
		if (!shown)
			text_out_heading(&text->out, "KEEPS MOST ALIVE",
					 "given back if it were freed: bytes, blocks");
		print_object(text, ++shown, &held->at[i]);
	}
	if (shown)
		(void)fprintf(text->out.file,
			      "    %sreferences of %s objects and their parts are known, those of "
			      "%s guessed%s\n",
			      text->out.dim, units_count(python->precise).s,
			      units_count(python->guessed).s, text->out.plain);
}
