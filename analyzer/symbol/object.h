/* SPDX-License-Identifier: Apache-2.0 */
/* One object file with all that is known of its addresses, and a cache. */
#ifndef SYMBOL_OBJECT_H
#define SYMBOL_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "symbol/debugfile.h"
#include "symbol/elfsyms.h"
#include "symbol/lines.h"

/**
 * struct object_frame - one function at an address
 * @function: a name as in the file's tables; NULL when unknown
 * @file:     source file, NULL when unknown
 */
struct object_frame {
	const char *function;
	const char *file;
	uint32_t line;
	bool inlined;
};

/** struct object - must not move while it is open */
struct object {
	struct debugfile debugfile;
	struct elfsyms syms;
	struct lines *lines;
	uint64_t lines_bias;
};

/**
 * object_open() - open @path and its tables
 * @object:   filled in always, for object_close()
 * @path:     as the process loaded it
 * @build_id: hexadecimal, "" when it has none
 * @sysroot:  see debugfile_open()
 *
 * Return: 0, also when there is no such file; -ENOMEM.
 */
attr_nodiscard int object_open(struct object *object, const char *path, const char *build_id,
			       const char *sysroot);

/**
 * object_find() - the functions at a link address, innermost first
 * @frames: room for LINES_DEPTH_MAX
 *
 * Return: how many, 0 when nothing is known; -ENOMEM.
 */
attr_nodiscard int object_find(struct object *object, uint64_t addr, struct object_frame *frames);

/** object_close() - give back what object_open() filled in */
void object_close(struct object *object);

#endif /* SYMBOL_OBJECT_H */
