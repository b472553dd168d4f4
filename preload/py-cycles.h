/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a collection is about to find, sent with the names of its references:
 * the analyzer makes cycles of it.
 *
 * Costs about as much as the collection itself, so there is a budget: so much
 * of the time since the first collection, and a grant to begin with.
 */
#ifndef PRELOAD_PY_CYCLES_H
#define PRELOAD_PY_CYCLES_H

#include <stdint.h>

#include "tenure/wire-python.h"
#include "thread.h"

/**
 * py_cycles_start() - a collection begins
 * @interp: whose it is (3.8: the runtime's)
 *
 * Context: in gc.callbacks; guard held, GIL held.  Comes after the record of
 * the collection's begin.
 */
void py_cycles_start(struct thread *thread, const void *interp, unsigned int generation);

/**
 * py_cycles_stop() - it has ended
 * @gc: what it says of itself
 *
 * Context: likewise.  Comes before the record of its end.
 */
void py_cycles_stop(struct thread *thread, const void *interp, const struct tenure_py_gc *gc);

/** py_cycles_drop() - no more is heard of this interpreter.  Context: its GIL held */
void py_cycles_drop(const void *interp);

/** py_cycles_reset() - this is a forked child.  Context: single-threaded */
void py_cycles_reset(void);

#endif /* PRELOAD_PY_CYCLES_H */
