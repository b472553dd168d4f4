/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The biggest containers: lists, dictionaries, sets, tuples and deques.
 */
#ifndef PRELOAD_PY_CONTAINERS_H
#define PRELOAD_PY_CONTAINERS_H

#include "thread.h"

/**
 * py_containers_look() - a full collection has ended: which containers are the biggest?
 * @gc: the collector's state
 *
 * Goes through the collector's objects, and what they refer to, and records
 * those that hold most.  While the program runs, only as often as that takes
 * little of its time; when the interpreter is about to end, always.
 *
 * Context: in the function in gc.callbacks; guard held, GIL held.
 */
void py_containers_look(struct thread *thread, const void *gc);

#endif /* PRELOAD_PY_CONTAINERS_H */
