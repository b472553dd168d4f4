/* SPDX-License-Identifier: Apache-2.0 */
/* The checkpoints of a process in a JSON report, both ways. */
#ifndef REPORT_SERIES_JSON_H
#define REPORT_SERIES_JSON_H

#include "base/emit.h"
#include "report/document.h"
#include "report/load.h"

/** series_json_write() - the member "checkpoints" */
void series_json_write(struct emit *emit, const struct report_process *process);

/** series_json_load() - likewise */
void series_json_load(struct load *load, const json_t *object, struct report_process *process);

#endif /* REPORT_SERIES_JSON_H */
