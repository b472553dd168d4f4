/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk by the unwind tables alone, with all registers and no memory of
 * anything.
 *
 * Slow, but it can follow what does not fit a rule.  It begins in the shim
 * itself, whose own tables lead to the program's registers.
 */
#ifndef PRELOAD_FULL_H
#define PRELOAD_FULL_H

#include <stdint.h>

#include "base/attr.h"
#include "step.h"

struct stack_regs;
struct thread;

/**
 * full_walk() - the node words of the stack that begins at @regs
 * @words:     leaf first
 * @room:      of @words
 * @ret_count: how many there are
 *
 * Return: STEP_END, or STEP_LOST when the stack goes on.
 * Context: guard held.
 */
attr_noinline enum step_result full_walk(const struct thread *thread, const struct stack_regs *regs,
					 uint64_t *words, uint32_t room, uint32_t *ret_count);

#endif /* PRELOAD_FULL_H */
