/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native half of a stack: from registers to a node of the stack table.
 */
#ifndef PRELOAD_WALK_H
#define PRELOAD_WALK_H

#include <stdint.h>

#include "base/attr.h"

struct stack_regs;
struct thread;

/**
 * walk_capture() - id of the native stack that begins at @regs
 * @thread: the calling thread's state
 *
 * Frames are CALL nodes, EXACT where a signal interrupted the program, GUESS
 * where a frame pointer had to be trusted; the outermost hangs under the
 * ROOT node of the present module generation, or under a CUT node below it
 * when the stack could not be followed to its end.
 *
 * Return: an id, never 0.
 * Context: any thread, any signal handler, guard held.  Never faults.
 */
uint32_t walk_capture(struct thread *thread, const struct stack_regs *regs);

/**
 * walk_init() - begin a process image
 *
 * Return: 0 or a negative errno.
 * Context: after nodes_init(), with modules_generation set.
 */
attr_nodiscard int walk_init(void);

/** walk_forget() - the last walk of @thread was left before its end; guard held */
void walk_forget(struct thread *thread);

/** walk_depth() - keep at most @frames of a stack, from its root; 0: all of them */
void walk_depth(uint32_t frames);

/**
 * walk_modules_changed() - code was unmapped
 *
 * Forgets rules and remembered stacks; later stacks get a new ROOT node with
 * modules_generation as it is now.
 * Context: any thread, guard held.
 */
void walk_modules_changed(void);

/**
 * walk_modules_added() - code was mapped: look again where there was no table
 *
 * Context: any thread.
 */
void walk_modules_added(void);

#ifdef TENURE_PARANOID
/**
 * walk_check() - called with the result of every capture, in test builds only
 * @node: what walk_capture() is about to return
 */
void walk_check(struct thread *thread, const struct stack_regs *regs, uint32_t node);
#endif

#endif /* PRELOAD_WALK_H */
