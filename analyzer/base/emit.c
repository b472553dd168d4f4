/* SPDX-License-Identifier: Apache-2.0 */
/* A streaming writer of JSON. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/emit.h"
#include "base/err.h"
#include "base/utf8.h"

static void flush(struct emit *emit)
{
	if (!emit->error && emit->used &&
	    fwrite(emit->buffer, 1, emit->used, emit->file) != emit->used)
		emit->error = neg_errno();
	emit->used = 0;
}

static void put(struct emit *emit, const char *bytes, size_t count)
{
	while (count > 0) {
		size_t room = sizeof(emit->buffer) - emit->used;
		size_t now = count < room ? count : room;

		memcpy(emit->buffer + emit->used, bytes, now);
		emit->used += (unsigned int)now;
		bytes += now;
		count -= now;
		if (emit->used == sizeof(emit->buffer))
			flush(emit);
	}
}

static void put_char(struct emit *emit, char c)
{
	if (emit->used == sizeof(emit->buffer))
		flush(emit);
	emit->buffer[emit->used++] = c;
}

static void put_newline(struct emit *emit)
{
	put_char(emit, '\n');
	for (unsigned int i = 0; i < emit->depth; i++)
		put_char(emit, ' ');
}

static void put_string(struct emit *emit, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	put_char(emit, '"');
	while (*text) {
		const char *from = text;
		uint32_t code = 0;
		unsigned int length = utf8_next(&text, &code);

		if (length == 0) {
			put(emit, "\xef\xbf\xbd", 3);
		} else if (code == '"' || code == '\\') {
			put_char(emit, '\\');
			put_char(emit, (char)code);
		} else if (code < 0x20 || code == 0x7f) {
			put(emit, "\\u00", 4);
			put_char(emit, hex[code >> 4]);
			put_char(emit, hex[code & 15]);
		} else {
			put(emit, from, length);
		}
	}
	put_char(emit, '"');
}

/* Comma, line and key: what stands before every value. */
static void begin_value(struct emit *emit, const char *key)
{
	bool flat = true;

	if (emit->depth > 0) {
		flat = emit->levels[emit->depth - 1].flat;
		if (emit->levels[emit->depth - 1].any)
			put_char(emit, ',');
		emit->levels[emit->depth - 1].any = true;
	}
	if (!flat)
		put_newline(emit);
	if (key) {
		put_char(emit, '"');
		put(emit, key, strlen(key));
		put(emit, "\": ", flat ? 2 : 3);
	}
}

static void begin(struct emit *emit, const char *key, enum emit_layout layout, const char *ends)
{
	bool flat = layout == EMIT_FLAT || (emit->depth > 0 && emit->levels[emit->depth - 1].flat);

	begin_value(emit, key);
	put_char(emit, ends[0]);
	assert(emit->depth < EMIT_DEPTH_MAX);
	emit->levels[emit->depth].flat = flat;
	emit->levels[emit->depth].any = false;
	emit->levels[emit->depth].close = ends[1];
	emit->depth++;
}

void emit_init(struct emit *emit, FILE *file)
{
	emit->file = file;
	emit->error = 0;
	emit->depth = 0;
	emit->used = 0;
}

void emit_object(struct emit *emit, const char *key, enum emit_layout layout)
{
	begin(emit, key, layout, "{}");
}

void emit_array(struct emit *emit, const char *key, enum emit_layout layout)
{
	begin(emit, key, layout, "[]");
}

void emit_end(struct emit *emit)
{
	assert(emit->depth > 0);
	emit->depth--;
	if (!emit->levels[emit->depth].flat && emit->levels[emit->depth].any)
		put_newline(emit);
	put_char(emit, emit->levels[emit->depth].close);
}

static void put_number(struct emit *emit, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put(emit, digits + at, sizeof(digits) - at);
}

void emit_uint(struct emit *emit, const char *key, uint64_t value)
{
	begin_value(emit, key);
	put_number(emit, value);
}

void emit_int(struct emit *emit, const char *key, int64_t value)
{
	begin_value(emit, key);
	if (value < 0)
		put_char(emit, '-');
	put_number(emit, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void emit_bool(struct emit *emit, const char *key, bool value)
{
	begin_value(emit, key);
	put(emit, value ? "true" : "false", value ? 4 : 5);
}

void emit_text(struct emit *emit, const char *key, const char *text)
{
	begin_value(emit, key);
	put_string(emit, text);
}

void emit_hash(struct emit *emit, const char *key, uint64_t hash)
{
	char text[17];

	(void)snprintf(text, sizeof(text), "%016" PRIx64, hash);
	emit_text(emit, key, text);
}

int emit_finish(struct emit *emit)
{
	put_char(emit, '\n');
	flush(emit);
	if (!emit->error && fflush(emit->file) != 0)
		emit->error = neg_errno();
	return emit->error;
}
