/* SPDX-License-Identifier: Apache-2.0 */
/* Printing for people: styles, clipping, columns. */
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "report/names.h"
#include "report/text-out.h"
#include "symbol/resolve.h"

#define WIDTH_DEFAULT 80u
#define WIDTH_LEAST   60u
#define NAME_LEAST    16u  /* columns of a name that are worth more than its library */
#define WIDTH_MOST    160u /* longer lines are hard to read */

void text_out_init(struct text_out *out, FILE *file, unsigned int width, bool color, bool unicode)
{
	*out = (struct text_out){
		.file = file,
		.width = width ? width : WIDTH_DEFAULT,
		.unicode = unicode,
		.bold = color ? "\033[1m" : "",
		.dim = color ? "\033[2m" : "",
		.loud = color ? "\033[1;31m" : "",
		.name = color ? "\033[36m" : "",
		.plain = color ? "\033[0m" : "",
		.dots = unicode ? "\u2026" : "...",
		.arrow = unicode ? "\u2190" : "<-",
		.plus_minus = unicode ? "\u00b1" : "+-",
		.dash = unicode ? "\u2013" : "-",
		.cwd = "",
		.exe = "",
	};
	if (out->width < WIDTH_LEAST)
		out->width = WIDTH_LEAST;
	if (out->width > WIDTH_MOST)
		out->width = WIDTH_MOST;
}

void text_out_pad(const struct text_out *out, size_t have, size_t columns)
{
	if (have < columns)
		(void)fprintf(out->file, "%*s", (int)(columns - have), "");
}

void text_out_heading(const struct text_out *out, const char *title, const char *right)
{
	size_t have = utf8_width(title) + utf8_width(right);
	size_t width = out->width < WIDTH_DEFAULT ? out->width : WIDTH_DEFAULT;

	(void)fprintf(out->file, "\n%s%s%s", out->bold, title, out->plain);
	if (*right) {
		/* Not beyond the columns of the tables: there nobody would look for it. */
		text_out_pad(out, have < width ? have : width - 2, width);
		(void)fprintf(out->file, "%s%s%s", out->dim, right, out->plain);
	}
	(void)fputc('\n', out->file);
}

void text_out_clean(const struct text_out *out, struct strbuf *line, const char *text)
{
	while (*text) {
		const char *from = text;
		uint32_t code = 0;
		unsigned int length = utf8_next(&text, &code);

		if (code == '\n' || code == '\t')
			strbuf_addc(line, ' ');
		else if (length == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0) ||
			 (code >= 0x80 && !out->unicode))
			strbuf_addc(line, '?');
		else
			strbuf_add(line, from, length);
	}
}

void text_out_words(const struct text_out *out, const char *text)
{
	struct strbuf line = { 0 };

	text_out_clean(out, &line, text);
	(void)fputs(strbuf_get(&line), out->file);
	strbuf_fini(&line);
}

void text_out_clip(const struct text_out *out, struct strbuf *line, size_t columns)
{
	size_t dots = utf8_width(out->dots);
	size_t keep;

	if (line->count == 0 || utf8_width(line->at) <= columns)
		return;
	keep = utf8_clip(line->at, columns > dots ? columns - dots : 0);
	line->count = keep;
	line->at[keep] = '\0';
	strbuf_adds(line, out->dots);
}

/* Whether a shell takes @text as one word as it stands. */
static bool is_plain_word(const char *text)
{
	return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_-+=./:,@%^")] == '\0';
}

void text_out_command(const struct text_out *out, struct strbuf *line, const report_texts *command)
{
	for (size_t i = 0; i < command->count; i++) {
		const char *quote = is_plain_word(command->at[i]) ? "" : "'";

		if (i > 0)
			strbuf_addc(line, ' ');
		strbuf_adds(line, quote);
		text_out_clean(out, line, command->at[i]);
		strbuf_adds(line, quote);
	}
}

/* The last part of a path, with the directory where the file's name alone says nothing. */
static const char *file_name(const char *path)
{
	static const char *const vague[] = { "__init__.py", "__main__.py", "mod.rs", "lib.rs" };
	const char *base = names_base(path);

	for (size_t i = 0; i < ARRAY_SIZE(vague); i++) {
		if (strcmp(base, vague[i]) != 0 || base - path < 2)
			continue;
		for (base--; base > path && base[-1] != '/';)
			base--;
		break;
	}
	return base;
}

