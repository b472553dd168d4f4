/* SPDX-License-Identifier: Apache-2.0 */
/* Which memory allocator a program brings with it, from its ELF tables. */
#ifndef SYMBOL_ALLOCATOR_H
#define SYMBOL_ALLOCATOR_H

#include <stdbool.h>

/**
 * struct allocator - see allocator_find()
 * @inside: the program itself defines malloc, so that its calls never reach a
 *          preloaded library
 * @needed: shared allocator it is linked with (libjemalloc.so.2), "" if none
 */
struct allocator {
	bool inside;
	char needed[64];
};

/** allocator_find() - look into the ELF file @path; all empty if it cannot be read */
struct allocator allocator_find(const char *path);

#endif /* SYMBOL_ALLOCATOR_H */
