/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What check.c counts; run.py reads the file as an array of numbers in this
 * order.
 */
#ifndef TESTS_PARANOID_COUNTERS_H
#define TESTS_PARANOID_COUNTERS_H

#include <stdint.h>

/**
 * struct paranoid_counters - of one process
 * @captures:    stacks compared with the walk by tables
 * @frames:      of all of them
 * @differ:      stacks that were not equal
 * @generation:  stacks under a root of an old module generation
 * @cut:         stacks that could not be followed to their end
 * @guessed:     stacks with a frame found by frame pointer
 * @signals:     signal frames crossed
 * @lib:         stacks compared with libunwind's
 * @lib_differ:  a frame is another one
 * @lib_shorter: libunwind stops earlier, all before is equal
 * @lib_longer:  libunwind goes on, all before is equal
 * @python:      Python stacks compared with a chain of frames read afresh
 * @python_differ: of these, not equal
 * @samples:     differences and cut stacks that could be written down
 */
struct paranoid_counters {
	uint64_t captures;
	uint64_t frames;
	uint64_t differ;
	uint64_t generation;
	uint64_t cut;
	uint64_t guessed;
	uint64_t signals;
	uint64_t lib;
	uint64_t lib_differ;
	uint64_t lib_shorter;
	uint64_t lib_longer;
	uint64_t python;
	uint64_t python_differ;
	uint64_t samples;
};

#endif /* TESTS_PARANOID_COUNTERS_H */
