/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a walk may read: never an address that could fault.
 *
 * On the thread's own stack everything from the stack pointer up to the
 * stack's end may be read.  Anywhere else (coroutines, alternate signal
 * stacks) each page is tried by a system call before it is read.
 */
#ifndef PRELOAD_REACH_H
#define PRELOAD_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "thread.h"

/**
 * struct reach - what the walk at hand may read
 * @lo:     first byte of the range known to be readable
 * @hi:     first byte behind it
 * @own_lo: the thread's own stack, from the lowest address that may be read
 * @own_hi: its end; 0 when not known
 */
struct reach {
	uintptr_t lo;
	uintptr_t hi;
	uintptr_t own_lo;
	uintptr_t own_hi;
};

/** reach_probe() - may this address be read?  One system call. */
bool reach_probe(uintptr_t addr);

/** reach_own() - find the bounds of the calling thread's stack, into stack_lo and stack_hi */
attr_cold void reach_own(struct thread *thread);

/** reach_begin() - for a walk whose first frame has its return address at @slot */
static attr_always_inline void reach_begin(struct reach *reach, const struct thread *thread,
					   uintptr_t slot)
{
	bool own = slot >= thread->stack_lo && slot < thread->stack_hi;

	reach->lo = slot;
	reach->own_hi = thread->stack_hi;
	if (likely(own)) {
		reach->hi = thread->stack_hi;
		reach->own_lo = slot;
	} else {
		/* Somewhere else: only the place where we stand is sure. */
		reach->hi = slot + 8;
		reach->own_lo = thread->stack_lo;
	}
}

/** reach_more() - what reach_ok() does outside of the known range */
attr_cold bool reach_more(struct reach *reach, uintptr_t addr);

/** reach_ok() - may the 8 bytes at @addr be read? */
static attr_always_inline bool reach_ok(struct reach *reach, uintptr_t addr)
{
	if (likely(addr >= reach->lo && addr < reach->hi - 7))
		return true;
	return reach_more(reach, addr);
}

#endif /* PRELOAD_REACH_H */
