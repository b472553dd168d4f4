/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of attributes, keys and local variables: each is sent once, and has a
 * number from then on.
 */
#ifndef PRELOAD_PY_NAMES_H
#define PRELOAD_PY_NAMES_H

#include <stdint.h>

#include "thread.h"

/**
 * py_names_str() - number of the name in a str object
 *
 * Return: 0 when it is too long or there are too many.
 * Context: guard held, GIL held; one thread at a time, see py-cycles.c.
 */
uint32_t py_names_str(struct thread *thread, const void *str);

/** py_names_text() - likewise, of a C string */
uint32_t py_names_text(struct thread *thread, const char *text);

/** py_names_begin() - str objects may have gone since */
void py_names_begin(void);

/** py_names_reset() - a forked child has to send all names again.  Context: single-threaded */
void py_names_reset(void);

#endif /* PRELOAD_PY_NAMES_H */
