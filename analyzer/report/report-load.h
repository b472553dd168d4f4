/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a JSON report back into the document it was written from. */
#ifndef REPORT_REPORT_LOAD_H
#define REPORT_REPORT_LOAD_H

#include "base/attr.h"
#include "report/document.h"

/**
 * report_load() - read a report
 * @path:       of a file that report_json_write() wrote; "-" is standard input
 * @ret_report: the document; report_free()
 *
 * Keys that this version does not know are passed over.  Writing the document
 * again gives the same bytes, if the same version had written the file.
 *
 * Return: 0; -ENOMEM; -EINVAL when it is no report or a damaged one, -EPROTO
 * when it is one of another major version, else what open or read failed with.
 * report_error_text() says more.
 */
attr_nodiscard int report_load(const char *path, struct report **ret_report);

/** report_error_text() - where and why the last report_load() failed; "" when the errno says all */
const char *report_error_text(void);

#endif /* REPORT_REPORT_LOAD_H */
