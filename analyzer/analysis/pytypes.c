/* SPDX-License-Identifier: Apache-2.0 */
/* Types are known by the chain of their own types, which ends in type itself. */
#include "pytypes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define METATYPES_MAX 8u
#define BASES_MAX     64u
#define TYPES_MAX     65000u
#define NAME_MAX_     512u
#define BASIC_MAX     (1 << 20)
#define ADDRESS_END   (UINT64_C(1) << 47)
#define SKIP_BITS     64u

#define TYPE_BASICSIZE	32u
#define TYPE_ITEMSIZE	40u
#define TYPE_DEALLOC	48u
#define TYPE_WEAKLIST	208u
#define TYPE_BASE	256u
#define TYPE_DICTOFFSET 288u
#define KEYS_AFTER	8u /* __qualname__ */

#define IS_LONG	 (UINT64_C(1) << 24)
#define IS_LIST	 (UINT64_C(1) << 25)
#define IS_TUPLE (UINT64_C(1) << 26)
#define IS_BYTES (UINT64_C(1) << 27)
#define IS_STR	 (UINT64_C(1) << 28)
#define IS_DICT	 (UINT64_C(1) << 29)

/* Types of the interpreter's own that are laid out in a way of theirs. */
static const struct {
	const char *name;
	uint8_t kind;
} named[] = {
	{ "float", PYTYPE_NOTHING },
	{ "complex", PYTYPE_NOTHING },
	{ "set", PYTYPE_SET },
	{ "frozenset", PYTYPE_SET },
	{ "weakref", PYTYPE_WEAKREF },
	{ "weakproxy", PYTYPE_WEAKREF },
	{ "weakcallableproxy", PYTYPE_WEAKREF },
	{ "weakref.ReferenceType", PYTYPE_WEAKREF },
	{ "weakref.ProxyType", PYTYPE_WEAKREF },
	{ "weakref.CallableProxyType", PYTYPE_WEAKREF },
	{ "module", PYTYPE_MODULE },
	{ "code", PYTYPE_CODE },
	{ "frame", PYTYPE_FRAME },
	{ "generator", PYTYPE_FRAME },
	{ "coroutine", PYTYPE_FRAME },
	{ "async_generator", PYTYPE_FRAME },
	{ "bytearray", PYTYPE_BYTEARRAY },
	{ "array.array", PYTYPE_ARRAY },
	{ "numpy.ndarray", PYTYPE_NDARRAY },
};

int pytypes_init(struct pytypes *types, struct peek *peek, const struct session_python *python)
{
	*types = (struct pytypes){ .look = { peek, python->minor }, .python = python };
	return vec_push(&types->all, (struct pytype){ 0 });
}

void pytypes_fini(struct pytypes *types)
{
	for (size_t i = 0; i < types->all.count; i++)
		free(types->all.at[i].name);
	vec_fini(&types->all);
	idmap_fini(&types->by_addr);
}

static bool may_be(uint64_t addr)
{
	return addr >= 4096 && addr < ADDRESS_END && !(addr & 7);
}

static bool is_type(const struct pytypes *types, uint64_t addr)
{
	struct peek *peek = types->look.peek;

	for (unsigned int i = 0; i < METATYPES_MAX && may_be(addr); i++) {
		uint64_t flags = peek_word(peek, addr + PYLOOK_TYPE_FLAGS);
		uint64_t meta = peek_word(peek, addr + PYLOOK_TYPE);
		char name[8];

		if (!(flags & PYTYPE_READY) || (i && !(flags & PYTYPE_IS_TYPE)))
			return false;
		if (meta == addr) {
			(void)peek_text(peek, peek_word(peek, addr + PYLOOK_TYPE_NAME), name,
					sizeof(name));
			return strcmp(name, "type") == 0;
		}
		addr = meta;
	}
	return false;
}

static uint32_t qualname_at(uint32_t minor)
{
	return minor == 9 ? 856 : minor <= 11 ? 864 : minor <= 14 ? 872 : 880;
}

static char *name_of(const struct pytypes *types, uint64_t addr, bool is_heap)
{
	const struct pylook *look = &types->look;
	char name[2 * NAME_MAX_], own[NAME_MAX_];
	size_t fill = 0;

	if (is_heap && pylook_str(look, peek_word(look->peek, addr + qualname_at(look->minor)), own,
				  sizeof(own))) {
		uint64_t dict = peek_word(look->peek, addr + PYLOOK_TYPE_DICT);

		if (pylook_str(look, pylook_find(look, dict, "__module__"), name, NAME_MAX_) &&
		    strcmp(name, "builtins") != 0) {
			fill = strlen(name);
			name[fill++] = '.';
		}
		memcpy(name + fill, own, strlen(own) + 1);
	} else {
		(void)peek_text(look->peek, peek_word(look->peek, addr + PYLOOK_TYPE_NAME), name,
				sizeof(name));
	}
	return strdup(name);
}

