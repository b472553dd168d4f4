/* SPDX-License-Identifier: Apache-2.0 */
/* The "python" object of a process: written and read. */
#ifndef REPORT_PYTHON_JSON_H
#define REPORT_PYTHON_JSON_H

#include "base/emit.h"
#include "report/document.h"
#include "report/load.h"

/** python_json_write() - nothing when there is no interpreter */
void python_json_write(struct emit *emit, const struct report_python *python);

/** python_json_load() - from the process @object; leaves @python empty when it has none */
void python_json_load(struct load *load, const json_t *object, struct report_python *python);

#endif /* REPORT_PYTHON_JSON_H */
