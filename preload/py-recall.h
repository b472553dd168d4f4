/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread's last Python stack, so that only what has changed is interned.
 */
#ifndef PRELOAD_PY_RECALL_H
#define PRELOAD_PY_RECALL_H

#include <stdint.h>

#include "py-state.h"

/*
 * Up to PY_RECALL_FRESH frames, more than Python's own limit of recursion, are
 * compared each time.  Of a stack that was deeper last time only those are
 * that can be new: PY_RECALL_NEAR, and one for each PY_RECALL_CYCLES since; no
 * interpreter enters a frame in so few.  Outside of them the walk ends at a frame
 * that is where it was, at the instruction that it was at, called by the same
 * frame: all but one time in PY_RECALL_TURNS, of a very deep one in more, when it
 * goes on to the end.
 */
#define PY_RECALL_FRESH	 1024u
#define PY_RECALL_NEAR	 32u
#define PY_RECALL_CYCLES 32u
#define PY_RECALL_TURNS	 64u
#define PY_RECALL_MAX	 (1u << 18) /* of deeper stacks the outer end is missing */

/** py_recall_new() - memory for it; 0 or -ENOMEM.  Context: guard held */
attr_nodiscard int py_recall_new(struct py_thread *py);

/**
 * py_recall_stack() - node of the stack that @tstate has now
 *
 * Return: 0 when there are no frames, or they cannot be told.
 * Context: as py_frames_stack().
 */
uint32_t py_recall_stack(struct thread *thread, struct py_thread *py, const void *tstate);

#ifdef TENURE_PARANOID
/**
 * py_recall_check() - called with the result of every reading, in test builds only
 * @node: what py_recall_stack() is about to return
 */
void py_recall_check(struct thread *thread, struct py_thread *py, const void *tstate,
		     uint32_t node);
#endif

#endif /* PRELOAD_PY_RECALL_H */
