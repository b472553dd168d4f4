/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of one object by address, from every symbol table there is: its
 * own, that of its debug file, the compressed one of .gnu_debugdata, and the
 * dynamic one.
 */
#ifndef SYMBOL_ELFSYMS_H
#define SYMBOL_ELFSYMS_H

#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdwfl.h>

#include "base/attr.h"
#include "symbol/ranges.h"

/**
 * struct elfsym - one function
 * @start: link address
 * @end:   first address after it; a symbol without a size ends at the next
 *         one or with its section
 * @name:  as in the table; lives as long as the module
 */
struct elfsym {
	uint64_t start;
	uint64_t end;
	const char *name;
	uint64_t section_end;
	unsigned int rank; /* of several names the one with the lowest is shown */
};

struct elfsyms {
	struct elfsym *syms;
	size_t count;
	struct ranges ranges;
};

/** elfsyms_init() - read all tables of @mod.  Return: 0 or -ENOMEM. */
attr_nodiscard int elfsyms_init(struct elfsyms *syms, Dwfl_Module *mod);

/**
 * elfsyms_find() - the function that @addr lies in
 *
 * Return: borrowed; NULL when no symbol claims the address.  The nearest one
 * below is no answer: in a stripped object it is some other function.
 */
const struct elfsym *elfsyms_find(const struct elfsyms *syms, uint64_t addr);

/** elfsyms_fini() - give the memory back */
void elfsyms_fini(struct elfsyms *syms);

#endif /* SYMBOL_ELFSYMS_H */
