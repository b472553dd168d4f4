/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the walker must know of x86-64: DWARF register numbers, the frame the
 * kernel builds for a signal handler, how a rule packs into 28 bits.
 */
#ifndef PRELOAD_ARCH_X86_64_H
#define PRELOAD_ARCH_X86_64_H

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#define ARCH_HAS_RULES 1
#define ARCH_FP_ENDS   0

enum {
	ARCH_REG_FP = 6,  /* rbp */
	ARCH_REG_SP = 7,  /* rsp */
	ARCH_REG_PC = 16, /* the return address column */
	ARCH_REGS = 17,
};

/* Bytes of a direct jump, and whether one begins at @at; it leads to @at + those + *ret_to. */
#define ARCH_JUMP_MAX 6
static inline int arch_jump(const uint8_t *at, int32_t *ret_to)
{
	int opcode = at[0] == 0xe9 ? 1 : at[0] == 0x0f && (at[1] & 0xf0) == 0x80 ? 2 : 0;

	__builtin_memcpy(ret_to, at + opcode, sizeof(*ret_to));
	return opcode ? opcode + 4 : 0;
}

/* Bits of an address that can be code. */
#define ARCH_PC_MASK 0xffffffffffffull

/* Where registers lie in the ucontext_t that a signal frame holds at its stack pointer. */
#define ARCH_SIGNAL_PC (offsetof(ucontext_t, uc_mcontext.gregs[REG_RIP]))
#define ARCH_SIGNAL_SP (offsetof(ucontext_t, uc_mcontext.gregs[REG_RSP]))
#define ARCH_SIGNAL_FP (offsetof(ucontext_t, uc_mcontext.gregs[REG_RBP]))

/* mov $__NR_rt_sigreturn, %rax; syscall: the code a signal handler returns to. */
#define ARCH_SIGRETURN                                               \
	{                                                            \
		0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05 \
	}

/* The registers as they are here, by DWARF number; those that calls may change are not told. */
#define ARCH_SAVE_REGS(to)                           \
	__asm__ volatile("movq %%rbx, 3*8(%0)\n\t"   \
			 "movq %%rbp, 6*8(%0)\n\t"   \
			 "movq %%rsp, 7*8(%0)\n\t"   \
			 "movq %%r12, 12*8(%0)\n\t"  \
			 "movq %%r13, 13*8(%0)\n\t"  \
			 "movq %%r14, 14*8(%0)\n\t"  \
			 "movq %%r15, 15*8(%0)\n\t"  \
			 "leaq 0f(%%rip), %%rax\n\t" \
			 "0: movq %%rax, 16*8(%0)"   \
			 :                           \
			 : "r"(to)                   \
			 : "rax", "memory")

/** arch_kept() - the registers that calls keep, as they are here.  Return: how many */
static inline uint32_t arch_kept(uint64_t *ret_regs)
{
	__asm__ volatile("movq %%rbx, 0*8(%0)\n\t"
			 "movq %%rbp, 1*8(%0)\n\t"
			 "movq %%r12, 2*8(%0)\n\t"
			 "movq %%r13, 3*8(%0)\n\t"
			 "movq %%r14, 4*8(%0)\n\t"
			 "movq %%r15, 5*8(%0)"
			 :
			 : "r"(ret_regs)
			 : "memory");
	return 6;
}

/** arch_context() - the registers of what a signal has interrupted.  Return: how many */
static inline uint32_t arch_context(const ucontext_t *context, uint64_t *ret_regs, uint64_t *ret_sp)
{
	const greg_t *regs = context->uc_mcontext.gregs;

	for (uint32_t i = 0; i <= REG_RCX; i++)
		ret_regs[i] = (uint64_t)regs[i];
	*ret_sp = (uint64_t)regs[REG_RSP];
	return REG_RCX + 1;
}

/** arch_pc() - a return address as it was before anything was mixed into it */
static inline uintptr_t arch_pc(uintptr_t saved)
{
	return saved;
}

#endif /* PRELOAD_ARCH_X86_64_H */
