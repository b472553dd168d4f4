/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the layout of an interpreter, and the doubts about it.
 */
#include "py-abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "py-body.h"
#include "py-layouts.h"

#define INTERPRETERS_MAX 4096 /* a longer list is taken for a wrong offset */

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

static bool read_pointer(const void *base, size_t offset, const void **ret)
{
	return py_read_safely((const uint8_t *)base + offset, ret, sizeof(*ret));
}

static bool read_code(const struct py_abi *abi, const void *frame, const void **ret)
{
	if (!read_pointer(frame, abi->frame_code, ret))
		return false;
	*ret = (const void *)((uintptr_t)*ret & ~(uintptr_t)abi->frame_code_tags);
	return true;
}

static bool has_type(const struct py_abi *abi, const void *object, const void *type)
{
	const void *found;

	return read_pointer(object, PY_OB_TYPE + abi->header_more, &found) && found == type;
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

	return has_type(abi, code, api->type_code) &&
	       read_pointer(code, abi->code_filename, &filename) &&
	       read_pointer(code, abi->code_name, &name) &&
	       read_pointer(code, abi->code_linetable, &table) &&
	       has_type(abi, filename, api->type_unicode) &&
	       has_type(abi, name, api->type_unicode) && has_type(abi, table, api->type_bytes);
}

/* ------------------------------------------- what the interpreter says itself */

/*
 * From 3.13 on _PyRuntime begins with offsets for debuggers.  They lack some of
 * what is needed here, but what they have must be what the table has.
 */
#define SAYS_COOKIE  "xdebugpy"
#define SAYS_VERSION 8
#define SAYS_THREADS 16 /* not 0: free-threaded */
#define SAYS_FIRST   13 /* minor version */

static const struct {
	uint16_t where[3]; /* in _PyRuntime of 3.13, 3.14, 3.15 */
	uint16_t field;	   /* of struct py_abi */
} says[] = {
#define SAYS(in_313, in_314, in_315, field)                                \
	{                                                                  \
		{ in_313, in_314, in_315 }, offsetof(struct py_abi, field) \
	}
	SAYS(64, 64, 64, interp_next),	       SAYS(80, 88, 88, gc),
	SAYS(176, 200, 200, tstate_interp),    SAYS(184, 208, 208, tstate_frame),
	SAYS(192, 216, 240, tstate_thread_id), SAYS(232, 256, 320, frame_previous),
	SAYS(240, 264, 328, frame_code),       SAYS(248, 272, 336, frame_lasti),
	SAYS(264, 288, 352, frame_owner),      SAYS(280, 320, 384, code_filename),
	SAYS(288, 328, 392, code_name),	       SAYS(296, 336, 400, code_qualname),
	SAYS(304, 344, 408, code_linetable),   SAYS(312, 352, 416, code_firstlineno),
	SAYS(344, 384, 448, code_start),       SAYS(560, 640, 736, str_ascii),
	SAYS(576, 656, 760, gc_collecting),
#undef SAYS
};

static bool says_the_same(const struct py_abi *abi, const struct py_api *api, unsigned int micro)
{
	uint64_t version = (uint64_t)3 << 24 | (uint64_t)abi->minor << 16 | micro << 8;
	unsigned int series = abi->minor - SAYS_FIRST;

	if (abi->minor < SAYS_FIRST)
		return true;
	if (series >= ARRAY_SIZE(says[0].where) || memcmp(api->runtime, SAYS_COOKIE, 8) != 0 ||
	    ((uint64_t)(uintptr_t)py_field(api->runtime, SAYS_VERSION) & ~0xffull) != version ||
	    (py_field(api->runtime, SAYS_THREADS) != NULL) != abi->free_threaded)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(says); i++) {
		uintptr_t said = (uintptr_t)py_field(api->runtime, says[i].where[series]);
		uint16_t known;

		memcpy(&known, (const uint8_t *)abi + says[i].field, sizeof(known));
		if (said != known)
			return false;
	}
	return true;
}

const struct py_abi *py_abi_find(const struct py_api *api, const char **ret_why)
{
	const char *version = api->get_version();
	bool is_free_threaded = strstr(version, "free-threading") != NULL;
	unsigned int minor, micro;

	if (!parse_version(version, &minor, &micro)) {
		*ret_why = "this release of CPython is not known";
		return NULL;
	}
	for (size_t i = 0; i < py_layouts_count; i++) {
		const struct py_abi *abi = &py_layouts[i];

		if (abi->minor != minor || micro < abi->micro_from || micro > abi->micro_to ||
		    abi->free_threaded != is_free_threaded)
			continue;
		if (says_the_same(abi, api, micro))
			return abi;
		*ret_why = "its structures are not where this version has them";
		return NULL;
	}
	*ret_why = is_free_threaded ? "this free-threaded build of CPython is not known"
				    : "this version of CPython is not known";
	return NULL;
}

const char *py_abi_check(const struct py_abi *abi, const struct py_api *api, const void *tstate)
{
	const void *interp, *thread_id, *frame, *code, *current;

	if (abi->tstate_current &&
	    (!read_pointer(api->runtime, abi->tstate_current, &current) || current != tstate))
		return "the current thread state is not where it is expected";
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

		if (!read_code(abi, frame, &code) ||
		    (abi->frame_owner &&
		     !py_read_safely((const uint8_t *)frame + abi->frame_owner, &owner, 1)))
			return "a frame does not look as expected";
		if (abi->frames != PY_FRAMES_SENTINEL || owner < PY_FRAME_OWNER_CSTACK)
			return is_code(abi, api, code) ? NULL
						       : "a code object does not look as expected";
		if (!read_pointer(frame, abi->frame_previous, &frame))
			return "a frame does not look as expected";
	}
	return NULL;
}
