/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the budget file and the baseline that it names. */
#ifndef CMD_BUDGET_H
#define CMD_BUDGET_H

#include "base/attr.h"
#include "gate/baseline.h"
#include "gate/config.h"

#define BUDGET_FILE	".tenure"
#define BUDGET_BASELINE ".tenure-baseline.json"

/**
 * budget_load() - the defaults and the budget file
 * @path: from --budget, or NULL: $TENURE_CONFIG, .tenure here, .tenure at the
 *        top of the git work tree, tenure/config in the user's directory for
 *        configurations; the first that exists, or none
 *
 * Reports what is wrong.
 *
 * Return: 0 or a negative errno; config_fini() in any case.
 */
attr_nodiscard int budget_load(struct gate_config *config, const char *path);

/**
 * budget_baseline_path() - the baseline's file
 * @option: from --baseline, or NULL
 *
 * Return: NULL when none was named; borrowed from @config or @option.
 */
const char *budget_baseline_path(struct gate_config *config, const char *option);

#endif /* CMD_BUDGET_H */
