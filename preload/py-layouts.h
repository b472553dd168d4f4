/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of CPython layouts; py_abi_find() chooses from it.
 */
#ifndef PRELOAD_PY_LAYOUTS_H
#define PRELOAD_PY_LAYOUTS_H

#include <stddef.h>

#include "py-abi.h"

extern const struct py_abi py_layouts[];
extern const size_t py_layouts_count;

#endif /* PRELOAD_PY_LAYOUTS_H */
