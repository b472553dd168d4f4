/* SPDX-License-Identifier: Apache-2.0 */
/* The biggest containers of a Python process, as its provider tells of them now and then. */
#ifndef MODEL_CONTAINERS_H
#define MODEL_CONTAINERS_H

#include <stddef.h>

#include "heap.h"
#include "input/event.h"
#include "result-python.h"

/** struct containers - all zero: none were told of; @at: see struct result_process */
struct containers {
	size_t count;
	struct result_containers at[2];
};

/**
 * containers_feed() - TENURE_PY_CONTAINERS
 * @heap:       whose blocks they are
 * @heap_bytes: live now
 *
 * Return: 0 or -EINVAL.
 */
attr_nodiscard int containers_feed(struct containers *containers, const struct event *event,
				   const struct heap *heap, uint64_t heap_bytes);

#endif /* MODEL_CONTAINERS_H */
