/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock that stamps are taken from, as the shim reads it.
 */
#ifndef INPUT_TICKS_H
#define INPUT_TICKS_H

#include <stdint.h>
#include <time.h>

#include "base/ticks.h"

static inline uint64_t ticks_now(void)
{
	return ticks_read();
}

static inline uint64_t ticks_clock_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif /* INPUT_TICKS_H */
