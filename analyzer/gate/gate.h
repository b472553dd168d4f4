/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges reports: by how memory grows, by budgets, and against a baseline.
 *
 * Several reports of repeated runs are judged as one: each figure is the
 * smallest of all runs, so that only what happens every time can violate.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <stddef.h>

#include "base/attr.h"
#include "report/document.h"
#include "report/gate-result.h"

struct gate_config;
struct baseline;

/**
 * gate_judge() - fill in reports[0]->gate
 * @reports:  of @count runs of the same program; the first gets the verdict
 * @config:   rules and suppressions; use counts are noted in it
 * @baseline: or NULL
 * @accept_file: file that the commands shall name as the report, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int gate_judge(struct report *const *reports, size_t count,
			      struct gate_config *config, const struct baseline *baseline,
			      const char *accept_file);

#endif /* GATE_GATE_H */
