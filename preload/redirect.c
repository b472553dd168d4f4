/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operator new and delete of an allocator that replaces malloc and has its
 * own: finding it, and changing references to it.
 */
#include "redirect.h"

#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "base/attr.h"
#include "lookup.h"
#include "modules.h"
#include "real.h"
#include "sys.h"
#include "thread.h"

#if defined(__x86_64__)
#define RELOC_ABS      R_X86_64_64
#define RELOC_GLOB_DAT R_X86_64_GLOB_DAT
#define RELOC_JUMP     R_X86_64_JUMP_SLOT
#else
#define RELOC_ABS      R_AARCH64_ABS64
#define RELOC_GLOB_DAT R_AARCH64_GLOB_DAT
#define RELOC_JUMP     R_AARCH64_JUMP_SLOT
#endif

struct redirect_target redirect_targets[REDIRECT_COUNT] = {
	{ "_Znwm", NULL },
	{ "_ZnwmRKSt9nothrow_t", NULL },
	{ "_ZnwmSt11align_val_t", NULL },
	{ "_ZnwmSt11align_val_tRKSt9nothrow_t", NULL },
	{ "_Znam", NULL },
	{ "_ZnamRKSt9nothrow_t", NULL },
	{ "_ZnamSt11align_val_t", NULL },
	{ "_ZnamSt11align_val_tRKSt9nothrow_t", NULL },
	{ "_ZdlPv", NULL },
	{ "_ZdlPvm", NULL },
	{ "_ZdlPvRKSt9nothrow_t", NULL },
	{ "_ZdlPvSt11align_val_t", NULL },
	{ "_ZdlPvmSt11align_val_t", NULL },
	{ "_ZdlPvSt11align_val_tRKSt9nothrow_t", NULL },
	{ "_ZdaPv", NULL },
	{ "_ZdaPvm", NULL },
	{ "_ZdaPvRKSt9nothrow_t", NULL },
	{ "_ZdaPvSt11align_val_t", NULL },
	{ "_ZdaPvmSt11align_val_t", NULL },
	{ "_ZdaPvSt11align_val_tRKSt9nothrow_t", NULL },
};

void *const *redirect_ours;

/* The allocator's own references stay as they are. */
static struct lookup_range allocator;

/* Flushes after which to look at all objects once more. */
static uint32_t again;

/**
 * struct object - what of a loaded object is needed to change its references
 * @start, @end: where it lies
 * @relro_start, @relro_end: what the loader has made read-only after relocation
 */
struct object {
	uintptr_t bias;
	uintptr_t start, end;
	uintptr_t relro_start, relro_end;
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Rela) * rela, *jump;
	size_t rela_bytes, jump_bytes;
};

static uintptr_t pointer_of(const struct object *object, const ElfW(Dyn) * d)
{
	uintptr_t value = d->d_un.d_ptr;

	return value < object->bias ? value + object->bias : value;
}

static bool read_object(const struct dl_phdr_info *info, struct object *ret)
{
	const ElfW(Dyn) *d = NULL;

	memset(ret, 0, sizeof(*ret));
	ret->bias = info->dlpi_addr;
	ret->start = UINTPTR_MAX;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_DYNAMIC) {
			d = (const void *)start;
		} else if (p->p_type == PT_GNU_RELRO) {
			ret->relro_start = start;
			ret->relro_end = start + p->p_memsz;
		} else if (p->p_type == PT_LOAD) {
			ret->start = start < ret->start ? start : ret->start;
			ret->end = start + p->p_memsz > ret->end ? start + p->p_memsz : ret->end;
		}
	}
	for (; d && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			ret->symbols = (const void *)pointer_of(ret, d);
		else if (d->d_tag == DT_STRTAB)
			ret->strings = (const void *)pointer_of(ret, d);
		else if (d->d_tag == DT_RELA)
			ret->rela = (const void *)pointer_of(ret, d);
		else if (d->d_tag == DT_RELASZ)
			ret->rela_bytes = d->d_un.d_val;
		else if (d->d_tag == DT_JMPREL)
			ret->jump = (const void *)pointer_of(ret, d);
		else if (d->d_tag == DT_PLTRELSZ)
			ret->jump_bytes = d->d_un.d_val;
	}
	return ret->symbols && ret->strings;
}

/* Return: index of the operator, -1 if @name is none that is redirected. */
static int operator_of(const char *name)
{
	if (name[0] != '_' || name[1] != 'Z' || (name[2] != 'n' && name[2] != 'd'))
		return -1;
	for (int i = 0; i < REDIRECT_COUNT; i++)
		if (redirect_targets[i].next && strcmp(name, redirect_targets[i].name) == 0)
			return i;
	return -1;
}

/* The word may lie in what the loader has made read-only. */
static void store(const struct object *object, void **place, void *value)
{
	uintptr_t at = (uintptr_t)place;
	bool read_only = at >= object->relro_start && at < object->relro_end;
	void *page = (void *)ALIGN_DOWN(at, (uintptr_t)4096);

	if (read_only && SYS_CALL3(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE) < 0)
		return;
	__atomic_store_n(place, value, __ATOMIC_RELAXED);
	if (read_only && (uintptr_t)page + 4096 <= object->relro_end)
		(void)SYS_CALL3(SYS_mprotect, page, 4096, PROT_READ);
}

/* A jump slot that is not bound yet points back into its object, but not to a definition there. */
static bool is_unbound(const struct object *object, const ElfW(Sym) * symbol, uintptr_t value)
{
	return value >= object->start && value < object->end &&
	       (symbol->st_shndx == SHN_UNDEF || value != object->bias + symbol->st_value);
}