/* "_json.cpython-311-x86_64-linux-gnu.so" is _json. */
static void add_module(const struct text_out *out, const char *path, struct strbuf *place)
{
	struct strbuf base = { 0 };
	const char *tag;

	strbuf_addc(place, '(');
	text_out_clean(out, &base, names_base(path));
	tag = strstr(strbuf_get(&base), ".cpython-");
	strbuf_add(place, strbuf_get(&base), tag ? (size_t)(tag - base.at) : base.count);
	strbuf_fini(&base);
	strbuf_addc(place, ')');
}

/*
 * "file.c:12" below the working directory with its directories, else without;
 * "(libfoo.so.1)" unless that is @module anyway.
 */
static void add_place(const struct text_out *out, const struct report *report,
		      const struct report_frame *frame, uint32_t module, struct strbuf *place)
{
	size_t cwd = strlen(out->cwd);

	if (frame->file != REPORT_NONE && frame->line) {
		const char *file = intern_get(&report->strings, frame->file);
		bool below = cwd > 1 && strncmp(file, out->cwd, cwd) == 0 && file[cwd] == '/';

		text_out_clean(out, place, below ? file + cwd + 1 : file_name(file));
		strbuf_addf(place, ":%" PRIu32, frame->line);
	} else if (frame->named && frame->module != REPORT_NONE && frame->module != module) {
		const char *path = intern_get(&report->strings, frame->module);

		if (strcmp(path, out->exe) != 0)
			add_module(out, path, place);
	}
}

/* Cuts @line down to @columns from its front: the end of a path says most. */
static void clip_front(const struct text_out *out, struct strbuf *line, size_t columns)
{
	struct strbuf cut = { 0 };
	const char *at = strbuf_get(line);
	uint32_t code;

	if (utf8_width(at) <= columns)
		return;
	while (*at && utf8_width(at) + utf8_width(out->dots) > columns)
		(void)utf8_next(&at, &code);
	strbuf_adds(&cut, out->dots);
	strbuf_adds(&cut, at);
	strbuf_fini(line);
	*line = cut;
}

void text_out_frame(const struct text_out *out, const struct report *report,
		    const struct report_frame *frame, uint32_t module, size_t columns)
{
	struct strbuf name = { 0 }, cleaned = { 0 }, place = { 0 };
	const char *function = intern_get(&report->strings, frame->function);
	size_t room = columns, place_width;

	add_place(out, report, frame, module, &place);
	clip_front(out, &place, columns - columns / 3);
	place_width = utf8_width(strbuf_get(&place));
	if (frame->kind == RESOLVE_NATIVE)
		names_short(&name, function, "...");
	else
		strbuf_adds(&name, function);
	text_out_clean(out, &cleaned, strbuf_get(&name));

	/* Of a name and its library the name says more: it is not cut down to nothing. */
	if (!frame->line && columns - place_width < NAME_LEAST + 2 &&
	    utf8_width(strbuf_get(&cleaned)) + place_width + 2 > columns)
		place_width = 0;
	if (place_width)
		room -= place_width + 2;
	text_out_clip(out, &cleaned, room);
	(void)fprintf(out->file, "%s%s%s", out->name, strbuf_get(&cleaned), out->plain);
	if (place_width)
		(void)fprintf(out->file, "  %s", strbuf_get(&place));

	strbuf_fini(&name);
	strbuf_fini(&cleaned);
	strbuf_fini(&place);
}

void text_out_nameless(const struct text_out *out, const struct report *report,
		       const struct report_frame *frame, size_t columns)
{
	struct strbuf line = { 0 };

	strbuf_adds(&line, "code without names  ");
	if (frame->module != REPORT_NONE)
		add_module(out, intern_get(&report->strings, frame->module), &line);
	text_out_clip(out, &line, columns);
	(void)fputs(strbuf_get(&line), out->file);
	strbuf_fini(&line);
}

void text_out_bars(const struct text_out *out, const uint64_t *values, size_t count)
{
	static const char *const blocks[] = { " ",	"\u2581", "\u2582", "\u2583", "\u2584",
					      "\u2585", "\u2586", "\u2587", "\u2588" };
	static const char *const ascii[] = { " ", ".", ",", ":", "-", "=", "+", "*", "#" };
	const char *const *signs = out->unicode ? blocks : ascii;
	uint64_t most = 0;

	for (size_t i = 0; i < count; i++)
		most = values[i] > most ? values[i] : most;
	for (size_t i = 0; i < count; i++) {
		/* Only nothing at all is an empty column. */
		double height = most ? 8.0 * (double)values[i] / (double)most : 0;
		size_t sign = values[i] == 0 ? 0 : height < 1 ? 1 : (size_t)(height + 0.5);

		(void)fputs(signs[sign > 8 ? 8 : sign], out->file);
	}
}
