/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF expressions as call frame information uses them.
 */
#include "expr.h"

#include "leb.h"

enum {
	DEPTH_MAX = 16,
	STEPS_MAX = 200,
};

/**
 * struct eval - the stack machine
 * @failed: something is not understood
 */
struct eval {
	const struct expr_env *env;
	const uint8_t *start;
	struct leb_in in;
	struct expr_value stack[DEPTH_MAX];
	uint32_t depth;
	bool failed;
};

static const struct expr_value unknown = { .base = EXPR_UNKNOWN };

static void push(struct eval *e, struct expr_value value)
{
	if (e->depth == DEPTH_MAX)
		e->failed = true;
	else
		e->stack[e->depth++] = value;
}

static void push_number(struct eval *e, int64_t number)
{
	push(e, (struct expr_value){ .base = EXPR_NUMBER, .add = number });
}

static struct expr_value pop(struct eval *e)
{
	if (e->depth == 0) {
		e->failed = true;
		return unknown;
	}
	return e->stack[--e->depth];
}

static int64_t wrap_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static struct expr_value reg_plus(struct eval *e, uint64_t reg, int64_t add)
{
	struct expr_value value = reg < ARCH_REGS ? e->env->reg[reg] : unknown;

	if (value.base > EXPR_FP && add != 0)
		return unknown;
	value.add = wrap_add(value.add, add);
	return value;
}

static struct expr_value deref(struct eval *e, struct expr_value addr, unsigned int bytes)
{
	uint64_t loaded;

	switch ((enum expr_base)addr.base) {
	case EXPR_NUMBER:
		if (!e->env->load || !e->env->load(e->env->arg, (uintptr_t)addr.add, &loaded))
			return unknown;
		if (bytes < 8)
			loaded &= (1ull << bytes * 8) - 1;
		return (struct expr_value){ .base = EXPR_NUMBER, .add = (int64_t)loaded };
	case EXPR_SP:
		return bytes == 8 ? (struct expr_value){ EXPR_DEREF_SP, addr.add } : unknown;
	case EXPR_FP:
		return bytes == 8 ? (struct expr_value){ EXPR_DEREF_FP, addr.add } : unknown;
	case EXPR_DEREF_SP:
	case EXPR_DEREF_FP:
	case EXPR_UNKNOWN:
		break;
	}
	return unknown;
}

static struct expr_value plus(struct expr_value a, struct expr_value b)
{
	if (b.base == EXPR_NUMBER && a.base <= EXPR_FP)
		return (struct expr_value){ a.base, wrap_add(a.add, b.add) };
	if (a.base == EXPR_NUMBER && b.base <= EXPR_FP)
		return (struct expr_value){ b.base, wrap_add(a.add, b.add) };
	return unknown;
}

static int64_t shift(unsigned int op, int64_t a, int64_t by)
{
	if (by < 0 || by > 63)
		return op == 0x26 && a < 0 ? -1 : 0;
	if (op == 0x24)
		return (int64_t)((uint64_t)a << by);
	if (op == 0x25)
		return (int64_t)((uint64_t)a >> by);
	return a >> by;
}

/* a OP b on numbers, where b was on top; division has no use here. */
static struct expr_value binary(struct eval *e, unsigned int op, struct expr_value a,
				struct expr_value b)
{
	int64_t r;

	if (op == 0x22)
		return plus(a, b);
	if (op == 0x1c && b.base == EXPR_NUMBER && a.base <= EXPR_FP)
		return (struct expr_value){ a.base, (int64_t)((uint64_t)a.add - (uint64_t)b.add) };
	if (a.base != EXPR_NUMBER || b.base != EXPR_NUMBER)
		return unknown;

	switch (op) {
	case 0x1a:
		r = a.add & b.add;
		break;
	case 0x1e:
		r = (int64_t)((uint64_t)a.add * (uint64_t)b.add);
		break;
	case 0x21:
		r = a.add | b.add;
		break;
	case 0x24:
	case 0x25:
	case 0x26:
		r = shift(op, a.add, b.add);
		break;
	case 0x27:
		r = a.add ^ b.add;
		break;
	case 0x29:
		r = a.add == b.add;
		break;
	case 0x2a:
		r = a.add >= b.add;
		break;
	case 0x2b:
		r = a.add > b.add;
		break;
	case 0x2c:
		r = a.add <= b.add;
		break;
	case 0x2d:
		r = a.add < b.add;
		break;
	case 0x2e:
		r = a.add != b.add;
		break;
	default:
		e->failed = true;
		return unknown;
	}
	return (struct expr_value){ EXPR_NUMBER, r };
}

