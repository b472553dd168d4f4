/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place that chooses an architecture for the walker.
 */
#ifndef PRELOAD_ARCH_ARCH_H
#define PRELOAD_ARCH_ARCH_H

#if defined(__x86_64__)
#include "arch/x86-64.h"
#elif defined(__aarch64__)
#include "arch/aarch64.h"
#else
#error "the walker does not know this architecture"
#endif

#endif /* PRELOAD_ARCH_ARCH_H */
