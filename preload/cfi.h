/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call frame information: from an address of code to the row of its unwind
 * table.
 *
 * Reads .eh_frame where the loader has mapped it.  No memory, no lock, no
 * libc call but _dl_find_object, which is safe in signal handlers.
 */
#ifndef PRELOAD_CFI_H
#define PRELOAD_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/attr.h"

/* How the caller's value of a register is found. */
enum cfi_how {
	CFI_SAME,     /* it has not been changed, or nothing is said of it */
	CFI_UNDEF,    /* lost; of the return address: there is no caller */
	CFI_AT,	      /* in memory at CFA + value */
	CFI_VAL,      /* it is CFA + value */
	CFI_REG,      /* in register number value */
	CFI_EXPR,     /* in memory at the result of the expression */
	CFI_VAL_EXPR, /* it is the result of the expression */
};

/**
 * struct cfi_reg - one register's column of a row
 * @how:   enum cfi_how
 * @value: as @how says; of an expression, its offset from cfi_row.text: it
 *         begins there with its length as an unsigned LEB128 number
 */
struct cfi_reg {
	uint32_t how;
	int32_t value;
};

/**
 * struct cfi_row - what holds at one address
 * @reg:     by DWARF number
 * @cfa:     CFI_REG: register @cfa_reg plus @cfa.value; CFI_EXPR: the result
 * @cfa_reg: see @cfa
 * @ra:      number of the return address column
 * @signal:  the frame was not made by a call but by the kernel, for a signal
 * @text:    what expressions are relative to
 * @end:     first address behind all expressions
 */
struct cfi_row {
	struct cfi_reg reg[ARCH_REGS];
	struct cfi_reg cfa;
	uint32_t cfa_reg;
	uint32_t ra;
	bool signal;
	const uint8_t *text;
	const uint8_t *end;
};

/**
 * cfi_find() - the row that holds at @pc
 * @pc: an address within an instruction; for a return address, one less
 *
 * Return: 0; -ENOENT when no table covers @pc; -EINVAL when the table cannot
 * be understood.
 * Context: any thread, any signal handler.
 */
attr_nodiscard int cfi_find(uintptr_t pc, struct cfi_row *ret_row);

/**
 * cfi_part() - the piece of code that @pc is in, and whether it is entered by calls
 * @ret_start, @ret_bytes: of the piece: a function, or what the compiler put apart from one
 *
 * Return: 1 if a caller's return address is on top of the stack where the piece
 * begins, so that it is a function; 0 if not; or as cfi_find().
 * Context: as cfi_find().
 */
attr_nodiscard int cfi_part(uintptr_t pc, uintptr_t *ret_start, size_t *ret_bytes);

/** cfi_expr() - the bytes of an expression; false when they leave the table */
bool cfi_expr(const struct cfi_row *row, const struct cfi_reg *reg, const uint8_t **ret_start,
	      const uint8_t **ret_end);

#endif /* PRELOAD_CFI_H */
