/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock that stamps are taken from, as the shim reads it.
 */
#ifndef INPUT_TICKS_H
#define INPUT_TICKS_H

#include <stdint.h>
#include <time.h>

static inline uint64_t ticks_now(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t value;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
	return value;
#else
#error "tenure: no time stamp counter known for this machine"
#endif
}

static inline uint64_t ticks_clock_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif /* INPUT_TICKS_H */
