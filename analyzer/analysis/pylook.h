/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings and tables of keys in the memory of a Python interpreter.
 *
 * Nothing that is read there is believed: the interpreter may be in the middle
 * of something.
 */
#ifndef ANALYSIS_PYLOOK_H
#define ANALYSIS_PYLOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "peek.h"

/* Offsets that are the same in all versions. */
#define PYLOOK_TYPE	   8u /* of an object */
#define PYLOOK_SIZE	   16u
#define PYLOOK_LIST_ITEMS  24u
#define PYLOOK_DICT_KEYS   32u
#define PYLOOK_DICT_VALUES 40u
#define PYLOOK_TYPE_NAME   24u /* of a type */
#define PYLOOK_TYPE_FLAGS  168u
#define PYLOOK_TYPE_DICT   264u

/** struct pylook - @minor: of version 3.minor */
struct pylook {
	struct peek *peek;
	uint32_t minor;
};

/**
 * struct pylook_keys - the table of keys of a dictionary, or of a class's attributes
 * @entries: where they begin; @each: bytes of one; @count: that are used
 * @split:   values lie elsewhere
 */
struct pylook_keys {
	uint64_t entries;
	uint32_t each;
	uint64_t count;
	bool split;
};

/** pylook_str() - text of a str as UTF-8, cut to @room.  Return: false: it is none */
bool pylook_str(const struct pylook *look, uint64_t object, char *to, size_t room);

/** pylook_keys() - the table at @addr.  Return: false: it does not look like one */
bool pylook_keys(const struct pylook *look, uint64_t addr, struct pylook_keys *ret_keys);

/** pylook_key() - the object that is key number @index */
uint64_t pylook_key(const struct pylook *look, const struct pylook_keys *keys, uint64_t index);

/** pylook_find() - value of the key @name in a dictionary whose values are in its table, or 0 */
uint64_t pylook_find(const struct pylook *look, uint64_t dict, const char *name);

#endif /* ANALYSIS_PYLOOK_H */
