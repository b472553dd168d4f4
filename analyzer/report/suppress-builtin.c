/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libraries lose by themselves, and no program can do anything about.
 *
 * An entry stands here only if a program that does nothing but use the library
 * shows it.  That such lists are short has a reason: what a library keeps it can
 * reach, and blocks that nobody but the runtime asked for are a class of their own.
 */
#include <string.h>

#include "base/err.h"
#include "report/suppress.h"

static const struct {
	const char *python; /* versions of the interpreter it is about, by their beginning */
	const char *reason;
	const char *list;
} entries[] = {
	{ "3.8.",
	  "CPython 3.8 makes the interpreter's lock again each time it is started, and does not free "
	  "the one before",
	  "{\n"
	  "  cpython-3.8-init-threads\n"
	  "  Memcheck:Leak\n"
	  "  match-leak-kinds: definite\n"
	  "  ...\n"
	  "  fun:PyThread_allocate_lock\n"
	  "  fun:PyEval_InitThreads\n"
	  "}\n" },
};

int suppress_builtin(struct suppress *suppress)
{
	struct suppress_error error;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(entries) && r == 0; i++) {
		size_t first = suppress->rules.count;

		r = suppress_parse(suppress, entries[i].list, strlen(entries[i].list), NULL,
				   REPORT_SUPPRESSION_BUILTIN, &error);
		for (size_t k = first; k < suppress->rules.count; k++) {
			suppress->rules.at[k].python = entries[i].python;
			suppress->rules.at[k].reason = entries[i].reason;
			suppress->rules.at[k].line = 0;
		}
	}
	return r;
}
