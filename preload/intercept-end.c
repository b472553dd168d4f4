/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _exit and the exec family: the last moment in which this image can be looked
 * at.  posix_spawn, and what libc calls inside itself, does not come by here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/attr.h"
#include "image.h"
#include "lookup.h"
#include "scan.h"
#include "sys.h"

#define RESOLVE(name)                                                               \
	do {                                                                        \
		if (unlikely(!__atomic_load_n(&real_##name, __ATOMIC_RELAXED)))     \
			__atomic_store_n((void **)&real_##name, lookup_next(#name), \
					 __ATOMIC_RELAXED);                         \
	} while (0)

static void (*real__exit)(int status);
static void (*real__Exit)(int status);
static int (*real_execve)(const char *path, char *const argv[], char *const env[]);
static int (*real_execv)(const char *path, char *const argv[]);
static int (*real_execvp)(const char *file, char *const argv[]);
static int (*real_execvpe)(const char *file, char *const argv[], char *const env[]);
static int (*real_fexecve)(int fd, char *const argv[], char *const env[]);
static int (*real_execveat)(int dir, const char *path, char *const argv[], char *const env[],
			    int flags);

attr_export attr_noreturn void _exit(int status)
{
	const struct stack_regs regs = STACK_HERE();

	scan_now(TENURE_MOMENT_END, &regs);
	RESOLVE(_exit);
	real__exit(status);
	for (;;)
		(void)SYS_CALL1(SYS_exit_group, status);
}

attr_export attr_noreturn void _Exit(int status)
{
	const struct stack_regs regs = STACK_HERE();

	scan_now(TENURE_MOMENT_END, &regs);
	RESOLVE(_Exit);
	real__Exit(status);
	for (;;)
		(void)SYS_CALL1(SYS_exit_group, status);
}

/*
 * A child that was forked to start another program has little of its own; and
 * what cannot be started leaves the program running.
 */
static void look(const char *path, const struct stack_regs *regs)
{
	if (!scan_is_wanted() || image->forked ||
	    (path && SYS_CALL3(SYS_faccessat, AT_FDCWD, path, X_OK) < 0))
		return;
	scan_now(TENURE_MOMENT_EXEC, regs);
}

attr_export int execve(const char *path, char *const argv[], char *const env[])
{
	const struct stack_regs regs = STACK_HERE();

	look(path, &regs);
	RESOLVE(execve);
	return real_execve(path, argv, env);
}

attr_export int execv(const char *path, char *const argv[])
{
	const struct stack_regs regs = STACK_HERE();

	look(path, &regs);
	RESOLVE(execv);
	return real_execv(path, argv);
}

attr_export int execvp(const char *file, char *const argv[])
{
	const struct stack_regs regs = STACK_HERE();

	look(NULL, &regs);
	RESOLVE(execvp);
	return real_execvp(file, argv);
}

attr_export int execvpe(const char *file, char *const argv[], char *const env[])
{
	const struct stack_regs regs = STACK_HERE();

	look(NULL, &regs);
	RESOLVE(execvpe);
	return real_execvpe(file, argv, env);
}

attr_export int fexecve(int fd, char *const argv[], char *const env[])
{
	const struct stack_regs regs = STACK_HERE();

	look(NULL, &regs);
	RESOLVE(fexecve);
	return real_fexecve(fd, argv, env);
}

attr_export int execveat(int dir, const char *path, char *const argv[], char *const env[],
			 int flags)
{
	const struct stack_regs regs = STACK_HERE();

	look(NULL, &regs);
	RESOLVE(execveat);
	if (real_execveat)
		return real_execveat(dir, path, argv, env, flags);
	/* Older C libraries lack it; a program that asks whether it is there finds ours. */
	errno = (int)-SYS_CALL5(SYS_execveat, dir, path, argv, env, flags);
	return -1;
}

#if defined(__x86_64__)

/* Those with arguments without number: looked at, then gone on to with all registers as they were.
 */
enum variadic {
	VARIADIC_EXECL,
	VARIADIC_EXECLP,
	VARIADIC_EXECLE,
};

attr_hidden const void *end_variadic(enum variadic which, const char *path, const uintptr_t *top,
				     uintptr_t fp);

const void *end_variadic(enum variadic which, const char *path, const uintptr_t *top, uintptr_t fp)
{
	static const char *const names[] = { "execl", "execlp", "execle" };
	static const void *reals[ARRAY_SIZE(names)];
	const struct stack_regs regs = { .pc = *top, .sp = (uintptr_t)(top + 1), .fp = fp };

	look(which == VARIADIC_EXECLP ? NULL : path, &regs);
	if (!__atomic_load_n(&reals[which], __ATOMIC_RELAXED))
		__atomic_store_n(&reals[which], lookup_next(names[which]), __ATOMIC_RELAXED);
	return reals[which];
}

#define VARIADIC(name, number)        \
	".globl " name "\n"           \
	".type " name ", @function\n" \
	".p2align 4\n" name ":\n\t"   \
	"endbr64\n\t"                 \
	"movl $" number ", %r11d\n\t" \
	"jmp end_variadic_common\n"   \
	".size " name ", . - " name "\n"

__asm__(".text\n"
	".type end_variadic_common, @function\n"
	".p2align 4\n"
	"end_variadic_common:\n\t"
	"pushq %rdi\n\t"
	"pushq %rsi\n\t"
	"pushq %rdx\n\t"
	"pushq %rcx\n\t"
	"pushq %r8\n\t"
	"pushq %r9\n\t"
	"pushq %rax\n\t"
	"movq %rdi, %rsi\n\t"
	"movl %r11d, %edi\n\t"
	"leaq 56(%rsp), %rdx\n\t"
	"movq %rbp, %rcx\n\t"
	"call end_variadic\n\t"
	"movq %rax, %r11\n\t"
	"popq %rax\n\t"
	"popq %r9\n\t"
	"popq %r8\n\t"
	"popq %rcx\n\t"
	"popq %rdx\n\t"
	"popq %rsi\n\t"
	"popq %rdi\n\t"
	"jmp *%r11\n"
	".size end_variadic_common, . - end_variadic_common\n" VARIADIC("execl", "0")
		VARIADIC("execlp", "1") VARIADIC("execle", "2"));

#endif