static void change(const struct object *object, const ElfW(Rela) * rela, size_t bytes)
{
	for (const ElfW(Rela) *r = rela; r && r < rela + bytes / sizeof(*rela); r++) {
		uint32_t type = ELF64_R_TYPE(r->r_info);
		const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(r->r_info)];
		void **place = (void **)(object->bias + r->r_offset);
		uintptr_t now;
		int i;

		if ((type != RELOC_ABS && type != RELOC_GLOB_DAT && type != RELOC_JUMP) ||
		    r->r_addend)
			continue;
		i = operator_of(object->strings + symbol->st_name);
		if (i < 0)
			continue;
		now = (uintptr_t)__atomic_load_n(place, __ATOMIC_RELAXED);
		if (now == (uintptr_t)redirect_targets[i].next ||
		    (type == RELOC_JUMP && is_unbound(object, symbol, now)))
			store(object, place, redirect_ours[i]);
	}
}

static int visit(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct object object;

	(void)bytes;
	(void)arg;
	if (!read_object(info, &object) || object.start == allocator.start)
		return 0;
	change(&object, object.rela, object.rela_bytes);
	change(&object, object.jump, object.jump_bytes);
	return 0;
}

void redirect_added(void)
{
	if (!redirect_ours)
		return;
	(void)dl_iterate_phdr(visit, NULL);
	__atomic_store_n(&again, 2, __ATOMIC_RELAXED);
}

void redirect_again(struct thread *thread)
{
	uint32_t left;

	if (!redirect_ours)
		return;
	modules_poll(thread);
	left = __atomic_load_n(&again, __ATOMIC_RELAXED);
	if (!left)
		return;
	__atomic_store_n(&again, left - 1, __ATOMIC_RELAXED);
	(void)dl_iterate_phdr(visit, NULL);
}

/* Arguments for a trial, in the order of redirect_targets: 0 none, 's' size, 'a' align, 't' tag. */
static const char trial_args[REDIRECT_COUNT][3] = {
	"",  "t", "a",	"at", "", "t", "a", "at", "",	"s",
	"t", "a", "sa", "at", "", "s", "t", "a",  "sa", "at",
};

#define TRIAL_BYTES 64

static uintptr_t trial_arg(int which, int n)
{
	static const char nothrow_tag;

	switch (trial_args[which][n]) {
	case 's':
	case 'a':
		return TRIAL_BYTES; /* as size and as alignment */
	case 't':
		return (uintptr_t)&nothrow_tag;
	default:
		return 0;
	}
}

static void *try_new(int which)
{
	void *(*make)(size_t, uintptr_t, uintptr_t) = redirect_targets[which].next;

	return make(TRIAL_BYTES, trial_arg(which, 0), trial_arg(which, 1));
}

static void try_delete(int which, void *block)
{
	void (*drop)(void *, uintptr_t, uintptr_t) = redirect_targets[which].next;

	drop(block, trial_arg(which, 0), trial_arg(which, 1));
}

/* The new that belongs to a delete: checking allocators insist on the right one. */
static int partner_of(int which)
{
	int first = which < REDIRECT_DELETE_ARRAY ? REDIRECT_NEW_FIRST : REDIRECT_NEW_ARRAY;

	return strchr(trial_args[which], 'a') ? first + 2 : first;
}

/*
 * Operators that call malloc or free in a way that arrives here anyway are
 * left alone; jemalloc's delete calls free, while its new does not call malloc.
 */
static void leave_out_what_is_heard(struct thread *thread)
{
	uint32_t guard = thread->slot->busy;
	bool heard[REDIRECT_COUNT] = { false };

	thread_guard(thread, THREAD_PROBE);
	/* The first call may set the allocator up, by way of malloc. */
	try_delete(REDIRECT_DELETE_FIRST, try_new(REDIRECT_NEW_FIRST));
	for (int i = REDIRECT_DELETE_FIRST; i < REDIRECT_COUNT; i++) {
		void *block;

		if (!redirect_targets[i].next || !redirect_targets[partner_of(i)].next)
			continue;
		block = try_new(partner_of(i));
		thread_probed_ = 0;
		try_delete(i, block);
		if (thread_probed_)
			heard[i] = true;
	}
	for (int i = REDIRECT_NEW_FIRST; i < REDIRECT_DELETE_FIRST; i++) {
		int drop =
			REDIRECT_DELETE_FIRST + (i < REDIRECT_NEW_ARRAY ? 0 : 6) + (i & 2 ? 3 : 0);
		void *block;

		if (!redirect_targets[i].next || !redirect_targets[drop].next)
			continue;
		thread_probed_ = 0;
		block = try_new(i);
		if (thread_probed_)
			heard[i] = true;
		try_delete(drop, block);
	}
	__atomic_store_n(&thread->slot->busy, guard, __ATOMIC_SEQ_CST);
	for (int i = 0; i < REDIRECT_COUNT; i++)
		if (heard[i])
			redirect_targets[i].next = NULL;
}

void redirect_init(struct thread *thread, void *const *ours)
{
	const uintptr_t next_malloc = (uintptr_t)real.malloc;

	if (redirect_ours || !real_owns_code(next_malloc) ||
	    lookup_range_of((const void *)next_malloc, &allocator) != 0)
		return;
	/* Operators that the program finds before the allocator's call malloc. */
	for (int i = 0; i < REDIRECT_COUNT; i++) {
		void *next = lookup_next(redirect_targets[i].name);

		redirect_targets[i].next = real_owns_code((uintptr_t)next) ? next : NULL;
	}
	if (!redirect_targets[REDIRECT_NEW_FIRST].next ||
	    !redirect_targets[REDIRECT_DELETE_FIRST].next)
		return;
	leave_out_what_is_heard(thread);
	redirect_ours = ours;
	redirect_added();
}
