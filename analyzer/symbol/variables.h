/* SPDX-License-Identifier: Apache-2.0 */
/* Names of data: which variable, or which class's table, lies at an address. */
#ifndef SYMBOL_VARIABLES_H
#define SYMBOL_VARIABLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"

struct variables_object;

/** struct variables - objects looked at so far; all zero is none */
struct variables {
	VEC(struct variables_object *) objects;
};

/**
 * variables_find() - what lies at the link address @addr of the object at @path
 * @ret_name:   demangled, borrowed until variables_fini()
 * @ret_offset: how far into it
 *
 * Return: 0, -ENOENT or -ENOMEM.
 */
attr_nodiscard int variables_find(struct variables *variables, const char *path, uint64_t addr,
				  const char **ret_name, uint64_t *ret_offset);

void variables_fini(struct variables *variables);

#endif /* SYMBOL_VARIABLES_H */
