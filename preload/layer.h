/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocators whose public functions call one another.
 *
 * A calloc() that calls malloc() by name arrives here twice for one block.
 * Where the next allocator does that, the call is made with the guard in state
 * THREAD_INNER.  Allocators that do not, libc's among them, pay nothing.
 */
#ifndef PRELOAD_LAYER_H
#define PRELOAD_LAYER_H

struct thread;

/**
 * layer_init() - try the next allocator's functions, and wrap those that need it
 *
 * Does nothing where that is libc's.
 * Context: guard held, the constructor.
 */
void layer_init(struct thread *thread);

#endif /* PRELOAD_LAYER_H */
