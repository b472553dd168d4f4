/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collections of the cyclic garbage collector, as it announces them itself:
 * a function in each interpreter's gc.callbacks.
 */
#ifndef PRELOAD_PY_GC_H
#define PRELOAD_PY_GC_H

#include <stdbool.h>
#include <stdint.h>

#include "py-state.h"

/* Changes when an interpreter has lost our function. */
extern uint32_t py_gc_epoch_;

/** py_gc_known() - was this interpreter the last one that @py was seen in? */
static attr_always_inline bool py_gc_known(const struct py_thread *py, const void *interp)
{
	return py->interp == interp &&
	       py->gc_epoch == __atomic_load_n(&py_gc_epoch_, __ATOMIC_RELAXED);
}

/**
 * py_gc_is_collecting() - does the collector of the interpreter that @py was seen in run?
 *
 * True as long as it was seen in none.
 */
static attr_always_inline bool py_gc_is_collecting(const struct py_thread *py)
{
	return !py->interp || py_field_int((const uint8_t *)py->interp + py_state.abi->gc,
					   py_state.abi->gc_collecting) != 0;
}

/**
 * py_gc_follow() - put our function into an interpreter's gc.callbacks, once
 * @interp: of the calling thread, which has Python frames
 *
 * Calls the interpreter to make two objects and to append to a list; no
 * Python code runs.
 *
 * Context: inside a hook of the object domain, after the allocation; the
 * thread holds the GIL; guard held.
 */
attr_cold void py_gc_follow(struct thread *thread, struct py_thread *py, void *interp);

/**
 * py_gc_reset() - no interpreter is known any more, all were ended
 */
void py_gc_reset(void);

#endif /* PRELOAD_PY_GC_H */
