/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large arrays that are met in no order: with large pages, if the kernel has
 * some, so that an access does not have to find its page first.
 */
#ifndef ANALYZER_BASE_HUGE_H
#define ANALYZER_BASE_HUGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((uintptr_t)2 << 20)

/** huge_hint() - that of @bytes at @at, which has not been touched */
static inline void huge_hint(void *at, size_t bytes)
{
	uintptr_t start = ((uintptr_t)at + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	uintptr_t end = ((uintptr_t)at + bytes) & ~(HUGE_PAGE - 1);

	if (at && start < end)
		(void)madvise((void *)start, end - start, MADV_HUGEPAGE);
}

/** huge_alloc() - like calloc(); for free() */
static inline void *huge_alloc(size_t count, size_t bytes)
{
	void *at = calloc(count ? count : 1, bytes);

	huge_hint(at, count * bytes);
	return at;
}

#endif /* ANALYZER_BASE_HUGE_H */
