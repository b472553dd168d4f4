/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Python frames of the calling thread, read from the interpreter's own
 * chain of frames and turned into stack nodes.
 */
#ifndef PRELOAD_PY_FRAMES_H
#define PRELOAD_PY_FRAMES_H

#include <stdint.h>

#include "py-state.h"
#include "stack.h"

/**
 * py_frames_stack() - put the Python frames beside a native stack
 *
 * Return: a TENURE_NODE_PAIR node, or @native when there are no frames.
 * Context: any thread, with or without the GIL, guard held.  No lock, no
 * allocation but the first time in a thread; new code objects are recorded.
 */
uint32_t py_frames_stack(struct thread *thread, uint32_t native);

/**
 * py_frames_capture() - both stacks of a thread that is in an allocator hook
 * @py:   its part of the provider
 * @regs: from STACK_HERE()
 *
 * As stack_capture() would do it, once objects have been seen.
 * Context: guard held, GIL held.
 */
uint32_t py_frames_capture(struct thread *thread, struct py_thread *py,
			   const struct stack_regs *regs);

#endif /* PRELOAD_PY_FRAMES_H */
