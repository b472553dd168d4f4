/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a forked child must forget, on kernels that do not wipe by themselves.
 *
 * State that must not be inherited lies in PAGES_WIPE memory, and the kernel
 * clears that in every child, also of clone() without libc.  Kernels before
 * 4.14 and some sandboxes refuse; there a fork handler does it, which raw
 * clones escape.
 */
#include "fork.h"

#include <stddef.h>

#include "pages.h"

/*
 * What pthread_atfork() is in glibc.  Weak, so that the library can be loaded
 * by a libc without it, where it stays off.
 */
extern void *__dso_handle;
extern int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
			     void *dso) __attribute__((weak));

void fork_init(void)
{
	if (pages_wipe_unsupported() && __register_atfork)
		(void)__register_atfork(NULL, NULL, pages_wipe, &__dso_handle);
}
