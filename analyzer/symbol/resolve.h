/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stack nodes to frames that can be printed, with a cache.
 *
 * Only what is asked for is looked up.  One resolver serves all processes of a
 * run: a file that several have loaded is opened once.
 */
#ifndef SYMBOL_RESOLVE_H
#define SYMBOL_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "model/result.h"

enum resolve_kind {
	RESOLVE_NATIVE,
	RESOLVE_PYTHON,
	RESOLVE_CUT, /* the stack goes on, but nobody could follow it */
};

/**
 * struct resolve_frame - one function on a stack
 * @kind:     enum resolve_kind
 * @id:       a number that only frames with these values have, until
 *            resolve_free(); 0 when it has none
 * @named:    @function is a name, not a place such as "libfoo.so.1+0x1234"
 * @inlined:  its code stands inside the caller's
 * @function: never NULL, demangled, without parameters
 * @file:     source file; NULL when unknown
 * @line:     0 when unknown
 * @module:   path of the object; NULL when the address is in none
 * @addr:     link address in @module
 */
struct resolve_frame {
	enum resolve_kind kind;
	uint32_t id;
	bool named;
	bool inlined;
	const char *function;
	const char *file;
	uint32_t line;
	const char *module;
	uint64_t addr;
};

/* What names of a module's functions come from. */
enum resolve_source {
	RESOLVE_UNUSED,	  /* nothing in it was asked for */
	RESOLVE_LINES,	  /* debug information */
	RESOLVE_SYMBOLS,  /* symbol tables only */
	RESOLVE_NOTHING,  /* the file has no names */
	RESOLVE_MISSING,  /* the file is gone */
	RESOLVE_REPLACED, /* the file is another build now */
	RESOLVE_COUNT,
};

struct resolve;

/**
 * resolve_new() - an empty resolver
 * @sysroot: directory to look for files in first, or NULL
 *
 * Return: NULL for out of memory.
 */
struct resolve *resolve_new(const char *sysroot);

/**
 * resolve_process() - what is asked next belongs to @process
 * @process: must live as long as questions are asked about it
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int resolve_process(struct resolve *resolve, const struct result_process *process);

/**
 * resolve_node() - the functions behind one stack node
 * @word:       of a node of the process that resolve_process() named
 * @generation: module generation, of the stack's root
 * @ret_frames: innermost first; several when calls were inlined.  Valid until
 *              the next call; the strings until resolve_free()
 *
 * Return: how many, at least 1 (0 for root nodes); -ENOMEM.
 */
attr_nodiscard int resolve_node(struct resolve *resolve, uint64_t word, uint32_t generation,
				const struct resolve_frame **ret_frames);

/** resolve_source() - what the names of the process's module @index came from */
enum resolve_source resolve_source(const struct resolve *resolve, size_t index);

/** resolve_free() - @resolve may be NULL.  Return: NULL */
struct resolve *resolve_free(struct resolve *resolve);

#endif /* SYMBOL_RESOLVE_H */
