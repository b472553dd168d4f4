/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling a type from other words.
 *
 * What lies where an object's type would lie may be anything, so it is not
 * followed before it is known to be the address of a type: of a known one, of
 * something in a writable segment of a loaded object (static types), or of a
 * large live block (types made by class statements), whose own type is a
 * metatype.
 */
#include "py-types.h"

#include <link.h>
#include <stdbool.h>
#include <string.h>

#include "nodes.h"
#include "pages.h"
#include "py-body.h"
#include "py-code.h"
#include "py-gc.h"
#include "py-table.h"
#include "record.h"
#include "tenure/wire-python.h"

#define TYPES_MAX     (1u << 18)
#define SEGMENTS_MAX  1024u
#define METATYPES_MAX 4u /* a metatype's metatype's ... */
#define NAME_MAX_     512u
#define ENTRIES_MAX   4096u /* of a class's dictionary that are searched for __module__ */
#define TYPE_MIN      600u  /* bytes of a class that was made at run time, at least */
#define HEADER_BYTES  16u
#define LATE_MAX      8u
#define STATIC_MIN    400u /* bytes of a static type that are read, and more */

/**
 * struct type - a type that was met
 * @at:      its address; 1 once it is gone
 * @presize: bytes between the start of an object's block and the object
 */
struct type {
	uintptr_t at;
	uint32_t presize;
	uint32_t reserved;
};

struct segment {
	uintptr_t start;
	uintptr_t end;
};

struct py_pending py_pending;

/*
 * Blocks whose header had not been written when the next event came: before
 * 3.12 a collection may run between the allocation and the writing.  They are
 * looked at once more when it has ended; what is blank then is no object.
 */
static struct py_pending late[LATE_MAX];
uint32_t py_types_late_;
const void *py_types_interp_;

static struct py_table known; /* types: address to id */
static struct py_table large; /* blocks that are large enough to be types */
static struct type *types;
static uint32_t next_id = 1;

/* Two of them: one is read while the other is being filled. */
struct segments {
	uint32_t count;
	struct segment at[SEGMENTS_MAX];
};

static struct segments segments[2];
static struct segments *present = &segments[0];
static uint32_t segments_lock;

/* ---------------------------------------------------------- static types */

static int visit(struct dl_phdr_info *info, size_t bytes attr_unused, void *arg)
{
	struct segments *to = arg;

	for (int i = 0; i < info->dlpi_phnum && to->count < SEGMENTS_MAX; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		uint32_t at = to->count;

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W))
			continue;
		for (; at && to->at[at - 1].start > start; at--)
			to->at[at] = to->at[at - 1];
		to->at[at] = (struct segment){ start, start + segment->p_memsz };
		to->count++;
	}
	return 0;
}

void py_types_modules(void)
{
	struct segments *to;

	if (__atomic_exchange_n(&segments_lock, 1, __ATOMIC_ACQUIRE))
		return; /* whoever is at it will have seen the new ones, or the next scan does */
	to = present == &segments[0] ? &segments[1] : &segments[0];
	to->count = 0;
	(void)dl_iterate_phdr(visit, to);
	/* Partner: the acquire load in is_static(). */
	__atomic_store_n(&present, to, __ATOMIC_RELEASE);
	__atomic_store_n(&segments_lock, 0, __ATOMIC_RELEASE);
}

