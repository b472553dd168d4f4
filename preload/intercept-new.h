/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators new and delete that record, for references that redirect.c changes.
 */
#ifndef PRELOAD_INTERCEPT_NEW_H
#define PRELOAD_INTERCEPT_NEW_H

/* In the order of redirect_targets. */
extern void *const intercept_new_operators[];

#endif /* PRELOAD_INTERCEPT_NEW_H */
