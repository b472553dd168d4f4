/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hooks of the interpreter's MEM and OBJ domains.
 *
 * The RAW domain is libc's malloc, which is seen anyway.
 */
#ifndef PRELOAD_PY_ALLOC_H
#define PRELOAD_PY_ALLOC_H

#include "thread.h"

/**
 * py_alloc_install() - put the hooks where they are not
 *
 * To be called before the first object exists, and again while
 * py_alloc_watching(): PYTHONMALLOC and -X dev replace all allocators while
 * the interpreter starts.  Later the hooks must not be put back: whoever
 * replaced them then (tracemalloc, memray) calls them.
 *
 * Context: guard held, one thread runs the interpreter.
 */
void py_alloc_install(void);

/** py_alloc_watching() - has no object come through the hooks yet? */
bool py_alloc_watching(void);

/** py_alloc_rearm() - the interpreter has ended; another one may be started */
void py_alloc_rearm(void);

/**
 * py_alloc_is_outermost() - does the interpreter call our hook of the OBJ domain itself?
 *
 * Else the program has wrapped it, as tracemalloc does.
 */
attr_nodiscard bool py_alloc_is_outermost(void);

#endif /* PRELOAD_PY_ALLOC_H */
