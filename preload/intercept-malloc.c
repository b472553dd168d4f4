/* SPDX-License-Identifier: Apache-2.0 */
/*
 * malloc, calloc, realloc, reallocarray, free and their sized forms.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/attr.h"
#include "intercept.h"
#include "real.h"
#include "record.h"
#include "stack.h"
#include "thread.h"

/*
 * When sampling, nearly all calls end in a jump to the real function: they
 * count and look without a frame of their own.  The others jump to a function
 * below, which finds the program's call where its own would be.
 */

static attr_noinline void *malloc_recorded(size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();

	return intercept_alloc(real.malloc(bytes), bytes, TENURE_FN_MALLOC, &regs);
}

attr_export void *malloc(size_t bytes)
{
	if (sample_passes(thread_self_, bytes))
		return real.malloc(bytes);
	return malloc_recorded(bytes);
}

static attr_noinline void *calloc_recorded(size_t count, size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();

	return intercept_alloc(real.calloc(count, bytes), count * bytes, TENURE_FN_CALLOC, &regs);
}

attr_export void *calloc(size_t count, size_t bytes)
{
	if (sample_passes(thread_self_, count * bytes))
		return real.calloc(count, bytes);
	return calloc_recorded(count, bytes);
}

static attr_noinline void free_recorded(void *block)
{
	(void)intercept_free(block, 0);
	real.free(block);
}

attr_export void free(void *block)
{
	if (sample_passes_free(thread_self_, sample_key(block, false)))
		real.free(block);
	else
		free_recorded(block);
}

attr_export void cfree(void *block);
attr_export void cfree(void *block)
{
	(void)intercept_free(block, 0);
	real.free(block);
}

attr_export void free_sized(void *block, size_t bytes);
attr_export void free_sized(void *block, size_t bytes)
{
	(void)intercept_free(block, 0);
	if (real.free_sized)
		real.free_sized(block, bytes);
	else
		real.free(block);
}

attr_export void free_aligned_sized(void *block, size_t align, size_t bytes);
attr_export void free_aligned_sized(void *block, size_t align, size_t bytes)
{
	(void)intercept_free(block, 0);
	if (real.free_aligned_sized)
		real.free_aligned_sized(block, align, bytes);
	else
		real.free(block);
}

/*
 * The free half is recorded before the real call, because from then on
 * another thread may get the old address; the new block after it.
 */
static attr_always_inline void *resize(void *block, size_t bytes, const struct stack_regs *regs)
{
	bool recorded = intercept_free(block, TENURE_HEAD_REALLOC);
	void *moved;

	thread_move(true);
	moved = real.realloc(block, bytes);
	/* With 0 bytes NULL means freed; else it failed, and the old block is back. */
	if (likely(moved != NULL))
		moved = intercept_alloc(moved, bytes, TENURE_FN_REALLOC, regs);
	else if (block && bytes && recorded)
		intercept_back(block);
	thread_move(false);
	return moved;
}

attr_export void *realloc(void *block, size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();

	return resize(block, bytes, &regs);
}

/* Not the allocator's own, which would come back through realloc() and be recorded there. */
attr_export void *reallocarray(void *block, size_t count, size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();
	size_t whole;

	if (__builtin_mul_overflow(count, bytes, &whole)) {
		errno = ENOMEM;
		return NULL;
	}
	return resize(block, whole, &regs);
}
