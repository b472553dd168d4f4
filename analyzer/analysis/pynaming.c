/* SPDX-License-Identifier: Apache-2.0 */
/* Names by the layout of objects: keys, positions, members, a few well-known fields. */
#include "pynaming.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"

#define TEXT_MAX	64u
#define MEMBER_BYTES	40u
#define MEMBERS_MAX	512u
#define BASES_MAX	32u
#define MEMBER_OBJECT	6
#define MEMBER_OBJECT_X 16

#define TYPE_MEMBERS  240u
#define MODULE_DICT   16u
#define MODULE_NAME   48u
#define SET_SMALL     64u
#define DIGIT_BITS    30u
#define INLINE_VALUES 8u /* bytes before the first of them */

/* struct field - of a type that does not describe it; @from, @to: minor versions */
static const struct {
	const char *type;
	uint8_t from;
	uint8_t to;
	uint16_t offset;
	const char *name;
} fields[] = {
	{ "cell", 8, 255, 16, "cell_contents" },
	{ "function", 8, 9, 16, "__code__" },
	{ "function", 8, 9, 24, "__globals__" },
	{ "function", 8, 9, 32, "__defaults__" },
	{ "function", 8, 9, 40, "__kwdefaults__" },
	{ "function", 8, 9, 48, "__closure__" },
	{ "function", 10, 255, 16, "__globals__" },
	{ "function", 10, 255, 24, "__builtins__" },
	{ "function", 10, 255, 48, "__code__" },
	{ "function", 10, 255, 56, "__defaults__" },
	{ "function", 10, 255, 64, "__kwdefaults__" },
	{ "function", 10, 255, 72, "__closure__" },
	{ "method", 8, 255, 16, "__func__" },
	{ "method", 8, 255, 24, "__self__" },
	{ "builtin_function_or_method", 8, 255, 24, "__self__" },
	{ "property", 8, 255, 16, "fget" },
	{ "property", 8, 255, 24, "fset" },
	{ "classmethod", 8, 255, 16, "__func__" },
	{ "staticmethod", 8, 255, 16, "__func__" },
	{ "weakref", 8, 255, 24, "__callback__" },
	{ "mappingproxy", 8, 255, 16, "mapping" },
	{ "numpy.ndarray", 8, 255, 16, "data" },
	{ "numpy.ndarray", 8, 255, 48, "base" },
	{ "numpy.ndarray", 8, 255, 56, "dtype" },
	{ "type", 8, 255, 256, "__base__" },
	{ "type", 8, 255, 264, "__dict__" },
	{ "type", 8, 255, 336, "__bases__" },
	{ "type", 8, 255, 344, "__mro__" },
};

static uint64_t object_of(const struct pyheap *heap, uint32_t block)
{
	return heap->blocks->at[block].addr + heap->types.all.at[pyheap_type(heap, block)].presize;
}

static void add_quoted(struct strbuf *name, const char *text)
{
	strbuf_addc(name, '\'');
	for (const char *at = text; *at; at++) {
		if (*at == '\'' || *at == '\\')
			strbuf_addf(name, "\\%c", *at);
		else if ((unsigned char)*at < 0x20 || *at == 0x7f)
			strbuf_addf(name, "\\x%02x", (unsigned char)*at);
		else
			strbuf_addc(name, *at);
	}
	strbuf_addc(name, '\'');
}

/* A whole number that fits; 0: it does not. */
static int add_number(const struct pyheap *heap, uint64_t object, struct strbuf *name)
{
	int64_t tag = (int64_t)peek_word(heap->peek, object + 16);
	uint64_t digits = peek_word(heap->peek, object + 24), value;
	bool is_new = heap->types.look.minor >= 12;
	bool is_negative = is_new ? (tag & 3) == 2 : tag < 0;
	uint64_t count = is_new ? (uint64_t)tag >> 3 : (uint64_t)(tag < 0 ? -tag : tag);

	if (count > 2)
		return 0;
	value = count ? digits & UINT32_MAX : 0;
	if (count == 2)
		value |= (digits >> 32) << DIGIT_BITS;
	strbuf_addf(name, "%s%" PRIu64, is_negative ? "-" : "", value);
	return 1;
}

