/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of CPython layouts, and the doubts about it.
 */
#include "py-abi.h"

#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>

#include "sys.h"

#define INTERPRETERS_MAX 4096 /* a longer list is taken for a wrong offset */

/* What the layouts of several versions share. */
#define FRAMES_OBJECT                                                                     \
	.frames = PY_FRAMES_OBJECT, .tstate_interp = 16, .tstate_thread_id = 176,         \
	.tstate_frame = 24, .frame_previous = 24, .frame_code = 32, .code_filename = 104, \
	.code_name = 112, .code_firstlineno = 40, .code_linetable = 120
#define CODE_311 .code_filename = 112, .code_name = 120, .code_qualname = 128, .code_linetable = 136
#define GC_CLASSIC                                                                        \
	.gc_generations = 24, .gc_permanent = 104, .gc_enabled = 12, .gc_callbacks = 216, \
	.gc_collecting = 200
#define STR_WSTR  .str_ascii = 48, .str_compact = 72
#define STR_PLAIN .str_ascii = 40, .str_compact = 56

static const struct py_abi layouts[] = {
	{ .minor = 8,
	  .type_presizes = 2,
	  .type_prefixed = 0,
	  .micro_to = 255,
	  FRAMES_OBJECT,
	  GC_CLASSIC,
	  STR_WSTR,
	  .lines = PY_LINES_LNOTAB,
	  .frame_lasti = 104,
	  .lasti_scale = 1,
	  .tstate_current = 1368,
	  .gc = 344,
	  .gc_in_runtime = 1,
	  .heap_qualname = 864 },
	{ .minor = 9,
	  .type_presizes = 2,
	  .type_prefixed = 0,
	  .micro_to = 255,
	  FRAMES_OBJECT,
	  GC_CLASSIC,
	  STR_WSTR,
	  .lines = PY_LINES_LNOTAB,
	  .frame_lasti = 104,
	  .lasti_scale = 1,
	  .tstate_current = 568,
	  .gc = 616,
	  .heap_qualname = 856 },
	{ .minor = 10,
	  .type_presizes = 2,
	  .type_prefixed = 0,
	  .micro_to = 255,
	  FRAMES_OBJECT,
	  GC_CLASSIC,
	  STR_WSTR,
	  .lines = PY_LINES_RANGES,
	  .frame_lasti = 96,
	  .lasti_scale = 2,
	  .tstate_current = 568,
	  .gc = 616,
	  .heap_qualname = 864 },
	{ .minor = 11,
	  .type_presizes = 3,
	  .type_prefixed = PY_FLAG_MANAGED_DICT,
	  .micro_to = 255,
	  CODE_311,
	  GC_CLASSIC,
	  STR_WSTR,
	  .frames = PY_FRAMES_ENTRY,
	  .lines = PY_LINES_LOCATION,
	  .tstate_current = 576,
	  .tstate_interp = 16,
	  .tstate_thread_id = 152,
	  .tstate_cframe = 56,
	  .tstate_frame = 8,
	  .frame_previous = 48,
	  .frame_code = 32,
	  .frame_lasti = 56,
	  .frame_owner = 68,
	  .code_firstlineno = 72,
	  .code_start = 184,
	  .gc = 648,
	  .heap_qualname = 864 },
	{ .minor = 12,
	  .type_presizes = 3,
	  .type_prefixed = PY_FLAG_MANAGED_DICT | PY_FLAG_MANAGED_WEAKREF,
	  .micro_to = 255,
	  CODE_311,
	  GC_CLASSIC,
	  STR_PLAIN,
	  .frames = PY_FRAMES_SENTINEL,
	  .lines = PY_LINES_LOCATION,
	  .tstate_interp = 16,
	  .tstate_thread_id = 136,
	  .tstate_cframe = 56,
	  .tstate_frame = 0,
	  .frame_previous = 8,
	  .frame_code = 0,
	  .frame_lasti = 56,
	  .frame_owner = 70,
	  .code_firstlineno = 68,
	  .code_start = 192,
	  .gc = 112,
	  .heap_qualname = 872 },
	{ .minor = 13,
	  .type_presizes = 3,
	  .type_prefixed = PY_FLAG_MANAGED_DICT | PY_FLAG_MANAGED_WEAKREF,
	  .micro_to = 255,
	  CODE_311,
	  GC_CLASSIC,
	  STR_PLAIN,
	  .frames = PY_FRAMES_SENTINEL,
	  .lines = PY_LINES_LOCATION,
	  .tstate_interp = 16,
	  .tstate_thread_id = 152,
	  .tstate_frame = 72,
	  .frame_previous = 8,
	  .frame_code = 0,
	  .frame_lasti = 56,
	  .frame_owner = 70,
	  .code_firstlineno = 68,
	  .code_start = 200,
	  .interp_next = 7264,
	  .gc = 7400,
	  .heap_qualname = 872 },
};

