/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwinding rules: made from the unwind tables, kept one word per address.
 *
 * The word of an address is 34 bits of tag over 28 bits of rule.  An address
 * of 48 bits times an odd constant, modulo 2^48, is a bijection: its upper 14
 * bits choose the bucket, the lower 34 are the tag, so that a hit is never
 * false.  Words are read and written whole; a lost one is made again.
 */
#include "rules.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "arch/arch.h"
#include "cfi.h"
#include "expr.h"
#include "reach.h"
#include "sys.h"

enum {
	PAGE_ALIGN = 65536, /* no page of any supported machine is larger */
};

uint64_t rules_words_[1u << RULES_BUCKET_BITS][RULES_WAYS] __attribute__((aligned(PAGE_ALIGN)));
uint32_t rules_guess_ = RULE_GUESS;

/* Times that code was unmapped: what was made under another number is not kept. */
static uint32_t forgotten;

static const uint8_t sigreturn_code[] = ARCH_SIGRETURN;

static bool is_sigreturn(uintptr_t pc)
{
	return reach_probe(pc) && reach_probe(pc + sizeof(sigreturn_code) - 1) &&
	       __builtin_memcmp((const void *)pc, sigreturn_code, sizeof(sigreturn_code)) == 0;
}

#if ARCH_HAS_RULES

/* The value of a column that is an expression, with sp and fp as symbols. */
static struct expr_value symbol_of(const struct cfi_row *row, const struct cfi_reg *reg,
				   uintptr_t pc)
{
	struct expr_env env = { .load = NULL };
	const struct expr_value none = { .base = EXPR_UNKNOWN };
	const uint8_t *start;
	const uint8_t *end;

	if (!cfi_expr(row, reg, &start, &end))
		return none;

	for (size_t i = 0; i < ARCH_REGS; i++)
		env.reg[i].base = EXPR_UNKNOWN;
	env.reg[ARCH_REG_SP].base = EXPR_SP;
	env.reg[ARCH_REG_FP].base = EXPR_FP;
	env.reg[ARCH_REG_PC] = (struct expr_value){ EXPR_NUMBER, (int64_t)pc };
	return expr_eval(start, end, &env, none);
}

/* A frame of the kernel: the return address is where the ucontext has it. */
static uint32_t rule_signal(const struct cfi_row *row, uintptr_t pc)
{
	struct expr_value at;

	if (row->reg[row->ra].how != CFI_EXPR)
		return RULE_HARD;
	at = symbol_of(row, &row->reg[row->ra], pc);
	return at.base == EXPR_SP && at.add == (int64_t)ARCH_SIGNAL_PC ? RULE_SIGNAL : RULE_HARD;
}

static uint32_t rule_drap(const struct cfi_row *row, int64_t offset, uintptr_t pc)
{
	const struct cfi_reg *fp = &row->reg[ARCH_REG_FP];
	struct expr_value save = { .base = EXPR_UNKNOWN };

	if (fp->how == CFI_EXPR)
		save = symbol_of(row, fp, pc);
	if (save.base != EXPR_FP || save.add % 8 || save.add / 8 < -256 || save.add / 8 > 255)
		return RULE_HARD;
	if (offset % 8 || offset / 8 < -32768 || offset / 8 > 32767)
		return RULE_HARD;
	return RULE_DRAP | ((uint32_t)(save.add / 8) & 0x1ff) << 3 |
	       ((uint32_t)(offset / 8) & 0xffff) << 12;
}

static uint32_t rule_plain(const struct cfi_row *row, uint32_t kind, int64_t offset)
{
	const struct cfi_reg *fp = &row->reg[ARCH_REG_FP];
	int64_t save = 0;

	if (fp->how == CFI_AT)
		save = -(int64_t)fp->value;
	else if (fp->how != CFI_SAME && fp->how != CFI_UNDEF)
		return RULE_HARD;

	if (offset < 8 || offset % 8 || offset / 8 > 0x7ffff)
		return RULE_HARD;
	if (save < 0 || save % 8 || save / 8 > 0x3f || (save == 0 && fp->how == CFI_AT))
		return RULE_HARD;
	return kind | (uint32_t)(save / 8) << 3 | (uint32_t)(offset / 8) << 9;
}

