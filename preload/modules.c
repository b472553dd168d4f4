/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded objects: load addresses, build ids, and what changes about them.
 *
 * The table outlives a fork: a child sends again what its parent knew, and
 * need not ask the loader, whose lock another thread of the parent may have
 * held.  So it has copies of all that it sends: libc may unload by itself, and
 * then what the loader once showed is gone before anybody has noticed.
 */
#include "modules.h"

#include <link.h>
#include <string.h>

#include "image.h"
#include "provider.h"
#include "record.h"
#include "redirect.h"
#include "stack.h"
#include "sys.h"
#include "tenure/wire.h"
#include "walk.h"

#define MODULES_MAX  4096u
#define ID_BYTES_MAX 64u
#define PATH_BYTES   1024u

/**
 * struct module - a loaded object
 * @mark: number of the scan that saw it last; 0 while its place is free
 * @hash: of its name, so that another object at the same place is told apart
 */
struct module {
	uintptr_t start;
	uintptr_t end;
	uintptr_t bias;
	uint32_t mark;
	uint32_t hash;
};

/**
 * struct label - what is sent of an object besides its addresses
 * @text: build id and path, one behind the other
 */
struct label {
	uint16_t id_bytes;
	uint16_t path_bytes;
	uint8_t text[ID_BYTES_MAX + PATH_BYTES];
};

static struct module modules[MODULES_MAX];
static struct label labels[MODULES_MAX]; /* touched only as far as there are modules */
static uint32_t module_count;
static uint32_t scan_number;
static uint64_t loader_adds;
static uint64_t loader_subs;
static uint32_t overflown;

uint32_t modules_generation = 1;

static char exe_path[PATH_BYTES];
static char self_path[PATH_BYTES];

static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return hash;
}

/* Return: bytes of the build id at *@ret_id, 0 if there is none. */
static uint32_t build_id(const struct dl_phdr_info *info, const struct module *module,
			 const uint8_t **ret_id)
{
	for (uint32_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t at = module->bias + p->p_vaddr;
		uintptr_t end = at + p->p_memsz;

		if (p->p_type != PT_NOTE || at < module->start || end > module->end)
			continue;
		while (end - at >= sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *n = (const void *)at;
			size_t align = p->p_align == 8 ? 8 : 4;
			uintptr_t desc = at + ALIGN_UP(sizeof(*n) + n->n_namesz, align);

			if (desc > end || n->n_descsz > end - desc)
				break;
			if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 &&
			    memcmp(n + 1, "GNU", 4) == 0 && n->n_descsz <= ID_BYTES_MAX) {
				*ret_id = (const uint8_t *)desc;
				return n->n_descsz;
			}
			at = ALIGN_UP(desc + n->n_descsz, align);
			if (at > end)
				break;
		}
	}
	return 0;
}

static const char *path_of(const char *name)
{
	if (name && name[0])
		return name;
	if (!exe_path[0]) {
		long n = sys_readlink("/proc/self/exe", exe_path, sizeof(exe_path) - 1);

		exe_path[n > 0 ? n : 0] = '\0';
	}
	return exe_path;
}

/* Context: the loader shows @info, so it is there. */
static void write_label(const struct dl_phdr_info *info, const struct module *module,
			struct label *label)
{
	const char *path = path_of(info->dlpi_name);
	const uint8_t *id = NULL;

	label->id_bytes = (uint16_t)build_id(info, module, &id);
	label->path_bytes = (uint16_t)strnlen(path, PATH_BYTES);
	if (label->id_bytes)
		memcpy(label->text, id, label->id_bytes);
	memcpy(label->text + label->id_bytes, path, label->path_bytes);
}

static void send(struct thread *thread, const struct module *module)
{
	const struct label *label = &labels[module - modules];
	struct tenure_module head = {
		.bias = module->bias,
		.start = module->start,
		.end = module->end,
		.generation = modules_generation,
		.id_bytes = label->id_bytes,
		.path_bytes = label->path_bytes,
	};

	record_ext(thread, TENURE_EXT_MODULE, &head, sizeof(head), label->text,
		   (size_t)label->id_bytes + label->path_bytes);
}

static void send_gone(struct thread *thread, const struct module *module)
{
	struct {
		uint64_t bias;
		uint32_t generation;
	} attr_packed gone = { module->bias, modules_generation };

	record_ext(thread, TENURE_EXT_MODULE_GONE, &gone, sizeof(gone), NULL, 0);
}

static bool describe(const struct dl_phdr_info *info, struct module *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->start = UINTPTR_MAX;
	ret->bias = info->dlpi_addr;
	ret->hash = hash_of(info->dlpi_name ? info->dlpi_name : "");
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD)
			continue;
		if (start < ret->start)
			ret->start = start;
		if (start + p->p_memsz > ret->end)
			ret->end = start + p->p_memsz;
	}
	return ret->end > ret->start;
}

/* The place of @module in the table, or a free one; NULL when the table is full. */
static struct module *place_of(const struct module *module)
{
	struct module *free_place = NULL;

	for (uint32_t i = 0; i < module_count; i++) {
		struct module *m = &modules[i];

		if (!m->mark) {
			free_place = free_place ? free_place : m;
			continue;
		}
		if (m->start == module->start && m->end == module->end && m->hash == module->hash)
			return m;
	}
	if (free_place)
		return free_place;
	return module_count < MODULES_MAX ? &modules[module_count] : NULL;
}

