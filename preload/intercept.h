/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every interceptor does with a block, around the real call.
 */
#ifndef PRELOAD_INTERCEPT_H
#define PRELOAD_INTERCEPT_H

#include <stddef.h>

#include "base/attr.h"
#include "record.h"
#include "stack.h"
#include "thread.h"

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
	struct thread *thread;

	if (unlikely(!block))
		return NULL;
	thread = thread_enter();
	if (unlikely(!thread))
		return block;
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
 */
static attr_always_inline void intercept_free(const void *block, unsigned int flags)
{
	struct thread *thread;

	if (unlikely(!block))
		return;
	thread = thread_enter();
	if (unlikely(!thread)) {
		thread_free_at_rest(block, flags);
		return;
	}
	record_free(thread, block, flags);
	thread_leave(thread);
}

#endif /* PRELOAD_INTERCEPT_H */
