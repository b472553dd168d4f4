/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of objects, by what CPython says of them: dictionaries, items,
 * instance attributes wherever the version keeps them, members of C structs,
 * frames; and a few structs that do not describe themselves.
 */
#include "py-edges.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "py-body.h"
#include "py-names.h"
#include "py-state.h"

#define NAMED_KEYS	 64u /* of a dictionary: more than these are "some key" */
#define MEMBERS_MAX	 512u
#define BASES_MAX	 64u
#define SCANNED_MAX	 1024u /* bytes of an object that are looked through at last */
#define FRAMES_MINOR_MAX 14    /* where frames keep their locals was not looked at in later ones */
#define GENERATOR_GONE	 4     /* gi_frame_state from which on there is no frame */
#define MEMBER_OBJECT	 6     /* T_OBJECT */
#define MEMBER_OBJECT_X	 16    /* T_OBJECT_EX */
#define KEYS_SPLIT	 2     /* dk_kind of the keys that instances share */

#define FLAG_INLINE_VALUES  (1u << 2)
#define FLAG_LIST_SUBCLASS  (1ul << 25)
#define FLAG_TUPLE_SUBCLASS (1ul << 26)
#define FLAG_ERROR_SUBCLASS (1ul << 30)

#define TYPE_BASICSIZE	32
#define TYPE_ITEMSIZE	40
#define TYPE_WEAKLIST	208
#define TYPE_MEMBERS	240
#define TYPE_BASE	256
#define TYPE_DICTOFFSET 288
#define TYPE_BASES	336
#define TYPE_MRO	344
#define TYPE_DEL	376
#define TYPE_FINALIZE	392
#define LIST_ITEMS	24
#define CODE_VARNAMES	72 /* to 3.10 */
#define CODE_FREEVARS	80
#define CODE_CELLVARS	88
#define CODE_NAMES	96 /* 3.11 on: of all locals */
#define FRAME_CODE	32 /* to 3.10 */
#define FRAME_INNER	24 /* 3.11 on */
#define KEYS_INDEX_LOG2 9  /* dk_log2_index_bytes, 3.11 on */
#define KEYS_KIND	10
#define KEYS_COUNT	24
#define KEYS_INDICES	32

/* PyMemberDef */
struct member {
	const char *name;
	int type;
	ptrdiff_t offset;
	int flags;
	const char *doc;
};

/**
 * struct field - a field that its type does not describe
 * @type: tp_name; NULL: every exception
 * @from, @to: minor versions
 */
struct field {
	const char *type;
	uint8_t from;
	uint8_t to;
	uint16_t offset;
	const char *name;
};

static const struct field fields[] = {
	{ "cell", 8, 255, 16, "cell_contents" },
	{ "function", 8, 9, 32, "__defaults__" },
	{ "function", 10, 255, 56, "__defaults__" },
	{ "function", 8, 9, 40, "__kwdefaults__" },
	{ "function", 10, 255, 64, "__kwdefaults__" },
	{ "method", 8, 255, 16, "__func__" },
	{ "method", 8, 255, 24, "__self__" },
	{ "builtin_function_or_method", 8, 255, 24, "__self__" },
	{ "traceback", 8, 255, 16, "tb_next" },
	{ "traceback", 8, 255, 24, "tb_frame" },
	{ "frame", 8, 10, 24, "f_back" },
	{ "frame", 11, 255, 16, "f_back" },
	{ "generator", 8, 10, 16, "gi_frame" },
	{ "coroutine", 8, 10, 16, "cr_frame" },
	{ "async_generator", 8, 10, 16, "ag_frame" },
	{ "weakref", 8, 255, 24, "__callback__" },
	{ "mappingproxy", 8, 255, 16, "mapping" },
	{ NULL, 8, 255, 24, "args" },
	{ NULL, 8, 10, 32, "__traceback__" },
	{ NULL, 8, 10, 40, "__context__" },
	{ NULL, 8, 10, 48, "__cause__" },
	{ NULL, 11, 255, 40, "__traceback__" },
	{ NULL, 11, 255, 48, "__context__" },
	{ NULL, 11, 255, 56, "__cause__" },
};

static bool is_str(const void *object)
{
	return object && py_type_at(object) == py_state.api.type_unicode;
}

