/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code objects to ids: each is described to the analyzer once.
 */
#ifndef PRELOAD_PY_CODE_H
#define PRELOAD_PY_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py-state.h"

#define PY_CODE_HIDDEN UINT32_MAX /* a frame that tracebacks do not show either */

/**
 * py_code_id() - number of a code object that is being executed
 *
 * Return: from 1; PY_CODE_HIDDEN; 0 when it cannot be told (the frames are
 * switched off then, or there is no memory).
 * Context: any thread, guard held.  Takes the table's lock when it is new.
 */
uint32_t py_code_id(struct thread *thread, const void *code);

/**
 * py_code_forget() - the block at @addr is given back, whatever it is
 */
attr_cold void py_code_forget(const void *addr);

/** py_code_check() - what tells this code object from another one at the same address */
static attr_always_inline uint32_t py_code_check(const struct py_abi *abi, const void *code)
{
	uintptr_t lines = (uintptr_t)py_field(code, abi->code_linetable);

	return (uint32_t)(lines >> 4) ^ (uint32_t)py_field_int(code, abi->code_firstlineno) << 20;
}

/** py_code_epoch() - changes whenever a code object was forgotten */
static attr_always_inline uint32_t py_code_epoch(void);

/**
 * py_code_reset() - forget all; a forked child has to describe them again
 *
 * Context: single-threaded.
 */
void py_code_reset(void);

/**
 * py_code_utf8() - the text of a str object as UTF-8
 * @room: at @out; what is longer is cut
 *
 * Return: bytes written.
 */
size_t py_code_utf8(const void *str, uint8_t *out, size_t room);

extern uint32_t py_code_epoch_;

static attr_always_inline uint32_t py_code_epoch(void)
{
	return __atomic_load_n(&py_code_epoch_, __ATOMIC_RELAXED);
}

#endif /* PRELOAD_PY_CODE_H */