/* Of a type that was not made by a class statement, by its name; else as its base. */
static uint8_t kind_of(const struct pytypes *types, uint64_t addr, uint64_t flags)
{
	struct peek *peek = types->look.peek;
	bool is_heap = flags & PYTYPE_HEAP;

	if (flags & IS_LIST)
		return PYTYPE_LIST;
	if (flags & IS_TUPLE)
		return PYTYPE_TUPLE;
	if (flags & IS_DICT)
		return PYTYPE_DICT;
	if (flags & PYTYPE_IS_TYPE)
		return PYTYPE_TYPE;
	if (flags & (IS_LONG | IS_BYTES))
		return is_heap ? PYTYPE_PLAIN : PYTYPE_NOTHING;
	if (flags & IS_STR)
		return is_heap ? PYTYPE_PLAIN : PYTYPE_STR;
	for (unsigned int base = 0; may_be(addr) && base < BASES_MAX; base++) {
		char name[40];

		(void)peek_text(peek, peek_word(peek, addr + PYLOOK_TYPE_NAME), name, sizeof(name));
		for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
			uint8_t kind = named[i].kind;

			if (strcmp(name, named[i].name) == 0 &&
			    (!(flags & PYTYPE_HEAP) || kind == PYTYPE_ARRAY))
				return kind == PYTYPE_NOTHING && is_heap ? PYTYPE_PLAIN : kind;
		}
		addr = peek_word(peek, addr + TYPE_BASE);
		flags = peek_word(peek, addr + PYLOOK_TYPE_FLAGS);
	}
	return PYTYPE_PLAIN;
}

static void skip(struct pytype *type, int64_t offset)
{
	int64_t word = ((int64_t)type->presize + offset) / 8;

	if (word >= 0 && word < (int64_t)SKIP_BITS)
		type->skip |= UINT64_C(1) << word;
}

/* What of an object's block is no reference: counts, links of the collector, weak references. */
static void find_skipped(struct pytype *type, uint32_t minor, int64_t weaklist)
{
	skip(type, 0);
	if (type->flags & PYTYPE_GC) {
		skip(type, -16);
		skip(type, -8);
	}
	if (type->prefixed && minor >= 12)
		skip(type, -32);
	if (type->item || type->kind == PYTYPE_LIST)
		skip(type, PYLOOK_SIZE);
	if (weaklist > 0)
		skip(type, weaklist);
	if (type->kind == PYTYPE_WEAKREF) {
		skip(type, 16); /* what it is a reference to */
		skip(type, 40); /* the others to the same */
		skip(type, 48);
	}
}

static uint32_t prefix_flags(uint32_t minor)
{
	return minor < 11    ? 0
	       : minor == 11 ? PYTYPE_MANAGED_DICT
			     : PYTYPE_MANAGED_DICT | PYTYPE_MANAGED_WEAKREF;
}

static int read_type(const struct pytypes *types, uint64_t addr, struct pytype *ret_type)
{
	struct peek *peek = types->look.peek;
	uint32_t minor = types->look.minor;
	uint64_t dealloc = peek_word(peek, addr + TYPE_DEALLOC);
	struct pytype type = {
		.addr = addr,
		.flags = peek_word(peek, addr + PYLOOK_TYPE_FLAGS),
		.base = peek_word(peek, addr + TYPE_BASE),
		.basic = (int64_t)peek_word(peek, addr + TYPE_BASICSIZE),
		.item = (int64_t)peek_word(peek, addr + TYPE_ITEMSIZE),
		.dictoffset = (int64_t)peek_word(peek, addr + TYPE_DICTOFFSET),
	};

	if (type.basic < 16 || type.basic > BASIC_MAX)
		return 1;
	type.is_heap = type.flags & PYTYPE_HEAP;
	type.kind = kind_of(types, addr, type.flags);
	type.prefixed = type.flags & prefix_flags(minor);
	type.presize = (type.flags & PYTYPE_GC ? 16 : 0) + (type.prefixed ? 16 : 0);
	type.precise = dealloc - types->python->start < types->python->end - types->python->start &&
		       type.kind != PYTYPE_FRAME;
	if (type.is_heap)
		type.keys = peek_word(peek, addr + qualname_at(minor) + KEYS_AFTER);
	find_skipped(&type, minor, (int64_t)peek_word(peek, addr + TYPE_WEAKLIST));
	type.name = name_of(types, addr, type.is_heap);
	*ret_type = type;
	return type.name ? 0 : -ENOMEM;
}

int pytypes_get(struct pytypes *types, uint64_t addr)
{
	uint32_t index = may_be(addr) ? idmap_find(&types->by_addr, addr) : PYTYPES_NONE;
	struct pytype type;
	int r;

	if (index != UINT32_MAX)
		return (int)index;
	if (!is_type(types, addr) || types->all.count >= TYPES_MAX)
		return PYTYPES_NONE;
	r = read_type(types, addr, &type);
	if (r != 0)
		return r < 0 ? r : (int)PYTYPES_NONE;
	r = vec_push(&types->all, type);
	if (r == 0)
		r = idmap_add(&types->by_addr, addr, (uint32_t)types->all.count - 1, &index);
	return r < 0 ? r : (int)types->all.count - 1;
}
