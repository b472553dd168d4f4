/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: what is valid, and how wide it is on a terminal. */
#include "base/utf8.h"
#include "base/attr.h"

unsigned int utf8_next(const char **text, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)*text;
	unsigned int length = s[0] < 0x80   ? 1
			      : s[0] < 0xc0 ? 0
			      : s[0] < 0xe0 ? 2
			      : s[0] < 0xf0 ? 3
			      : s[0] < 0xf8 ? 4
					    : 0;
	uint32_t code = length == 1 ? s[0] : length ? s[0] & (0x7fu >> length) : 0;

	*text += 1;
	if (length == 0)
		return 0;
	for (unsigned int i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;

	*text += length - 1;
	*ret_code = code;
	return length;
}

/* Columns of one character: enough for names and paths, not a full table. */
static unsigned int columns_of(uint32_t code)
{
	static const struct {
		uint32_t first;
		uint32_t last;
		unsigned int columns;
	} ranges[] = {
		{ 0x0300, 0x036f, 0 },	 { 0x200b, 0x200f, 0 }, { 0x1100, 0x115f, 2 },
		{ 0x2e80, 0x303e, 2 },	 { 0x3041, 0xa4cf, 2 }, { 0xac00, 0xd7a3, 2 },
		{ 0xf900, 0xfaff, 2 },	 { 0xfe00, 0xfe0f, 0 }, { 0xfe30, 0xfe6f, 2 },
		{ 0xff00, 0xff60, 2 },	 { 0xffe0, 0xffe6, 2 }, { 0x1f300, 0x1faff, 2 },
		{ 0x20000, 0x3fffd, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return ranges[i].columns;
	}
	return 1;
}

size_t utf8_clip(const char *text, size_t columns)
{
	const char *at = text;
	size_t width = 0;

	while (*at) {
		const char *next = at;
		uint32_t code = 0xfffd;

		(void)utf8_next(&next, &code);
		width += columns_of(code);
		if (width > columns)
			break;
		at = next;
	}
	return (size_t)(at - text);
}

size_t utf8_width(const char *text)
{
	size_t width = 0;

	while (*text) {
		uint32_t code = 0xfffd;

		(void)utf8_next(&text, &code);
		width += columns_of(code);
	}
	return width;
}
