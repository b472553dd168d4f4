/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzzers have in common: a listener that models everything and
 * looks at every result, so that a sanitizer sees what it leads to.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "input/image.h"

/* The fuzzed function, as libFuzzer calls it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** fuzz_ops - images go to sessions, which are finished and checked at their end */
extern const struct input_ops fuzz_ops;

#endif /* TESTS_FUZZ_FUZZ_H */
