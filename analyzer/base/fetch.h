/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache lines, some time before they are needed.
 *
 * Not __builtin_prefetch() alone: to GCC a function that does nothing else has
 * no effect, and it leaves out the calls.
 */
#ifndef ANALYZER_BASE_FETCH_H
#define ANALYZER_BASE_FETCH_H

#include <stddef.h>

/** fetch_line() - the line of @at, which will be written and need not exist */
static inline void fetch_line(const void *at)
{
	__builtin_prefetch(at, 1);
	__asm__ volatile("" : : "r"(at));
}

/** fetch_bytes() - the lines, two at most, of @count bytes */
static inline void fetch_bytes(const void *at, size_t count)
{
	fetch_line(at);
	fetch_line((const char *)at + count - 1);
}

#endif /* ANALYZER_BASE_FETCH_H */
