/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private memory straight from the kernel, never from malloc.
 */
#ifndef PRELOAD_PAGES_H
#define PRELOAD_PAGES_H

#include <stddef.h>

#include "base/attr.h"
#include "tenure/wire.h"

#define PAGES_OWN_MAX 4096u

/** pages_own - all that is mapped, as far as there is room; entries with 0 bytes are none */
extern struct tenure_scan_own pages_own[PAGES_OWN_MAX] attr_hidden;

enum pages_flag {
	PAGES_WIPE = 1u << 0, /* a forked child finds these pages full of zeros */
};

/**
 * pages_map() - fresh zeroed pages
 * @bytes: rounded up to whole pages
 * @flags: enum pages_flag
 *
 * Return: page-aligned memory owned by the caller, or NULL.  With PAGES_WIPE
 * on a kernel that cannot wipe, the memory is remembered and a fork handler
 * clears it; see pages_wipe().
 * Context: any thread, any signal handler.
 */
attr_nodiscard void *pages_map(size_t bytes, unsigned int flags);

/** pages_unmap() - give back what pages_map() returned; @bytes as given there */
void pages_unmap(void *pages, size_t bytes);

/**
 * pages_wipe_unsupported() - true once the kernel has refused MADV_WIPEONFORK
 */
int pages_wipe_unsupported(void);

/**
 * pages_wipe() - clear all PAGES_WIPE memory, where the kernel did not
 *
 * Context: a forked child, before anything else of the shim runs in it.
 */
void pages_wipe(void);

#endif /* PRELOAD_PAGES_H */
