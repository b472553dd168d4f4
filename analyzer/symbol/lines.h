/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Function, file and line of an address from DWARF, with the calls that the
 * compiler inlined there.
 *
 * Nothing is read until it is asked for: first a list of compilation units by
 * address, then per unit a list of its functions, then the one function.
 */
#ifndef SYMBOL_LINES_H
#define SYMBOL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>

#include "base/attr.h"

#define LINES_DEPTH_MAX 64 /* inlined calls at one address */

/**
 * struct lines_frame - one function at an address
 * @function: linkage name if it has one, else plain; NULL when unknown
 * @linkage:  @function is a linkage name
 * @file:     as the compiler wrote it, NULL when unknown
 * @line:     0 when unknown
 * @inlined:  its code stands inside the next frame's
 */
struct lines_frame {
	const char *function;
	const char *file;
	uint32_t line;
	bool linkage;
	bool inlined;
};

struct lines;

/** lines_new() - an empty index of @dwarf, which must outlive it.  Return: NULL for out of memory
 */
struct lines *lines_new(Dwarf *dwarf);

/**
 * lines_find() - the functions at @addr, innermost first
 * @lines:  the index
 * @addr:   address as in the debug information
 * @frames: room for LINES_DEPTH_MAX; strings live as long as the Dwarf
 *
 * Return: how many, 0 when nothing is known of the address; -ENOMEM.
 */
attr_nodiscard int lines_find(struct lines *lines, uint64_t addr, struct lines_frame *frames);

/** lines_free() - @lines may be NULL.  Return: NULL */
struct lines *lines_free(struct lines *lines);

#endif /* SYMBOL_LINES_H */
