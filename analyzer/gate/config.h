/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gate shall judge: the defaults, the budget file (.tenure), and limits
 * from the command line, in this order.
 *
 * The file has the syntax of git's configuration files:
 *
 *	[gate]
 *		growth = 0          ; bytes per iteration
 *		peak = 5% | 1MiB    ; more than the baseline, by both
 *	[budget "package:app.cache"]
 *		live = 4MiB
 *	[suppress "interned names"]
 *		match = function:intern_*
 *		reason = freed by the system
 *		until = 2027-06-30
 *	[baseline]
 *		file = .tenure-baseline.json
 */
#ifndef GATE_CONFIG_H
#define GATE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/vec.h"
#include "gate/limits.h"

#define CONFIG_WARMUP	 1
#define CONFIG_INTERVALS 3

/**
 * struct suppression - violations that shall not count
 * @name:   heading of its section
 * @match:  a scope (scope.h), or a pattern in the manner of "leak:text"
 * @reason: why; never empty
 * @has_max: only up to @max bytes
 * @until:  last day, as YYYYMMDD; 0: for ever
 * @used:   violations it has suppressed
 */
struct suppression {
	const char *name;
	const char *match;
	const char *reason;
	bool has_max;
	uint64_t max;
	uint32_t until;
	uint64_t used;
	unsigned int line;
};

/**
 * struct gate_config - what to judge by
 * @today:          as YYYYMMDD, for suppressions that end
 * @warmup:         iterations that are not judged
 * @intervals:      fewest intervals that growth is judged by
 * @growth_asked:   somebody named growth: not being able to judge it matters
 * @inconclusive_passes: the exit status of an inconclusive check is that of a pass
 * @baseline:       file, relative to that of the configuration, or NULL
 * @path:           of the file that was read, or NULL
 * @error:          what was wrong with it
 */
struct gate_config {
	VEC(struct limit) limits;
	VEC(struct suppression) suppressions;
	uint32_t today;
	uint64_t warmup;
	uint64_t intervals;
	bool growth_asked;
	bool inconclusive_passes;
	const char *baseline;
	const char *path;
	struct arena texts;
	char error[256];
};

/** config_init() - the defaults.  Return: 0 or -ENOMEM */
attr_nodiscard int config_init(struct gate_config *config);

void config_fini(struct gate_config *config);

/**
 * config_parse() - read a budget file
 * @text: @bytes of it
 *
 * Return: 0; -EINVAL, and config->error says which line is wrong and why; -ENOMEM.
 */
attr_nodiscard int config_parse(struct gate_config *config, const char *text, size_t bytes);

/**
 * config_limits() - read limits as on the command line
 * @text: "peak=200MiB,live=5%|1MiB,package:app.cache/live=4MiB"
 *
 * Return: as config_parse().
 */
attr_nodiscard int config_limits(struct gate_config *config, const char *text);

/** config_find() - the last limit of @scope for @metric that is absolute, or relative; or NULL */
const struct limit *config_find(const struct gate_config *config, const char *scope,
				enum limits_metric metric, bool relative);

#endif /* GATE_CONFIG_H */
