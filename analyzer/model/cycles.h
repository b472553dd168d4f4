/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one process image tells of the garbage that its collector finds.
 */
#ifndef MODEL_CYCLES_H
#define MODEL_CYCLES_H

#include <stdint.h>

#include "base/attr.h"
#include "heap.h"
#include "input/event.h"
#include "result-cycles.h"
#include "sites.h"

struct cycles;

/** struct cycles_blocks - where what is known of blocks is found */
struct cycles_blocks {
	const struct heap *heap;
	const struct sites *sites;
};

/** cycles_new() - NULL when memory has run out */
struct cycles *cycles_new(void);
struct cycles *cycles_free(struct cycles *cycles);

/**
 * cycles_feed() - one extended record of the provider
 * @event: kind EVENT_EXT; records that are not about cycles are ignored
 *
 * Return: 0; -EINVAL when the record is malformed; -ENOMEM.
 */
attr_nodiscard int cycles_feed(struct cycles *cycles, const struct event *event,
			       const struct cycles_blocks *blocks);

/** cycles_finish() - all there is to know, owned by @cycles; NULL when memory has run out */
const struct result_cycles *cycles_finish(struct cycles *cycles);

#endif /* MODEL_CYCLES_H */
