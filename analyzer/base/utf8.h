/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: what is valid, and how wide it is on a terminal. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/**
 * utf8_next() - the character at *@text, which is not at its end
 * @text:     moved behind it; by one byte if there is no valid character
 * @ret_code: its code point; untouched when invalid
 *
 * Return: bytes of the character, 0 when it is invalid.
 */
unsigned int utf8_next(const char **text, uint32_t *ret_code);

/** utf8_width() - columns that @text takes; @text is valid UTF-8 */
size_t utf8_width(const char *text);

/** utf8_clip() - bytes of the longest start of @text that takes at most @columns */
size_t utf8_clip(const char *text, size_t columns);

#endif /* BASE_UTF8_H */
