/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the walker must know of aarch64.  No rules are read from the unwind
 * tables yet: stacks are followed by frame pointers, which the platform's
 * ABI asks compilers to keep.
 */
#ifndef PRELOAD_ARCH_AARCH64_H
#define PRELOAD_ARCH_AARCH64_H

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#define ARCH_HAS_RULES 0

enum {
	ARCH_REG_FP = 29,
	ARCH_REG_SP = 31,
	ARCH_REG_PC = 30, /* the link register is the return address column */
	ARCH_REGS = 32,
};

#define ARCH_PC_MASK 0xffffffffffffull

/* The kernel's signal frame: siginfo_t (128 bytes), then ucontext_t. */
#define ARCH_SIGNAL_PC (128 + offsetof(ucontext_t, uc_mcontext.pc))
#define ARCH_SIGNAL_SP (128 + offsetof(ucontext_t, uc_mcontext.sp))
#define ARCH_SIGNAL_FP (128 + offsetof(ucontext_t, uc_mcontext.regs[29]))

/* mov x8, #__NR_rt_sigreturn; svc #0 */
#define ARCH_SIGRETURN                                         \
	{                                                      \
		0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4 \
	}

/* The registers as they are here, by DWARF number: those that a walk by frame pointers needs. */
#define ARCH_SAVE_REGS(to)                           \
	__asm__ volatile("mov x9, sp\n\t"            \
			 "adr x10, 0f\n\t"           \
			 "0: str x29, [%0, 232]\n\t" \
			 "str x10, [%0, 240]\n\t"    \
			 "str x9, [%0, 248]"         \
			 :                           \
			 : "r"(to)                   \
			 : "x9", "x10", "memory")

/* A signed return address has its code in the bits above the address (48 bits and more). */
static inline uintptr_t arch_pc(uintptr_t saved)
{
	return saved & ARCH_PC_MASK;
}

#endif /* PRELOAD_ARCH_AARCH64_H */
