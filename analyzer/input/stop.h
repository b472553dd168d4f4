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

/**
 * struct stop_hook - where a thread is better not stopped
 * @start, @end: the shim's text
 * @is_busy:      is this thread in the middle of an event?
 * @drain:       called with @arg while a thread is waited for to come out of
 *               there, for it may be held up by a pipe that is full
 */
struct stop_hook {
	uint64_t start;
	uint64_t end;
	bool (*is_busy)(void *arg, uint32_t tid);
	void (*drain)(void *arg);
	void *arg;
};

/**
 * stop_all() - stop all threads of @memory->pid but @asking, and read their registers
 * @asking:      stands still by itself; 0: no thread does
 * @hook:        borrowed
 * @ret_threads: all there are, @asking included; those that could not be stopped say so
 *
 * Return: 0 or -ENOMEM; stop_release() is needed in both cases.
 */
attr_nodiscard int stop_all(const struct memory *memory, uint32_t asking,
			    const struct stop_hook *hook, stop_threads *ret_threads);

/** stop_release() - let them go on; @pid: the process */
void stop_release(uint32_t pid, const stop_threads *threads);

#endif /* INPUT_STOP_H */
