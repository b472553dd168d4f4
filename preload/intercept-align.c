/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posix_memalign, aligned_alloc, memalign, valloc, pvalloc.
 *
 * Where the next allocator lacks one of them, the caller gets what it would
 * get from an allocator out of memory: none that runs on Linux does.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "intercept.h"
#include "real.h"

attr_export int posix_memalign(void **ret, size_t align, size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();
	int err;

	real_init();
	if (!real.posix_memalign)
		return ENOMEM;
	err = real.posix_memalign(ret, align, bytes);
	if (!err)
		(void)intercept_alloc(*ret, bytes, TENURE_FN_POSIX_MEMALIGN, &regs);
	return err;
}

attr_export void *aligned_alloc(size_t align, size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();

	real_init();
	if (!real.aligned_alloc) {
		errno = ENOMEM;
		return NULL;
	}
	return intercept_alloc(real.aligned_alloc(align, bytes), bytes, TENURE_FN_ALIGNED_ALLOC,
			       &regs);
}

attr_export void *memalign(size_t align, size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();

	real_init();
	if (!real.memalign) {
		errno = ENOMEM;
		return NULL;
	}
	return intercept_alloc(real.memalign(align, bytes), bytes, TENURE_FN_MEMALIGN, &regs);
}

attr_export void *valloc(size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();

	real_init();
	if (!real.valloc) {
		errno = ENOMEM;
		return NULL;
	}
	return intercept_alloc(real.valloc(bytes), bytes, TENURE_FN_VALLOC, &regs);
}

attr_export void *pvalloc(size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();

	real_init();
	if (!real.pvalloc) {
		errno = ENOMEM;
		return NULL;
	}
	return intercept_alloc(real.pvalloc(bytes), bytes, TENURE_FN_PVALLOC, &regs);
}
