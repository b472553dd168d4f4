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
#define ARCH_FP_ENDS   1 /* a frame pointer of 0 is the end of the stack, by the ABI */

enum {
	ARCH_REG_FP = 29,
	ARCH_REG_SP = 31,
	ARCH_REG_PC = 30, /* the link register is the return address column */
	ARCH_REGS = 32,
};

/* Jumps are not looked for. */
#define ARCH_JUMP_MAX 4
static inline int arch_jump(const uint8_t *at __attribute__((unused)),
			    int32_t *ret_to __attribute__((unused)))
{
	return 0;
}

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

/** arch_kept() - the registers that calls keep, as they are here.  Return: how many */
static inline uint32_t arch_kept(uint64_t *ret_regs)
{
	__asm__ volatile("stp x19, x20, [%0]\n\t"
			 "stp x21, x22, [%0, 16]\n\t"
			 "stp x23, x24, [%0, 32]\n\t"
			 "stp x25, x26, [%0, 48]\n\t"
			 "stp x27, x28, [%0, 64]\n\t"
			 "str x29, [%0, 80]"
			 :
			 : "r"(ret_regs)
			 : "memory");
	return 11;
}

/* The registers of what a signal has interrupted, and how many they are. */
#define arch_context(context, ret_regs, ret_sp)                           \
	({                                                                \
		for (uint32_t i_ = 0; i_ < 31; i_++)                      \
			(ret_regs)[i_] = (context)->uc_mcontext.regs[i_]; \
		*(ret_sp) = (context)->uc_mcontext.sp;                    \
		31u;                                                      \
	})

/* A signed return address has its code in the bits above the address (48 bits and more). */
static inline uintptr_t arch_pc(uintptr_t saved)
{
	return saved & ARCH_PC_MASK;
}

#endif /* PRELOAD_ARCH_AARCH64_H */
