/* SPDX-License-Identifier: Apache-2.0 */
/* Printing for people: styles, clipping, columns; names that cannot harm a terminal. */
#ifndef REPORT_TEXT_OUT_H
#define REPORT_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/strbuf.h"
#include "report/document.h"

/** struct text_out - where and how to print; the styles are "" without colour */
struct text_out {
	FILE *file;
	unsigned int width;
	bool unicode;
	const char *bold;
	const char *dim;
	const char *loud; /* what must not be overlooked */
	const char *name; /* functions */
	const char *plain;
	const char *dots;
	const char *arrow;	/* from a function to its caller */
	const char *plus_minus; /* before an error */
	const char *dash;
	const char *cwd; /* files below it are shown with their directories */
	const char *exe; /* functions in it are shown without their object */
};

/** text_out_init() - @width columns, at least 60 */
void text_out_init(struct text_out *out, FILE *file, unsigned int width, bool color, bool unicode);

/** text_out_heading() - an empty line, then @title, with @right at the right edge (may be "") */
void text_out_heading(const struct text_out *out, const char *title, const char *right);

/** text_out_clean() - append @text with control characters, and what the locale lacks, as '?' */
void text_out_clean(const struct text_out *out, struct strbuf *line, const char *text);

/** text_out_words() - print @text as text_out_clean() leaves it */
void text_out_words(const struct text_out *out, const char *text);

/** text_out_clip() - cut @line down to @columns, with dots at its end if it was longer */
void text_out_clip(const struct text_out *out, struct strbuf *line, size_t columns);

/** text_out_pad() - spaces up to @columns */
void text_out_pad(const struct text_out *out, size_t have, size_t columns);

/** text_out_command() - append an argument vector as one could type it */
void text_out_command(const struct text_out *out, struct strbuf *line, const report_texts *command);

/**
 * text_out_frame() - print a function and its place in at most @columns
 *
 * @module: number of the string that names the object of the frame before,
 *          which is not said again; or REPORT_NONE
 *
 * The place ("file.c:12", "(libfoo.so.1)") is kept, the name is cut.
 */
void text_out_frame(const struct text_out *out, const struct report *report,
		    const struct report_frame *frame, uint32_t module, size_t columns);

/** text_out_nameless() - print where @frame is, for all code there that has no names */
void text_out_nameless(const struct text_out *out, const struct report *report,
		       const struct report_frame *frame, size_t columns);

/** text_out_bars() - print @count values as a row of bars, the largest at full height */
void text_out_bars(const struct text_out *out, const uint64_t *values, size_t count);

#endif /* REPORT_TEXT_OUT_H */
