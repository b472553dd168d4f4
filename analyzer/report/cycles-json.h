/* SPDX-License-Identifier: Apache-2.0 */
/* Cycles of Python objects in the JSON report, both ways. */
#ifndef REPORT_CYCLES_JSON_H
#define REPORT_CYCLES_JSON_H

#include "base/emit.h"
#include "report/cycles.h"
#include "report/load.h"

/** cycles_json_write() - the member "cycles" of a process, if anybody has looked for any */
void cycles_json_write(struct emit *emit, const struct report_cycles *cycles);

/** cycles_json_load() - the same from @object, a process */
void cycles_json_load(struct load *load, const json_t *object, struct report_cycles *cycles);

#endif /* REPORT_CYCLES_JSON_H */
