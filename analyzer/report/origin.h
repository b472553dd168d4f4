/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose doing an allocation of a Python program is: its own, that of a library
 * it has called, or the interpreter's, start-up and imports included.
 */
#ifndef REPORT_ORIGIN_H
#define REPORT_ORIGIN_H

#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"
#include "report/document.h"

enum origin_file {
	ORIGIN_FILE_UNKNOWN, /* not looked at yet */
	ORIGIN_FILE_NONE,    /* "<string>" and the like: code made at run time */
	ORIGIN_FILE_IMPORT,
	ORIGIN_FILE_LIBRARY,
	ORIGIN_FILE_APPLICATION,
};

/** origin_of_file() - whose a Python source file is, by its path */
enum origin_file origin_of_file(const char *file);

/**
 * struct origins - of the stacks of a document; all zero is a fresh one
 * @of_file:  by number of a string, enum origin_file of it as a path
 * @of_stack: by number of a stack
 */
struct origins {
	VEC(uint8_t) of_file;
	VEC(uint8_t) of_stack;
};

/**
 * origins_update() - learn of the stacks that have been added to @report
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int origins_update(struct origins *origins, const struct report *report);

/**
 * origins_get() - of a stack, or REPORT_NONE
 *
 * The innermost Python frame that has a file decides.  Library code that runs
 * because somebody imports it is the interpreter's, and so is what has no
 * Python frame.
 */
enum report_origin origins_get(const struct origins *origins, uint32_t stack);

void origins_fini(struct origins *origins);

#endif /* REPORT_ORIGIN_H */
