/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols of loaded objects, found by reading their hash tables.
 */
#include "lookup.h"

#include <errno.h>
#include <link.h>
#include <string.h>

#define VERSION_HIDDEN 0x8000u /* not the default version of the symbol */

/* What of an object's dynamic section a look-up needs. */
struct tables {
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *sysv_hash;
	const uint16_t *versions;
};

struct search {
	const char *name;
	int behind_us; /* seen the shim itself */
	uintptr_t next;
	uintptr_t other;
};

/* ld.so has relocated the pointers in place in most objects, but not in all (vDSO). */
static uintptr_t pointer_of(const struct dl_phdr_info *info, const ElfW(Dyn) * d)
{
	uintptr_t value = d->d_un.d_ptr;

	return value < info->dlpi_addr ? value + info->dlpi_addr : value;
}

static int read_tables(const struct dl_phdr_info *info, struct tables *ret)
{
	const ElfW(Dyn) *d = NULL;

	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			d = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (; d && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			ret->symbols = (const void *)pointer_of(info, d);
		else if (d->d_tag == DT_STRTAB)
			ret->strings = (const void *)pointer_of(info, d);
		else if (d->d_tag == DT_GNU_HASH)
			ret->gnu_hash = (const void *)pointer_of(info, d);
		else if (d->d_tag == DT_HASH)
			ret->sysv_hash = (const void *)pointer_of(info, d);
		else if (d->d_tag == DT_VERSYM)
			ret->versions = (const void *)pointer_of(info, d);
	}
	return ret->symbols && ret->strings;
}

static int is_wanted(const struct tables *t, uint32_t i, const char *name)
{
	const ElfW(Sym) *symbol = &t->symbols[i];
	unsigned int type = symbol->st_info & 0xf;

	if (symbol->st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_GNU_IFUNC))
		return 0;
	if (t->versions && (t->versions[i] & VERSION_HIDDEN))
		return 0;
	return strcmp(t->strings + symbol->st_name, name) == 0;
}

static uint32_t find_gnu(const struct tables *t, const char *name)
{
	uint32_t bucket_count = t->gnu_hash[0];
	uint32_t first = t->gnu_hash[1];
	uint32_t bloom_words = t->gnu_hash[2];
	const uint32_t *buckets = t->gnu_hash + 4 + bloom_words * (sizeof(ElfW(Addr)) / 4);
	const uint32_t *chain = buckets + bucket_count;
	uint32_t hash = 5381;
	uint32_t i;

	for (const char *p = name; *p; p++)
		hash = hash * 33 + (uint8_t)*p;
	if (!bucket_count)
		return 0;
	i = buckets[hash % bucket_count];
	if (i < first)
		return 0;
	for (;; i++) {
		if ((chain[i - first] | 1) == (hash | 1) && is_wanted(t, i, name))
			return i;
		if (chain[i - first] & 1)
			return 0;
	}
}

static uint32_t find_sysv(const struct tables *t, const char *name)
{
	uint32_t bucket_count = t->sysv_hash[0];
	const uint32_t *buckets = t->sysv_hash + 2;
	const uint32_t *chain = buckets + bucket_count;
	uint32_t hash = 0;

	for (const char *p = name; *p; p++) {
		hash = (hash << 4) + (uint8_t)*p;
		hash ^= (hash >> 24) & 0xf0;
		hash &= 0x0fffffff;
	}
	if (!bucket_count)
		return 0;
	for (uint32_t i = buckets[hash % bucket_count]; i; i = chain[i])
		if (is_wanted(t, i, name))
			return i;
	return 0;
}

static uintptr_t find_in(const struct dl_phdr_info *info, const char *name)
{
	struct tables tables;
	uint32_t i = 0;
	uintptr_t addr;

	if (!read_tables(info, &tables))
		return 0;
	if (tables.gnu_hash)
		i = find_gnu(&tables, name);
	else if (tables.sysv_hash)
		i = find_sysv(&tables, name);
	if (!i)
		return 0;
	addr = info->dlpi_addr + tables.symbols[i].st_value;
	if ((tables.symbols[i].st_info & 0xf) == STT_GNU_IFUNC)
		addr = ((uintptr_t(*)(void))addr)();
	return addr;
}

static int covers(const struct dl_phdr_info *info, uintptr_t addr)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && addr - (info->dlpi_addr + p->p_vaddr) < p->p_memsz)
			return 1;
	}
	return 0;
}

static int visit(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct search *search = arg;
	uintptr_t addr;

	(void)bytes;
	if (covers(info, (uintptr_t)&lookup_next)) {
		search->behind_us = 1;
		return 0;
	}
	if (!search->behind_us && search->other)
		return 0;
	addr = find_in(info, search->name);
	if (!addr)
		return 0;
	if (search->behind_us)
		search->next = addr;
	else
		search->other = addr;
	return search->behind_us;
}

void *lookup_next(const char *name)
{
	struct search search = { .name = name };

	(void)dl_iterate_phdr(visit, &search);
	return (void *)(search.next ? search.next : search.other);
}

static int visit_program(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct search *search = arg;

	(void)bytes;
	search->next = find_in(info, search->name);
	return 1; /* the executable comes first */
}

void *lookup_in_program(const char *name)
{
	struct search search = { .name = name };

	(void)dl_iterate_phdr(visit_program, &search);
	return (void *)search.next;
}

struct range_search {
	uintptr_t addr;
	struct lookup_range range;
};

static int visit_range(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct range_search *search = arg;

	(void)bytes;
	if (!covers(info, search->addr))
		return 0;
	search->range.start = UINTPTR_MAX;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD)
			continue;
		if (start < search->range.start)
			search->range.start = start;
		if (start + p->p_memsz > search->range.end)
			search->range.end = start + p->p_memsz;
	}
	search->range.is_libc = info->dlpi_name && strstr(info->dlpi_name, "/libc.so") != NULL;
	return 1;
}

int lookup_range_of(const void *addr, struct lookup_range *ret)
{
	struct range_search search = { .addr = (uintptr_t)addr };

	if (!dl_iterate_phdr(visit_range, &search))
		return -ENOENT;
	*ret = search.range;
	return 0;
}

int lookup_same_object(const void *a, const void *b)
{
	struct lookup_range range;

	return lookup_range_of(a, &range) == 0 && (uintptr_t)b >= range.start &&
	       (uintptr_t)b < range.end;
}
