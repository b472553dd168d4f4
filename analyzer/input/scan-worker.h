/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that reads the memory of another one: a fork of the analyzer,
 * which knows all that the analyzer knew at that moment.
 */
#ifndef INPUT_SCAN_WORKER_H
#define INPUT_SCAN_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "live.h"
#include "memory.h"
#include "stop.h"

/**
 * struct scan_job - what it has to do
 * @live:    of the image; borrowed
 * @since_ns: when it began to stand still, CLOCK_MONOTONIC
 * @asked:   the process waits for the word scan to change
 * @area:    what it has said when it asked
 * @out:     where a whole report goes, -1: only the result is wanted
 */
struct scan_job {
	struct live *live;
	uint32_t moment;
	uint64_t since_ns;
	bool asked;
	int out;
	double ns_per_tick;
	struct tenure_scan_area area;
	struct memory memory;
	stop_threads threads;
	memory_maps maps;
	VEC(struct tenure_scan_own) own;
};

/**
 * scan_worker_start() - fork, and let the child call input_ops.scan
 * @to: the child writes a byte there when the process may go on, and then the result
 *
 * Return: 0 or a negative errno.
 */
attr_nodiscard int scan_worker_start(struct scan_job *job, int to, pid_t *ret_worker);

void scan_job_fini(struct scan_job *job);

#endif /* INPUT_SCAN_WORKER_H */
