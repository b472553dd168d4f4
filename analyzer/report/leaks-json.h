/* SPDX-License-Identifier: Apache-2.0 */
/* Leaks in the JSON report, both ways. */
#ifndef REPORT_LEAKS_JSON_H
#define REPORT_LEAKS_JSON_H

#include "base/emit.h"
#include "report/load.h"

/** leaks_json_write() - "leak_scan" and "leaks", if somebody has looked */
void leaks_json_write(struct emit *emit, const struct report_scan *scan, const report_leaks *leaks);

/** leaks_json_load() - the same from @object */
void leaks_json_load(struct load *load, const json_t *object, struct report_scan *scan,
		     report_leaks *leaks);

#endif /* REPORT_LEAKS_JSON_H */
