/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of user code, and what is wrong then.
 *
 * Before the interpreter takes itself apart it makes one last full collection,
 * when the program's atexit functions have run and all modules are still
 * there.  At its end whatever user code still holds is alive, and what it has
 * let go is not: the moment to look for leaks.
 */
#ifndef PRELOAD_PY_END_H
#define PRELOAD_PY_END_H

#include "thread.h"

/**
 * py_end_collected() - a full collection has ended; if it was the last one, look
 * @info: what the collector says of it, an object that only the collector holds
 *
 * Context: in the function in gc.callbacks; guard held, GIL held.
 */
void py_end_collected(struct thread *thread, const void *info);

#endif /* PRELOAD_PY_END_H */