/* What a key looks like in the program. */
static void add_key(struct pyheap *heap, uint64_t key, struct strbuf *name)
{
	char text[TEXT_MAX];
	int type = key ? pytypes_get(&heap->types, peek_word(heap->peek, key + PYLOOK_TYPE)) : 0;
	const char *type_name = type > 0 ? heap->types.all.at[type].name : "?";

	strbuf_addc(name, '[');
	if (pylook_str(&heap->types.look, key, text, sizeof(text)))
		add_quoted(name, text);
	else if (strcmp(type_name, "int") != 0 || !add_number(heap, key, name))
		strbuf_addf(name, "<%s>", type_name);
	strbuf_addc(name, ']');
}

static void add_attribute(struct pyheap *heap, uint64_t keys_at, uint64_t index,
			  struct strbuf *name)
{
	struct pylook_keys keys;
	char text[TEXT_MAX];

	if (pylook_keys(&heap->types.look, keys_at, &keys) &&
	    pylook_str(&heap->types.look, pylook_key(&heap->types.look, &keys, index), text,
		       sizeof(text)))
		strbuf_addf(name, ".%s", text);
	else
		strbuf_adds(name, ".?");
}

static void add_offset(struct strbuf *name, uint64_t offset)
{
	if (offset == UINT32_MAX)
		strbuf_adds(name, "<…>");
	else
		strbuf_addf(name, "<+%" PRIu64 ">", offset);
}

/* ------------------------------------------------------- parts of objects */

static void name_keys(struct pyheap *heap, uint32_t from, uint64_t offset, struct strbuf *name)
{
	uint64_t addr = heap->blocks->at[from].addr;
	struct pylook_keys keys;
	uint64_t at;

	if (!pylook_keys(&heap->types.look, addr, &keys) || addr + offset < keys.entries)
		return add_offset(name, offset);
	at = addr + offset - keys.entries;
	if (at % keys.each == keys.each - 16 && !keys.split)
		strbuf_adds(name, ".keys()");
	else
		add_key(heap, pylook_key(&heap->types.look, &keys, at / keys.each), name);
}

static void name_values(struct pyheap *heap, uint32_t from, uint64_t offset, struct strbuf *name)
{
	const struct pyheap_part *part = pyheap_part(heap, from);
	const struct pytype *type = &heap->types.all.at[pyheap_type(heap, part->owner)];
	uint64_t object = object_of(heap, part->owner), at = heap->blocks->at[from].addr + offset;
	uint64_t values, keys;

	if (type->kind == PYTYPE_DICT) {
		values = peek_word(heap->peek, object + PYLOOK_DICT_VALUES);
		keys = peek_word(heap->peek, object + PYLOOK_DICT_KEYS);
		if (heap->types.look.minor >= 13)
			values += INLINE_VALUES;
	} else {
		values = heap->types.look.minor == 11 ? peek_word(heap->peek, object - 32)
						      : peek_word(heap->peek, object - 24) + 1;
		keys = type->keys;
	}
	if (at < values)
		add_offset(name, offset);
	else
		add_attribute(heap, keys, (at - values) / 8, name);
}

static void name_part(struct pyheap *heap, uint32_t from, uint64_t offset, struct strbuf *name)
{
	switch (pyheap_part(heap, from)->role) {
	case PYHEAP_ITEMS:
		strbuf_addf(name, "[%" PRIu64 "]", offset / 8);
		break;
	case PYHEAP_KEYS:
		name_keys(heap, from, offset, name);
		break;
	case PYHEAP_VALUES:
		name_values(heap, from, offset, name);
		break;
	case PYHEAP_TABLE:
		strbuf_adds(name, "{…}");
		break;
	default:
		add_offset(name, offset);
		break;
	}
}

/* ----------------------------------------------------------------- objects */

static bool name_member(const struct pyheap *heap, uint64_t type, uint64_t at, struct strbuf *name)
{
	for (unsigned int base = 0; type && base < BASES_MAX; base++) {
		uint64_t member = peek_word(heap->peek, type + TYPE_MEMBERS);

		for (unsigned int i = 0; member && i < MEMBERS_MAX; i++, member += MEMBER_BYTES) {
			uint64_t text_at = peek_word(heap->peek, member);
			int32_t kind = (int32_t)peek_word(heap->peek, member + 8);
			char text[TEXT_MAX];

			if (!text_at)
				break;
			if (peek_word(heap->peek, member + 16) != at ||
			    (kind != MEMBER_OBJECT && kind != MEMBER_OBJECT_X))
				continue;
			(void)peek_text(heap->peek, text_at, text, sizeof(text));
			strbuf_addf(name, ".%s", text);
			return true;
		}
		type = peek_word(heap->peek, type + 256);
	}
	return false;
}

