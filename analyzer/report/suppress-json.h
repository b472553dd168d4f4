/* SPDX-License-Identifier: Apache-2.0 */
/* Suppressions in the JSON report, both ways. */
#ifndef REPORT_SUPPRESS_JSON_H
#define REPORT_SUPPRESS_JSON_H

#include "base/emit.h"
#include "report/load.h"

/** suppress_json_write() - the member "suppressions", if there are any */
void suppress_json_write(struct emit *emit, const struct report *report);

/** suppress_json_load() - likewise, into the document of @load; before its processes */
void suppress_json_load(struct load *load, const json_t *root);

#endif /* REPORT_SUPPRESS_JSON_H */
