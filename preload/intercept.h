/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every interceptor does with a block, around the real call.
 */
#ifndef PRELOAD_INTERCEPT_H
#define PRELOAD_INTERCEPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "record.h"
#include "sample.h"
#include "stack.h"
#include "thread.h"

/** intercept_alloc_slow() - intercept_alloc() for all but the fast way */
attr_cold void intercept_alloc_slow(const void *block, size_t bytes, unsigned int fn,
				    const struct stack_regs *regs);

/** intercept_free_slow() - intercept_free() for all but the fast way */
attr_cold bool intercept_free_slow(const void *block, unsigned int flags);

/** intercept_back() - record that a realloc failed, whose free half was recorded */
attr_cold void intercept_back(const void *block);

/**
 * intercept_alloc() - record a block that the real call has returned
 * @block: may be NULL: the call failed, nothing is recorded
 * @fn:    enum tenure_fn
 *
 * Return: @block.
 */
static attr_always_inline void *intercept_alloc(void *block, size_t bytes, unsigned int fn,
						const struct stack_regs *regs)
{
	struct thread *thread = thread_self_;

	if (unlikely(!block))
		return NULL;
	if (unlikely(!thread_is_open(thread))) {
		if (!sample_passes(thread, bytes))
			intercept_alloc_slow(block, bytes, fn, regs);
		return block;
	}
	thread_guard(thread, THREAD_BUSY);
	record_alloc(thread, block, bytes, stack_capture(thread, regs), fn);
	thread_leave(thread);
	return block;
}

/**
 * intercept_free() - record that a block is about to be freed
 * @block: may be NULL
 * @flags: as for record_free()
 *
 * The stamp is taken here, before the block can be handed out again.
 *
 * Return: false if it is not to be recorded, because the block was not.
 */
static attr_always_inline bool intercept_free(const void *block, unsigned int flags)
{
	struct thread *thread = thread_self_;

	if (unlikely(!block))
		return true;
	if (unlikely(!thread_is_open(thread))) {
		if (sample_passes_free(thread, sample_key(block, flags & TENURE_HEAD_CUSTOM)))
			return false;
		return intercept_free_slow(block, flags);
	}
	thread_guard(thread, THREAD_BUSY);
	record_free(thread, block, flags);
	thread_leave(thread);
	return true;
}

#endif /* PRELOAD_INTERCEPT_H */
