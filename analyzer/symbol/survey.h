/* SPDX-License-Identifier: Apache-2.0 */
/* A first look at a program's ELF tables: which allocator it brings, whether it has symbols. */
#ifndef SYMBOL_SURVEY_H
#define SYMBOL_SURVEY_H

#include <stdbool.h>

/**
 * struct survey - see survey_file()
 * @malloc_inside: the program itself defines malloc, so that its calls never
 *                 reach a preloaded library
 * @allocator:     shared allocator it is linked with (libjemalloc.so.2), "" if none
 * @symbols:       it has more symbols than those it exports
 */
struct survey {
	bool malloc_inside;
	bool symbols;
	char allocator[64];
};

/** survey_file() - look into the ELF file @path; all empty if it cannot be read */
struct survey survey_file(const char *path);

#endif /* SYMBOL_SURVEY_H */
