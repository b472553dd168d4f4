/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings that grow.
 *
 * Errors stick: after a failed allocation the buffer keeps what it had and
 * ignores what is added, so that a writer checks once, at the end.
 */
#ifndef ANALYZER_BASE_STRBUF_H
#define ANALYZER_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/**
 * struct strbuf - all zero is an empty one
 * @at:     NUL-terminated once something was added; may hold NULs itself
 * @count:  bytes without the terminator
 * @failed: memory ran out: what is there is not all
 */
struct strbuf {
	char *at;
	size_t count;
	size_t space;
	bool failed;
};

void strbuf_fini(struct strbuf *buf);

/** strbuf_clear() - empty it, forget failures, keep the memory */
void strbuf_clear(struct strbuf *buf);

void strbuf_add(struct strbuf *buf, const void *bytes, size_t count);
void strbuf_adds(struct strbuf *buf, const char *string);
void strbuf_addc(struct strbuf *buf, char c);
void strbuf_addf(struct strbuf *buf, const char *format, ...) attr_printf(2, 3);
void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args) attr_printf(2, 0);

/** strbuf_get() - what it holds as a string, never NULL; borrowed until the next change */
const char *strbuf_get(const struct strbuf *buf);

/**
 * strbuf_take() - the string, owned by the caller; the buffer is empty again
 *
 * Return: NULL when memory ran out on the way.
 */
char *strbuf_take(struct strbuf *buf);

#define cleanup_strbuf attr_cleanup(strbuf_fini)

#endif /* ANALYZER_BASE_STRBUF_H */
