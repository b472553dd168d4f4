/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmap, munmap, mremap, brk and sbrk as the program itself calls them.
 *
 * What libc maps for its own heap, for thread stacks and for libraries does
 * not come through here; what a replaced allocator maps for its heap does, and
 * is left out, for the blocks in it are recorded.
 */
/* Else <sys/mman.h> names mmap() mmap64(), and both are defined here. */
#undef _FILE_OFFSET_BITS

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"
#include "real.h"
#include "record.h"
#include "stack.h"
#include "thread.h"

static struct thread *enter(const struct stack_regs *regs)
{
	return real_owns_code(regs->pc) ? NULL : thread_enter();
}

static attr_always_inline void *map(void *addr, size_t bytes, int prot, int flags, int fd,
				    off_t offset, const struct stack_regs *regs)
{
	struct thread *thread;
	void *at;

	real_init();
	at = real.mmap(addr, bytes, prot, flags, fd, offset);
	if (at == MAP_FAILED)
		return at;
	thread = enter(regs);
	if (thread) {
		struct {
			uint64_t addr, bytes;
			uint32_t prot, flags, stack, file;
		} record = {
			(uintptr_t)at,
			bytes,
			(uint32_t)prot,
			(uint32_t)flags,
			stack_capture(thread, regs),
			!(flags & MAP_ANONYMOUS),
		};

		record_ext(thread, TENURE_EXT_MAP, &record, sizeof(record), NULL, 0);
		thread_leave(thread);
	}
	return at;
}

attr_export void *mmap(void *addr, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	const struct stack_regs regs = STACK_HERE();

	return map(addr, bytes, prot, flags, fd, offset, &regs);
}

attr_export void *mmap64(void *addr, size_t bytes, int prot, int flags, int fd, off64_t offset)
{
	const struct stack_regs regs = STACK_HERE();

	return map(addr, bytes, prot, flags, fd, offset, &regs);
}

/* Recorded before the real call, for then another thread may be given the range. */
attr_export int munmap(void *addr, size_t bytes)
{
	const struct stack_regs regs = STACK_HERE();
	struct thread *thread;

	real_init();
	if (!bytes || ((uintptr_t)addr & 4095))
		return real.munmap(addr, bytes); /* will fail */
	thread = enter(&regs);
	if (thread) {
		uint64_t record[2] = { (uintptr_t)addr, bytes };

		record_ext(thread, TENURE_EXT_UNMAP, record, sizeof(record), NULL, 0);
		thread_leave(thread);
	}
	return real.munmap(addr, bytes);
}

attr_export void *mremap(void *addr, size_t bytes, size_t new_bytes, int flags, ...)
{
	const struct stack_regs regs = STACK_HERE();
	struct thread *thread;
	void *wish = NULL;
	void *at;

	if (flags & MREMAP_FIXED) {
		va_list args;

		va_start(args, flags);
		wish = va_arg(args, void *);
		va_end(args);
	}
	real_init();
	at = real.mremap(addr, bytes, new_bytes, flags, wish);
	if (at == MAP_FAILED)
		return at;
	thread = enter(&regs);
	if (thread) {
		struct {
			uint64_t old_addr, old_bytes, addr, bytes;
			uint32_t stack, flags;
		} record = { (uintptr_t)addr,
			     bytes,
			     (uintptr_t)at,
			     new_bytes,
			     stack_capture(thread, &regs),
			     (uint32_t)flags };

		record_ext(thread, TENURE_EXT_REMAP, &record, sizeof(record), NULL, 0);
		thread_leave(thread);
	}
	return at;
}

static void note_break(const void *before, const void *after, const struct stack_regs *regs)
{
	struct thread *thread;

	if (before == after)
		return;
	thread = enter(regs);
	if (thread) {
		struct {
			int64_t change;
			uint64_t now;
		} record = { (int64_t)((uintptr_t)after - (uintptr_t)before), (uintptr_t)after };

		record_ext(thread, TENURE_EXT_BREAK, &record, sizeof(record), NULL, 0);
		thread_leave(thread);
	}
}

attr_export int brk(void *wish)
{
	const struct stack_regs regs = STACK_HERE();
	void *before;
	int ret;

	real_init();
	before = real.sbrk(0);
	ret = real.brk(wish);
	if (ret == 0)
		note_break(before, wish, &regs);
	return ret;
}

attr_export void *sbrk(intptr_t change)
{
	const struct stack_regs regs = STACK_HERE();
	void *before;

	real_init();
	before = real.sbrk(change);
	if (change && before != (void *)-1)
		note_break(before, (char *)before + change, &regs);
	return before;
}
