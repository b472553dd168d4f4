/* SPDX-License-Identifier: Apache-2.0 */
/* What function names tell. */
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "report/names.h"

#define SHORT_ARGUMENTS 12 /* template arguments of up to this many bytes are shown */

/* Any of these at the beginning. */
static const char *const library_prefixes[] = {
	"std::",
	"__gnu_cxx::",
	"alloc::",
	"core::",
	"hashbrown::",
	"<alloc::",
	"<core::",
	"<std::",
	"<hashbrown::",
	"__rust_",
	"__rdl_",
	"__rg_",
	"_rust_alloc",
	"boost::container::",
	"boost::pool",
	"absl::container_internal::",
	"absl::lts_",
	"folly::f14::",
	"llvm::SmallVectorBase",
	"llvm::FoldingSetBase::",
	"llvm::StringMapImpl::",
	"QArrayData::",
	"QListData::",
	"operator new",
	"operator delete",
};

/* Any of these anywhere in the last part of the name, in any case. */
static const char *const wrapper_parts[] = {
	"malloc",   "calloc", "realloc", "palloc", "zalloc",
	"memalign", "strdup", "strndup", "memdup",
};

/* One of these at its end, in any case. */
static const char *const wrapper_ends[] = { "alloc", "allocate", "alloc0", "alloc_n",
					    "alloc_array" };

static const char *const wrapper_names[] = {
	"mmap",
	"mmap64",
	"mremap",
	"brk",
	"sbrk",
	"_obstack_newchunk",
	"obstack_begin",
	"_obstack_begin",
	"asprintf",
	"vasprintf",
	"__vasprintf_internal",
	"_int_malloc",
	"AllocateHeap",
	"ReallocateHeap",
	"Arena::grow",
	"v8::internal::AlignedAllocWithRetry",
	"sysmalloc",
	"tcache_init",
	"arena_get2",
};

static const char *const system_libraries[] = {
	"libc.so",  "ld-linux", "libstdc++.so", "libgcc_s.so", "libpthread", "libm.so",
	"libdl.so", "librt.so", "libc-2.",	"ld-2.",       "libc++.so",  "libc++abi.so",
};

static const char *const entries[] = {
	"_start",
	"__libc_start_main",
	"__libc_start_call_main",
	"__libc_start_main_impl",
	"start_thread",
	"clone",
	"clone3",
	"__clone",
	"__clone3",
	"_dl_start_user",
};

static bool is_one_of(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, list[i]) == 0)
			return true;
	}
	return false;
}

static bool begins_with_one_of(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strncmp(name, list[i], strlen(list[i])) == 0)
			return true;
	}
	return false;
}

/* The last part of a qualified name: "c" of "a::b<int>::c". */
static const char *last_part(const char *name)
{
	const char *part = name;

	for (const char *at = strstr(name, "::"); at; at = strstr(at + 2, "::"))
		part = at + 2;
	return part;
}

bool names_is_plumbing(const char *function)
{
	const char *part = last_part(function);
	size_t length = strcspn(part, "<");

	if (begins_with_one_of(function, library_prefixes, ARRAY_SIZE(library_prefixes)) ||
	    is_one_of(function, wrapper_names, ARRAY_SIZE(wrapper_names)))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(wrapper_parts); i++) {
		const char *found = strcasestr(part, wrapper_parts[i]);

		if (found && found < part + length)
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrapper_ends); i++) {
		size_t end = strlen(wrapper_ends[i]);

		if (length >= end && strncasecmp(part + length - end, wrapper_ends[i], end) == 0)
			return true;
	}
	return false;
}

bool names_is_system(const char *module)
{
	return begins_with_one_of(names_base(module), system_libraries,
				  ARRAY_SIZE(system_libraries));
}

bool names_is_interpreter(const char *module)
{
	const char *base = names_base(module);

	return strncmp(base, "libpython", 9) == 0 || strncmp(base, "python3", 7) == 0;
}

bool names_is_entry(const char *function)
{
	return is_one_of(function, entries, ARRAY_SIZE(entries));
}

/* Length of the operator's own signs at @at, where "operator" has just ended. */
static size_t operator_signs(const char *at)
{
	return strspn(at, "<>=-");
}

/* Length of the bracketed text that begins at @at, both brackets included. */
static size_t bracketed(const char *at)
{
	const char *from = at;
	int depth = 0;

	for (; *at; at++) {
		if (*at == '<')
			depth++;
		else if (*at == '>' && at[-1] != '-' && --depth == 0)
			return (size_t)(at + 1 - from);
	}
	return (size_t)(at - from);
}

/*
 * Appends @function; of template arguments those that are longer than @longest
 * are replaced by @dots (NULL: brackets and all go).
 */
static void without_arguments(struct strbuf *out, const char *function, size_t longest,
			      const char *dots)
{
	const char *at = function;

	/* "<T as Trait>::f": what is in the brackets is the name. */
	if (*at == '<' && bracketed(at) != strlen(at)) {
		size_t inner = bracketed(at) - 2;
		char first[256];

		if (inner < sizeof(first)) {
			memcpy(first, at + 1, inner);
			first[inner] = '\0';
			strbuf_addc(out, '<');
			without_arguments(out, first, longest, dots);
			strbuf_addc(out, '>');
			at += inner + 2;
		}
	}

	while (*at) {
		size_t skip;

		if (strncmp(at, "operator", 8) == 0) {
			skip = 8 + operator_signs(at + 8);
			strbuf_add(out, at, skip);
			at += skip;
			continue;
		}
		if (*at != '<' || at == function) {
			strbuf_addc(out, *at++);
			continue;
		}
		skip = bracketed(at);
		if (dots && skip <= longest + 2) {
			strbuf_add(out, at, skip);
		} else if (dots) {
			strbuf_addc(out, '<');
			strbuf_adds(out, dots);
			strbuf_addc(out, '>');
		}
		at += skip;
	}
}

void names_plain(struct strbuf *out, const char *function)
{
	without_arguments(out, function, 0, NULL);
}

void names_short(struct strbuf *out, const char *function, const char *dots)
{
	without_arguments(out, function, SHORT_ARGUMENTS, dots);
}

const char *names_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

void names_library(struct strbuf *out, const char *path)
{
	const char *base = names_base(path);
	const char *end = strstr(base, ".so");

	strbuf_add(out, base, end && end != base ? (size_t)(end - base) : strlen(base));
}
