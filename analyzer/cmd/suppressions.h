/* SPDX-License-Identifier: Apache-2.0 */
/* --suppressions: which leaks of a report are known. */
#ifndef CMD_SUPPRESSIONS_H
#define CMD_SUPPRESSIONS_H

#include "report/suppress.h"

#include "cli.h"

#define SUPPRESSIONS_TEXT                                                                     \
	"leaks that are known, in the syntax of LeakSanitizer ('leak:PATTERN') or Valgrind: " \
	"they are counted, not shown"

/** suppressions_read() - the list in @path, NULL is none; says what is wrong with it.  Return: 0 or
 * a negative errno
 */
attr_nodiscard int suppressions_read(struct suppress *suppress, const char *path);

/**
 * suppressions_apply() - mark leaks by this list, those of the programs and our own
 *
 * Names the entries of the user's list that did nothing.  Return: 0 or -ENOMEM.
 */
attr_nodiscard int suppressions_apply(struct suppress *suppress, struct report *report);

#endif /* CMD_SUPPRESSIONS_H */
