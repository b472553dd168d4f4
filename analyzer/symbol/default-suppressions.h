/* SPDX-License-Identifier: Apache-2.0 */
/* Suppressions that a program has built in, for LeakSanitizer. */
#ifndef SYMBOL_DEFAULT_SUPPRESSIONS_H
#define SYMBOL_DEFAULT_SUPPRESSIONS_H

#include "base/attr.h"

/**
 * default_suppressions_read() - what __lsan_default_suppressions() of the object returns
 *
 * Its code is read, not run: it must do nothing but return the address of a
 * text, as all do that are meant for LeakSanitizer.
 *
 * Return: 0 and the text, owned by the caller; -ENOENT: there is no such
 * function; -ENOTSUP: it does something else; or another negative errno.
 */
attr_nodiscard int default_suppressions_read(const char *path, char **ret_text);

#endif /* SYMBOL_DEFAULT_SUPPRESSIONS_H */
