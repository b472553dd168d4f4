/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which loaded object an address of code belongs to, and where that object's
 * unwind table is.
 */
#ifndef PRELOAD_SEGMENT_H
#define PRELOAD_SEGMENT_H

#include <stdint.h>

#include "base/attr.h"

/**
 * struct segment - where the unwind table of a loaded object lies
 * @header: its .eh_frame_hdr
 * @start:  no part of the table lies below
 * @end:    nor here or above
 */
struct segment {
	const uint8_t *start;
	const uint8_t *end;
	const uint8_t *header;
};

/**
 * segment_find() - the object that @pc is in
 *
 * Return: 0, or -ENOENT: not in any object, or it has no unwind table.
 * Context: any thread, any signal handler.
 */
attr_nodiscard int segment_find(uintptr_t pc, struct segment *ret_segment);

#endif /* PRELOAD_SEGMENT_H */
