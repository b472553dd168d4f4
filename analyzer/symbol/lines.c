/* SPDX-License-Identifier: Apache-2.0 */
/* Function, file and line of an address from DWARF, with inlined calls. */
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>

#include "base/err.h"
#include "symbol/lines.h"
#include "symbol/ranges.h"

#define NEST_MAX 64 /* namespaces, classes and functions inside one another */

/*
 * One compilation unit.  @lines_die has the line table; @die has the functions:
 * they differ when the unit's debug information lies in a file of its own.
 */
struct unit {
	Dwarf_Die lines_die;
	Dwarf_Die die;
	struct ranges ranges; /* to indices of @functions */
	VEC(Dwarf_Die) functions;
	bool read;
};

struct lines {
	Dwarf *dwarf;
	VEC(struct unit) units;
	struct ranges ranges; /* to indices of @units */
	bool read;
};

struct lines *lines_new(Dwarf *dwarf)
{
	struct lines *lines = calloc(1, sizeof(*lines));

	if (lines)
		lines->dwarf = dwarf;
	return lines;
}

/* Adds all address ranges of @die to @ranges. */
static int add_ranges(struct ranges *ranges, Dwarf_Die *die, uint32_t value)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t offset = 0;

	while ((offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0) {
		int r = ranges_add(ranges, start, end, value);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_unit(struct lines *lines, Dwarf_Die *cudie, Dwarf_Die *subdie)
{
	struct unit unit = { .lines_die = *cudie, .die = subdie->addr ? *subdie : *cudie };
	int r = vec_push(&lines->units, unit);

	return r < 0 ? r : add_ranges(&lines->ranges, cudie, (uint32_t)lines->units.count - 1);
}

/* Makes the list of units, once. */
static int read_units(struct lines *lines)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die cudie, subdie;
	uint8_t type;
	int r = 0;

	lines->read = true;
	while (dwarf_get_units(lines->dwarf, cu, &cu, NULL, &type, &cudie, &subdie) == 0) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		r = add_unit(lines, &cudie, &subdie);
		if (r < 0)
			return r;
	}
	ranges_sort(&lines->ranges);
	return 0;
}

static int add_function(struct unit *unit, Dwarf_Die *die)
{
	int r;

	if (!dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges))
		return 0;
	r = vec_push(&unit->functions, *die);
	return r < 0 ? r : add_ranges(&unit->ranges, die, (uint32_t)unit->functions.count - 1);
}

/* Whether functions can stand inside a DIE with this tag. */
static bool holds_functions(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
	       tag == DW_TAG_enumeration_type || tag == DW_TAG_subprogram;
}

/* Makes the list of a unit's functions, once. */
static int read_functions(struct unit *unit)
{
	Dwarf_Die path[NEST_MAX];
	int depth = 0;
	int r;

	unit->read = true;
	if (dwarf_child(&unit->die, &path[0]) != 0)
		return 0;

	for (;;) {
		int tag = dwarf_tag(&path[depth]);

		if (tag == DW_TAG_subprogram) {
			r = add_function(unit, &path[depth]);
			if (r < 0)
				return r;
		}
		if (holds_functions(tag) && depth + 1 < NEST_MAX &&
		    dwarf_child(&path[depth], &path[depth + 1]) == 0) {
			depth++;
			continue;
		}
		while (dwarf_siblingof(&path[depth], &path[depth]) != 0) {
			if (depth-- == 0)
				goto sort;
		}
	}
sort:
	ranges_sort(&unit->ranges);
	return 0;
}

/*
 * The chain of inlined calls around @addr in @function, outermost first.
 * Return: how many entries of @chain are filled, @function included.
 */
static int find_chain(Dwarf_Die *function, uint64_t addr, Dwarf_Die *chain)
{
	Dwarf_Die scope = *function;
	int count = 0;

	chain[count++] = *function;
	for (;;) {
		Dwarf_Die child;
		int found = dwarf_child(&scope, &child);

		while (found == 0) {
			int tag = dwarf_tag(&child);

			if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
			     tag == DW_TAG_try_block || tag == DW_TAG_catch_block) &&
			    dwarf_haspc(&child, addr) == 1)
				break;
			found = dwarf_siblingof(&child, &child);
		}
		if (found != 0)
			return count;
		scope = child;
		if (dwarf_tag(&scope) != DW_TAG_inlined_subroutine)
			continue;
		if (count == LINES_DEPTH_MAX)
			return count;
		chain[count++] = scope;
	}
}

static void name_frame(struct lines_frame *frame, Dwarf_Die *die)
{
	Dwarf_Attribute attr;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attr) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attr)) {
		frame->function = dwarf_formstring(&attr);
		frame->linkage = frame->function != NULL;
	}
	if (!frame->function)
		frame->function = dwarf_diename(die);
}

/* Where @inlined was called from. */
static void place_of_call(struct lines_frame *frame, struct unit *unit, Dwarf_Die *inlined)
{
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word number;
	size_t count;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attr), &number) == 0)
		frame->line = (uint32_t)number;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attr), &number) == 0 &&
	    dwarf_getsrcfiles(&unit->die, &files, &count) == 0 && number < count)
		frame->file = dwarf_filesrc(files, number, NULL, NULL);
}

static void place_of_addr(struct lines_frame *frame, struct unit *unit, uint64_t addr)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->lines_die, addr);
	int number = 0;

	if (!line)
		return;
	frame->file = dwarf_linesrc(line, NULL, NULL);
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		frame->line = (uint32_t)number;
}

int lines_find(struct lines *lines, uint64_t addr, struct lines_frame *frames)
{
	Dwarf_Die chain[LINES_DEPTH_MAX];
	struct unit *unit;
	uint32_t index;
	int count = 0;
	int r = lines->read ? 0 : read_units(lines);

	if (r < 0)
		return r;
	index = ranges_find(&lines->ranges, addr);
	if (index == UINT32_MAX)
		return 0;
	unit = &lines->units.at[index];
	r = unit->read ? 0 : read_functions(unit);
	if (r < 0)
		return r;

	index = ranges_find(&unit->ranges, addr);
	if (index != UINT32_MAX)
		count = find_chain(&unit->functions.at[index], addr, chain);

	memset(frames, 0, sizeof(*frames));
	place_of_addr(&frames[0], unit, addr);
	for (int i = 0; i < count; i++) {
		Dwarf_Die *die = &chain[count - 1 - i];

		if (i > 0) {
			memset(&frames[i], 0, sizeof(*frames));
			place_of_call(&frames[i], unit, &chain[count - i]);
		}
		name_frame(&frames[i], die);
		frames[i].inlined = i + 1 < count;
	}
	return count ? count : frames[0].line ? 1 : 0;
}

struct lines *lines_free(struct lines *lines)
{
	if (!lines)
		return NULL;
	for (size_t i = 0; i < lines->units.count; i++) {
		ranges_fini(&lines->units.at[i].ranges);
		vec_fini(&lines->units.at[i].functions);
	}
	ranges_fini(&lines->ranges);
	vec_fini(&lines->units);
	free(lines);
	return NULL;
}
