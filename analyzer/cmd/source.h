/* SPDX-License-Identifier: Apache-2.0 */
/* Reports from files: read again, or made from a capture. */
#ifndef CMD_SOURCE_H
#define CMD_SOURCE_H

#include "base/attr.h"
#include "report/document.h"

/**
 * source_load() - the report in @path, or of the capture there
 * @path:        "-" is standard input
 * @generations: value of --generations, or NULL
 *
 * Reports what goes wrong.
 *
 * Return: 0 and the document; or a negative errno.
 */
attr_nodiscard int source_load(const char *path, const char *generations,
			       struct report **ret_report);

/**
 * source_last() - the newest report in the working directory with a name that `run` gives
 * @ret_path: owned by the caller
 *
 * Reports when there is none, and else which one it is.
 *
 * Return: 0 or a negative errno.
 */
attr_nodiscard int source_last(char **ret_path);

#endif /* CMD_SOURCE_H */