static uint32_t *want(struct py_edges *edges, const void *target)
{
	uint32_t *place = target ? edges->want(target, edges->arg) : NULL;

	if (place)
		edges->left--;
	return place;
}

static void give(struct py_edges *edges, const void *target, unsigned int kind, uint32_t value)
{
	uint32_t *place = want(edges, target);

	if (place)
		*place = PY_LABEL(kind, value);
}

static void give_other(struct py_edges *edges, const void *target, enum tenure_py_other other)
{
	give(edges, target, TENURE_PY_LABEL_OTHER, other);
}

/* By a name that is looked for only when it is needed. */
static void give_str(struct py_edges *edges, const void *target, unsigned int kind,
		     const void *name)
{
	uint32_t *place = want(edges, target), id;

	if (!place)
		return;
	id = is_str(name) ? py_names_str(edges->thread, name) : 0;
	*place = id ? PY_LABEL(kind, id)
		    : PY_LABEL(TENURE_PY_LABEL_OTHER, kind == TENURE_PY_LABEL_KEY
							      ? TENURE_PY_OTHER_VALUE
							      : TENURE_PY_OTHER_UNKNOWN);
}

static void give_text(struct py_edges *edges, const void *target, const char *name)
{
	uint32_t *place = want(edges, target);

	if (place)
		*place = PY_LABEL(TENURE_PY_LABEL_ATTR, py_names_text(edges->thread, name));
}

static void name_dict(struct py_edges *edges, const void *dict)
{
	void *key, *value;
	ptrdiff_t at = 0;
	uint32_t named = 0;

	while (edges->left && py_state.api.dict_next((void *)dict, &at, &key, &value)) {
		uint32_t before = edges->left;

		if (named < NAMED_KEYS && is_str(key))
			give_str(edges, value, TENURE_PY_LABEL_KEY, key);
		else
			give_other(edges, value, TENURE_PY_OTHER_VALUE);
		named += before - edges->left;
		if (!is_str(key))
			give_other(edges, key, TENURE_PY_OTHER_KEY);
	}
}

static void name_items(struct py_edges *edges, const void *const *items, size_t count)
{
	for (size_t i = 0; i < count && edges->left; i++)
		give(edges, items[i], TENURE_PY_LABEL_INDEX,
		     i < UINT32_MAX >> TENURE_PY_LABEL_BITS ? (uint32_t)i : 0);
}

static size_t tuple_items(void)
{
	return py_state.abi->minor >= 14 ? 32 : 24;
}

/* Values of attributes whose names the class keeps. */
static void name_values(struct py_edges *edges, const void *type, const void *const *values,
			size_t count)
{
	const uint8_t *keys = py_field(type, py_state.abi->heap_qualname + sizeof(void *));
	const void *const *entries;

	if (!keys || keys[KEYS_KIND] != KEYS_SPLIT)
		return;
	if (count > (size_t)py_field(keys, KEYS_COUNT))
		count = (size_t)py_field(keys, KEYS_COUNT);
	entries = (const void *)(keys + KEYS_INDICES + (1ul << keys[KEYS_INDEX_LOG2]));
	for (size_t i = 0; i < count && edges->left; i++)
		give_str(edges, values[i], TENURE_PY_LABEL_ATTR, entries[2 * i]);
}

/* Where versions with managed dictionaries keep attributes. */
static void name_managed(struct py_edges *edges, const void *object, const void *type)
{
	const uint8_t *base = object;
	uintptr_t dict = (uintptr_t)py_field(base - 24, 0);
	size_t basic = (size_t)py_field(type, TYPE_BASICSIZE);

	if (py_state.abi->minor == 11) {
		if (py_field(base - 32, 0))
			name_values(edges, type, py_field(base - 32, 0), SIZE_MAX);
	} else if (py_state.abi->minor == 12) {
		if (dict & 1) {
			name_values(edges, type, (const void *const *)(dict + 1), SIZE_MAX);
			return;
		}
	} else if (py_flags_of(type) & FLAG_INLINE_VALUES) {
		const uint8_t *header = base + basic; /* capacity, size, embedded, valid */

		if (header[3])
			name_values(edges, type, (const void *)(header + 8), header[0]);
	}
	give_other(edges, (const void *)dict, TENURE_PY_OTHER_DICT);
}

