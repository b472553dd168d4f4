/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call stack, captured and turned into a number.
 *
 * This is all that the interceptors know of unwinding.  Behind it stand the
 * native walker (walk.h), the shared table of stack nodes (nodes.h) and, when
 * the process has one, a language provider that adds its own frames
 * (provider.h).
 */
#ifndef PRELOAD_STACK_H
#define PRELOAD_STACK_H

#include <stdint.h>

#include "base/attr.h"

struct thread;

/**
 * struct stack_regs - where a walk starts: the program's call of the interceptor
 * @pc: return address into the program
 * @sp: stack pointer right after that return (the CFA of the interceptor)
 * @fp: frame pointer register as the program had it
 */
struct stack_regs {
	uintptr_t pc;
	uintptr_t sp;
	uintptr_t fp;
};

/**
 * STACK_HERE() - the caller's registers, from inside an interceptor
 *
 * Only in functions that keep a frame pointer (the shim is compiled with
 * -fno-omit-frame-pointer) and that are called by the program itself.
 */
#define STACK_HERE()                                                \
	({                                                          \
		uintptr_t *frame_ = __builtin_frame_address(0);     \
		(struct stack_regs){ .pc = frame_[1],               \
				     .sp = (uintptr_t)(frame_ + 2), \
				     .fp = frame_[0] };             \
	})

/**
 * stack_capture() - number of the stack that @regs begins
 * @thread: the calling thread's state
 * @regs:   from STACK_HERE()
 *
 * Return: id of the stack's leaf node, never 0.  A stack that could not be
 * followed to its end hangs under a TENURE_NODE_CUT node.
 *
 * Context: any thread, any signal handler, guard held.  No lock, no
 * allocation but pages of the node table, reads only this thread's own stack
 * at or above @regs->sp.
 */
uint32_t stack_capture(struct thread *thread, const struct stack_regs *regs);

/**
 * stack_modules_changed() - forget what depends on where code is mapped
 *
 * To be called after something was unmapped (dlclose): begins a new module
 * generation, so that later stacks never share a node with earlier ones.
 *
 * Context: any thread, guard held, after the real dlclose returned.
 */
void stack_modules_changed(void);

#endif /* PRELOAD_STACK_H */
