/* SPDX-License-Identifier: Apache-2.0 */
/* Data symbols of objects, each read once, when something in it is asked for. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "symbol/demangle.h"
#include "symbol/variables.h"

struct variable {
	uint64_t addr;
	uint64_t bytes;
	const char *name; /* as the linker knows it */
	const char *plain;
};

struct variables_object {
	char *path;
	struct arena names;
	VEC(struct variable) at;
};

static int by_addr(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static int read_table(struct variables_object *object, Elf *elf, Elf_Scn *section,
		      const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;
	int r = 0;

	for (int i = 0; data && r == 0 && gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
		struct variable variable = { .addr = symbol.st_value, .bytes = symbol.st_size };

		if (GELF_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_shndx == SHN_UNDEF ||
		    !symbol.st_size || !name || !*name)
			continue;
		variable.name = arena_string(&object->names, name, strlen(name));
		r = variable.name ? vec_push(&object->at, variable) : -ENOMEM;
	}
	return r;
}

static int read_object(struct variables_object *object)
{
	/* The path is what a capture says: it could be a pipe. */
	int fd = open(object->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	int r = 0;
	Elf *elf;

	if (fd < 0)
		return 0;
	(void)elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	while (elf && r == 0 && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			r = read_table(object, elf, section, &header);
	(void)elf_end(elf);
	(void)close(fd);
	if (object->at.count)
		qsort(object->at.at, object->at.count, sizeof(*object->at.at), by_addr);
	return r;
}

static struct variables_object *free_object(struct variables_object *object)
{
	arena_fini(&object->names);
	vec_fini(&object->at);
	free(object->path);
	free(object);
	return NULL;
}

/* Return: NULL when memory has run out. */
static struct variables_object *get_object(struct variables *variables, const char *path)
{
	struct variables_object *object;

	for (size_t i = 0; i < variables->objects.count; i++)
		if (strcmp(variables->objects.at[i]->path, path) == 0)
			return variables->objects.at[i];
	object = calloc(1, sizeof(*object));
	if (!object)
		return NULL;
	object->path = strdup(path);
	if (!object->path || read_object(object) < 0 || vec_push(&variables->objects, object) < 0)
		return free_object(object);
	return object;
}

int variables_find(struct variables *variables, const char *path, uint64_t addr,
		   const char **ret_name, uint64_t *ret_offset)
{
	struct variables_object *object = get_object(variables, path);
	size_t low = 0, high;
	struct variable *found;

	if (!object)
		return -ENOMEM;
	high = object->at.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (object->at.at[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	found = low ? &object->at.at[low - 1] : NULL;
	if (!found || addr - found->addr >= found->bytes)
		return -ENOENT;
	if (!found->plain) {
		char *plain = demangle_name(found->name);

		found->plain = plain ? arena_string(&object->names, plain, strlen(plain)) : NULL;
		free(plain);
		if (!found->plain)
			return -ENOMEM;
	}
	*ret_name = found->plain;
	*ret_offset = addr - found->addr;
	return 0;
}

void variables_fini(struct variables *variables)
{
	for (size_t i = 0; i < variables->objects.count; i++)
		(void)free_object(variables->objects.at[i]);
	vec_fini(&variables->objects);
}
