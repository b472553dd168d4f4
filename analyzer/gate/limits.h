/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: which figure of what may be how large, and how people write that. */
#ifndef GATE_LIMITS_H
#define GATE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/strbuf.h"
#include "report/gate-result.h"

enum limits_metric {
	LIMITS_PEAK,	      /* largest number of live bytes; of one process */
	LIMITS_LIVE,	      /* bytes live at the end */
	LIMITS_SURVIVORS,     /* of these, bytes in the oldest generation */
	LIMITS_SURVIVORS_0,   /* in the youngest */
	LIMITS_SURVIVORS_1,   /* in the one between */
	LIMITS_ALLOCATIONS,   /* blocks ever made */
	LIMITS_ALLOCATED,     /* bytes ever asked for */
	LIMITS_TEMPORARY,     /* blocks freed before their thread allocated again */
	LIMITS_COLLECTED,     /* blocks that only Python's collector could free */
	LIMITS_UNCOLLECTABLE, /* objects that it could not */
	LIMITS_CYCLES,	      /* reference cycles of one shape */
	LIMITS_GC_PAUSE,      /* its longest run */
	LIMITS_GROWTH,	      /* bytes per iteration of one signature */
	LIMITS_LEAKS,	      /* live bytes of one signature, against the baseline */
	LIMITS_COUNT,
};

/**
 * struct limits_value - how much
 * @relative: @bytes and @percent are distances from the baseline, and only
 *            what exceeds both violates; else @bytes is a limit
 * @off:      nothing is checked
 * @bytes:    or a count or nanoseconds, as the metric goes
 * @percent:  in hundredths of one per cent
 */
struct limits_value {
	bool off;
	bool relative;
	uint64_t bytes;
	uint64_t percent;
};

/** struct limit - one limit; later ones replace earlier ones of the same scope and metric */
struct limit {
	const char *scope; /* "process" or as in scope.h */
	enum limits_metric metric;
	struct limits_value value;
	unsigned int line; /* of the budget file; 0: from elsewhere */
};

#define LIMITS_TOTALS_COUNT 6

/** limits_totals - figures of the whole process that a baseline keeps */
extern const enum limits_metric limits_totals[LIMITS_TOTALS_COUNT];

/** limits_is_total() - is it one of these? */
bool limits_is_total(enum limits_metric metric);

/** limits_is_by_signature() - one that a baseline keeps for each signature */
bool limits_is_by_signature(enum limits_metric metric);

/** limits_needs_python() - is it a figure of Python's collector? */
bool limits_needs_python(enum limits_metric metric);

/** limits_name() - the metric as it is written */
const char *limits_name(enum limits_metric metric);

/** limits_unit() - what it is counted in */
enum gate_unit limits_unit(enum limits_metric metric);

/**
 * limits_find() - the metric with this name
 *
 * Return: 0; -EINVAL, after which *ret_best is the name that was probably
 * meant, or NULL.
 */
attr_nodiscard int limits_find(const char *name, enum limits_metric *ret_metric,
			       const char **ret_best);

/**
 * limits_parse() - read "200MiB", "5%", "5% | 1MiB", "12000", "20ms" or "off"
 * @metric: sizes have units, times too, counts have none
 * @value:  changed only when it can be read
 *
 * Return: 0; -EINVAL; -ERANGE.
 */
attr_nodiscard int limits_parse(const char *text, enum limits_metric metric,
				struct limits_value *value);

/**
 * limits_allowed() - the largest figure that does not violate
 * @baseline: the figure there; for relative limits
 */
uint64_t limits_allowed(const struct limits_value *value, uint64_t baseline);

/** limits_print() - append a figure of the metric's unit for people */
void limits_print(struct strbuf *text, enum gate_unit unit, uint64_t value);

#endif /* GATE_LIMITS_H */
