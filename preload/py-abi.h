/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where CPython keeps what the provider reads, per minor version.
 *
 * Offsets are in bytes and were taken from the headers of every release of
 * the series; they are constant within a series but where a row says so.
 * Nothing here is trusted before py_abi_check() has looked at a live thread
 * state, and each code object is looked at again when it is first met.
 */
#ifndef PRELOAD_PY_ABI_H
#define PRELOAD_PY_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/**
 * struct py_allocator - PyMemAllocatorEx
 */
struct py_allocator {
	void *ctx;
	void *(*malloc)(void *ctx, size_t bytes);
	void *(*calloc)(void *ctx, size_t count, size_t bytes);
	void *(*realloc)(void *ctx, void *block, size_t bytes);
	void (*free)(void *ctx, void *block);
};

/** struct py_arena_allocator - PyObjectArenaAllocator */
struct py_arena_allocator {
	void *ctx;
	void *(*alloc)(void *ctx, size_t bytes);
	void (*free)(void *ctx, void *arena, size_t bytes);
};

enum py_domain {
	PY_DOMAIN_RAW,
	PY_DOMAIN_MEM,
	PY_DOMAIN_OBJ,
};

/** struct py_api - symbols of the interpreter, all of them there but for those of arenas */
struct py_api {
	const char *(*get_version)(void);
	int (*is_initialized)(void);
	int64_t (*interpreter_id)(void *interp);
	void *(*gilstate_this)(void);
	void *(*interpreter_head)(void);
	void (*get_allocator)(int domain, struct py_allocator *ret_allocator);
	void (*set_allocator)(int domain, struct py_allocator *allocator);
	int (*at_exit)(void (*fn)(void));
	uint8_t *runtime;
	void *type_type;
	void *type_code;
	void *type_unicode;
	void *type_bytes;
	void *type_list;
	void *type_set;
	void *type_frozenset;
	void *type_weakref;
	void *none;
	void (*inc_ref)(void *object);
	void (*dec_ref)(void *object);
	void (*err_clear)(void);
	int (*dict_next)(void *dict, ptrdiff_t *at, void **ret_key, void **ret_value);
	long long (*long_value)(void *number);
	void *(*list_new)(ptrdiff_t count);
	void *(*dict_new)(void);
	int (*list_append)(void *list, void *object);
	void *(*cfunction_new)(void *method, void *self, void *module);
	void *(*capsule_new)(void *pointer, const char *name, void (*destroy)(void *capsule));
	void *(*capsule_pointer)(void *capsule, const char *name);
	void (*get_arena_allocator)(struct py_arena_allocator *ret_allocator); /* or NULL */
	void (*set_arena_allocator)(struct py_arena_allocator *allocator);     /* or NULL */
	/* Named differently from 3.13 on. */
	void *(*tstate_unchecked)(void);
	int (*is_finalizing)(void);
};

enum py_frames_kind {
	PY_FRAMES_OBJECT,   /* 3.8 to 3.10: a chain of frame objects */
	PY_FRAMES_ENTRY,    /* 3.11: the outermost frame of a C loop says so */
	PY_FRAMES_SENTINEL, /* 3.12 on: a frame owned by the C stack ends a loop's frames */
};

enum py_lines_kind {
	PY_LINES_LNOTAB = 1,   /* 3.8, 3.9 */
	PY_LINES_RANGES = 2,   /* 3.10 */
	PY_LINES_LOCATION = 3, /* 3.11 on */
};

/**
 * struct py_abi - offsets of one layout
 * @minor, @micro_from, @micro_to: releases 3.minor.micro it stands for
 * @tstate_current: in _PyRuntime; 0: the thread state is kept per thread
 * @tstate_cframe:  0, or where the tstate points to the struct whose field
 *                  @tstate_frame is the top frame
 * @lasti_scale:    bytes per unit of f_lasti; 0: @frame_lasti is a pointer
 * @frame_owner:    is_entry in 3.11
 * @code_start:     first instruction, when @lasti_scale is 0
 * @str_ascii, @str_compact: where the characters of a str begin
 * @gc:             in the interpreter; in _PyRuntime when @gc_in_runtime
 * @gc_generations: three lists; 0: objects are not kept by generation
 * @gc_permanent:   list of what gc.freeze() has put aside
 * @free_threaded:  of builds without a GIL
 * @header_more:    bytes that each object's header has more than with a GIL, in front of
 *                  its type
 * @str_shift:      bits that the flags of a str stand higher than PY_STR_* says
 * @code_copies:    0, or where a code object has its threads' copies of its instructions
 * @frame_copy:     which of them the frame executes
 */
