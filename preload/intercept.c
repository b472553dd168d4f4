/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every interceptor does with a block, when the fast way is closed.
 */
#include "intercept.h"

#include "sample.h"

void intercept_alloc_slow(const void *block, size_t bytes, unsigned int fn,
			  const struct stack_regs *regs)
{
	struct thread *thread = sample_enter(bytes);

	if (!thread)
		return;
	if (!sample_filter || sample_remember(sample_key(block, fn == TENURE_FN_CUSTOM)))
		record_alloc(thread, block, bytes, stack_capture(thread, regs), fn);
	thread_leave(thread);
}

bool intercept_free_slow(const void *block, unsigned int flags)
{
	struct thread *thread = thread_self_;

	if (sample_filter && !sample_forget(sample_key(block, flags & TENURE_HEAD_CUSTOM))) {
		if (thread && thread->slot && thread->slot->busy >= THREAD_INNER)
			(void)thread_enter_slow(); /* which counts it */
		return false;
	}
	thread = thread_enter();
	if (thread) {
		record_free(thread, block, flags);
		thread_leave(thread);
	} else {
		thread_free_at_rest(block, flags);
	}
	return true;
}

void intercept_back(const void *block)
{
	struct thread *thread = thread_enter();
	uint64_t addr = (uintptr_t)block;

	if (!thread)
		return;
	if (!sample_filter || sample_remember(sample_key(block, false)))
		record_ext(thread, TENURE_EXT_REALLOC_BACK, &addr, sizeof(addr), NULL, 0);
	thread_leave(thread);
}
