/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small symbol look-up over loaded objects.
 */
#include "py-find.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "arch/arch.h"
#include "cfi.h"

/* The dynamic tables of one object. */
struct object {
	ElfW(Addr) bias;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *hash;
};

struct search {
	struct py_api api;
	struct py_object object;
	bool found;
};

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

/* glibc has relocated these entries in place; other loaders may not have. */
static const void *table_at(const struct dl_phdr_info *info, const ElfW(Dyn) * entry)
{
	ElfW(Addr) addr = entry->d_un.d_ptr;

	return (const void *)(addr < info->dlpi_addr ? addr + info->dlpi_addr : addr);
}

static bool open_object(const struct dl_phdr_info *info, struct object *ret)
{
	const ElfW(Dyn) *entry = NULL;

	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			entry = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	if (!entry)
		return false;

	*ret = (struct object){ .bias = info->dlpi_addr };
	for (; entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_GNU_HASH)
			ret->hash = table_at(info, entry);
		else if (entry->d_tag == DT_SYMTAB)
			ret->symbols = table_at(info, entry);
		else if (entry->d_tag == DT_STRTAB)
			ret->strings = table_at(info, entry);
	}
	return ret->hash && ret->symbols && ret->strings;
}

/* The symbol of that name if @object defines it, else NULL. */
static const ElfW(Sym) * find_symbol(const struct object *object, const char *name)
{
	const uint32_t *table = object->hash;
	uint32_t buckets_count = table[0], first = table[1], bloom_words = table[2];
	uint32_t shift = table[3], hash = gnu_hash(name);
	const ElfW(Addr) *bloom = (const void *)(table + 4);
	const uint32_t *buckets = (const void *)(bloom + bloom_words);
	const uint32_t *chains = buckets + buckets_count;
	unsigned int bits = 8 * sizeof(ElfW(Addr));
	ElfW(Addr) word;
	uint32_t index;

	if (!buckets_count || !bloom_words)
		return NULL;
	word = bloom[hash / bits % bloom_words];
	if (!(word >> (hash % bits) & word >> ((hash >> shift) % bits) & 1))
		return NULL;
	index = buckets[hash % buckets_count];
	if (index < first)
		return NULL;
	for (;; index++) {
		const ElfW(Sym) *symbol = &object->symbols[index];
		uint32_t found = chains[index - first];

		if ((found | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF &&
		    !strcmp(object->strings + symbol->st_name, name))
			return symbol;
		if (found & 1)
			return NULL;
	}
}

static void *lookup(const struct object *object, const char *name)
{
	const ElfW(Sym) *symbol = find_symbol(object, name);

	return symbol ? (void *)(object->bias + symbol->st_value) : NULL;
}

static bool load_api(const struct object *object, struct py_api *ret)
{
	const struct {
		const char *name;
		void *place;
	} needed[] = {
		{ "Py_GetVersion", &ret->get_version },
		{ "Py_IsInitialized", &ret->is_initialized },
		{ "PyInterpreterState_GetID", &ret->interpreter_id },
		{ "PyGILState_GetThisThreadState", &ret->gilstate_this },
		{ "PyInterpreterState_Head", &ret->interpreter_head },
		{ "PyMem_GetAllocator", &ret->get_allocator },
		{ "PyMem_SetAllocator", &ret->set_allocator },
		{ "Py_AtExit", &ret->at_exit },
		{ "_PyRuntime", &ret->runtime },
		{ "PyType_Type", &ret->type_type },
		{ "PyCode_Type", &ret->type_code },
		{ "PyUnicode_Type", &ret->type_unicode },
		{ "PyBytes_Type", &ret->type_bytes },
		{ "PyList_Type", &ret->type_list },
		{ "PySet_Type", &ret->type_set },
		{ "PyFrozenSet_Type", &ret->type_frozenset },
		{ "_PyWeakref_RefType", &ret->type_weakref },
		{ "_Py_NoneStruct", &ret->none },
		{ "Py_IncRef", &ret->inc_ref },
		{ "Py_DecRef", &ret->dec_ref },
		{ "PyErr_Clear", &ret->err_clear },
		{ "PyDict_Next", &ret->dict_next },
		{ "PyLong_AsLongLong", &ret->long_value },
		{ "PyList_New", &ret->list_new },
		{ "PyDict_New", &ret->dict_new },
		{ "PyList_Append", &ret->list_append },
		{ "PyCFunction_NewEx", &ret->cfunction_new },
		{ "PyCapsule_New", &ret->capsule_new },
		{ "PyCapsule_GetPointer", &ret->capsule_pointer },
	};
	void *symbol;

	*ret = (struct py_api){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		symbol = lookup(object, needed[i].name);
		if (!symbol)
			return false;
		memcpy(needed[i].place, &symbol, sizeof(symbol));
	}
	symbol = lookup(object, "PyObject_GetArenaAllocator");
	memcpy(&ret->get_arena_allocator, &symbol, sizeof(symbol));
	symbol = lookup(object, "PyObject_SetArenaAllocator");
	memcpy(&ret->set_arena_allocator, &symbol, sizeof(symbol));
	symbol = lookup(object, "PyThreadState_GetUnchecked");
	if (!symbol)
		symbol = lookup(object, "_PyThreadState_UncheckedGet");
	memcpy(&ret->tstate_unchecked, &symbol, sizeof(symbol));
	symbol = lookup(object, "Py_IsFinalizing");
	if (!symbol)
		symbol = lookup(object, "_Py_IsFinalizing");
	memcpy(&ret->is_finalizing, &symbol, sizeof(symbol));
	return ret->tstate_unchecked && ret->is_finalizing;
}

/*
 * The symbol covers only one part of a function that the compiler has split.
 * The other is where its jumps lead to, and not entered by calls.
 */
static void find_cold(struct py_object *object)
{
	uintptr_t at = object->eval, end = at + object->eval_bytes;

	for (; at + ARCH_JUMP_MAX <= end; at++) {
		uintptr_t target, start;
		size_t bytes;
		int32_t by;
		int length = arch_jump((const uint8_t *)at, &by);

		if (!length)
			continue;
		target = at + (uintptr_t)length + (uintptr_t)(intptr_t)by;
		if (target < object->start || target >= object->end ||
		    (target >= object->eval && target < end) ||
		    target - object->cold < object->cold_bytes)
			continue;
		if (cfi_part(target, &start, &bytes) == 0 && bytes > object->cold_bytes) {
			object->cold = start;
			object->cold_bytes = bytes;
		}
	}
}

static int visit(struct dl_phdr_info *info, size_t bytes attr_unused, void *arg)
{
	struct search *search = arg;
	struct object object;
	const ElfW(Sym) * eval;

	if (!open_object(info, &object) || !lookup(&object, "PyMem_SetAllocator") ||
	    !load_api(&object, &search->api))
		return 0;

	search->object = (struct py_object){ .start = UINTPTR_MAX };
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD)
			continue;
		if (start < search->object.start)
			search->object.start = start;
		if (start + segment->p_memsz > search->object.end)
			search->object.end = start + segment->p_memsz;
	}
	eval = find_symbol(&object, "_PyEval_EvalFrameDefault");
	if (eval) {
		search->object.eval = object.bias + eval->st_value;
		search->object.eval_bytes = eval->st_size;
		find_cold(&search->object);
	}
	search->found = true;
	return 1;
}

bool py_find(struct py_api *ret_api, struct py_object *ret_object)
{
	struct search search = { 0 };

	(void)dl_iterate_phdr(visit, &search);
	if (search.found) {
		*ret_api = search.api;
		*ret_object = search.object;
	}
	return search.found;
}
