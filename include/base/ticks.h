/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of all stamps, read alike by the shim and the analyzer.
 */
#ifndef BASE_TICKS_H
#define BASE_TICKS_H

#include <stdint.h>

#include "base/attr.h"

/*
 * A tick of x86-64 is 16 cycles of the time stamp counter, some 6 ns: a quarter of
 * what a block takes from one thread to another at least, and most stamps
 * then differ from the last one by a single byte.
 */
#define TICKS_SHIFT 4

/* What a processor does in a tick at most, in cycles. */
#if defined(__aarch64__)
#define TICKS_CYCLES 256u /* of a counter as slow as 12 MHz, at 3 GHz */
#else
#define TICKS_CYCLES (2u << TICKS_SHIFT) /* it may run faster than its counter */
#endif

static attr_always_inline uint64_t ticks_read(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_ia32_rdtsc() >> TICKS_SHIFT;
#elif defined(__aarch64__)
	uint64_t value;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
	return value;
#else
#error "no time stamp counter known for this machine"
#endif
}

#endif /* BASE_TICKS_H */
