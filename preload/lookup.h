/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols of loaded objects, found by reading their hash tables.
 *
 * dlsym() allocates, takes the loader's big lock, leaves an error for the
 * program's dlerror(), and must not be called from a malloc inside dlopen().
 * This reads the tables itself and can run at any time.
 */
#ifndef PRELOAD_LOOKUP_H
#define PRELOAD_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/**
 * lookup_next() - the definition of @name that ours stands before
 *
 * Takes the default version of the first loaded object behind the shim in
 * link order that defines it, then of any other object, which finds what was
 * loaded RTLD_LOCAL too.
 *
 * Return: its address, NULL when nobody defines it.
 * Context: any thread; takes the loader's list lock for reading.
 */
attr_nodiscard void *lookup_next(const char *name);

/**
 * lookup_in_program() - the executable's own definition of @name, if it exports one
 *
 * It stands before the shim's, so that the program never calls ours.
 *
 * Return: its address or NULL.
 * Context: as lookup_next().
 */
attr_nodiscard void *lookup_in_program(const char *name);

/**
 * lookup_same_object() - true if both addresses belong to one loaded object
 *
 * Context: as lookup_next().
 */
attr_nodiscard int lookup_same_object(const void *a, const void *b);

/**
 * struct lookup_range - where an object lies
 */
struct lookup_range {
	uintptr_t start;
	uintptr_t end;
	int is_libc;
};

/**
 * lookup_range_of() - the object that @addr belongs to
 *
 * Return: 0 or -ENOENT.
 * Context: as lookup_next().
 */
attr_nodiscard int lookup_range_of(const void *addr, struct lookup_range *ret);

#endif /* PRELOAD_LOOKUP_H */
