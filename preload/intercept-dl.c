/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dlopen, dlmopen and dlclose: the address map is about to change.
 *
 * dlopen() looks at its return address to find out whose RUNPATH and $ORIGIN
 * count, so the real one must be entered by a jump, with the caller's own
 * return address on the stack.  What it loaded is noticed later, when code of
 * an unknown object appears in a stack.
 */
#include <dlfcn.h>

#include "base/attr.h"
#include "lookup.h"
#include "modules.h"
#include "thread.h"

void *intercept_dl_open(unsigned int which);

static int (*real_dlclose)(void *handle);
static void *real_open[2];

/*
 * Before anything is loaded: notice what libc has unloaded by itself, so that
 * no new object is taken for an old one at the same address.
 *
 * Return: the function to jump to.
 */
__attribute__((used)) void *intercept_dl_open(unsigned int which)
{
	static const char *const names[] = { "dlopen", "dlmopen" };
	void *next = __atomic_load_n(&real_open[which], __ATOMIC_RELAXED);
	struct thread *thread;

	if (!next) {
		next = lookup_next(names[which]);
		__atomic_store_n(&real_open[which], next, __ATOMIC_RELAXED);
	}
	thread = thread_enter();
	if (thread) {
		modules_refresh(thread);
		thread_leave(thread);
	}
	return next;
}

#if defined(__x86_64__)
/* The arguments are kept in three pushes, which also align the stack for the call. */
#define OPEN_STUB(name, which)                 \
	__asm__(".text\n"                      \
		".globl " #name "\n"           \
		".type " #name ", @function\n" \
		".p2align 4\n" #name ":\n"     \
		".cfi_startproc\n"             \
		"endbr64\n"                    \
		"push %rdi\n"                  \
		".cfi_adjust_cfa_offset 8\n"   \
		"push %rsi\n"                  \
		".cfi_adjust_cfa_offset 8\n"   \
		"push %rdx\n"                  \
		".cfi_adjust_cfa_offset 8\n"   \
		"mov $" #which ", %edi\n"      \
		"call intercept_dl_open\n"     \
		"pop %rdx\n"                   \
		".cfi_adjust_cfa_offset -8\n"  \
		"pop %rsi\n"                   \
		".cfi_adjust_cfa_offset -8\n"  \
		"pop %rdi\n"                   \
		".cfi_adjust_cfa_offset -8\n"  \
		"jmp *%rax\n"                  \
		".cfi_endproc\n"               \
		".size " #name ", .-" #name "\n")
#elif defined(__aarch64__)
#define OPEN_STUB(name, which)                 \
	__asm__(".text\n"                      \
		".globl " #name "\n"           \
		".type " #name ", %function\n" \
		".p2align 4\n" #name ":\n"     \
		".cfi_startproc\n"             \
		"hint #34\n"                   \
		"stp x29, x30, [sp, #-48]!\n"  \
		".cfi_adjust_cfa_offset 48\n"  \
		".cfi_rel_offset x29, 0\n"     \
		".cfi_rel_offset x30, 8\n"     \
		"stp x0, x1, [sp, #16]\n"      \
		"str x2, [sp, #32]\n"          \
		"mov w0, #" #which "\n"        \
		"bl intercept_dl_open\n"       \
		"mov x16, x0\n"                \
		"ldr x2, [sp, #32]\n"          \
		"ldp x0, x1, [sp, #16]\n"      \
		"ldp x29, x30, [sp], #48\n"    \
		".cfi_adjust_cfa_offset -48\n" \
		".cfi_restore x29\n"           \
		".cfi_restore x30\n"           \
		"br x16\n"                     \
		".cfi_endproc\n"               \
		".size " #name ", .-" #name "\n")
#endif

OPEN_STUB(dlopen, 0);
OPEN_STUB(dlmopen, 1);

attr_export int dlclose(void *handle)
{
	struct thread *thread;
	int err;

	if (!__atomic_load_n(&real_dlclose, __ATOMIC_RELAXED))
		__atomic_store_n((void **)&real_dlclose, lookup_next("dlclose"), __ATOMIC_RELAXED);

	/* What is about to go may have come unnoticed: describe it while it can be read. */
	thread = thread_enter();
	if (thread) {
		modules_refresh(thread);
		thread_leave(thread);
	}
	err = real_dlclose(handle);
	thread = thread_enter();
	if (thread) {
		modules_refresh(thread);
		thread_leave(thread);
	}
	return err;
}
