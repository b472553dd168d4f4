/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a collector of one's own, when there is no `tenure run` above.
 */
#ifndef PRELOAD_SPAWN_H
#define PRELOAD_SPAWN_H

#include "base/attr.h"

/**
 * spawn_collector() - start `tenure collect` for this process image
 *
 * The program gets no child, no SIGCHLD and no zombie from it.
 *
 * Return: a connected socket owned by the caller, or a negative errno.
 * Context: image_start(), all signals blocked.
 */
attr_nodiscard int spawn_collector(void);

#endif /* PRELOAD_SPAWN_H */
