/* SPDX-License-Identifier: Apache-2.0 */
/* What goes from rule to rule while a verdict is found. */
#ifndef GATE_JUDGE_H
#define GATE_JUDGE_H

#include "base/attr.h"
#include "gate/baseline.h"
#include "gate/config.h"
#include "gate/facts.h"
#include "gate/gate.h"
#include "report/places.h"

/**
 * struct judge - one judging
 * @reports, @count: the runs
 * @views:  of each
 * @file:   how commands shall call the report
 * @untrusted: figures may be wrong; whatever was found, there is no verdict
 */
struct judge {
	struct report *const *reports;
	size_t count;
	struct places_view *views;
	struct gate_config *config;
	const struct baseline *baseline;
	const char *file;
	struct report *report; /* the first */
	struct gate_result *result;
	struct facts facts;
	bool untrusted;
};

/** judge_reason() - one more reason why there is no verdict.  Return: 0 or -ENOMEM, as all here */
attr_nodiscard int judge_reason(struct judge *judge, const char *format, ...) attr_printf(2, 3);
attr_nodiscard int judge_note(struct judge *judge, const char *format, ...) attr_printf(2, 3);

/** judge_text() - a text that lives as long as the report; NULL for out of memory */
const char *judge_text(struct judge *judge, const char *format, ...) attr_printf(2, 3);

/** judge_add() - one more violation; texts that are NULL become ""  */
attr_nodiscard int judge_add(struct judge *judge, struct gate_violation violation);

/** judge_suppressed() - is a violation of so many bytes suppressed? counts it if so */
bool judge_suppressed(struct judge *judge, uint64_t sig, uint32_t stack, uint64_t bytes);

/**
 * judge_add_figure() - one more violation, of a figure
 * @violation: its scope and figures; the rest is filled in here
 */
attr_nodiscard int judge_add_figure(struct judge *judge, struct gate_violation *violation,
				    enum limits_metric metric);

/** judge_suppress_command() - what suppresses a signature; NULL for out of memory */
const char *judge_suppress_command(struct judge *judge, uint64_t sig, const char *where);

/** judge_accept_command() - what takes @what over into the baseline; NULL for out of memory */
const char *judge_accept_command(struct judge *judge, const char *what);

/** judge_cycles() - by one limit of reference cycles, absolute or from the baseline */
attr_nodiscard int judge_cycles(struct judge *judge, const struct limit *limit);

/** judge_trust() - may the data be judged? */
attr_nodiscard int judge_trust(struct judge *judge);

/** judge_growth(), judge_budgets(), judge_totals(), judge_leaks(), judge_new_cycles() - the rules
 */
attr_nodiscard int judge_growth(struct judge *judge);
attr_nodiscard int judge_budgets(struct judge *judge);
attr_nodiscard int judge_totals(struct judge *judge);
attr_nodiscard int judge_leaks(struct judge *judge);
attr_nodiscard int judge_new_cycles(struct judge *judge);

#endif /* GATE_JUDGE_H */
