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
 * py_code_watched() - could the block at @addr be a known code object?
 *
 * To be asked before a block of the object domain is given back.
 */
static attr_always_inline bool py_code_watched(const void *addr);

/**
 * py_code_forget() - a block that py_code_watched() has named is given back
 */
attr_cold void py_code_forget(const void *addr);

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

/* One bit for each of many addresses; a set bit means "perhaps". */
#define PY_CODE_FILTER_BITS (1u << 19)
extern uint64_t py_code_filter[PY_CODE_FILTER_BITS / 64];
extern uint32_t py_code_epoch_;

static attr_always_inline uint32_t py_code_filter_bit(const void *addr)
{
	uint64_t key = (uintptr_t)addr >> 4;

	return (uint32_t)(key ^ key >> 19) & (PY_CODE_FILTER_BITS - 1);
}

static attr_always_inline bool py_code_watched(const void *addr)
{
	uint32_t bit = py_code_filter_bit(addr);

	return __atomic_load_n(&py_code_filter[bit / 64], __ATOMIC_RELAXED) >> (bit % 64) & 1;
}

static attr_always_inline uint32_t py_code_epoch(void)
{
	return __atomic_load_n(&py_code_epoch_, __ATOMIC_RELAXED);
}

#endif /* PRELOAD_PY_CODE_H */
