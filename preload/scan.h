/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing still, while the analyzer looks for leaks.
 */
#ifndef PRELOAD_SCAN_H
#define PRELOAD_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "stack.h"
#include "thread.h"

/** scan_init() - when there is a page to say it in: what is ours */
void scan_init(void);

/**
 * scan_is_wanted() - would the analyzer look at this process if it were asked to?
 *
 * False in a child of fork() or vfork() that has no image of its own.
 * Context: any thread, any signal handler.
 */
bool scan_is_wanted(void);

/** scan_has_flag() - has the analyzer set @flag, an enum tenure_scan_flag? */
bool scan_has_flag(uint32_t flag);

/**
 * scan_ask() - the process has come to a place where it can be looked at
 * @thread: the calling thread, guard held
 * @moment: enum tenure_moment
 * @regs:   where the thread stands
 *
 * If true, the caller writes what it still has to say and flushes it, which
 * wakes the analyzer, gives the guard back and calls scan_wait().
 */
attr_nodiscard bool scan_ask(struct thread *thread, uint32_t moment, const struct stack_regs *regs);

/** scan_wants_mark() - is it to be looked at marks of this name?  Context: as scan_is_wanted() */
bool scan_wants_mark(const char *name);

/** scan_ask_mark() - as scan_ask(), at the mark that @thread has recorded with @stamp */
attr_nodiscard bool scan_ask_mark(struct thread *thread, const char *name, uint64_t stamp,
				  const struct stack_regs *regs);

/**
 * scan_await_others() - wait while another thread has the process looked at
 *
 * Return: false when there is none.
 * Context: any thread, guard not held.  Keeps errno.
 */
bool scan_await_others(void);

/**
 * scan_wait() - until the analyzer has read what it needs
 *
 * Bounded; returns early when the analyzer is gone.
 * Context: any thread, any signal handler, guard not held.  Keeps errno.
 */
void scan_wait(void);

/**
 * scan_rest() - wait while the process is looked at, where all blocks are recorded
 *
 * Context: between two events, guard held.
 */
attr_cold void scan_rest(struct thread *thread);

/**
 * scan_now() - ask and wait, if the analyzer would like to look
 *
 * Context: any thread, guard not held.  Keeps errno.
 */
void scan_now(uint32_t moment, const struct stack_regs *regs);

/**
 * scan_signal() - the same, in the handler of a signal that will end the process
 *
 * Takes little stack and no lock.
 */
void scan_signal(int signal, const ucontext_t *context);

/** scan_code_has() - does @pc lie in the shim? */
bool scan_code_has(uintptr_t pc);

#endif /* PRELOAD_SCAN_H */
