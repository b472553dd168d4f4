/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call stack, captured and turned into a number.
 */
#include "stack.h"

#include <stddef.h>

#include "modules.h"
#include "provider.h"
#include "walk.h"

uint32_t stack_capture(struct thread *thread, const struct stack_regs *regs)
{
	uint32_t native = walk_capture(thread, regs);
	const struct provider_ops *ops = __atomic_load_n(&provider_ops, __ATOMIC_RELAXED);

	return unlikely(ops != NULL) ? ops->stack(thread, native) : native;
}

void stack_modules_changed(void)
{
	__atomic_fetch_add(&modules_generation, 1, __ATOMIC_SEQ_CST);
	walk_modules_changed();
}
