/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emergency exit: recording ends for good, the program goes on.
 */
#ifndef PRELOAD_OFF_H
#define PRELOAD_OFF_H

/**
 * shim_off() - stop recording for good in this process image
 * @reason: for the report, a constant string; the first one counts
 *
 * Context: any.  The caller's own event is not recorded any more.
 */
void shim_off(const char *reason);

#endif /* PRELOAD_OFF_H */
