/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of an object that hold its members, for those who look through
 * objects without their types' help.
 *
 * All with the GIL held.
 */
#ifndef PRELOAD_PY_BODY_H
#define PRELOAD_PY_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py-state.h"

#define PY_BODY_MAX  4096u     /* an object with more than that has none */
#define PY_BODY_HEAD 16u       /* reference count and type, which are no members */
#define PY_IMMORTAL  (1 << 28) /* a reference count like this counts nothing */

static inline const void *py_type_at(const void *object)
{
	return py_field(object, PY_OB_TYPE);
}

static inline uint64_t py_flags_of(const void *type)
{
	return (uint64_t)(uintptr_t)py_field(type, PY_TYPE_FLAGS);
}

/** py_count_of() - references that an object says it has; PY_IMMORTAL at most */
static inline uint32_t py_count_of(const void *object)
{
	uint64_t count = (uint64_t)(uintptr_t)py_field(object, PY_OB_REFCNT);

	if (py_state.abi->minor >= 14)
		count = (uint32_t)count;
	return count > PY_IMMORTAL ? PY_IMMORTAL : (uint32_t)count;
}

/**
 * py_read_safely() - copies memory that may not be there
 *
 * By the kernel: a system call.  Return: whether all of it was.
 */
bool py_read_safely(const void *from, void *to, size_t bytes);

/**
 * py_body_of() - bytes of an object that hold its members, with those before them
 *
 * As many as its type says, but for classes that are variables of a library,
 * which are shorter than those made at run time and lie in memory that is
 * looked at anyway; and for objects of types that allocate less, as datetime
 * does, at the end of what is mapped.
 */
size_t py_body_of(const void *object);

/** py_body_dict() - where the dictionary of its attributes may stand, in front of it, or NULL */
const uint8_t *py_body_dict(const void *object);

/**
 * py_body_copy() - the body of what may be an object
 * @at: any address; nothing is believed of it but that a type that is known
 *      stands where an object's would, and that may be gone
 *
 * Return: as py_body_of(); 0 if it is not one, or cannot be read.
 */
size_t py_body_copy(const void *at, uint8_t copy[PY_BODY_MAX]);

#endif /* PRELOAD_PY_BODY_H */