static void name_dictionary(struct py_edges *edges, const void *object, const void *type)
{
	ptrdiff_t at = (ptrdiff_t)py_field(type, TYPE_DICTOFFSET);

	if (py_flags_of(type) & PY_FLAG_MANAGED_DICT & py_state.abi->type_prefixed) {
		name_managed(edges, object, type);
		return;
	}
	if (at < 0 && py_state.abi->minor < 12) {
		ptrdiff_t items = (ptrdiff_t)py_field(object, PY_VAR_SIZE);

		items = (items < 0 ? -items : items) * (ptrdiff_t)py_field(type, TYPE_ITEMSIZE);
		at += ALIGN_UP((ptrdiff_t)py_field(type, TYPE_BASICSIZE) + items, 8);
	}
	if (at > 0)
		give_other(edges, py_field(object, (size_t)at), TENURE_PY_OTHER_DICT);
}

static void name_members(struct py_edges *edges, const void *object, const void *type)
{
	for (unsigned int bases = 0; type && bases < BASES_MAX; bases++) {
		const struct member *member = py_field(type, TYPE_MEMBERS);

		for (unsigned int i = 0; member && member->name && i < MEMBERS_MAX; i++) {
			if (!edges->left)
				return;
			if ((member->type == MEMBER_OBJECT || member->type == MEMBER_OBJECT_X) &&
			    member->offset > 0)
				give_text(edges, py_field(object, (size_t)member->offset),
					  member->name);
			member++;
		}
		type = py_field(type, TYPE_BASE);
	}
}

static void name_class(struct py_edges *edges, const void *object)
{
	give_other(edges, py_field(object, PY_TYPE_DICT), TENURE_PY_OTHER_DICT);
	give_text(edges, py_field(object, TYPE_BASES), "__bases__");
	give_text(edges, py_field(object, TYPE_MRO), "__mro__");
}

/* A local variable's name, whichever of the lists it is in. */
static const void *local_name(const void *const lists[3], size_t at)
{
	for (unsigned int i = 0; i < 3; i++) {
		size_t count = lists[i] ? (size_t)py_field(lists[i], PY_VAR_SIZE) : 0;

		if (at < count)
			return py_field(lists[i], tuple_items() + at * sizeof(void *));
		at -= count;
	}
	return NULL;
}

static void name_locals(struct py_edges *edges, const void *const lists[3], const void *locals)
{
	const void *name;

	for (size_t i = 0; edges->left && (name = local_name(lists, i)); i++) {
		uintptr_t value = (uintptr_t)py_field(locals, i * sizeof(void *));

		give_str(edges, (const void *)(value & ~(uintptr_t)3), TENURE_PY_LABEL_LOCAL, name);
	}
}

static void name_frame(struct py_edges *edges, const void *object, const void *type)
{
	const void *code = py_field(object, FRAME_CODE);
	const void *lists[3] = {
		py_field(code, CODE_VARNAMES),
		py_field(code, CODE_CELLVARS),
		py_field(code, CODE_FREEVARS),
	};

	name_locals(edges, lists,
		    (const uint8_t *)object + (size_t)py_field(type, TYPE_BASICSIZE) -
			    sizeof(void *));
}

/* 3.11 on: the frame proper, in a frame object, a generator, or a thread's stack of them. */
static void name_inner_frame(struct py_edges *edges, const uint8_t *frame)
{
	const struct py_abi *abi = py_state.abi;
	uintptr_t code = frame ? (uintptr_t)py_field(frame, abi->frame_code) : 0;
	const void *lists[3] = { 0 };

	code &= ~(uintptr_t)abi->frame_code_tags;
	if (!code || py_type_at((const void *)code) != py_state.api.type_code)
		return;
	lists[0] = py_field((const void *)code, CODE_NAMES);
	name_locals(edges, lists, frame + (abi->minor >= 14 ? 80 : 72));
}

