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

#include <pthread.h>

#include "pages.h"

void fork_init(void)
{
	if (pages_wipe_unsupported())
		(void)pthread_atfork(NULL, NULL, pages_wipe);
}
