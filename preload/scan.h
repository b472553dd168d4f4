/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing still at the end, while the analyzer looks for leaks.
 */
#ifndef PRELOAD_SCAN_H
#define PRELOAD_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "stack.h"
#include "thread.h"

/**
 * scan_ask() - the process has come to its end: does the analyzer want to look?
 * @thread: the calling thread, guard held
 * @moment: enum tenure_moment
 * @regs:   where the thread stands
 *
 * If true, the caller writes what it still has to say and flushes it, which
 * wakes the analyzer, gives the guard back and calls scan_wait().
 */
attr_nodiscard bool scan_ask(struct thread *thread, uint32_t moment, const struct stack_regs *regs);

/**
 * scan_wait() - until the analyzer has read what it needs
 *
 * Bounded; returns early when the analyzer is gone.
 * Context: any thread, guard not held.  Keeps errno.
 */
void scan_wait(void);

#endif /* PRELOAD_SCAN_H */
