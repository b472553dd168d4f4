/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of code objects, and what is told about each.
 *
 * A slot remembers two fields of its object beside the address, so that a
 * code object whose end was not seen is not taken for its successor.
 */
#include "py-code.h"

#include <stddef.h>

#include "note.h"
#include "py-table.h"
#include "record.h"
#include "tenure/wire-python.h"

#define TABLE_PIECE 3584u
#define NAME_MAX_   900u
#define FILE_MAX_   1200u
#define ID_MAX	    ((1u << 28) - 1)

uint32_t py_code_epoch_;

static struct py_table table;
static uint32_t next_id = 1;

static attr_always_inline uint32_t check_of(const void *code)
{
	return py_code_check(py_state.abi, code);
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
	uint32_t state = (uint32_t)py_field_int(str, PY_STR_STATE + abi->header_more) >>
			 abi->str_shift;
	size_t length = (size_t)py_object_field(abi, str, PY_STR_LENGTH), bytes = 0;
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

/* Is it all there?  Each code object is checked, once. */
static bool is_code(const void *code)
{
	const struct py_abi *abi = py_state.abi;
	const struct py_api *api = &py_state.api;

	if (!py_is_of(code, api->type_code))
		return false;
	return py_is_of(py_field(code, abi->code_filename), api->type_unicode) &&
	       py_is_of(py_field(code, abi->code_name), api->type_unicode) &&
	       py_is_of(py_field(code, abi->code_linetable), api->type_bytes) &&
	       (!abi->code_qualname ||
		py_is_of(py_field(code, abi->code_qualname), api->type_unicode));
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
	head.table_bytes = (uint32_t)(size_t)py_object_field(abi, lines, PY_VAR_SIZE);
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
			   lines + PY_BYTES_DATA + abi->header_more + at,
			   left < TABLE_PIECE ? left : TABLE_PIECE);
	}
}

/* ------------------------------------------------------------- the table */

static void forget(const void *code)
{
	if (py_table_remove(&table, code))
		__atomic_add_fetch(&py_code_epoch_, 1, __ATOMIC_RELEASE);
}

static attr_cold uint32_t add(struct thread *thread, const void *code)
{
	const struct py_slot *slot;
	bool is_new = false;
	uint32_t id = 0;

	if (!is_code(code)) {
		py_off(thread, "a code object does not look as expected");
		return 0;
	}

	py_table_lock(&table);
	slot = py_table_find(&table, code);
	if (slot && slot->check == check_of(code)) {
		/* Another thread was faster; its description may still be on its way. */
		id = slot->id;
	} else if (next_id < ID_MAX) {
		forget(code);
		id = is_hidden(code) ? PY_CODE_HIDDEN : next_id++;
		if (!py_table_put(&table, code, id, check_of(code)))
			id = 0;
		is_new = id && id != PY_CODE_HIDDEN;
		py_filter_add(code);
	}
	py_table_unlock(&table);
	if (is_new)
		describe(thread, code, id);
	return id;
}

uint32_t py_code_id(struct thread *thread, const void *code)
{
	const struct py_slot *slot = py_table_find(&table, code);

	if (likely(slot)) {
		uint32_t id = slot->id;

		if (likely(slot->check == check_of(code)))
			return id;
	}
	return add(thread, code);
}

void py_code_forget(const void *addr)
{
	if (!py_table_find(&table, addr))
		return;
	py_table_lock(&table);
	forget(addr);
	py_table_unlock(&table);
}

void py_code_reset(void)
{
	py_table_reset(&table);
	next_id = 1;
	py_code_epoch_++;
}
