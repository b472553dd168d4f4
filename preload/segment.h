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

/**
 * segment_changed() - objects were loaded or unloaded
 *
 * Context: guard held.  Takes the loader's lock, where segment_find() cannot
 * ask it without.
 */
void segment_changed(void);

/** segment_scan(), segment_find_scanned() - what stands in for an older C library's loader */
void segment_scan(void);
attr_nodiscard int segment_find_scanned(uintptr_t pc, struct segment *ret_segment);

#endif /* PRELOAD_SEGMENT_H */