static void pick(struct eval *e, uint64_t index)
{
	if (index >= e->depth)
		e->failed = true;
	else
		push(e, e->stack[e->depth - 1 - index]);
}

/* DW_OP_skip and DW_OP_bra. */
static void jump(struct eval *e, bool always)
{
	int64_t by = (int16_t)leb_fixed(&e->in, 2);
	struct expr_value cond = always ? (struct expr_value){ EXPR_NUMBER, 1 } : pop(e);

	if (cond.base != EXPR_NUMBER || by < e->start - e->in.at || by > e->in.end - e->in.at)
		e->failed = true;
	else if (cond.add)
		e->in.at += by;
}

static void constant(struct eval *e, unsigned int op)
{
	struct leb_in *in = &e->in;

	switch (op) {
	case 0x08:
		push_number(e, (int64_t)leb_fixed(in, 1));
		break;
	case 0x09:
		push_number(e, (int8_t)leb_fixed(in, 1));
		break;
	case 0x0a:
		push_number(e, (int64_t)leb_fixed(in, 2));
		break;
	case 0x0b:
		push_number(e, (int16_t)leb_fixed(in, 2));
		break;
	case 0x0c:
		push_number(e, (int64_t)leb_fixed(in, 4));
		break;
	case 0x0d:
		push_number(e, (int32_t)leb_fixed(in, 4));
		break;
	case 0x10:
		push_number(e, (int64_t)leb_unsigned(in));
		break;
	case 0x11:
		push_number(e, leb_signed(in));
		break;
	default: /* addr, const8u, const8s */
		push_number(e, (int64_t)leb_fixed(in, 8));
		break;
	}
}

static void other(struct eval *e, unsigned int op)
{
	struct expr_value a;
	struct expr_value b;
	uint64_t reg;

	switch (op) {
	case 0x06: /* deref */
		push(e, deref(e, pop(e), 8));
		break;
	case 0x94: /* deref_size */
		reg = leb_fixed(&e->in, 1);
		push(e, deref(e, pop(e), (unsigned int)reg));
		break;
	case 0x12: /* dup */
		pick(e, 0);
		break;
	case 0x13: /* drop */
		(void)pop(e);
		break;
	case 0x14: /* over */
		pick(e, 1);
		break;
	case 0x15: /* pick */
		pick(e, leb_fixed(&e->in, 1));
		break;
	case 0x16: /* swap */
		b = pop(e);
		a = pop(e);
		push(e, b);
		push(e, a);
		break;
	case 0x23: /* plus_uconst */
		a = pop(e);
		push(e, plus(a, (struct expr_value){ EXPR_NUMBER, (int64_t)leb_unsigned(&e->in) }));
		break;
	case 0x28:
		jump(e, false);
		break;
	case 0x2f:
		jump(e, true);
		break;
	case 0x92: /* bregx */
		reg = leb_unsigned(&e->in);
		push(e, reg_plus(e, reg, leb_signed(&e->in)));
		break;
	case 0x96: /* nop */
		break;
	default:
		b = pop(e);
		a = pop(e);
		push(e, binary(e, op, a, b));
		break;
	}
}

struct expr_value expr_eval(const uint8_t *at, const uint8_t *end, const struct expr_env *env,
			    struct expr_value first)
{
	struct eval e = { .env = env, .start = at, .in = { .at = at, .end = end } };

	push(&e, first);
	for (uint32_t steps = 0; e.in.at < e.in.end; steps++) {
		unsigned int op = (unsigned int)leb_fixed(&e.in, 1);

		if (op >= 0x30 && op <= 0x4f) /* lit0.. */
			push_number(&e, op - 0x30);
		else if (op >= 0x70 && op <= 0x8f) /* breg0.. */
			push(&e, reg_plus(&e, op - 0x70, leb_signed(&e.in)));
		else if (op == 0x03 || (op >= 0x08 && op <= 0x11))
			constant(&e, op);
		else
			other(&e, op);

		if (e.failed || e.in.bad || steps == STEPS_MAX)
			return unknown;
	}
	return pop(&e);
}
