/* SPDX-License-Identifier: Apache-2.0 */
/* Why memory is still there: what holds it, and what freeing it would give back. */
#ifndef REPORT_WHY_H
#define REPORT_WHY_H

#include <stdio.h>

#include "base/attr.h"
#include "report/report-text.h"

/**
 * why_print() - the ways to what @what names
 * @what:     a signature, a type, a function or a place such as "file.c:12"; NULL: what keeps most
 * @ret_near: if nothing is called so, a name that is like it, or NULL; borrowed from @report
 *
 * Return: 0; -ESRCH: no such process; -ENODATA: nobody has looked into its
 * memory; -ENOENT: nothing is called so; or another negative errno.
 */
attr_nodiscard int why_print(const struct report *report, const struct report_text_options *options,
			     const char *what, FILE *file, const char **ret_near);

#endif /* REPORT_WHY_H */