/* Does all of a static type at @at lie in a writable segment? */
static bool is_static(uintptr_t at)
{
	const struct segments *in = __atomic_load_n(&present, __ATOMIC_ACQUIRE);
	uint32_t low = 0, high = in->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (in->at[middle].start <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low && at < in->at[low - 1].end && in->at[low - 1].end - at >= STATIC_MIN;
}

static bool is_large_block(uintptr_t at)
{
	return py_table_find(&large, (const void *)(at - 16)) ||
	       (py_state.abi->type_presizes > 2 && py_table_find(&large, (const void *)(at - 32)));
}

/* ------------------------------------------------------------ all of them */

static uint32_t presize_of(uint64_t flags)
{
	return (flags & PY_FLAG_HAVE_GC ? 16 : 0) + (flags & py_state.abi->type_prefixed ? 16 : 0);
}

bool py_types_is_known(const void *type)
{
	return py_table_find(&known, type) != NULL;
}

size_t py_types_presize(const void *type)
{
	return presize_of(py_flags_of(type));
}

static bool is_str(const void *object)
{
	return object && py_field(object, PY_OB_TYPE) == py_state.api.type_unicode;
}

/* The str under "__module__" in the type's dictionary, or NULL. */
static const void *module_of(const void *type)
{
	static const char wanted[] = "__module__";
	void *dict = py_field(type, PY_TYPE_DICT), *key, *value;
	ptrdiff_t at = 0;

	/* ctypes keeps a dictionary of its own kind there. */
	if (!dict || !(py_flags_of(py_field(dict, PY_OB_TYPE)) & PY_FLAG_DICT_SUBCLASS))
		return NULL;
	for (uint32_t i = 0; i < ENTRIES_MAX && py_state.api.dict_next(dict, &at, &key, &value);
	     i++) {
		uint8_t name[sizeof(wanted) + 4];

		if (is_str(key) && (size_t)py_field(key, PY_STR_LENGTH) == sizeof(wanted) - 1 &&
		    py_code_utf8(key, name, sizeof(name)) == sizeof(wanted) - 1 &&
		    !memcmp(name, wanted, sizeof(wanted) - 1))
			return is_str(value) ? value : NULL;
	}
	return NULL;
}

static void describe(struct thread *thread, const void *type, uint32_t id)
{
	static const char builtins[] = "builtins";
	const void *qualname = NULL, *module;
	uint8_t name[NAME_MAX_];
	size_t fill = 0;

	if (py_flags_of(type) & PY_FLAG_HEAPTYPE)
		qualname = py_field(type, py_state.abi->heap_qualname);
	if (is_str(qualname)) {
		module = module_of(type);
		if (module)
			fill = py_code_utf8(module, name, NAME_MAX_ / 2);
		if (fill == sizeof(builtins) - 1 && !memcmp(name, builtins, fill))
			fill = 0;
		if (fill)
			name[fill++] = '.';
		fill += py_code_utf8(qualname, name + fill, NAME_MAX_ - fill);
	} else {
		const char *text = py_field(type, PY_TYPE_NAME);

		while (text && text[fill] && fill < NAME_MAX_) {
			name[fill] = (uint8_t)text[fill];
			fill++;
		}
	}
	record_ext(thread, TENURE_PY_TYPE, &id, sizeof(id), name, fill);
}

/* Could @at be the address of a type?  Then it can be read like one. */
static bool may_be_type(uintptr_t at)
{
	return at && !(at & 7) && (is_static(at) || is_large_block(at));
}

static bool is_metatype(const void *type)
{
	return (py_flags_of(type) & PY_FLAG_TYPE_SUBCLASS) != 0;
}

/* A type, by a chain of metatypes that ends in type itself. */
static bool is_type(const void *at)
{
	const void *type = at;

	for (unsigned int i = 0; i < METATYPES_MAX; i++) {
		const void *meta;

		if (type == py_state.api.type_type)
			return true;
		if (!may_be_type((uintptr_t)type) || !(py_flags_of(type) & PY_FLAG_READY) ||
		    (i && !is_metatype(type)))
			return false;
		meta = py_field(type, PY_OB_TYPE);
		type = meta;
	}
	return false;
}

static attr_cold uint32_t add(struct thread *thread, const void *type)
{
	const struct py_slot *slot;
	uint32_t id = 0;

	if (!types)
		types = pages_map(TYPES_MAX * sizeof(*types), 0);
	if (!types)
		return 0;
	py_table_lock(&known);
	slot = py_table_find(&known, type);
	if (slot) {
		id = slot->id;
		py_table_unlock(&known);
		return id;
	}
	if (next_id < TYPES_MAX && py_table_put(&known, type, next_id, 0))
		id = next_id++;
	py_table_unlock(&known);
	if (id) {
		types[id].presize = presize_of(py_flags_of(type));
		__atomic_store_n(&types[id].at, (uintptr_t)type, __ATOMIC_RELEASE);
		describe(thread, type, id);
	}
	return id;
}

uint32_t py_types_id(struct thread *thread, const void *type)
{
	const struct py_slot *slot = py_table_find(&known, type);

	if (likely(slot))
		return slot->id;
	return is_type(type) ? add(thread, type) : 0;
}

/* The type of the object in a block; 0: there is none. */
static uint32_t type_of(struct thread *thread, const uint8_t *block, size_t bytes)
{
	uint32_t presizes = py_state.abi->type_presizes;

	for (uint32_t i = 0; i < presizes && bytes >= i * 16 + HEADER_BYTES; i++) {
		const void *type = py_field(block, i * 16 + PY_OB_TYPE);
		const struct py_slot *slot = py_table_find(&known, type);

		if (slot && types[slot->id].presize == i * 16)
			return slot->id;
		if (!slot && unlikely(is_type(type)) && presize_of(py_flags_of(type)) == i * 16)
			return add(thread, type);
	}
	return 0;
}

/* Nothing was written yet where the type would be: the hook has cleared it. */
static bool is_blank(const struct py_pending *pending)
{
	for (uint32_t i = 0; i < 3 && pending->bytes >= i * 16 + HEADER_BYTES; i++)
		if (py_field(pending->block, i * 16 + PY_OB_TYPE))
			return false;
	return true;
}

/* Return: false if it is too early to tell. */
static bool look(struct thread *thread, const struct py_pending *pending)
{
	uint32_t type;
	struct {
		uint64_t addr;
		uint32_t stack;
		uint32_t type;
	} record;

	if (pending->where && *pending->where == pending->at)
		return true;
	type = type_of(thread, pending->block, pending->bytes);
	if (!type && is_blank(pending))
		return false;
	if (type == pending->type)
		return true;
	record.addr = (uintptr_t)pending->block;
	record.stack = pending->stack;
	record.type = type;
	record_ext(thread, TENURE_PY_OBJECT, &record, sizeof(record), NULL, 0);
	if (TENURE_NODE_KIND(nodes_get(pending->stack)->word) == TENURE_NODE_PAIR)
		nodes_set_aux(pending->stack, type);
	return true;
}

/* During a collection only what is given back is looked at, for the last time. */
static attr_cold void look_late(struct thread *thread, bool collecting, const void *ending)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < py_types_late_; i++) {
		if (collecting && late[i].block != ending)
			late[kept++] = late[i];
		else
			(void)look(thread, &late[i]);
	}
	py_types_late_ = kept;
}

