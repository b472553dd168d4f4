/* SPDX-License-Identifier: Apache-2.0 */
/* Linker names to the names people wrote: C++, Rust (both manglings), D. */
#ifndef SYMBOL_DEMANGLE_H
#define SYMBOL_DEMANGLE_H

#include <stdbool.h>

/**
 * demangle_name() - @name as its author wrote it
 * @name: as in a symbol table or DW_AT_linkage_name
 *
 * Parameters and return types are left out, template arguments stay.  Marks
 * that compilers append to copies (".constprop.0", ".part.1", ".cold") and
 * symbol versions ("@@GLIBC_2.34") are cut off.
 *
 * Return: a new string, NULL when out of memory.
 */
char *demangle_name(const char *name);

/** demangle_is_mangled() - true for names that only a compiler can have made */
bool demangle_is_mangled(const char *name);

#endif /* SYMBOL_DEMANGLE_H */
