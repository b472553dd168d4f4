/* SPDX-License-Identifier: Apache-2.0 */
/* The report document as JSON: docs/report-schema.json, nothing more and nothing less. */
#ifndef REPORT_REPORT_JSON_H
#define REPORT_REPORT_JSON_H

#include <stdio.h>

#include "base/attr.h"
#include "report/document.h"

/**
 * report_json_write() - write @report to @file, as a stream
 * @file: need not be seekable; stays open
 *
 * The same document gives the same bytes.
 *
 * Return: 0, -ENOMEM, or the negative errno of the failed write.
 */
attr_nodiscard int report_json_write(const struct report *report, FILE *file);

#endif /* REPORT_REPORT_JSON_H */