static uint32_t rule_of_row(const struct cfi_row *row, uintptr_t pc)
{
	const struct cfi_reg *ra = &row->reg[row->ra];

	if (row->signal)
		return rule_signal(row, pc);
	if (ra->how == CFI_UNDEF)
		return RULE_END;
	if (ra->how != CFI_AT || ra->value != -8 || row->reg[ARCH_REG_SP].how != CFI_SAME)
		return RULE_HARD;

	if (row->cfa.how == CFI_EXPR) {
		struct expr_value cfa = symbol_of(row, &row->cfa, pc);

		if (cfa.base == EXPR_DEREF_FP)
			return rule_drap(row, cfa.add, pc);
		if (cfa.base == EXPR_SP)
			return rule_plain(row, RULE_SP, cfa.add);
		if (cfa.base == EXPR_FP)
			return rule_plain(row, RULE_FP, cfa.add);
		return RULE_HARD;
	}
	if (row->cfa.how == CFI_REG && row->cfa_reg == ARCH_REG_SP)
		return rule_plain(row, RULE_SP, row->cfa.value);
	if (row->cfa.how == CFI_REG && row->cfa_reg == ARCH_REG_FP)
		return rule_plain(row, RULE_FP, row->cfa.value);
	return RULE_HARD;
}

uint32_t rules_make(uintptr_t pc)
{
	struct cfi_row row;

	if (cfi_find(pc, &row) == 0)
		return rule_of_row(&row, pc);
	/* A return address is looked up one less, the code begins at it. */
	if (is_sigreturn(pc + 1))
		return RULE_SIGNAL;
	/* No call returns to where a function begins: it was made up, for a coroutine's root. */
	if (cfi_find(pc + 1, &row) == 0)
		return RULE_END;
	return __atomic_load_n(&rules_guess_, __ATOMIC_RELAXED);
}

#else

uint32_t rules_make(uintptr_t pc)
{
	return is_sigreturn(pc + 1) ? RULE_SIGNAL
				    : __atomic_load_n(&rules_guess_, __ATOMIC_RELAXED);
}

#endif

uint32_t rules_fill(uintptr_t pc)
{
	uint64_t mixed = rules_mix(pc);
	uint64_t *bucket = rules_words_[mixed >> RULES_TAG_BITS];
	uint64_t tag = mixed & RULES_TAG_MASK;
	/* Acquire: what is read of the tables below is not older. */
	uint32_t before = __atomic_load_n(&forgotten, __ATOMIC_ACQUIRE);
	uint32_t rule = rules_make(pc);
	uint64_t word = tag << RULE_BITS | rule;
	uint32_t way;

	for (way = 0; way < RULES_WAYS - 1; way++) {
		uint64_t old = __atomic_load_n(&bucket[way], __ATOMIC_RELAXED);

		if (old == 0 || old >> RULE_BITS == tag)
			break;
	}
	if (way == RULES_WAYS - 1) /* full: the youngest stays, the others move down */
		for (way = 0; way < RULES_WAYS - 1; way++)
			__atomic_store_n(&bucket[way],
					 __atomic_load_n(&bucket[way + 1], __ATOMIC_RELAXED),
					 __ATOMIC_RELAXED);

	/* Either rules_forget() finds the word and clears it, or it is seen here to have begun. */
	__atomic_store_n(&bucket[way], word, __ATOMIC_SEQ_CST);
	if (before != __atomic_load_n(&forgotten, __ATOMIC_SEQ_CST))
		__atomic_store_n(&bucket[way], 0, __ATOMIC_RELAXED);
	return rule;
}

uint32_t rules_find(uintptr_t pc)
{
	uint32_t rule = rules_lookup(pc);

	return likely(rule != RULE_NONE) ? rule : rules_fill(pc);
}

void rules_forget(void)
{
	uint64_t *words = rules_words_[0];

	__atomic_fetch_add(&forgotten, 1, __ATOMIC_SEQ_CST);
	/* Gives the pages back as well; they read as zeros afterwards. */
	if (sys_madvise(words, sizeof(rules_words_), MADV_DONTNEED) == 0)
		return;
	/* Memory that the program has locked stays. */
	for (size_t i = 0; i < sizeof(rules_words_) / sizeof(*words); i++)
		__atomic_store_n(&words[i], 0, __ATOMIC_RELAXED);
}

void rules_added(void)
{
	uint32_t rule = __atomic_load_n(&rules_guess_, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(&rules_guess_, &rule,
					    RULE_GUESS | ((rule + 8) & RULE_MASK & ~7u), true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}
