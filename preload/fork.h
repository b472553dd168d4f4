/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a forked child must forget, on kernels that do not wipe by themselves.
 */
#ifndef PRELOAD_FORK_H
#define PRELOAD_FORK_H

/**
 * fork_init() - see to it that forked children start with wiped state
 *
 * Context: once per process, after the first PAGES_WIPE memory was mapped.
 */
void fork_init(void);

#endif /* PRELOAD_FORK_H */
