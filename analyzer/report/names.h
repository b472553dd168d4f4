/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What function names tell: which frames are the plumbing of allocators and
 * run-time libraries, and how to say a long name in few words.
 */
#ifndef REPORT_NAMES_H
#define REPORT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/**
 * names_is_plumbing() - an allocation function, a wrapper of one, or library code
 *
 * Such frames say how memory was asked for, not who wanted it.
 */
bool names_is_plumbing(const char *function);

/** names_is_system() - the object at @module is the C or C++ run-time library */
bool names_is_system(const char *module);

/** names_is_interpreter() - the object at @module is CPython itself */
bool names_is_interpreter(const char *module);

/** names_is_entry() - code that is on every stack: before main() or a thread's function */
bool names_is_entry(const char *function);

/** names_plain() - append @function without template arguments */
void names_plain(struct strbuf *out, const char *function);

/**
 * names_short() - append @function with long template arguments left out
 * @dots: what stands for them
 */
void names_short(struct strbuf *out, const char *function, const char *dots);

/** names_base() - @path from its last component on */
const char *names_base(const char *path);

/** names_library() - append the name of the object at @path without its version */
void names_library(struct strbuf *out, const char *path);

#endif /* REPORT_NAMES_H */
