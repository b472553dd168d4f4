/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large arrays that are met in no order: with large pages, if the kernel has
 * some, so that an access does not have to find its page first.  What has been
 * given back is used again, so that the kernel need not clear other pages.
 */
#ifndef ANALYZER_BASE_HUGE_H
#define ANALYZER_BASE_HUGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/attr.h"

#define HUGE_PAGE ((uintptr_t)2 << 20)

/** huge_hint() - that of @bytes at @at, which has not been touched */
static inline void huge_hint(void *at, size_t bytes)
{
	uintptr_t start = ((uintptr_t)at + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	uintptr_t end = ((uintptr_t)at + bytes) & ~(HUGE_PAGE - 1);

	if (at && start < end)
		(void)madvise((void *)start, end - start, MADV_HUGEPAGE);
}

/**
 * huge_take() - @count elements of @bytes, all zero
 *
 * Return: for huge_give(), not for free(); NULL without memory.
 * Context: one thread at a time.
 */
attr_nodiscard void *huge_take(size_t count, size_t bytes);

/** huge_give() - back what huge_take() returned, or NULL.  Return: NULL */
void *huge_give(void *array);

#endif /* ANALYZER_BASE_HUGE_H */
