/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls without libc wrappers: no cancellation point, no errno, no
 * interposed function in between.
 *
 * All return the kernel's value: 0 or more, or a negative errno.
 */
#ifndef PRELOAD_SYS_H
#define PRELOAD_SYS_H

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/ticks.h"

#if defined(__x86_64__)

static attr_always_inline long sys_call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/** sys_sp() - the stack pointer, about */
static attr_always_inline uintptr_t sys_sp(void)
{
	uintptr_t sp;

	__asm__("mov %%rsp, %0" : "=r"(sp));
	return sp;
}

#elif defined(__aarch64__)

static attr_always_inline long sys_call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

static attr_always_inline uintptr_t sys_sp(void)
{
	uintptr_t sp;

	__asm__("mov %0, sp" : "=r"(sp));
	return sp;
}

#else
#error "no system call interface for this architecture"
#endif

/** sys_ticks() - the time stamp of all records */
static attr_always_inline uint64_t sys_ticks(void)
{
	return ticks_read();
}

#define SYS_CALL0(nr)		  sys_call((nr), 0, 0, 0, 0, 0, 0)
#define SYS_CALL1(nr, a)	  sys_call((nr), (long)(a), 0, 0, 0, 0, 0)
#define SYS_CALL2(nr, a, b)	  sys_call((nr), (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS_CALL3(nr, a, b, c)	  sys_call((nr), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS_CALL4(nr, a, b, c, d) sys_call((nr), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS_CALL5(nr, a, b, c, d, e) \
	sys_call((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYS_CALL6(nr, a, b, c, d, e, f) \
	sys_call((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* What sigaction(2) takes. */
struct sys_sigaction {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

#if defined(__x86_64__)
/* Where a handler returns to: the kernel asks for it here, and debuggers know it by its bytes. */
void sys_sigreturn(void) attr_hidden;
#define SYS_SA_RESTORER 0x04000000ul
#endif

/** sys_sigaction() - either may be NULL */
static inline long sys_sigaction(int sig, const struct sys_sigaction *action,
				 struct sys_sigaction *ret_old)
{
	struct sys_sigaction whole = { 0 };

	if (action)
		whole = *action;
#if defined(__x86_64__)
	if (action) {
		whole.flags |= SYS_SA_RESTORER;
		whole.restorer = (uintptr_t)sys_sigreturn;
	}
#endif
	return SYS_CALL4(SYS_rt_sigaction, sig, action ? &whole : NULL, ret_old,
			 sizeof(whole.mask));
}

/* A signal set as the kernel has it: 64 bits, bit n - 1 for signal n. */
struct sys_sigset {
	uint64_t bits;
};

static inline long sys_open(const char *path, int flags)
{
	return SYS_CALL4(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
}

static inline long sys_close(int fd)
{
	return SYS_CALL1(SYS_close, fd);
}

static inline long sys_read(int fd, void *buf, size_t bytes)
{
	return SYS_CALL3(SYS_read, fd, buf, bytes);
}

static inline long sys_write(int fd, const void *buf, size_t bytes)
{
	return SYS_CALL3(SYS_write, fd, buf, bytes);
}

static inline long sys_readlink(const char *path, char *buf, size_t bytes)
{
	return SYS_CALL4(SYS_readlinkat, AT_FDCWD, path, buf, bytes);
}

static inline long sys_fcntl(int fd, int cmd, long arg)
{
	return SYS_CALL3(SYS_fcntl, fd, cmd, arg);
}

static inline long sys_fstat(int fd, struct stat *ret)
{
	return SYS_CALL2(SYS_fstat, fd, ret);
}

static inline long sys_mmap(void *addr, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
	return SYS_CALL6(SYS_mmap, addr, bytes, prot, flags, fd, offset);
}

static inline long sys_munmap(void *addr, size_t bytes)
{
	return SYS_CALL2(SYS_munmap, addr, bytes);
}

static inline long sys_madvise(void *addr, size_t bytes, int advice)
{
	return SYS_CALL3(SYS_madvise, addr, bytes, advice);
}

static inline uint32_t sys_getpid(void)
{
	return (uint32_t)SYS_CALL0(SYS_getpid);
}

static inline uint32_t sys_getppid(void)
{
	return (uint32_t)SYS_CALL0(SYS_getppid);
}

static inline uint32_t sys_gettid(void)
{
	return (uint32_t)SYS_CALL0(SYS_gettid);
}

static inline long sys_tgkill(uint32_t pid, uint32_t tid, int sig)
{
	return SYS_CALL3(SYS_tgkill, pid, tid, sig);
}

/** sys_sigmask() - replace the calling thread's signal mask; @ret_old may be NULL */
static inline long sys_sigmask(const struct sys_sigset *set, struct sys_sigset *ret_old)
{
	return SYS_CALL4(SYS_rt_sigprocmask, SIG_SETMASK, set, ret_old, sizeof(*set));
}

/** sys_sigmask_all() - block every signal, as for work that no handler may interrupt */
static inline void sys_sigmask_all(struct sys_sigset *ret_old)
{
	const struct sys_sigset all = { .bits = ~0ull };

	ret_old->bits = 0;
	(void)sys_sigmask(&all, ret_old);
}

/** sys_pause() - let whoever holds a lock go on, whatever its priority */
static inline void sys_pause(void)
{
	const struct timespec moment = { .tv_nsec = 50000 };

	(void)SYS_CALL2(SYS_nanosleep, &moment, NULL);
}

static inline long sys_clock_ns(int clock, uint64_t *ret_ns)
{
	struct timespec ts = { 0 };
	long err = SYS_CALL2(SYS_clock_gettime, clock, &ts);

	*ret_ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return err;
}

#endif /* PRELOAD_SYS_H */