void py_types_look(struct thread *thread, const struct py_thread *py, const void *ending)
{
	struct py_pending pending = py_pending;

	py_pending.block = NULL;
	if (unlikely(py_types_late_))
		look_late(thread, py_gc_is_collecting(py), ending);
	if (pending.block && unlikely(!look(thread, &pending)) && pending.block != ending &&
	    py_types_late_ < LATE_MAX && py_gc_is_collecting(py))
		late[py_types_late_++] = pending;
}

void py_types_drop(const void *ending)
{
	/* Written to only if it is there: then the GIL is that of its interpreter. */
	if (py_pending.block == ending)
		py_pending.block = NULL;
	for (uint32_t i = 0; i < py_types_late_; i++)
		if (late[i].block == ending)
			late[i] = late[--py_types_late_];
}

void py_types_new(const struct py_thread *py, const void *block, size_t bytes, uint32_t stack)
{
	const struct tenure_node *node = nodes_get(stack);

	if (unlikely(!py_state.abi->type_presizes))
		return;
	if (unlikely(bytes >= TYPE_MIN)) {
		py_table_lock(&large);
		if (!py_table_find(&large, block) && py_table_put(&large, block, 1, 0))
			py_filter_add(block);
		py_table_unlock(&large);
	}
	if (unlikely(py->current != py_types_interp_)) {
		/* The first interpreter it is; from 3.12 on others have GILs of their own. */
		if (py_types_interp_)
			return;
		py_types_interp_ = py->current;
	}
	py_pending.block = block;
	py_pending.bytes = bytes;
	py_pending.stack = stack;
	py_pending.type = likely(TENURE_NODE_KIND(node->word) == TENURE_NODE_PAIR) ? node->aux : 0;
	py_pending.where = NULL;
	if (likely(py_pending.type)) {
		const struct type *same = &types[py_pending.type];

		py_pending.at = same->at;
		if (likely(bytes >= same->presize + HEADER_BYTES))
			py_pending.where =
				(const void *)((uintptr_t)block + same->presize + PY_OB_TYPE);
	}
}

void py_types_forget(const void *block)
{
	if (!py_table_find(&large, block))
		return;
	py_table_lock(&large);
	(void)py_table_remove(&large, block);
	py_table_unlock(&large);

	py_table_lock(&known);
	for (uint32_t presize = 16; presize <= 32; presize += 16) {
		const void *type = (const uint8_t *)block + presize;
		const struct py_slot *slot = py_table_find(&known, type);

		if (slot) {
			__atomic_store_n(&types[slot->id].at, 1, __ATOMIC_RELAXED);
			(void)py_table_remove(&known, type);
		}
	}
	py_table_unlock(&known);
}

void py_types_reset(void)
{
	py_table_reset(&known);
	segments_lock = 0;
	large.lock = 0;
	py_pending.block = NULL;
	py_types_late_ = 0;
	next_id = 1;
}