static bool name_field(const struct pyheap *heap, const struct pytype *type, uint64_t at,
		       struct strbuf *name)
{
	uint32_t minor = heap->types.look.minor;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].offset != at || minor < fields[i].from || minor > fields[i].to ||
		    (strcmp(fields[i].type, type->name) != 0 &&
		     !(type->kind == PYTYPE_TYPE && strcmp(fields[i].type, "type") == 0)))
			continue;
		strbuf_addf(name, ".%s", fields[i].name);
		return true;
	}
	return false;
}

static bool is_dict(const struct pyheap *heap, uint32_t block)
{
	return heap->types.all.at[pyheap_type(heap, block)].kind == PYTYPE_DICT;
}

static bool name_items(const struct pyheap *heap, const struct pytype *type, uint64_t at,
		       struct strbuf *name)
{
	uint64_t first = heap->types.look.minor >= 14 ? 32 : 24;

	if (type->kind == PYTYPE_TUPLE && at >= first)
		strbuf_addf(name, "[%" PRIu64 "]", (at - first) / 8);
	else if (type->kind == PYTYPE_SET && at >= SET_SMALL)
		strbuf_adds(name, "{…}");
	else
		return false;
	return true;
}

static void name_word(struct pyheap *heap, uint32_t from, uint64_t offset, uint32_t to,
		      struct strbuf *name)
{
	const struct pytype *type = &heap->types.all.at[pyheap_type(heap, from)];
	uint64_t at = offset - type->presize; /* before the object it is very large */
	bool is_before = offset < type->presize;

	if (!is_before && at == PYLOOK_TYPE)
		strbuf_adds(name, ".__class__");
	else if (!is_before && name_items(heap, type, at, name))
		return;
	else if (is_before || (type->kind == PYTYPE_MODULE && at == MODULE_DICT) ||
		 (type->dictoffset > 0 && (int64_t)at == type->dictoffset))
		strbuf_adds(name, ".__dict__");
	else if (type->flags & PYTYPE_INLINE_VALUES && heap->types.look.minor >= 13 &&
		 at >= (uint64_t)type->basic + INLINE_VALUES)
		add_attribute(heap, type->keys, (at - (uint64_t)type->basic - INLINE_VALUES) / 8,
			      name);
	else if (name_field(heap, type, at, name) || name_member(heap, type->addr, at, name))
		return;
	else if (type->dictoffset < 0 && is_dict(heap, to))
		strbuf_adds(name, ".__dict__");
	else
		add_offset(name, at);
}

void pynaming_add(struct pyheap *heap, uint32_t from, uint64_t offset, uint32_t to,
		  struct strbuf *name)
{
	const struct pyheap_part *part = pyheap_part(heap, from);
	const struct pyheap_part *inner = pyheap_part(heap, to);

	if (inner && inner->owner == from && inner->role != PYHEAP_OBJECT)
		return;
	if (part && part->role != PYHEAP_OBJECT)
		name_part(heap, from, offset, name);
	else if (pyheap_type(heap, from) != PYTYPES_NONE && offset != UINT32_MAX)
		name_word(heap, from, offset, to, name);
	else
		add_offset(name, offset);
}

void pynaming_module(struct pyheap *heap, uint32_t block, struct strbuf *name)
{
	const struct pylook *look = &heap->types.look;
	uint64_t object = object_of(heap, block);
	uint64_t dict = peek_word(heap->peek, object + MODULE_DICT);
	char text[4 * TEXT_MAX];

	if (!pylook_str(look, pylook_find(look, dict, "__name__"), text, sizeof(text)) &&
	    !pylook_str(look, peek_word(heap->peek, object + MODULE_NAME), text, sizeof(text)))
		memcpy(text, "?", 2);
	strbuf_adds(name, text);
}