static void name_frames(struct py_edges *edges, const void *object, const void *type,
			const char *name)
{
	size_t inner = py_state.abi->minor == 11 ? 80 : 72;

	if (py_state.abi->minor > FRAMES_MINOR_MAX)
		return;
	if (!strcmp(name, "frame") && py_state.abi->frames == PY_FRAMES_OBJECT)
		name_frame(edges, object, type);
	else if (!strcmp(name, "frame"))
		name_inner_frame(edges, py_field(object, FRAME_INNER));
	else if (py_state.abi->frames != PY_FRAMES_OBJECT &&
		 (!strcmp(name, "generator") || !strcmp(name, "coroutine") ||
		  !strcmp(name, "async_generator")) &&
		 ((const int8_t *)object)[inner - 5] < GENERATOR_GONE)
		name_inner_frame(edges, (const uint8_t *)object + inner);
}

static void name_fields(struct py_edges *edges, const void *object, uint64_t flags,
			const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields) && edges->left; i++) {
		const struct field *field = &fields[i];
		bool fits = field->type ? !strcmp(field->type, name)
					: (flags & FLAG_ERROR_SUBCLASS) != 0;

		if (fits && field->from <= py_state.abi->minor && py_state.abi->minor <= field->to)
			give_text(edges, py_field(object, field->offset), field->name);
	}
}

/* At last: a word of the object that is the reference. */
static void name_words(struct py_edges *edges, const void *object, const void *type)
{
	size_t end = (size_t)py_field(type, TYPE_BASICSIZE);

	if (end > SCANNED_MAX)
		end = SCANNED_MAX;
	for (size_t at = 16; at + sizeof(void *) <= end && edges->left; at += sizeof(void *))
		give(edges, py_field(object, at), TENURE_PY_LABEL_OFFSET, (uint32_t)at);
}

void py_edges_name(struct py_edges *edges, const void *object)
{
	const void *type = py_type_at(object);
	uint64_t flags = py_flags_of(type);
	const char *name = py_field(type, PY_TYPE_NAME);

	if (flags & PY_FLAG_DICT_SUBCLASS)
		name_dict(edges, object);
	else if (flags & FLAG_LIST_SUBCLASS)
		name_items(edges, py_field(object, LIST_ITEMS),
			   py_field(object, LIST_ITEMS) ? (size_t)py_field(object, PY_VAR_SIZE)
							: 0);
	else if (flags & FLAG_TUPLE_SUBCLASS)
		name_items(edges, (const void *)((const uint8_t *)object + tuple_items()),
			   (size_t)py_field(object, PY_VAR_SIZE));
	if (edges->left)
		name_dictionary(edges, object, type);
	if (edges->left && (flags & PY_FLAG_TYPE_SUBCLASS))
		name_class(edges, object);
	if (edges->left)
		name_members(edges, object, type);
	if (edges->left)
		name_fields(edges, object, flags, name);
	if (edges->left)
		name_frames(edges, object, type, name);
	if (edges->left)
		give_other(edges, type, TENURE_PY_OTHER_CLASS);
	if (edges->left)
		name_words(edges, object, type);
}

static bool has_weakrefs(const void *object, const void *type, bool *ret_can)
{
	ptrdiff_t at = (ptrdiff_t)py_field(type, TYPE_WEAKLIST);

	*ret_can = true;
	if (py_flags_of(type) & PY_FLAG_MANAGED_WEAKREF & py_state.abi->type_prefixed)
		return py_field((const uint8_t *)object - 32, 0) != NULL;
	*ret_can = at > 0;
	return at > 0 && py_field(object, (size_t)at);
}

uint32_t py_edges_flags(const void *object)
{
	const void *type = py_type_at(object);
	bool is_weakable, has = has_weakrefs(object, type, &is_weakable);
	uint32_t flags = 0;

	if ((py_flags_of(type) & PY_FLAG_HEAPTYPE) && py_field(type, TYPE_FINALIZE))
		flags |= TENURE_PY_FINALIZER;
	if (py_field(type, TYPE_DEL))
		flags |= TENURE_PY_LEGACY;
	if (has)
		flags |= TENURE_PY_WEAKREFS;
	if (is_weakable)
		flags |= TENURE_PY_WEAKABLE;
	return flags;
}

const void *py_edges_block(const void *object)
{
	bool is_prefixed = py_flags_of(py_type_at(object)) & py_state.abi->type_prefixed;

	return (const uint8_t *)object - (is_prefixed ? 32 : 16);
}
