/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memfd shared with the analyzer, mapped piece by piece.
 */
#ifndef PRELOAD_SHARED_H
#define PRELOAD_SHARED_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "tenure/wire.h"

/* The header page; NULL before the image is up.  Stale in a forked child until it comes up. */
extern struct tenure_shared *shared attr_hidden;

/**
 * shared_map() - map a piece of the memfd
 * @at:     where, over a range the caller holds; NULL anywhere
 * @offset: multiple of the page size
 *
 * The piece is not inherited by forked children.
 *
 * Return: borrowed for the life of the process image; NULL when the program
 * has closed the memfd and it could not be had again, or without memory.
 * Context: any thread, any signal handler.
 */
attr_nodiscard void *shared_map(void *at, uint64_t offset, size_t bytes);

/**
 * shared_init() - map the header page of a new image
 *
 * Return: 0 or a negative errno.
 * Context: image_start().
 */
attr_nodiscard int shared_init(void);

#endif /* PRELOAD_SHARED_H */
