/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of code objects, and what is told about each.
 *
 * Readers take no lock: a slot's key is written last, a grown table is
 * published with one store and its predecessor is never unmapped.  A slot
 * remembers two fields of its object beside the address, so that a code
 * object whose end was not seen is not taken for its successor.
 */
#include "py-code.h"

#include <stddef.h>
#include <string.h>

#include "note.h"
#include "pages.h"
#include "record.h"
#include "tenure/wire-python.h"

#define TABLE_FIRST (1u << 12)
#define KEY_GONE    1u /* a slot whose object was forgotten; no object lies at address 1 */
#define TABLE_PIECE 3584u
#define NAME_MAX_   900u
#define FILE_MAX_   1200u
#define ID_MAX	    ((1u << 28) - 1)

struct slot {
	uintptr_t key;
	uint32_t id;
	uint32_t check;
};

struct table {
	uint32_t mask;
	uint32_t used; /* slots that are not empty, gone ones included */
	struct slot slots[];
};

uint64_t py_code_filter[PY_CODE_FILTER_BITS / 64];
uint32_t py_code_epoch_;

static struct table *table;
static uint32_t next_id = 1;
static uint32_t lock;

static void take_lock(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&lock, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
}

static void give_lock(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static attr_always_inline uint32_t hash_of(uintptr_t key)
{
	return (uint32_t)(((uint64_t)key >> 4) * 0x9e3779b97f4a7c15ull >> 32);
}

/* What tells this code object from another one at the same address. */
static attr_always_inline uint32_t check_of(const void *code)
{
	const struct py_abi *abi = py_state.abi;
	uintptr_t lines = (uintptr_t)py_field(code, abi->code_linetable);

	return (uint32_t)(lines >> 4) ^ (uint32_t)py_field_int(code, abi->code_firstlineno) << 20;
}

/* ------------------------------------------------------- the description */

/* One character as UTF-8; surrogates, which file names may hold, become '?'. */
static size_t put_utf8(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c >= 0xd800 && c < 0xe000) {
		out[0] = '?';
		return 1;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | (c >> 18 & 7));
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

size_t py_code_utf8(const void *str, uint8_t *out, size_t room)
{
	const struct py_abi *abi = py_state.abi;
	uint32_t state = (uint32_t)py_field_int(str, PY_STR_STATE);
	size_t length = (size_t)py_field(str, PY_STR_LENGTH), bytes = 0;
	const uint8_t *data;

	if (!(state & PY_STR_COMPACT))
		return 0;
	data = (const uint8_t *)str + (state & PY_STR_ASCII ? abi->str_ascii : abi->str_compact);
	for (size_t i = 0; i < length && bytes + 4 <= room; i++) {
		uint32_t c;

		switch (PY_STR_KIND(state)) {
		case 1:
			c = data[i];
			break;
		case 2:
			c = ((const uint16_t *)(const void *)data)[i];
			break;
		default:
			c = ((const uint32_t *)(const void *)data)[i];
			break;
		}
		bytes += put_utf8(out + bytes, c);
	}
	return bytes;
}

static bool is_type(const void *object, const void *type)
{
	return object && py_field(object, PY_OB_TYPE) == type;
}

/* Is it all there?  Each code object is checked, once. */
static bool is_code(const void *code)
{
	const struct py_abi *abi = py_state.abi;
	const struct py_api *api = &py_state.api;

	if (!is_type(code, api->type_code))
		return false;
	return is_type(py_field(code, abi->code_filename), api->type_unicode) &&
	       is_type(py_field(code, abi->code_name), api->type_unicode) &&
	       is_type(py_field(code, abi->code_linetable), api->type_bytes) &&
	       (!abi->code_qualname ||
		is_type(py_field(code, abi->code_qualname), api->type_unicode));
}

/*
 * The interpreter's own trampolines, as the one below __init__() in 3.12 and
 * 3.13, are static and have the same string as their name and as their file.
 */
static bool is_hidden(const void *code)
{
	const struct py_abi *abi = py_state.abi;

	return py_field(code, abi->code_filename) == py_field(code, abi->code_name) &&
	       (uintptr_t)code >= py_state.object.start && (uintptr_t)code < py_state.object.end;
}

static void describe(struct thread *thread, const void *code, uint32_t id)
{
	const struct py_abi *abi = py_state.abi;
	const uint8_t *lines = py_field(code, abi->code_linetable);
	const void *name = py_field(code, abi->code_qualname ? abi->code_qualname : abi->code_name);
	uint8_t names[NAME_MAX_ + FILE_MAX_];
	struct tenure_py_code head = { .id = id };

	head.firstlineno = (uint32_t)py_field_int(code, abi->code_firstlineno);
	head.table_bytes = (uint32_t)(size_t)py_field(lines, PY_VAR_SIZE);
	head.lines = abi->lines;
	head.name_bytes = (uint16_t)py_code_utf8(name, names, NAME_MAX_);
	head.file_bytes = (uint16_t)py_code_utf8(py_field(code, abi->code_filename),
						 names + head.name_bytes, FILE_MAX_);
	record_ext(thread, TENURE_PY_CODE, &head, sizeof(head), names,
		   (size_t)head.name_bytes + head.file_bytes);

	for (uint32_t at = 0; at < head.table_bytes; at += TABLE_PIECE) {
		uint32_t piece[2] = { id, at };
		uint32_t left = head.table_bytes - at;

		record_ext(thread, TENURE_PY_CODE_TABLE, piece, sizeof(piece),
			   lines + PY_BYTES_DATA + at, left < TABLE_PIECE ? left : TABLE_PIECE);
	}
}

/* ------------------------------------------------------------- the table */

static struct slot *find(struct table *in, uintptr_t key)
{
	for (uint32_t i = hash_of(key);; i++) {
		struct slot *slot = &in->slots[i & in->mask];
		uintptr_t found = __atomic_load_n(&slot->key, __ATOMIC_ACQUIRE);

		if (found == key)
			return slot;
		if (!found)
			return NULL;
	}
}

static void put(struct table *in, uintptr_t key, uint32_t id, uint32_t check)
{
	uint32_t i = hash_of(key);

	while (in->slots[i & in->mask].key)
		i++;
	struct slot *slot = &in->slots[i & in->mask];

	slot->id = id;
	slot->check = check;
	in->used++;
	/* Partner: the acquire load in find(). */
	__atomic_store_n(&slot->key, key, __ATOMIC_RELEASE);
}

/* Makes room for one more: a table twice as large, without what is gone. */
static bool make_room(void)
{
	struct table *old = table, *new;
	uint32_t live = 0, slots = TABLE_FIRST;

	if (old && old->used < (old->mask + 1) / 2)
		return true;
	for (uint32_t i = 0; old && i <= old->mask; i++)
		live += old->slots[i].key > KEY_GONE;
	while (slots < live * 4)
		slots *= 2;

	new = pages_map(sizeof(*new) + slots * sizeof(struct slot), 0);
	if (!new)
		return old && old->used < old->mask;
	new->mask = slots - 1;
	for (uint32_t i = 0; old && i <= old->mask; i++)
		if (old->slots[i].key > KEY_GONE)
			put(new, old->slots[i].key, old->slots[i].id, old->slots[i].check);
	__atomic_store_n(&table, new, __ATOMIC_RELEASE);
	return true;
}

static void forget(struct slot *slot)
{
	__atomic_store_n(&slot->key, KEY_GONE, __ATOMIC_RELEASE);
	__atomic_add_fetch(&py_code_epoch_, 1, __ATOMIC_RELEASE);
}

static attr_cold uint32_t add(struct thread *thread, const void *code)
{
	uint32_t bit = py_code_filter_bit(code), id = 0;
	bool is_new = false;
	struct slot *stale;

	if (!is_code(code)) {
		py_off(thread, "a code object does not look as expected");
		return 0;
	}

	take_lock();
	stale = table ? find(table, (uintptr_t)code) : NULL;
	if (stale && stale->check == check_of(code)) {
		/* Another thread was faster; its description may still be on its way. */
		id = stale->id;
	} else if (make_room() && next_id < ID_MAX) {
		if (stale && (stale = find(table, (uintptr_t)code)))
			forget(stale);
		id = is_hidden(code) ? PY_CODE_HIDDEN : next_id++;
		is_new = id != PY_CODE_HIDDEN;
		put(table, (uintptr_t)code, id, check_of(code));
		(void)__atomic_or_fetch(&py_code_filter[bit / 64], 1ull << (bit % 64),
					__ATOMIC_RELAXED);
	}
	give_lock();
	if (is_new)
		describe(thread, code, id);
	return id;
}

uint32_t py_code_id(struct thread *thread, const void *code)
{
	struct table *in = __atomic_load_n(&table, __ATOMIC_ACQUIRE);
	const struct slot *slot = in ? find(in, (uintptr_t)code) : NULL;

	if (likely(slot)) {
		uint32_t id = slot->id;

		if (likely(slot->check == check_of(code)))
			return id;
	}
	return add(thread, code);
}

void py_code_forget(const void *addr)
{
	struct table *in = __atomic_load_n(&table, __ATOMIC_ACQUIRE);
	struct slot *slot;

	if (!in || !find(in, (uintptr_t)addr))
		return;
	take_lock();
	slot = find(table, (uintptr_t)addr);
	if (slot)
		forget(slot);
	give_lock();
}

void py_code_reset(void)
{
	lock = 0;
	if (table) {
		memset(table->slots, 0, (table->mask + 1) * sizeof(struct slot));
		table->used = 0;
	}
	memset(py_code_filter, 0, sizeof(py_code_filter));
	next_id = 1;
	py_code_epoch_++;
}
