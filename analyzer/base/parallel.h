/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many pieces of work that do not depend on each other, by several threads.
 *
 * Threads live during one call only.  Each takes the next piece that nobody has
 * begun, so that a thread which the kernel lets wait holds up no other.
 */
#ifndef ANALYZER_BASE_PARALLEL_H
#define ANALYZER_BASE_PARALLEL_H

#include <stddef.h>

#include "base/attr.h"

#define PARALLEL_MAX 8u

/** parallel_workers() - how many threads make sense: processors, PARALLEL_MAX at most */
unsigned int parallel_workers(void);

/**
 * parallel_work - one piece of work
 * @worker: of the thread, below what parallel_each() was told
 *
 * Return: 0 to go on, a negative errno.
 */
typedef int parallel_work(void *arg, unsigned int worker, size_t index);

/**
 * parallel_each() - call @work for 0 to @count - 1, each once, in any order
 * @workers: threads at most, the calling one (0) among them; PARALLEL_MAX at most
 *
 * Threads that cannot be started are done without.  All signals are blocked in
 * those that can.
 *
 * Return: 0, or one of the errors; then some pieces may not have been begun.
 */
attr_nodiscard int parallel_each(size_t count, unsigned int workers, parallel_work *work,
				 void *arg);

#endif /* ANALYZER_BASE_PARALLEL_H */
