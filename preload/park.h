/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending the other threads to sleep, where the kernel lets nobody stop them.
 */
#ifndef PRELOAD_PARK_H
#define PRELOAD_PARK_H

#include <stdint.h>

#include "base/attr.h"
#include "tenure/wire.h"

/**
 * park_all() - let all threads but this one sleep in a signal handler
 * @ret_count: entries of the table, threads that do not sleep included
 *
 * For processes that come to their end: system calls may be interrupted.  They
 * sleep until the analyzer is done.  A signal is used that the program does not.
 *
 * Return: the table, NULL without memory or without a signal to spare.
 * Context: one thread at a time; takes no lock.
 */
attr_nodiscard const struct tenure_scan_parked *park_all(uint32_t *ret_count);

#endif /* PRELOAD_PARK_H */
