/* SPDX-License-Identifier: Apache-2.0 */
/* A bump allocator on a list of pieces. */
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "base/attr.h"

#define PIECE_BYTES 65536u

struct arena_piece {
	struct arena_piece *next;
	alignas(max_align_t) unsigned char bytes[];
};

void *arena_alloc(struct arena *arena, size_t bytes)
{
	struct arena_piece *piece;
	size_t need, space;
	void *p;

	if (bytes > PTRDIFF_MAX - PIECE_BYTES)
		return NULL;
	need = ALIGN_UP(bytes ? bytes : 1, alignof(max_align_t));

	if (need > arena->space - arena->used) {
		space = need > PIECE_BYTES ? need : PIECE_BYTES;
		piece = calloc(1, sizeof(*piece) + space);
		if (!piece)
			return NULL;
		piece->next = arena->pieces;
		arena->pieces = piece;
		arena->space = space;
		arena->used = 0;
	}

	p = arena->pieces->bytes + arena->used;
	arena->used += need;
	return p;
}

void *arena_copy(struct arena *arena, const void *from, size_t bytes)
{
	void *p = arena_alloc(arena, bytes);

	if (p && bytes)
		memcpy(p, from, bytes);
	return p;
}

char *arena_string(struct arena *arena, const void *from, size_t count)
{
	size_t length = count ? strnlen(from, count) : 0;
	char *p = arena_alloc(arena, length + 1);

	if (p && length)
		memcpy(p, from, length);
	return p;
}

void arena_fini(struct arena *arena)
{
	struct arena_piece *piece = arena->pieces;

	while (piece) {
		struct arena_piece *next = piece->next;

		free(piece);
		piece = next;
	}
	*arena = (struct arena){ 0 };
}
