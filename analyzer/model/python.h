/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPython of one process image: code objects, type names, collections.
 */
#ifndef MODEL_PYTHON_H
#define MODEL_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "input/event.h"
#include "result-python.h"

struct python;

/** python_new() - no interpreter was seen yet; NULL when memory has run out */
struct python *python_new(void);

struct python *python_free(struct python *python);

/**
 * python_feed() - one extended record of the provider
 * @event: kind EVENT_EXT, ext >= TENURE_EXT_PYTHON; unknown ones are ignored
 *
 * Return: 0; -EINVAL when the record is malformed; -ENOMEM.
 */
attr_nodiscard int python_feed(struct python *python, const struct event *event);

/**
 * python_freed() - a block was given back during a collection
 * @thread: of the event
 * @site:   index of the block's site
 *
 * Counts it for the collection and the site if the collector's own thread did it.
 *
 * Return: 1 if it did, else 0, or -ENOMEM.
 */
attr_nodiscard int python_freed(struct python *python, uint16_t thread, uint32_t site,
				uint64_t bytes, uint64_t blocks);

/** python_collected() - what collectors have given back of a site */
void python_collected(const struct python *python, uint32_t site, uint64_t *ret_blocks,
		      uint64_t *ret_bytes);

/** python_seen() - the interpreter, or NULL; not all of it is known before python_finish() */
const struct result_python *python_seen(const struct python *python);

/** python_has_generations() - false: a block's is the number of collections it has survived */
bool python_has_generations(const struct python *python);

/** python_collecting() - is a collection under way? */
bool python_collecting(const struct python *python);

/**
 * python_heap() - what is live when a collection has just ended
 *
 * To be called after python_feed() of a TENURE_PY_GC_STOP record.
 */
void python_heap(struct python *python, uint64_t bytes, uint64_t blocks);

/**
 * python_finish() - everything there is to know
 *
 * Return: owned by @python; NULL when no interpreter was seen.
 */
const struct result_python *python_finish(struct python *python);

#endif /* MODEL_PYTHON_H */
