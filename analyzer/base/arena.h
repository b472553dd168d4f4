/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given back all at once.
 */
#ifndef ANALYZER_BASE_ARENA_H
#define ANALYZER_BASE_ARENA_H

#include <stddef.h>

struct arena_piece;

/** struct arena - all zero is an empty one */
struct arena {
	struct arena_piece *pieces;
	size_t used;
	size_t space;
};

/**
 * arena_alloc() - @bytes of zeroed memory, aligned for anything
 *
 * Return: valid until arena_fini(); NULL when memory has run out.
 */
void *arena_alloc(struct arena *arena, size_t bytes);

/** arena_copy() - likewise, a copy of @bytes at @from */
void *arena_copy(struct arena *arena, const void *from, size_t bytes);

/**
 * arena_string() - a NUL-terminated copy of @count characters
 *
 * A NUL among them ends the string.  Return: as arena_alloc().
 */
char *arena_string(struct arena *arena, const void *from, size_t count);

void arena_fini(struct arena *arena);

#endif /* ANALYZER_BASE_ARENA_H */
