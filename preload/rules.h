/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwinding rules: how one frame leads to its caller, in 28 bits.
 *
 * A rule is a function of the address alone.  Rules are made from the unwind
 * tables (cfi.h) once per address and kept in a table that all threads share
 * without locks.
 *
 * 999 of 1000 rows of real tables say "the CFA is a constant away from the
 * stack or frame pointer, the return address lies right below it, and the
 * frame pointer is untouched or saved near it".
 */
#ifndef PRELOAD_RULES_H
#define PRELOAD_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum rule_kind {
	RULE_NONE = 0,	 /* not a rule: nothing is known yet */
	RULE_SP = 1,	 /* CFA = sp + offset */
	RULE_FP = 2,	 /* CFA = fp + offset */
	RULE_DRAP = 3,	 /* CFA = *(fp + offset); fp saved at fp + save (realigned frames) */
	RULE_GUESS = 4,	 /* no table: fp is taken for a frame pointer, if it can be one */
	RULE_SIGNAL = 5, /* the kernel's frame: registers are in the ucontext at sp */
	RULE_END = 6,	 /* outermost frame */
	RULE_HARD = 7,	 /* known, but does not fit: see full.h */
};

/*
 * Layout: kind in bits 0..2, then
 *   SP, FP  3..8   where fp is saved, in words below the CFA; 0: fp unchanged
 *           9..27  offset in words
 *   DRAP    3..11  save in words, signed; 12..27 offset in words, signed
 *   GUESS   3..27  number of the address map it was found for
 */
#define RULE_BITS 28
#define RULE_MASK ((1u << RULE_BITS) - 1)

#define RULE_KIND(rule)	  ((rule)&7u)
#define RULE_SAVE(rule)	  (((rule) >> 3 & 0x3fu) * 8)
#define RULE_OFFSET(rule) (((rule) >> 9 & 0x7ffffu) * 8)

#define RULE_DRAP_SAVE(rule)   ((intptr_t)((int32_t)((rule) << 20) >> 23) * 8)
#define RULE_DRAP_OFFSET(rule) ((intptr_t)((int32_t)((rule) << 4) >> 16) * 8)

enum {
	RULES_BUCKET_BITS = 14,
	RULES_TAG_BITS = 48 - RULES_BUCKET_BITS,
	RULES_WAYS = 4,
};

#define RULES_PC_MASK  0xffffffffffffull
#define RULES_TAG_MASK ((1ull << RULES_TAG_BITS) - 1)

/* The table of words; the rule that says "no table" now.  For the inlines below. */
extern uint64_t rules_words_[1u << RULES_BUCKET_BITS][RULES_WAYS];
extern uint32_t rules_guess_;

static attr_always_inline uint64_t rules_mix(uintptr_t pc)
{
	return (pc & RULES_PC_MASK) * 0x9e3779b97f4bull & RULES_PC_MASK;
}

/**
 * rules_holds() - is a remembered rule still what rules_find() would return?
 *
 * Only for rules remembered since the last rules_forget().
 */
static attr_always_inline bool rules_holds(uint32_t rule)
{
	return RULE_KIND(rule) != RULE_GUESS ||
	       rule == __atomic_load_n(&rules_guess_, __ATOMIC_RELAXED);
}

/** rules_lookup() - the rule for @pc if it is known, else RULE_NONE */
static attr_always_inline uint32_t rules_lookup(uintptr_t pc)
{
	uint64_t mixed = rules_mix(pc);
	const uint64_t *bucket = rules_words_[mixed >> RULES_TAG_BITS];
	uint64_t tag = mixed & RULES_TAG_MASK;

	for (uint32_t way = 0; way < RULES_WAYS; way++) {
		uint64_t word = __atomic_load_n(&bucket[way], __ATOMIC_RELAXED);
		uint32_t rule = word & RULE_MASK;

		if (word >> RULE_BITS == tag && rule != RULE_NONE)
			return likely(rules_holds(rule)) ? rule : RULE_NONE;
	}
	return RULE_NONE;
}

/**
 * rules_fill() - make the rule for @pc and put it into the table
 *
 * Return: a rule, never RULE_NONE.
 * Context: any thread, any signal handler.
 */
attr_cold uint32_t rules_fill(uintptr_t pc);

/**
 * rules_find() - the rule for the instruction at @pc
 * @pc: of a return address, one less
 *
 * Return: a rule, never RULE_NONE.
 * Context: any thread, any signal handler.
 */
uint32_t rules_find(uintptr_t pc);

/** rules_make() - as rules_find(), but read from the tables (tests, misses) */
uint32_t rules_make(uintptr_t pc);

/** rules_forget() - something was unmapped: drop every rule */
void rules_forget(void);

/** rules_added() - something was mapped: drop the rules that say "no table" */
void rules_added(void);

#endif /* PRELOAD_RULES_H */