struct py_abi {
	uint8_t minor;
	uint8_t micro_from;
	uint8_t micro_to;
	uint8_t frames; /* enum py_frames_kind */
	uint8_t lines;	/* enum py_lines_kind */
	uint8_t lasti_scale;
	uint8_t gc_in_runtime;
	uint8_t frame_code_tags; /* low bits of the code pointer that are not its own */
	uint16_t tstate_current;
	uint16_t tstate_interp;
	uint16_t tstate_thread_id;
	uint16_t tstate_cframe;
	uint16_t tstate_frame;
	uint16_t frame_previous;
	uint16_t frame_code;
	uint16_t frame_lasti;
	uint16_t frame_owner;
	uint16_t code_filename;
	uint16_t code_name;
	uint16_t code_qualname; /* 0: there is none */
	uint16_t code_firstlineno;
	uint16_t code_linetable;
	uint16_t code_start;
	uint16_t interp_next;
	uint16_t gc;
	uint16_t gc_generations;
	uint16_t gc_permanent;
	uint16_t gc_enabled;
	uint16_t gc_callbacks;
	uint16_t gc_collecting;
	uint16_t str_ascii;
	uint16_t str_compact;
	uint16_t heap_qualname;
	/* Objects begin at 0, 16, ... of their blocks: how many; 0: types are not read. */
	uint8_t type_presizes;
	uint8_t free_threaded;
	uint8_t header_more;
	uint8_t str_shift;
	uint16_t code_copies;
	uint16_t frame_copy;
	uint8_t type_prefixed; /* flags of types whose objects have 16 bytes more in front */
};

/* Offsets that never changed in the supported versions, but for @header_more. */
#define PY_OB_REFCNT	 0
#define PY_OB_TYPE	 8
#define PY_VAR_SIZE	 16
#define PY_BYTES_DATA	 32
#define PY_STR_LENGTH	 16
#define PY_STR_STATE	 32
#define PY_TYPE_NAME	 24
#define PY_TYPE_FLAGS	 168
#define PY_TYPE_TRAVERSE 184
#define PY_TYPE_DICT	 264

#define PY_STR_KIND(state) ((state) >> 2 & 7)
#define PY_STR_COMPACT	   (1u << 5)
#define PY_STR_ASCII	   (1u << 6)

#define PY_FLAG_MANAGED_WEAKREF (1u << 3)
#define PY_FLAG_MANAGED_DICT	(1u << 4)
#define PY_FLAG_HEAPTYPE	(1ul << 9)
#define PY_FLAG_READY		(1ul << 12)
#define PY_FLAG_HAVE_GC		(1ul << 14)
#define PY_FLAG_DICT_SUBCLASS	(1ul << 29)
#define PY_FLAG_TYPE_SUBCLASS	(1ul << 31)

#define PY_GC_SAVEALL 32 /* of the debug flags, the int behind gc_enabled */

#define PY_FRAME_OWNER_CSTACK 3 /* and above */

/** py_field() - pointer-sized field of a struct of the interpreter */
static attr_always_inline void *py_field(const void *base, size_t offset)
{
	return *(void *const *)((uintptr_t)base + offset);
}

/** py_field_int() - int field, likewise */
static attr_always_inline int32_t py_field_int(const void *base, size_t offset)
{
	return *(const int32_t *)((uintptr_t)base + offset);
}

/** py_object_field() - pointer-sized field of an object, by its offset in builds with a GIL */
static attr_always_inline void *py_object_field(const struct py_abi *abi, const void *object,
						size_t offset)
{
	return py_field(object, offset + abi->header_more);
}

/**
 * py_abi_find() - layout of the interpreter behind @api
 * @ret_why: set when none is found: what to tell the user
 *
 * Return: the table, or NULL when this version or build is not known.
 */
const struct py_abi *py_abi_find(const struct py_api *api, const char **ret_why);

/**
 * py_abi_check() - does the layout fit this thread's state?
 * @tstate: of the calling thread, which holds the GIL
 *
 * Reads through the kernel, so that a wrong layout cannot fault.
 *
 * Return: NULL when all is as expected, else what was not.
 */
const char *py_abi_check(const struct py_abi *abi, const struct py_api *api, const void *tstate);

#endif /* PRELOAD_PY_ABI_H */
