/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one object by address, from its symbol tables. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#include "base/err.h"
#include "symbol/elfsyms.h"

/* Whether the section @shndx holds code; *ret_end is the first address after it. */
static bool is_code(Elf *elf, GElf_Word shndx, uint64_t *ret_end)
{
	Elf_Scn *section = elf ? elf_getscn(elf, shndx) : NULL;
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR))
		return false;
	*ret_end = header.sh_addr + header.sh_size;
	return true;
}

/* Of two names for one function the lower rank is shown. */
static unsigned int rank(const GElf_Sym *sym, const char *name)
{
	unsigned int underscores = (unsigned int)strspn(name, "_");
	unsigned int binding = GELF_ST_BIND(sym->st_info);
	unsigned int order = binding == STB_GLOBAL ? 0 : binding == STB_WEAK ? 1 : 2;

	if (strncmp(name, "_Z", 2) == 0 || strncmp(name, "_R", 2) == 0)
		underscores = 0;
	return order * 16 + (underscores < 15 ? underscores : 15);
}

/* Fills @sym from entry @index.  Return: false when it is no function here. */
static bool read_symbol(Dwfl_Module *mod, int index, struct elfsym *sym)
{
	GElf_Sym raw;
	GElf_Addr addr;
	GElf_Word shndx;
	Elf *elf;
	Dwarf_Addr bias;
	uint64_t section_end = 0;
	unsigned int type;
	const char *name = dwfl_module_getsym_info(mod, index, &raw, &addr, &shndx, &elf, &bias);

	if (!name || !*name || shndx == SHN_UNDEF || shndx == SHN_ABS)
		return false;
	type = GELF_ST_TYPE(raw.st_info);
	if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return false;
	if (!is_code(elf, shndx, &section_end))
		return false;
	/* Marks of assemblers and compilers, not functions. */
	if (type == STT_NOTYPE && (name[0] == '$' || strncmp(name, ".L", 2) == 0))
		return false;

	sym->name = name;
	/* Not @addr: for a function that the loader resolves that is the resolved one. */
	sym->start = raw.st_value + bias;
	sym->end = raw.st_size ? sym->start + raw.st_size : 0;
	sym->section_end = section_end + bias;
	sym->rank = rank(&raw, name);
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct elfsym *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (!x->end != !y->end)
		return x->end ? -1 : 1;
	/* The longer first: the last of several that contain an address wins. */
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Of symbols at one address with one end, or with none, keeps the first. */
static void drop_aliases(struct elfsyms *syms)
{
	size_t kept = 0;

	for (size_t i = 0; i < syms->count; i++) {
		struct elfsym *sym = &syms->syms[i];

		if (kept > 0 && syms->syms[kept - 1].start == sym->start &&
		    (syms->syms[kept - 1].end == sym->end || !sym->end))
			continue;
		syms->syms[kept++] = *sym;
	}
	syms->count = kept;
}

/* Ends the symbols that have no size, and makes all of them findable. */
static int index_symbols(struct elfsyms *syms)
{
	for (size_t i = 0; i < syms->count; i++) {
		struct elfsym *sym = &syms->syms[i];
		int r;

		if (!sym->end) {
			sym->end = sym->section_end;
			if (i + 1 < syms->count && syms->syms[i + 1].start < sym->end)
				sym->end = syms->syms[i + 1].start;
		}
		r = ranges_add(&syms->ranges, sym->start, sym->end, (uint32_t)i);
		if (r < 0)
			return r;
	}
	ranges_sort(&syms->ranges);
	return 0;
}

int elfsyms_init(struct elfsyms *syms, Dwfl_Module *mod)
{
	int total = dwfl_module_getsymtab(mod);

	*syms = (struct elfsyms){ 0 };
	if (total <= 0)
		return 0;
	syms->syms = calloc((size_t)total, sizeof(*syms->syms));
	if (!syms->syms)
		return -ENOMEM;

	for (int i = 0; i < total; i++) {
		if (read_symbol(mod, i, &syms->syms[syms->count]))
			syms->count++;
	}
	qsort(syms->syms, syms->count, sizeof(*syms->syms), by_address);
	drop_aliases(syms);
	return index_symbols(syms);
}

const struct elfsym *elfsyms_find(const struct elfsyms *syms, uint64_t addr)
{
	uint32_t index = ranges_find(&syms->ranges, addr);

	return index == UINT32_MAX ? NULL : &syms->syms[index];
}

void elfsyms_fini(struct elfsyms *syms)
{
	ranges_fini(&syms->ranges);
	free(syms->syms);
	*syms = (struct elfsyms){ 0 };
}
