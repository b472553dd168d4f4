/* SPDX-License-Identifier: Apache-2.0 */
/* Strings that grow; a failed allocation sticks until it is looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strbuf.h"

/* Room for @more bytes and the terminator. */
static bool grow(struct strbuf *buf, size_t more)
{
	size_t need, want;
	char *at;

	if (buf->failed)
		return false;
	if (__builtin_add_overflow(buf->count, more, &need) ||
	    __builtin_add_overflow(need, 1, &need)) {
		buf->failed = true;
		return false;
	}
	if (need <= buf->space)
		return true;

	want = buf->space < 64 ? 64 : buf->space + buf->space / 2;
	if (want < need)
		want = need;
	at = realloc(buf->at, want);
	if (!at) {
		buf->failed = true;
		return false;
	}
	buf->at = at;
	buf->space = want;
	return true;
}

void strbuf_fini(struct strbuf *buf)
{
	free(buf->at);
	*buf = (struct strbuf){ 0 };
}

void strbuf_clear(struct strbuf *buf)
{
	buf->count = 0;
	buf->failed = false;
	if (buf->at)
		buf->at[0] = '\0';
}

void strbuf_add(struct strbuf *buf, const void *bytes, size_t count)
{
	if (!grow(buf, count))
		return;
	if (count)
		memcpy(buf->at + buf->count, bytes, count);
	buf->count += count;
	buf->at[buf->count] = '\0';
}

void strbuf_adds(struct strbuf *buf, const char *string)
{
	strbuf_add(buf, string, strlen(string));
}

void strbuf_addc(struct strbuf *buf, char c)
{
	strbuf_add(buf, &c, 1);
}

void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	if (n < 0)
		buf->failed = true;
	else if (grow(buf, (size_t)n)) {
		(void)vsnprintf(buf->at + buf->count, (size_t)n + 1, format, again);
		buf->count += (size_t)n;
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vaddf(buf, format, args);
	va_end(args);
}

const char *strbuf_get(const struct strbuf *buf)
{
	return buf->at ? buf->at : "";
}

char *strbuf_take(struct strbuf *buf)
{
	char *at;

	strbuf_add(buf, "", 0);
	if (buf->failed) {
		strbuf_fini(buf);
		return NULL;
	}
	at = buf->at;
	*buf = (struct strbuf){ 0 };
	return at;
}