/* A decimal number of at most three digits; *@at moves behind it. */
static bool parse_number(const char **at, unsigned int *ret_number)
{
	const char *c = *at;
	unsigned int number = 0;

	while (*c >= '0' && *c <= '9' && c - *at < 3)
		number = number * 10 + (unsigned int)(*c++ - '0');
	if (c == *at)
		return false;
	*at = c;
	*ret_number = number;
	return true;
}

/* "3.11.2 (main, ...)": only final releases have the layout of their series. */
static bool parse_version(const char *text, unsigned int *ret_minor, unsigned int *ret_micro)
{
	if (text[0] != '3' || text[1] != '.')
		return false;
	text += 2;
	if (!parse_number(&text, ret_minor) || *text++ != '.')
		return false;
	return parse_number(&text, ret_micro) && (*text == ' ' || *text == '+');
}

/* Reads the program's memory through the kernel: false instead of a fault. */
static bool read_safely(const void *from, void *to, size_t bytes)
{
	struct iovec local = { .iov_base = to, .iov_len = bytes };
	struct iovec remote = { .iov_base = (void *)from, .iov_len = bytes };

	return SYS_CALL6(SYS_process_vm_readv, sys_getpid(), &local, 1, &remote, 1, 0) ==
	       (long)bytes;
}

static bool read_pointer(const void *base, size_t offset, const void **ret)
{
	return read_safely((const uint8_t *)base + offset, ret, sizeof(*ret));
}

static bool has_type(const void *object, const void *type)
{
	const void *found;

	return read_pointer(object, PY_OB_TYPE, &found) && found == type;
}

static bool knows_interpreter(const struct py_abi *abi, const struct py_api *api,
			      const void *interp)
{
	const void *at = api->interpreter_head();

	for (unsigned int i = 0; at && i < INTERPRETERS_MAX; i++) {
		if (at == interp)
			return true;
		if (!read_pointer(at, abi->interp_next, &at))
			return false;
	}
	return false;
}

static bool is_code(const struct py_abi *abi, const struct py_api *api, const void *code)
{
	const void *filename, *name, *table;

	return has_type(code, api->type_code) &&
	       read_pointer(code, abi->code_filename, &filename) &&
	       read_pointer(code, abi->code_name, &name) &&
	       read_pointer(code, abi->code_linetable, &table) &&
	       has_type(filename, api->type_unicode) && has_type(name, api->type_unicode) &&
	       has_type(table, api->type_bytes);
}

const struct py_abi *py_abi_find(const struct py_api *api, const char **ret_why)
{
	const char *version = api->get_version();
	unsigned int minor, micro;

	if (!parse_version(version, &minor, &micro)) {
		*ret_why = "this release of CPython is not known";
		return NULL;
	}
	if (strstr(version, "free-threading")) {
		*ret_why = "the free-threaded build of CPython is not supported";
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct py_abi *abi = &layouts[i];

		if (abi->minor == minor && abi->micro_from <= micro && micro <= abi->micro_to)
			return abi;
	}
	*ret_why = "this version of CPython is not known";
	return NULL;
}

const char *py_abi_check(const struct py_abi *abi, const struct py_api *api, const void *tstate)
{
	const void *interp, *thread_id, *frame, *code;

	if (!read_pointer(tstate, abi->tstate_thread_id, &thread_id) ||
	    thread_id != __builtin_thread_pointer())
		return "a thread state does not look as expected";
	if (!read_pointer(tstate, abi->tstate_interp, &interp) ||
	    !knows_interpreter(abi, api, interp))
		return "the list of interpreters does not look as expected";

	if (abi->tstate_cframe && !read_pointer(tstate, abi->tstate_cframe, &tstate))
		return "a thread state does not look as expected";
	if (!read_pointer(tstate, abi->tstate_frame, &frame))
		return "a frame does not look as expected";
	while (frame) {
		uint8_t owner = 0;

		if (!read_pointer(frame, abi->frame_code, &code) ||
		    (abi->frame_owner &&
		     !read_safely((const uint8_t *)frame + abi->frame_owner, &owner, 1)))
			return "a frame does not look as expected";
		if (abi->frames != PY_FRAMES_SENTINEL || owner < PY_FRAME_OWNER_CSTACK)
			return is_code(abi, api, code) ? NULL
						       : "a code object does not look as expected";
		if (!read_pointer(frame, abi->frame_previous, &frame))
			return "a frame does not look as expected";
	}
	return NULL;
}
