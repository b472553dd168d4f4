/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a walk may read: the bounds of stacks.
 *
 * pthread_getattr_np() would tell them, but it allocates while it holds a
 * lock, and an interceptor may find itself under that very call.  So the
 * bounds are read where it reads them, in the thread's descriptor.  Where
 * they lie there is found out in the initial thread: in place of its stack's
 * size glibc keeps the end of that stack, which it also exports.
 */
#include "reach.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>

#include "sys.h"
#include "thread.h"

enum {
	PAGE = 4096,
	DESCRIPTOR_BYTES = 2048,    /* searched; glibc's is a little larger */
	MAIN_STACK_MAX = 128 << 20, /* the kernel maps nothing nearer to the stack's end */
};

extern void *__libc_stack_end __attribute__((weak));

/* Offset of the stack's size in a thread descriptor; its start is right before.  0: unknown. */
static uint32_t size_offset;

bool reach_probe(uintptr_t addr)
{
	/* The kernel reads the set before it looks at the first argument, which is wrong. */
	return SYS_CALL4(SYS_rt_sigprocmask, -1, addr & ~(uintptr_t)7, 0,
			 sizeof(struct sys_sigset)) != -EFAULT;
}

static void find_size_offset(uintptr_t self)
{
	uintptr_t end = (uintptr_t)__libc_stack_end;

	for (uint32_t at = sizeof(uintptr_t); at < DESCRIPTOR_BYTES; at += sizeof(uintptr_t))
		if (reach_probe(self + at) && *(const uintptr_t *)(self + at) == end)
			size_offset = at;
}

static void bounds_main(struct thread *thread)
{
	uint64_t limit[2] = { 0 };
	uintptr_t bytes = MAIN_STACK_MAX;

	if (SYS_CALL4(SYS_prlimit64, 0, RLIMIT_STACK, 0, limit) == 0 && limit[0] < bytes)
		bytes = (uintptr_t)limit[0];
	thread->stack_hi = (uintptr_t)__libc_stack_end;
	thread->stack_lo = thread->stack_hi - bytes;
}

void reach_own(struct thread *thread)
{
	uintptr_t self = (uintptr_t)pthread_self();
	uintptr_t start;
	uintptr_t bytes;

	/* Not to be tried again. */
	thread->stack_lo = 1;
	thread->stack_hi = 1;

	if (!&__libc_stack_end)
		return;
	if (!size_offset && thread->tid == sys_getpid())
		find_size_offset(self);
	if (!size_offset)
		return;

	start = *(const uintptr_t *)(self + size_offset - sizeof(uintptr_t));
	bytes = *(const uintptr_t *)(self + size_offset);
	if (bytes == (uintptr_t)__libc_stack_end) {
		bounds_main(thread);
	} else if (start && self > start && self - start < bytes) {
		/* The descriptor lies at the upper end of the thread's stack. */
		thread->stack_lo = start;
		thread->stack_hi = self;
	}
}

bool reach_more(struct reach *reach, uintptr_t addr)
{
	uintptr_t page = addr & ~(uintptr_t)(PAGE - 1);

	if (addr >= reach->own_lo && addr + 8 <= reach->own_hi) {
		if (!reach_probe(addr))
			return false;
		/* Stacks have no holes above what can be read. */
		reach->lo = reach->own_lo = addr;
		reach->hi = reach->own_hi;
		return true;
	}
	if (addr + 8 < addr || !reach_probe(addr) || !reach_probe(addr + 7))
		return false;
	reach->lo = page;
	reach->hi = page + PAGE;
	return addr + 8 <= reach->hi;
}
