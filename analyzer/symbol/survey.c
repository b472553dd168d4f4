/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for malloc among a program's own symbols, and for allocators among its libraries. */
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "symbol/survey.h"

static bool is_malloc(Elf *elf, const GElf_Shdr *header, const GElf_Sym *sym)
{
	const char *name = elf_strptr(elf, header->sh_link, sym->st_name);

	return sym->st_shndx != SHN_UNDEF && GELF_ST_TYPE(sym->st_info) == STT_FUNC && name &&
	       strcmp(name, "malloc") == 0;
}

static void look_at_symbols(Elf *elf, const GElf_Shdr *header, Elf_Data *data,
			    struct survey *survey)
{
	GElf_Sym sym;

	for (int i = 0; gelf_getsym(data, i, &sym) && !survey->malloc_inside; i++)
		survey->malloc_inside = is_malloc(elf, header, &sym);
}

static void look_at_libraries(Elf *elf, const GElf_Shdr *header, Elf_Data *data,
			      struct survey *survey)
{
	static const char *const known[] = { "libjemalloc", "libtcmalloc", "libmimalloc" };
	GElf_Dyn dyn;

	for (int i = 0; gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		const char *name = dyn.d_tag == DT_NEEDED
					   ? elf_strptr(elf, header->sh_link, dyn.d_un.d_val)
					   : NULL;

		for (size_t k = 0; name && k < ARRAY_SIZE(known); k++) {
			if (strncmp(name, known[k], strlen(known[k])) == 0)
				(void)snprintf(survey->allocator, sizeof(survey->allocator), "%s",
					       name);
		}
	}
}

static void look_at_section(Elf *elf, size_t names, Elf_Scn *section, struct survey *survey)
{
	Elf_Data *data = NULL;
	GElf_Shdr header;
	const char *name;

	if (!gelf_getshdr(section, &header))
		return;
	name = elf_strptr(elf, names, header.sh_name);

	if (header.sh_type == SHT_SYMTAB || (name && strcmp(name, ".gnu_debugdata") == 0))
		survey->symbols = true;
	if (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB ||
	    header.sh_type == SHT_DYNAMIC)
		data = elf_getdata(section, NULL);
	if (data && header.sh_type == SHT_DYNAMIC)
		look_at_libraries(elf, &header, data, survey);
	else if (data)
		look_at_symbols(elf, &header, data, survey);
}

struct survey survey_file(const char *path)
{
	struct survey survey = { .malloc_inside = false };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t names = 0;
	Elf *elf;

	if (fd < 0)
		return survey;
	(void)elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);

	if (elf && elf_getshdrstrndx(elf, &names) == 0) {
		for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));)
			look_at_section(elf, names, section, &survey);
	}

	(void)elf_end(elf);
	(void)close(fd);
	return survey;
}
