/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of Python code: what CPython's own line tables say.
 */
#ifndef SYMBOL_PYNAMES_H
#define SYMBOL_PYNAMES_H

#include <stdint.h>

#include "model/result-python.h"

/**
 * pynames_line() - line of one instruction
 * @offset: of the instruction, in bytes; TENURE_PY_OFFSET_NONE: not known
 *
 * Return: from 1; 0 when the instruction has no line.  Malformed tables give
 * some line or 0.
 */
uint32_t pynames_line(const struct result_code *code, uint32_t offset);

#endif /* SYMBOL_PYNAMES_H */
