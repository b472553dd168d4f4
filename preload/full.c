/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk by the unwind tables alone, with all registers and no memory of
 * anything.
 */
#include "full.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "cfi.h"
#include "expr.h"
#include "stack.h"
#include "thread.h"

enum {
	OWN_MAX = 64, /* frames of the shim itself before the program's first */
};

/**
 * struct full - where the walk stands
 * @env:   registers, and how memory is read
 * @kind:  how the frame was found
 */
struct full {
	struct expr_env env;
	struct reach reach;
	uint32_t kind;
};

static bool load(void *arg, uintptr_t addr, uint64_t *ret_value)
{
	if (!reach_ok(arg, addr))
		return false;
	*ret_value = step_load(addr);
	return true;
}

static uintptr_t number(const struct full *full, uint32_t reg)
{
	return (uintptr_t)full->env.reg[reg].add;
}

static struct expr_value expression(const struct full *full, const struct cfi_row *row,
				    const struct cfi_reg *column, struct expr_value first)
{
	const uint8_t *start;
	const uint8_t *end;

	if (!cfi_expr(row, column, &start, &end))
		return (struct expr_value){ .base = EXPR_UNKNOWN };
	return expr_eval(start, end, &full->env, first);
}

static struct expr_value loaded(struct full *full, struct expr_value at)
{
	uint64_t value;

	if (at.base != EXPR_NUMBER || !load(&full->reach, (uintptr_t)at.add, &value))
		return (struct expr_value){ .base = EXPR_UNKNOWN };
	return (struct expr_value){ EXPR_NUMBER, (int64_t)value };
}

/* The caller's value of a register. */
static struct expr_value column_value(struct full *full, const struct cfi_row *row, uint32_t reg,
				      struct expr_value cfa)
{
	const struct cfi_reg *column = &row->reg[reg];
	const struct expr_value sum = { EXPR_NUMBER, cfa.add + column->value };

	switch ((enum cfi_how)column->how) {
	case CFI_SAME:
		return full->env.reg[reg];
	case CFI_UNDEF:
		break;
	case CFI_AT:
		return loaded(full, sum);
	case CFI_VAL:
		return sum;
	case CFI_REG:
		if ((uint32_t)column->value < ARCH_REGS)
			return full->env.reg[column->value];
		break;
	case CFI_EXPR:
		return loaded(full, expression(full, row, column, cfa));
	case CFI_VAL_EXPR:
		return expression(full, row, column, cfa);
	}
	return (struct expr_value){ .base = EXPR_UNKNOWN };
}

static struct expr_value cfa_of(const struct full *full, const struct cfi_row *row)
{
	struct expr_value cfa = full->env.reg[row->cfa_reg];

	if (row->cfa.how == CFI_EXPR)
		return expression(full, row, &row->cfa,
				  (struct expr_value){ .base = EXPR_UNKNOWN });
	cfa.add += row->cfa.value;
	return cfa;
}

static enum step_result by_row(struct full *full, const struct cfi_row *row)
{
	struct expr_value next[ARCH_REGS];
	struct expr_value cfa = cfa_of(full, row);

	if (!row->signal && row->reg[row->ra].how == CFI_UNDEF)
		return STEP_END;
	if (cfa.base != EXPR_NUMBER)
		return STEP_LOST;
	if (!row->signal && (uintptr_t)cfa.add <= number(full, ARCH_REG_SP))
		return STEP_LOST;

	for (uint32_t reg = 0; reg < ARCH_REGS; reg++)
		next[reg] = column_value(full, row, reg, cfa);
	if (row->reg[ARCH_REG_SP].how == CFI_SAME)
		next[ARCH_REG_SP] = cfa;
	next[ARCH_REG_PC] = column_value(full, row, row->ra, cfa);
	if (next[ARCH_REG_PC].base != EXPR_NUMBER || next[ARCH_REG_SP].base != EXPR_NUMBER)
		return STEP_LOST;
	next[ARCH_REG_PC].add = (int64_t)arch_pc((uintptr_t)next[ARCH_REG_PC].add);

	__builtin_memcpy(full->env.reg, next, sizeof(next));
	full->kind = row->signal ? TENURE_NODE_EXACT : TENURE_NODE_CALL;
	return number(full, ARCH_REG_PC) ? STEP_OK : STEP_END;
}

/* Where there is no table the rules say what to do; of registers they know three. */
static enum step_result by_rule(struct full *full, uintptr_t lookup)
{
	struct frame frame = { number(full, ARCH_REG_PC), number(full, ARCH_REG_SP),
			       number(full, ARCH_REG_FP), full->kind };
	uint32_t rule = rules_make(lookup);
	enum step_result result;

	if (RULE_KIND(rule) != RULE_SIGNAL && full->env.reg[ARCH_REG_FP].base != EXPR_NUMBER)
		return RULE_KIND(rule) == RULE_END ? STEP_END : STEP_LOST;
	result = step(&frame, rule, &full->reach);
	if (result != STEP_OK)
		return result;

	for (uint32_t reg = 0; reg < ARCH_REGS; reg++)
		full->env.reg[reg].base = EXPR_UNKNOWN;
	full->env.reg[ARCH_REG_PC] = (struct expr_value){ EXPR_NUMBER, (int64_t)frame.pc };
	full->env.reg[ARCH_REG_SP] = (struct expr_value){ EXPR_NUMBER, (int64_t)frame.sp };
	full->env.reg[ARCH_REG_FP] = (struct expr_value){ EXPR_NUMBER, (int64_t)frame.fp };
	full->kind = frame.kind;
	return STEP_OK;
}

static enum step_result full_step(struct full *full)
{
	uintptr_t lookup = number(full, ARCH_REG_PC) - (full->kind != TENURE_NODE_EXACT);
	struct cfi_row row;

	if (ARCH_HAS_RULES && cfi_find(lookup, &row) == 0)
		return by_row(full, &row);
	return by_rule(full, lookup);
}

enum step_result full_walk(const struct thread *thread, const struct stack_regs *regs,
			   uint64_t *words, uint32_t room, uint32_t *ret_count)
{
	uint64_t here[ARCH_REGS] = { 0 };
	enum step_result result = STEP_OK;
	struct full full = { .kind = TENURE_NODE_EXACT };

	*ret_count = 0;
	ARCH_SAVE_REGS(here);
	for (uint32_t reg = 0; reg < ARCH_REGS; reg++)
		full.env.reg[reg] = (struct expr_value){ EXPR_NUMBER, (int64_t)here[reg] };
	full.env.load = load;
	full.env.arg = &full.reach;
	reach_begin(&full.reach, thread, (uintptr_t)here[ARCH_REG_SP]);

	/* Through the shim, up to where the program called it. */
	for (uint32_t i = 0; number(&full, ARCH_REG_SP) < regs->sp; i++) {
		if (i == OWN_MAX || full_step(&full) != STEP_OK)
			return STEP_LOST;
	}
	if (number(&full, ARCH_REG_PC) != regs->pc)
		return STEP_LOST;

	do {
		if (*ret_count == room)
			return STEP_LOST;
		words[(*ret_count)++] = TENURE_NODE_WORD(full.kind, number(&full, ARCH_REG_PC));
		result = full_step(&full);
	} while (result == STEP_OK);
	return result == STEP_END ? STEP_END : STEP_LOST;
}
