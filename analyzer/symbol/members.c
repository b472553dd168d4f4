/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for the definition of a class by its name, once for each, and keeps its layout. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "symbol/debugfile.h"
#include "symbol/members.h"

#define DIES_MAX  5000000u /* looked at for one class */
#define DEPTH_MAX 16	   /* of namespaces, and of base classes */

/* A member with its place; a class with its members. */
struct member {
	uint64_t start;
	uint64_t end;
	const char *name;
};

struct layout {
	const char *type;
	uint32_t left; /* of DIES_MAX, to be looked at for members */
	VEC(struct member) members;
};

struct members_object {
	char *path;
	struct debugfile file;
	Dwarf *dwarf;
	struct arena names;
	VEC(struct layout) layouts;
};

/* ------------------------------------------------------------------- finding */

/* The same but for blanks, which demanglers and compilers set differently. */
static const char *skip_name(const char *text, const char *name)
{
	while (*name) {
		while (*text == ' ')
			text++;
		while (*name == ' ')
			name++;
		if (*name && *text++ != *name++)
			return NULL;
	}
	while (*text == ' ')
		text++;
	return text;
}

static bool is_class(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

/*
 * The definition of @type below @parent.  Recursion goes down namespaces and
 * classes that @type names, so by no more than it has parts.
 */
static bool find_class(Dwarf_Die *parent, const char *type, int depth, uint32_t *left,
		       Dwarf_Die *ret_class)
{
	Dwarf_Die die;

	if (depth > DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return false;
	do {
		int tag = dwarf_tag(&die);
		const char *name, *rest;

		if (!*left || !--*left)
			return false;
		if (!is_class(tag) && tag != DW_TAG_namespace)
			continue;
		name = dwarf_diename(&die);
		rest = name ? skip_name(type, name) : NULL;
		if (rest && !*rest && is_class(tag) &&
		    !dwarf_hasattr_integrate(&die, DW_AT_declaration)) {
			*ret_class = die;
			return true;
		}
		if (rest && strncmp(rest, "::", 2) == 0 &&
		    find_class(&die, rest + 2, depth + 1, left, ret_class))
			return true;
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

static bool find_definition(Dwarf *dwarf, const char *type, Dwarf_Die *ret_class)
{
	uint32_t left = DIES_MAX;
	Dwarf_Off at = 0, next;
	size_t head;

	while (dwarf_nextcu(dwarf, at, &next, &head, NULL, NULL, NULL) == 0) {
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, at + head, &unit) &&
		    find_class(&unit, type, 0, &left, ret_class))
			return true;
		at = next;
	}
	return false;
}

/* ------------------------------------------------------------------- reading */

static bool read_place(Dwarf_Die *die, uint64_t *ret_start, uint64_t *ret_bytes)
{
	Dwarf_Attribute attribute;
	Dwarf_Word start = 0, bytes = 0;
	Dwarf_Die type;

	/* Those of a union all begin at 0 and say nothing. */
	if (dwarf_attr(die, DW_AT_data_member_location, &attribute) &&
	    dwarf_formudata(&attribute, &start) != 0)
		return false;
	if (!dwarf_attr(die, DW_AT_type, &attribute) || !dwarf_formref_die(&attribute, &type) ||
	    dwarf_aggregate_size(&type, &bytes) != 0)
		return false;
	*ret_start = start;
	*ret_bytes = bytes;
	return true;
}

static int add_member(struct members_object *object, struct layout *layout, Dwarf_Die *die,
		      const char *base, uint64_t from)
{
	const char *name = dwarf_diename(die);
	struct strbuf full = { .at = NULL };
	struct member member;
	uint64_t start, bytes;

	if (!name || !read_place(die, &start, &bytes))
		return 0;
	if (base)
		strbuf_addf(&full, "%s::", base);
	strbuf_adds(&full, name);
	member = (struct member){ .start = from + start,
				  .end = from + start + bytes,
				  .name = arena_string(&object->names, strbuf_get(&full),
						       full.count) };
	strbuf_fini(&full);
	return member.name ? vec_push(&layout->members, member) : -ENOMEM;
}

/* Own members before those of base classes, which recursion goes down. */
static int add_members(struct members_object *object, struct layout *layout, Dwarf_Die *class,
		       const char *base, uint64_t from, int depth)
{
	Dwarf_Attribute attribute;
	Dwarf_Die die, type;
	uint64_t start, bytes;
	int r = 0;

	if (depth > DEPTH_MAX || dwarf_child(class, &die) != 0)
		return 0;
	do {
		/* Bases of bases of bases: damaged, they could be more than anybody waits for. */
		if (!layout->left || !--layout->left)
			return 0;
		if (dwarf_tag(&die) == DW_TAG_member)
			r = add_member(object, layout, &die, base, from);
		else if (dwarf_tag(&die) == DW_TAG_inheritance &&
			 !dwarf_hasattr(&die, DW_AT_virtuality) &&
			 read_place(&die, &start, &bytes) &&
			 dwarf_attr(&die, DW_AT_type, &attribute) &&
			 dwarf_formref_die(&attribute, &type))
			r = add_members(object, layout, &type, dwarf_diename(&type), from + start,
					depth + 1);
	} while (r == 0 && dwarf_siblingof(&die, &die) == 0);
	return r;
}

/* ---------------------------------------------------------------------- all */

static struct members_object *free_object(struct members_object *object)
{
	for (size_t i = 0; i < object->layouts.count; i++)
		vec_fini(&object->layouts.at[i].members);
	vec_fini(&object->layouts);
	arena_fini(&object->names);
	debugfile_close(&object->file);
	free(object->path);
	free(object);
	return NULL;
}

/* Return: NULL when memory has run out. */
static struct members_object *get_object(struct members *members, const char *path)
{
	struct members_object *object;
	Dwarf_Addr bias;

	for (size_t i = 0; i < members->objects.count; i++)
		if (strcmp(members->objects.at[i]->path, path) == 0)
			return members->objects.at[i];
	object = calloc(1, sizeof(*object));
	if (!object)
		return NULL;
	object->path = strdup(path);
	if (!object->path || debugfile_open(&object->file, path, "", NULL) < 0 ||
	    vec_push(&members->objects, object) < 0)
		return free_object(object);
	if (object->file.state == DEBUGFILE_OK)
		object->dwarf = debugfile_dwarf(&object->file, &bias);
	return object;
}

static struct layout *get_layout(struct members_object *object, const char *type)
{
	struct layout layout = { .left = DIES_MAX };
	Dwarf_Die class;

	for (size_t i = 0; i < object->layouts.count; i++)
		if (strcmp(object->layouts.at[i].type, type) == 0)
			return &object->layouts.at[i];
	layout.type = arena_string(&object->names, type, strlen(type));
	if (!layout.type ||
	    (object->dwarf && find_definition(object->dwarf, type, &class) &&
	     add_members(object, &layout, &class, NULL, 0, 0) < 0) ||
	    vec_push(&object->layouts, layout) < 0) {
		vec_fini(&layout.members);
		return NULL;
	}
	return &object->layouts.at[object->layouts.count - 1];
}

int members_find(struct members *members, const char *path, const char *type, uint64_t offset,
		 const char **ret_name)
{
	struct members_object *object = get_object(members, path);
	struct layout *layout = object ? get_layout(object, type) : NULL;

	if (!layout)
		return -ENOMEM;
	for (size_t i = 0; i < layout->members.count; i++) {
		const struct member *member = &layout->members.at[i];

		if (offset >= member->start && offset < member->end) {
			*ret_name = member->name;
			return 0;
		}
	}
	return -ENOENT;
}

void members_fini(struct members *members)
{
	for (size_t i = 0; i < members->objects.count; i++)
		(void)free_object(members->objects.at[i]);
	vec_fini(&members->objects);
}
