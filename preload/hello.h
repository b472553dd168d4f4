/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake with the analyzer, over a socket used once.
 */
#ifndef PRELOAD_HELLO_H
#define PRELOAD_HELLO_H

#include <stdint.h>

#include "base/attr.h"
#include "image.h"
#include "tenure/wire.h"

/**
 * hello_connect() - connect to an analyzer that listens
 * @path: of its socket; '@' in front names an abstract one.  Where the path
 *        cannot be reached, the abstract name "\\0" + @path is tried.
 *
 * Return: a descriptor owned by the caller, or a negative errno.
 * Context: any thread, all signals blocked.
 */
attr_nodiscard int hello_connect(const char *path);

/**
 * hello_exchange() - say hello on a connected socket and take what comes back
 * @fd:         taken: closed in any case
 * @flags:      enum tenure_hello_flag
 * @number:     with TENURE_HELLO_RECONNECT: of the image, else 0
 * @ret:        the answer
 * @ret_pipe:   write end of the pipe, non-blocking, close-on-exec, out of the way
 * @ret_memory: the memfd, likewise
 *
 * Return: 0; -ECONNREFUSED when the analyzer declined; -EPROTO when the
 * versions differ; or another negative errno.
 * Context: any thread, all signals blocked.
 */
attr_nodiscard int hello_exchange(int fd, uint32_t flags, uint64_t number,
				  struct tenure_welcome *ret, struct image_fd *ret_pipe,
				  struct image_fd *ret_memory);

/**
 * hello_move_up() - give a descriptor a number that programs do not use
 * @fd: taken
 *
 * Return: the new descriptor, close-on-exec, 700 or above if the limits
 * permit; negative errno with @fd closed.
 */
attr_nodiscard int hello_move_up(int fd);

#endif /* PRELOAD_HELLO_H */
