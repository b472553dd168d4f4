/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words here and there in the memory of a process that stands still: pages
 * that were read are kept for a while.
 */
#ifndef ANALYSIS_PEEK_H
#define ANALYSIS_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/target.h"

struct peek;

/** peek_new() - @target: borrowed.  Return: NULL when memory has run out */
struct peek *peek_new(const struct target *target);

struct peek *peek_free(struct peek *peek);

/** peek_bytes() - Return: false when not all of it can be read */
bool peek_bytes(struct peek *peek, uint64_t addr, void *to, size_t bytes);

/** peek_word() - 8 bytes, 0 where there is nothing */
static inline uint64_t peek_word(struct peek *peek, uint64_t addr)
{
	uint64_t word = 0;

	return peek_bytes(peek, addr, &word, sizeof(word)) ? word : 0;
}

/** peek_text() - a string that ends with NUL, cut to @room bytes.  Return: its length */
size_t peek_text(struct peek *peek, uint64_t addr, char *to, size_t room);

#endif /* ANALYSIS_PEEK_H */
