/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF expressions, evaluated over values that may be partly unknown.
 *
 * With all registers known and memory at hand this is the usual evaluation.
 * With the stack and frame pointer left as symbols it tells what an
 * expression means, which is how a rule is made of it.
 */
#ifndef PRELOAD_EXPR_H
#define PRELOAD_EXPR_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/arch.h"

enum expr_base {
	EXPR_NUMBER,   /* add */
	EXPR_SP,       /* sp + add */
	EXPR_FP,       /* fp + add */
	EXPR_DEREF_SP, /* *(sp + add) */
	EXPR_DEREF_FP, /* *(fp + add) */
	EXPR_UNKNOWN,
};

struct expr_value {
	uint32_t base; /* enum expr_base */
	int64_t add;
};

/**
 * struct expr_env - what an expression is evaluated in
 * @reg:  registers by DWARF number
 * @load: reads 8 bytes at a numeric address; may be NULL
 * @arg:  for @load
 */
struct expr_env {
	struct expr_value reg[ARCH_REGS];
	bool (*load)(void *arg, uintptr_t addr, uint64_t *ret_value);
	void *arg;
};

/**
 * expr_eval() - the value of the expression in [@at, @end)
 * @first: what is on the stack at the beginning
 *
 * Return: the value; of base EXPR_UNKNOWN when it cannot be told.
 */
struct expr_value expr_eval(const uint8_t *at, const uint8_t *end, const struct expr_env *env,
			    struct expr_value first);

#endif /* PRELOAD_EXPR_H */
