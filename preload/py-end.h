/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of user code, and what is wrong then.
 *
 * Before the interpreter takes itself apart it makes one last full collection,
 * when the program's atexit functions have run and all modules are still
 * there.  At its end whatever user code still holds is alive, and what it has
 * let go is not: the moment to look for leaks.  Where the program has switched
 * the collector off there is no such collection.  Then the moment is the first
 * allocation after atexit: no Python code runs any more, garbage is still there.
 */
#ifndef PRELOAD_PY_END_H
#define PRELOAD_PY_END_H

#include <stdbool.h>

#include "thread.h"

/**
 * py_end_collected() - a full collection has ended; if it was the last one, look
 * @info: what the collector says of it, an object that only the collector holds
 *
 * Return: whether it was.
 * Context: in the function in gc.callbacks; guard held, GIL held.
 */
bool py_end_collected(struct thread *thread, const void *info);

/**
 * py_end_is_due() - is user code over, without a collection to tell?
 * @tstate: of the calling thread, which holds the GIL and has no Python frames
 */
attr_cold bool py_end_is_due(const void *tstate);

/**
 * py_end_uncollected() - then look
 *
 * Context: in the hook of the object domain, after the allocation; guard held, GIL held.
 */
attr_cold void py_end_uncollected(struct thread *thread);

#endif /* PRELOAD_PY_END_H */
