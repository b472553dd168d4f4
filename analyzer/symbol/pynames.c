/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three formats of line tables that CPython 3.8 and later have used.
 *
 * In each of them entries describe consecutive ranges of instructions; the
 * wanted line is that of the range which the offset lies in.
 */
#include "pynames.h"

#include <stdbool.h>
#include <stddef.h>

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
};

/* Lines are kept modulo 2^32: a table can be wrong, but not harmful. */
static uint32_t add(uint32_t line, int64_t delta)
{
	return (uint32_t)((int64_t)line + delta);
}

/* 3.8, 3.9: (bytes to skip, lines to skip); a line begins where its entry ends. */
static uint32_t line_lnotab(const struct result_code *code, uint32_t offset)
{
	uint32_t line = code->firstlineno;
	uint64_t start = 0;

	for (size_t i = 0; i + 1 < code->table_bytes; i += 2) {
		start += code->table[i];
		if (start > offset)
			break;
		line = add(line, (int8_t)code->table[i + 1]);
	}
	return line;
}

/* 3.10: (bytes of the range, lines since the range before); -128: no line. */
static uint32_t line_ranges(const struct result_code *code, uint32_t offset)
{
	uint32_t line = code->firstlineno;
	uint64_t end = 0;

	for (size_t i = 0; i + 1 < code->table_bytes; i += 2) {
		int8_t delta = (int8_t)code->table[i + 1];

		end += code->table[i];
		if (delta != -128)
			line = add(line, delta);
		if (offset < end)
			return delta == -128 ? 0 : line;
	}
	return 0;
}

/* Six bits a byte, lowest first; bit 6: there are more. */
static uint64_t take_varint(struct cursor *cursor)
{
	uint64_t value = 0;
	unsigned int shift = 0;

	while (cursor->at < cursor->end) {
		uint8_t byte = *cursor->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 63) << shift;
		shift += 6;
		if (!(byte & 64))
			break;
	}
	return value;
}

static int64_t take_signed_varint(struct cursor *cursor)
{
	uint64_t value = take_varint(cursor);
	int64_t magnitude = (int64_t)(value >> 1);

	return value & 1 ? -magnitude : magnitude;
}

/* 3.11 on: entries of a kind, a length and what the kind calls for. */
static uint32_t line_location(const struct result_code *code, uint32_t offset)
{
	struct cursor cursor = { code->table, code->table + code->table_bytes };
	uint32_t line = code->firstlineno;
	uint64_t end = 0;

	while (cursor.at < cursor.end) {
		uint8_t head = *cursor.at++;
		unsigned int kind = head >> 3 & 15;

		end += ((head & 7) + 1) * 2;
		if (kind == 13 || kind == 14)
			line = add(line, take_signed_varint(&cursor));
		else if (kind >= 10 && kind <= 12)
			line = add(line, kind - 10);
		if (offset < end)
			return kind == 15 ? 0 : line;
		/* Columns are of no interest; an entry's head alone has bit 7 set. */
		while (cursor.at < cursor.end && !(*cursor.at & 0x80))
			cursor.at++;
	}
	return 0;
}

uint32_t pynames_line(const struct result_code *code, uint32_t offset)
{
	if (offset == TENURE_PY_OFFSET_NONE || !code->table)
		return code->firstlineno;
	switch (code->lines) {
	case TENURE_PY_LINES_LNOTAB:
		return line_lnotab(code, offset);
	case TENURE_PY_LINES_RANGES:
		return line_ranges(code, offset);
	case TENURE_PY_LINES_LOCATION:
		return line_location(code, offset);
	default:
		return code->firstlineno;
	}
}
