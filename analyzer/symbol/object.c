/* SPDX-License-Identifier: Apache-2.0 */
/* One object file: its debug information first, its symbol tables where that is silent. */
#include <stddef.h>

#include "base/err.h"
#include "symbol/demangle.h"
#include "symbol/object.h"

int object_open(struct object *object, const char *path, const char *build_id, const char *sysroot)
{
	Dwarf_Addr bias;
	Dwarf *dwarf;
	int r;

	*object = (struct object){ 0 };
	r = debugfile_open(&object->debugfile, path, build_id, sysroot);
	if (r < 0 || !object->debugfile.mod)
		return r;

	dwarf = debugfile_dwarf(&object->debugfile, &bias);
	if (dwarf) {
		object->lines = lines_new(dwarf);
		object->lines_bias = bias;
		if (!object->lines)
			return -ENOMEM;
	}
	return elfsyms_init(&object->syms, object->debugfile.mod);
}

/*
 * The name of the function that has the code.  Debug information leaves out
 * the linkage name of some functions (those of unnamed namespaces), which the
 * symbol table has.
 */
static const char *name_of(struct object *object, uint64_t addr, const struct lines_frame *frame)
{
	const struct elfsym *sym;

	if (frame->linkage)
		return frame->function;
	sym = elfsyms_find(&object->syms, addr);
	if (sym && (!frame->function || demangle_is_mangled(sym->name)))
		return sym->name;
	return frame->function;
}

int object_find(struct object *object, uint64_t addr, struct object_frame *frames)
{
	struct lines_frame found[LINES_DEPTH_MAX];
	const struct elfsym *sym;
	int count = 0;

	if (object->lines)
		count = lines_find(object->lines, addr - object->lines_bias, found);
	if (count < 0)
		return count;

	for (int i = 0; i < count; i++) {
		frames[i] = (struct object_frame){ found[i].function, found[i].file, found[i].line,
						   found[i].inlined };
		if (!found[i].inlined)
			frames[i].function = name_of(object, addr, &found[i]);
	}
	if (count > 0)
		return count;

	sym = elfsyms_find(&object->syms, addr);
	if (!sym)
		return 0;
	frames[0] = (struct object_frame){ .function = sym->name };
	return 1;
}

void object_close(struct object *object)
{
	object->lines = lines_free(object->lines);
	elfsyms_fini(&object->syms);
	debugfile_close(&object->debugfile);
}
