/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reference in an object is called.
 */
#ifndef ANALYSIS_PYNAMING_H
#define ANALYSIS_PYNAMING_H

#include <stdint.h>

#include "base/strbuf.h"
#include "pyheap.h"

/**
 * pynaming_add() - append the name of the reference at @offset in the block @from to @to
 *
 * Nothing is appended where @to is only a part of what @from is.
 */
void pynaming_add(struct pyheap *heap, uint32_t from, uint64_t offset, uint32_t to,
		  struct strbuf *name);

/** pynaming_module() - append the name of the module in @block */
void pynaming_module(struct pyheap *heap, uint32_t block, struct strbuf *name);

#endif /* ANALYSIS_PYNAMING_H */
