/* SPDX-License-Identifier: Apache-2.0 */
/* Where the handlers of our own signals return to. */
#include "sys.h"

#if defined(__x86_64__)
/* Byte for byte what unwinders look for: mov $__NR_rt_sigreturn, %rax; syscall. */
__asm__(".text\n"
	".p2align 4\n"
	"nop\n"
	".hidden sys_sigreturn\n"
	".globl sys_sigreturn\n"
	".type sys_sigreturn, @function\n"
	"sys_sigreturn:\n\t"
	"movq $15, %rax\n\t"
	"syscall\n"
	".size sys_sigreturn, . - sys_sigreturn\n");
#endif
