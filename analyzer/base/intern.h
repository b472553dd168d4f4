/* SPDX-License-Identifier: Apache-2.0 */
/* Strings by number, from 0; equal strings have one number. */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/hashmap.h"
#include "base/vec.h"

/** struct intern - all zero is an empty one; the strings never move */
struct intern {
	struct arena arena;
	struct hashmap map;
	VEC(const char *) strings;
};

/**
 * intern_add() - number of a string
 * @strings: the table
 * @text:    need not be NUL-terminated; holds no NUL
 * @count:   its length
 * @ret_id:  the same for the same text
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int intern_add(struct intern *strings, const char *text, size_t count,
			      uint32_t *ret_id);

/** intern_get() - the string with this number, which intern_add() gave */
static inline const char *intern_get(const struct intern *strings, uint32_t id)
{
	return strings->strings.at[id];
}

/** intern_fini() - empty @strings and give its memory back */
void intern_fini(struct intern *strings);

#endif /* BASE_INTERN_H */
