/* SPDX-License-Identifier: Apache-2.0 */
/* From a Python source file to the module that import knows it as. */
#ifndef REPORT_PYMODULE_H
#define REPORT_PYMODULE_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "report/document.h"

/**
 * pymodule_name() - append the module that @file is: "app.cache" for app/cache.py
 * @process: whose directories import looked into: that of its script, the
 *           working directory, the standard library, site-packages
 * @package: only the top of it: "app"
 *
 * Of a file below none of these the path is appended, or its directory.
 */
void pymodule_name(struct strbuf *out, const struct report *report,
		   const struct report_process *process, const char *file, bool package);

#endif /* REPORT_PYMODULE_H */
