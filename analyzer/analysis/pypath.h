/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a block in the words of the program: modules, attributes, keys,
 * positions.
 */
#ifndef ANALYSIS_PYPATH_H
#define ANALYSIS_PYPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "graph.h"

/**
 * pypath_find() - such as module app.__dict__['cache'][3]
 * @blocks: of the way, what is held by itself first; @count of them
 * @edges:  for each but the first: where in the one before the pointer to it lies
 * @ret_guessed: a pointer was taken for what it looks like
 *
 * While the memory can still be read.  Return: 0, and owned by the caller, NULL when there is
 * no Python object on the way; -ENOMEM.
 */
attr_nodiscard int pypath_find(const struct graph *graph, const uint32_t *blocks,
			       const uint32_t *edges, size_t count, char **ret_path,
			       bool *ret_guessed);

/** pypath_type() - name of the type of the object that the block is part of, or NULL */
const char *pypath_type(const struct graph *graph, uint32_t block);

#endif /* ANALYSIS_PYPATH_H */
