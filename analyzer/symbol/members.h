/* SPDX-License-Identifier: Apache-2.0 */
/* Names of members of classes, from debug information: what lies at an offset of an object. */
#ifndef SYMBOL_MEMBERS_H
#define SYMBOL_MEMBERS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/vec.h"

struct members_object;

/** struct members - debug information looked at so far; all zero is none */
struct members {
	VEC(struct members_object *) objects;
};

/**
 * members_find() - the member of @type that byte @offset belongs to
 * @path: of an object that defines @type
 * @type: with its namespaces
 * @ret_name: with the base class that it is inherited from, borrowed until members_fini()
 *
 * Return: 0, -ENOENT or -ENOMEM.
 */
attr_nodiscard int members_find(struct members *members, const char *path, const char *type,
				uint64_t offset, const char **ret_name);

void members_fini(struct members *members);

#endif /* SYMBOL_MEMBERS_H */
