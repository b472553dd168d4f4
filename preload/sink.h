/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole chunks onto the pipe, and what happens when it is full or gone.
 */
#ifndef PRELOAD_SINK_H
#define PRELOAD_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "image.h"

/**
 * sink_write() - write one chunk, waiting while the pipe is full
 * @chunk: whole chunk, at most TENURE_CHUNK_MAX bytes
 *
 * Never writes into a descriptor that is not our pipe: where the program has
 * closed ours, connects again.  When nobody reads any more, switches the shim
 * off.  SIGPIPE does not reach the program.
 *
 * Return: 0 or a negative errno; then recording is off.
 * Context: any thread, any signal handler, guard held.  Blocks signals.
 */
attr_nodiscard int sink_write(const void *chunk, uint32_t bytes);

/**
 * sink_fd_is_ours() - true while the descriptor is still the one we were given
 */
bool sink_fd_is_ours(const struct image_fd *held);

/**
 * sink_reconnect() - have the pipe and the memfd again
 *
 * Return: 0 or a negative errno.
 * Context: any thread; takes image->sink_lock with signals blocked.
 */
attr_nodiscard int sink_reconnect(void);

#endif /* PRELOAD_SINK_H */
