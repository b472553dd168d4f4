/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping the threads of a process, as far as the kernel lets us.
 */
#ifndef INPUT_STOP_H
#define INPUT_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/target.h"
#include "base/vec.h"
#include "memory.h"

typedef VEC(struct target_thread) stop_threads;

/** struct stop_code - text in which a thread is better not stopped */
struct stop_code {
	uint64_t start;
	uint64_t end;
};

/**
 * stop_all() - stop all threads of @memory->pid but @asking, and read their registers
 * @asking:      stands still by itself; 0: no thread does
 * @code:        the shim's
 * @ret_threads: all there are, @asking included; those that could not be stopped say so
 *
 * Return: 0 or -ENOMEM; stop_release() is needed in both cases.
 */
attr_nodiscard int stop_all(const struct memory *memory, uint32_t asking,
			    const struct stop_code *code, stop_threads *ret_threads);

/** stop_release() - let them go on; @pid: the process */
void stop_release(uint32_t pid, const stop_threads *threads);

#endif /* INPUT_STOP_H */
