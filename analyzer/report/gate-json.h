/* SPDX-License-Identifier: Apache-2.0 */
/* The gate's part of a JSON report, both ways. */
#ifndef REPORT_GATE_JSON_H
#define REPORT_GATE_JSON_H

#include "base/emit.h"
#include "report/gate-result.h"
#include "report/load.h"

/** gate_json_write() - the member "gate" */
void gate_json_write(struct emit *emit, const struct gate_result *gate);

/** gate_json_load() - likewise, into the document of @load; after its processes and stacks */
void gate_json_load(struct load *load, const json_t *root);

#endif /* REPORT_GATE_JSON_H */
