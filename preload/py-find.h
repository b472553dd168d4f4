/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is there a CPython in this process, and where are its symbols?
 */
#ifndef PRELOAD_PY_FIND_H
#define PRELOAD_PY_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py-abi.h"

/**
 * struct py_object - the loaded object that holds the interpreter
 * @start, @end: addresses its segments lie between
 * @eval:        the function that executes Python frames
 * @eval_bytes:  its length
 * @cold, @cold_bytes: the part of it that the compiler has put elsewhere, if any
 */
struct py_object {
	uintptr_t start;
	uintptr_t end;
	uintptr_t eval;
	size_t eval_bytes;
	uintptr_t cold;
	size_t cold_bytes;
};

/**
 * py_find() - look through the loaded objects for a CPython
 * @ret_api:    its symbols, when all of them are there
 * @ret_object: where it lies
 *
 * Looks symbols up in the objects' own hash tables: dlsym() allocates when it
 * fails, and does not see what was loaded with RTLD_LOCAL.
 *
 * Return: true when one was found.
 * Context: any thread, guard held; takes the loader's lock.
 */
bool py_find(struct py_api *ret_api, struct py_object *ret_object);

#endif /* PRELOAD_PY_FIND_H */
