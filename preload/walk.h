/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native walk.
 */
#ifndef PRELOAD_WALK_H
#define PRELOAD_WALK_H

#include <stdint.h>

#include "stack.h"

int walk_init(void);
uint32_t walk_capture(struct thread *thread, const struct stack_regs *regs);
void walk_modules_changed(void);
void walk_modules_added(void);
void walk_depth(uint32_t max_depth);

#endif /* PRELOAD_WALK_H */
