/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The types of Python objects, read from the memory of the interpreter, and
 * what is known of how objects of each are laid out.
 */
#ifndef ANALYSIS_PYTYPES_H
#define ANALYSIS_PYTYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/idmap.h"
#include "base/vec.h"
#include "model/session.h"
#include "pylook.h"

#define PYTYPES_NONE 0u

/* How an object keeps what it refers to. */
enum pytype_kind {
	PYTYPE_PLAIN,	/* in its own words */
	PYTYPE_NOTHING, /* it refers to nothing: numbers, bytes */
	PYTYPE_STR,
	PYTYPE_LIST,
	PYTYPE_TUPLE,
	PYTYPE_DICT,
	PYTYPE_SET,
	PYTYPE_WEAKREF,
	PYTYPE_TYPE,
	PYTYPE_MODULE,
	PYTYPE_CODE,
	PYTYPE_FRAME,	  /* frames, generators: the end of their stack is not known */
	PYTYPE_BYTEARRAY, /* items outside that are no references */
	PYTYPE_ARRAY,	  /* likewise, of array.array */
	PYTYPE_NDARRAY,	  /* items outside that may be references */
};

/* Of tp_flags. */
#define PYTYPE_INLINE_VALUES   (UINT64_C(1) << 2)
#define PYTYPE_MANAGED_WEAKREF (UINT64_C(1) << 3)
#define PYTYPE_MANAGED_DICT    (UINT64_C(1) << 4)
#define PYTYPE_HEAP	       (UINT64_C(1) << 9)
#define PYTYPE_READY	       (UINT64_C(1) << 12)
#define PYTYPE_GC	       (UINT64_C(1) << 14)
#define PYTYPE_IS_TYPE	       (UINT64_C(1) << 31)

/**
 * struct pytype - all zero is none
 * @skip:    words of an object that are no references, by their number in its block
 * @keys:    table of the attributes that instances keep without names; 0: there is none
 * @basic, @item: tp_basicsize, tp_itemsize
 * @end:     of what is in use of a block; 0: all of it
 * @presize: bytes of a block before the object
 * @precise: all its words that are left are references that it owns
 * @prefixed: the collector's head is not the first that comes before the object
 * @name:    owned; "module.qualname"
 */
struct pytype {
	uint64_t addr;
	uint64_t flags;
	uint64_t skip;
	uint64_t keys;
	uint64_t base;
	int64_t basic;
	int64_t item;
	int64_t dictoffset;
	uint64_t end;
	uint32_t presize;
	uint8_t kind; /* enum pytype_kind */
	bool is_heap;
	bool precise;
	bool prefixed;
	char *name;
};

/**
 * struct pytypes - all zero is empty
 * @all: [0] is none
 */
struct pytypes {
	struct pylook look;
	const struct session_python *python;
	VEC(struct pytype) all;
	struct idmap by_addr;
};

/** pytypes_init() - @peek, @python: borrowed.  Return: 0 or -ENOMEM */
attr_nodiscard int pytypes_init(struct pytypes *types, struct peek *peek,
				const struct session_python *python);
void pytypes_fini(struct pytypes *types);

/**
 * pytypes_get() - the type at @addr, which may be any number
 *
 * Return: index in @all; PYTYPES_NONE when there is none; -ENOMEM.
 */
attr_nodiscard int pytypes_get(struct pytypes *types, uint64_t addr);

#endif /* ANALYSIS_PYTYPES_H */
