/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `tenure check` found: part of the report document, so that every output
 * is made from the same words.  gate/ fills it in.
 *
 * All texts are owned by the document, none is NULL.
 */
#ifndef REPORT_GATE_RESULT_H
#define REPORT_GATE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

typedef VEC(const char *) report_texts;

enum gate_verdict {
	GATE_OFF, /* nothing was judged: the document has no gate */
	GATE_PASS,
	GATE_FAIL,
	GATE_INCONCLUSIVE, /* not enough to judge by, or data that cannot be trusted */
	GATE_VERDICT_COUNT,
};

enum gate_rule {
	GATE_GROWTH, /* rose between all checkpoints */
	GATE_LEAK,   /* live at the end, and not in the baseline, or less of it */
	GATE_BUDGET, /* more than an absolute limit */
	GATE_CYCLE,  /* reference cycles of one shape, more than a limit */
	GATE_TOTAL,  /* more than the baseline by more than both floors */
	GATE_RULE_COUNT,
};

enum gate_unit {
	GATE_BYTES,
	GATE_BLOCKS,
	GATE_BYTES_PER_ITERATION,
	GATE_NANOSECONDS,
	GATE_UNIT_COUNT,
};

/**
 * struct gate_violation - one limit that was exceeded
 * @scope:    "process", "dso:libfoo.so", "package:app.cache", "function:GLOB",
 *            "type:NAME", "sig:0123456789abcdef", "phase:NAME", "mark:NAME"
 * @metric:   "growth", "live", "peak", "survivors", "allocations", …
 * @got:      what was measured
 * @limit:    what would have been allowed
 * @delta:    @got minus the baseline where there is one, else minus @limit
 * @has_baseline: @baseline is what it was there
 * @has_sig:  @sig is the signature that is to blame
 * @process:  index in report.processes; the stack is of that process
 * @stack:    a stack of the document that shows where, or REPORT_NONE
 * @culprit:  the part of it whose leaf answers for the memory, or REPORT_NONE
 * @where:    that function and its place: "make  app.c:6"; may be ""
 * @message:  one sentence: "live bytes grow by 64 bytes per iteration"
 * @accept:   command that makes this the accepted state
 * @suppress: command that suppresses it; may be ""
 */
struct gate_violation {
	enum gate_rule rule;
	enum gate_unit unit;
	const char *scope;
	const char *metric;
	uint64_t got;
	uint64_t limit;
	int64_t delta;
	bool has_baseline;
	uint64_t baseline;
	bool has_sig;
	uint64_t sig;
	uint32_t process;
	uint32_t stack;
	uint32_t culprit;
	const char *where;
	const char *message;
	const char *accept;
	const char *suppress;
};

/**
 * struct gate_result - the verdict
 * @violations: the worst first; may be there when the verdict is inconclusive
 * @reasons:    why it is inconclusive
 * @notes:      what else to know: unused suppressions, entries of the baseline
 *              that are gone, …
 * @suppressed: violations that were suppressed
 * @rules:      how many rules could be judged
 * @runs:       how many runs were taken together
 * @baseline:   file compared with, or ""
 */
struct gate_result {
	enum gate_verdict verdict;
	VEC(struct gate_violation) violations;
	report_texts reasons;
	report_texts notes;
	uint64_t suppressed;
	uint64_t rules;
	uint64_t runs;
	const char *baseline;
};

#endif /* REPORT_GATE_RESULT_H */