/**
 * struct scan - one pass over the loader's list
 * @added: objects that were not known
 */
struct scan {
	struct thread *thread;
	uint32_t added;
};

static int visit(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct scan *scan = arg;
	struct module found, *place;

	(void)bytes;
	loader_adds = info->dlpi_adds;
	loader_subs = info->dlpi_subs;
	if (!describe(info, &found))
		return 0;
	place = place_of(&found);
	if (!place) {
		if (!overflown) {
			overflown = 1;
			image_lost(TENURE_LOST_MODULES, 1);
		}
		return 0;
	}
	if (place->mark) {
		place->mark = scan_number;
		return 0;
	}
	write_label(info, &found, &labels[place - modules]);
	*place = found;
	/* Release: a child that is forked right now has all or nothing of it. */
	__atomic_store_n(&place->mark, scan_number, __ATOMIC_RELEASE);
	if (place == &modules[module_count])
		/* Release: modules_check() of other threads reads up to the count. */
		__atomic_store_n(&module_count, module_count + 1, __ATOMIC_RELEASE);
	scan->added++;
	send(scan->thread, place);
	return 0;
}

/* Drop what the last scan did not see.  Return: how many. */
static uint32_t drop_gone(struct thread *thread)
{
	uint32_t gone = 0;

	for (uint32_t i = 0; i < module_count; i++) {
		struct module *m = &modules[i];

		if (!m->mark || m->mark == scan_number)
			continue;
		if (!gone++)
			stack_modules_changed();
		send_gone(thread, m);
		m->end = m->start;
		m->mark = 0;
	}
	return gone;
}

/* Context: all signals blocked, for a handler may never return. */
static bool try_lock(void)
{
	return !__atomic_exchange_n(&image->modules_lock, 1, __ATOMIC_ACQUIRE);
}

static void unlock(void)
{
	/* Release: pairs with try_lock(). */
	__atomic_store_n(&image->modules_lock, 0, __ATOMIC_RELEASE);
}

static void scan_locked(struct thread *thread)
{
	struct scan scan = { .thread = thread };
	uint32_t gone;

	scan_number = scan_number + 1 ? scan_number + 1 : 1;
	(void)dl_iterate_phdr(visit, &scan);
	gone = drop_gone(thread);
	unlock();

	if (scan.added) {
		redirect_added();
		walk_modules_added();
	}
	if (scan.added || gone) {
		provider_watch(thread);
		if (provider_ops && provider_ops->modules)
			provider_ops->modules(thread);
	}
}

/*
 * The holder never waits for us: it holds the loader's lock at most, and who
 * holds that meets ours only in modules_check(), which does not wait.
 */
static void scan(struct thread *thread)
{
	while (!try_lock())
		sys_pause();
	scan_locked(thread);
}

void modules_scan(struct thread *thread)
{
	struct sys_sigset old;

	sys_sigmask_all(&old);
	scan(thread);
	(void)sys_sigmask(&old, NULL);
}

static int visit_counters(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	uint64_t *counters = arg;

	(void)bytes;
	counters[0] = info->dlpi_adds;
	counters[1] = info->dlpi_subs;
	return 1;
}

static bool has_changed(void)
{
	uint64_t counters[2] = { 0 };

	(void)dl_iterate_phdr(visit_counters, counters);
	return counters[0] != loader_adds || counters[1] != loader_subs;
}

void modules_refresh(struct thread *thread)
{
	struct sys_sigset old;

	sys_sigmask_all(&old);
	if (has_changed())
		scan(thread);
	(void)sys_sigmask(&old, NULL);
}

void modules_poll(struct thread *thread)
{
	struct sys_sigset old;

	sys_sigmask_all(&old);
	/* Who holds the lock is scanning; what this scan misses the next will find. */
	if (has_changed() && try_lock())
		scan_locked(thread);
	(void)sys_sigmask(&old, NULL);
}

void modules_check(struct thread *thread, uintptr_t pc)
{
	uint32_t count = __atomic_load_n(&module_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < count; i++)
		if (pc - modules[i].start < modules[i].end - modules[i].start)
			return;
	modules_poll(thread);
}

bool modules_has(uintptr_t start)
{
	uint32_t count = __atomic_load_n(&module_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < count; i++)
		if (modules[i].mark && modules[i].start == start)
			return true;
	return overflown;
}

void modules_describe(struct thread *thread, bool inherited)
{
	if (!inherited) {
		modules_scan(thread);
		return;
	}
	for (uint32_t i = 0; i < module_count; i++)
		if (modules[i].mark)
			send(thread, &modules[i]);
}

static int visit_self(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct module module;
	size_t n = 0;

	(void)bytes;
	(void)arg;
	if (!describe(info, &module) || (uintptr_t)&visit_self < module.start ||
	    (uintptr_t)&visit_self >= module.end)
		return 0;
	if (info->dlpi_name[0] != '/') {
		long cwd = SYS_CALL2(SYS_getcwd, self_path, sizeof(self_path));

		if (cwd <= 0)
			return 1;
		n = (size_t)cwd;
		self_path[n - 1] = '/';
	}
	if (n + strlen(info->dlpi_name) < sizeof(self_path))
		memcpy(self_path + n, info->dlpi_name, strlen(info->dlpi_name) + 1);
	else
		self_path[0] = '\0';
	return 1;
}

const char *modules_find_self(void)
{
	if (!self_path[0])
		(void)dl_iterate_phdr(visit_self, NULL);
	return self_path;
}
