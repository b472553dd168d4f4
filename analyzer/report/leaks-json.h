/* SPDX-License-Identifier: Apache-2.0 */
/* Leaks in the JSON report, both ways. */
#ifndef REPORT_LEAKS_JSON_H
#define REPORT_LEAKS_JSON_H

#include "base/emit.h"
#include "report/load.h"

/** leaks_json_write() - "leak_scan" and "leaks" of @process, if somebody has looked */
void leaks_json_write(struct emit *emit, const struct report_process *process);

/** leaks_json_load() - the same from @object */
void leaks_json_load(struct load *load, const json_t *object, struct report_process *process);

#endif /* REPORT_LEAKS_JSON_H */
