/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which blocks are Python objects, and which of their words are references.
 *
 * An object is known by its type, which is read from its head.  What it keeps
 * in blocks of their own, as the items of a list, is known through it, with
 * as many words as are in use.  All that is not known is for the caller to
 * take for what it looks like.
 */
#ifndef ANALYSIS_PYHEAP_H
#define ANALYSIS_PYHEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "blocks.h"
#include "model/result-leaks.h"
#include "pytypes.h"

struct graph;

#define PYHEAP_PART (UINT32_C(1) << 31) /* index into .parts */
#define PYHEAP_DEAD (UINT32_C(1) << 30) /* given back, and kept for the next one */

/* What a block is to its owner. */
enum pyheap_role {
	PYHEAP_OBJECT, /* it is the object itself */
	PYHEAP_ITEMS,  /* of a list */
	PYHEAP_KEYS,   /* the table of a dictionary, or the names of a class's attributes */
	PYHEAP_VALUES, /* values without their keys */
	PYHEAP_TABLE,  /* of a set */
	PYHEAP_BYTES,  /* no references */
	PYHEAP_BUFFER, /* perhaps references */
};

/**
 * struct pyheap_words - where in a block references are
 * @from, @to: between these bytes
 * @stride:    words of an entry; 0: there are no entries
 * @skip:      words of each entry, or of the block, that are none
 */
struct pyheap_words {
	uint64_t from;
	uint64_t to;
	uint64_t skip;
	uint32_t stride;
};

/**
 * struct pyheap_part - a block that is more, or less, than its type says
 * @owner: block of the object that it belongs to
 * @type:  of an object
 */
struct pyheap_part {
	struct pyheap_words words;
	uint32_t owner;
	uint32_t type;
	uint8_t role; /* enum pyheap_role */
};

/**
 * struct pyheap - of a program with an interpreter
 * @info:    by block: number of its type, or PYHEAP_PART; 0: nothing is known
 * @modules: blocks of modules
 */
struct pyheap {
	const struct blocks *blocks;
	struct peek *peek;
	struct pytypes types;
	uint32_t *info;
	VEC(struct pyheap_part) parts;
	VEC(uint32_t) modules;
	struct leaks_python count;
};

/**
 * pyheap_new() - look at all blocks of the interpreter's allocators
 * @graph: with blocks and heads
 *
 * Return: 0, and *@ret_heap, NULL when there is no interpreter; -ENOMEM.
 */
attr_nodiscard int pyheap_new(const struct graph *graph, struct pyheap **ret_heap);

struct pyheap *pyheap_free(struct pyheap *heap);

static inline const struct pyheap_part *pyheap_part(const struct pyheap *heap, uint32_t block)
{
	uint32_t info = heap->info[block];

	return info & PYHEAP_PART ? &heap->parts.at[info & ~PYHEAP_PART] : NULL;
}

/** pyheap_type() - number of the type of the object in the block; PYTYPES_NONE: it is none */
static inline uint32_t pyheap_type(const struct pyheap *heap, uint32_t block)
{
	const struct pyheap_part *part = pyheap_part(heap, block);

	return part ? part->type : heap->info[block] & ~PYHEAP_DEAD;
}

/** pyheap_counts() - is a word a reference that leads to @offset in @block? */
static inline bool pyheap_counts(const struct pyheap *heap, uint32_t block, uint64_t offset)
{
	uint32_t type = pyheap_type(heap, block);

	return type == PYTYPES_NONE ||
	       (offset == heap->types.all.at[type].presize && !(heap->info[block] & PYHEAP_DEAD));
}

/** pyheap_words() - Return: false when nothing is known of the block */
bool pyheap_words(const struct pyheap *heap, uint32_t block, struct pyheap_words *ret_words);

/** pyheap_is_reference() - could the word at @offset be one? */
static inline bool pyheap_is_reference(const struct pyheap_words *words, uint64_t offset)
{
	uint64_t word = offset / 8;

	if (offset < words->from || offset >= words->to)
		return false;
	if (words->stride)
		word = (offset - words->from) / 8 % words->stride;
	return word >= 64 || !(words->skip >> word & 1);
}

/** pyheap_is_precise() - are all references of the block known, and no others? */
bool pyheap_is_precise(const struct pyheap *heap, uint32_t block);

/** pyheap_references() - the reference count of the object in @block; UINT32_MAX: it never goes */
uint32_t pyheap_references(const struct pyheap *heap, uint32_t block);

#endif /* ANALYSIS_PYHEAP_H */
