/* SPDX-License-Identifier: Apache-2.0 */
/* Linker names to the names people wrote: C++, Rust (both manglings), D. */
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>
#undef ARRAY_SIZE /* libiberty has one too */

#include "base/attr.h"
#include "symbol/demangle.h"

bool demangle_is_mangled(const char *name)
{
	return strncmp(name, "_Z", 2) == 0 || strncmp(name, "_R", 2) == 0 ||
	       strncmp(name, "_D", 2) == 0 || strncmp(name, "__Z", 3) == 0;
}

/* The mark of a copy that begins at @dot: its length with its numbers, else 0. */
static size_t clone_mark(const char *dot)
{
	static const char *const marks[] = { ".constprop", ".isra",	  ".part",  ".cold",
					     ".lto_priv",  ".localalias", ".llvm",  ".warm",
					     ".hot",	   ".clone",	  ".ipa_ra" };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		size_t length = strlen(marks[i]);

		if (strncmp(dot, marks[i], length) == 0 &&
		    (dot[length] == '.' || dot[length] == '\0'))
			return length;
	}
	return 0;
}

/* Cuts symbol versions and the marks of copies off @name. */
static void cut_marks(char *name)
{
	char *at = strchr(name, '@');

	if (at && at != name)
		*at = '\0';

	for (char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		if (dot != name && clone_mark(dot)) {
			*dot = '\0';
			return;
		}
	}
}

/* "[clone .cold]", which the demangler adds by itself. */
static void cut_clone_notes(char *name)
{
	char *note = strstr(name, " [clone ");

	if (note)
		*note = '\0';
}

char *demangle_name(const char *name)
{
	char *plain = strdup(name);
	char *pretty = NULL;

	if (!plain)
		return NULL;
	cut_marks(plain);
	if (!demangle_is_mangled(plain))
		return plain;

	/* Rust's legacy names look like C++: ask for Rust first, it knows its hash. */
	if (plain[1] != 'D')
		pretty = rust_demangle(plain, 0);
	if (!pretty)
		pretty = plain[1] == 'D' ? dlang_demangle(plain, 0)
					 : cplus_demangle_v3(plain, DMGL_ANSI);
	if (!pretty)
		return plain;

	free(plain);
	cut_clone_notes(pretty);
	return pretty;
}
