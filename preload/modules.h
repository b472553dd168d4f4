/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded objects: load addresses, build ids, and what changes about them.
 */
#ifndef PRELOAD_MODULES_H
#define PRELOAD_MODULES_H

#include <stdbool.h>
#include <stdint.h>

struct thread;

/* Number of the present address map, from 1; grows when objects were unmapped. */
extern uint32_t modules_generation;

/**
 * modules_describe() - write a record of every loaded object
 * @inherited: this is a forked child: what the parent knew is known here
 *
 * Context: guard held, the first thread of an image.
 */
void modules_describe(struct thread *thread, bool inherited);

/**
 * modules_check() - the code at @pc is about to appear in a stack
 *
 * Looks for new objects if no known one covers @pc, and writes records of them.
 * Context: guard held.  Takes image->modules_lock if it is free.
 */
void modules_check(struct thread *thread, uintptr_t pc);

/** modules_has() - does a loaded object begin at @start, as far as is known?  Context: any */
bool modules_has(uintptr_t start);

/**
 * modules_refresh() - scan if the loader says that objects came or went
 *
 * Context: guard held.  Takes image->modules_lock, waiting for it.
 */
void modules_refresh(struct thread *thread);

/**
 * modules_poll() - as modules_refresh(), but not if another thread is at it
 *
 * Context: guard held.  Takes image->modules_lock if it is free.
 */
void modules_poll(struct thread *thread);

/**
 * modules_scan() - compare the loaded objects with the known ones
 *
 * Writes records of new objects, and of those that are gone, and begins a new
 * generation if any is gone.
 * Context: guard held.  Takes image->modules_lock, waiting for it.
 */
void modules_scan(struct thread *thread);

/**
 * modules_find_self() - path of the shim itself, as it was loaded
 *
 * Return: borrowed; "" when it cannot be told.
 * Context: image_start().
 */
const char *modules_find_self(void);

#endif /* PRELOAD_MODULES_H */
