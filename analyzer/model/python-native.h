/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References to Python objects that native memory holds.
 *
 * The shim tells of words that are the address of an object.  Such a word is a
 * reference if it lies in a block that is alive and not the interpreter's own:
 * what the interpreter keeps in its blocks was counted before, what lies in
 * memory that was given back is nobody's.  Who made a block is known when the
 * stacks are, which is at the end.
 */
#ifndef MODEL_PYTHON_NATIVE_H
#define MODEL_PYTHON_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "heap.h"
#include "input/event.h"
#include "maps.h"
#include "sites.h"

enum python_native_owner {
	PYTHON_NATIVE_NONE,    /* no block that is alive */
	PYTHON_NATIVE_PROGRAM, /* the program */
	PYTHON_NATIVE_BLOCK,   /* whoever calls at site @site */
	PYTHON_NATIVE_MAPPED,  /* likewise, of mapped ranges */
};

/**
 * struct python_native_word - a word that is the address of an object
 * @object: its block
 * @at:     the word's own address
 * @owner:  of the memory it is in: enum python_native_owner
 */
struct python_native_word {
	uint64_t object;
	uint64_t at;
	uint32_t owner;
	uint32_t site;
};

/** struct python_native - all zero is: none were told */
struct python_native {
	VEC(struct python_native_word) words;
	size_t located; /* of them, those whose owner is known */
};

/**
 * struct python_native_memory - what is alive
 * @is_sample: of most blocks nothing is known: every word counts
 */
struct python_native_memory {
	const struct heap *heap;
	const struct sites *sites;
	const struct maps *maps;
	bool is_sample;
};

/**
 * struct python_native_code - who called
 * @start, @end: where the interpreter's code is
 */
struct python_native_code {
	const struct tenure_node *nodes;
	size_t nodes_count;
	uint64_t start;
	uint64_t end;
};

void python_native_fini(struct python_native *native);

/** python_native_feed() - a record TENURE_PY_HELD.  Return: 0; -EINVAL, malformed; -ENOMEM */
attr_nodiscard int python_native_feed(struct python_native *native, const struct event *event);

/** python_native_locate() - find out in what the words lie that came since the last time */
void python_native_locate(struct python_native *native, const struct python_native_memory *memory);

/** python_native_has() - is there a word for the object at @address? */
bool python_native_has(const struct python_native *native, uint64_t address);

/** python_native_count() - references to the object at @address */
uint64_t python_native_count(const struct python_native *native, uint64_t address,
			     const struct python_native_memory *memory,
			     const struct python_native_code *code);

#endif /* MODEL_PYTHON_NATIVE_H */
