/* SPDX-License-Identifier: Apache-2.0 */
/* How what is alive is held, in the JSON report, both ways. */
#ifndef REPORT_HELD_JSON_H
#define REPORT_HELD_JSON_H

#include "base/emit.h"
#include "report/load.h"

/** held_json_write() - "held" of @process, if somebody has looked */
void held_json_write(struct emit *emit, const struct report_process *process);

/** held_json_load() - the same from @object */
void held_json_load(struct load *load, const json_t *object, struct report_process *process);

#endif /* REPORT_HELD_JSON_H */
