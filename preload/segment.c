/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which loaded object an address of code belongs to.
 *
 * Since 2.35 glibc answers that itself, without a lock.  Elsewhere a sorted
 * copy of the loader's list is made when it may have changed.  A copy that
 * was replaced stays where it is: somebody may be reading it.
 */
#include "segment.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>

#include "pages.h"

/* Offsets in unwind tables have 32 bits: nothing of a table is farther from its header. */
#define FAR ((uintptr_t)1 << 31)

#ifdef DLFO_EH_SEGMENT_TYPE
extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));
#endif

/** struct object - one executable range of memory and the table for it */
struct object {
	uintptr_t start;
	uintptr_t end;
	const uint8_t *header;
};

/**
 * struct snapshot - the loader's list as it was
 * @adds, @subs: the loader's own counts of changes
 * @room:        of @objects
 */
struct snapshot {
	uint64_t adds;
	uint64_t subs;
	uint32_t count;
	uint32_t room;
	struct object objects[];
};

static struct snapshot *current; /* release when a whole one is there */

static void segment_bound(const uint8_t *header, struct segment *ret_segment)
{
	uintptr_t at = (uintptr_t)header;

	*ret_segment = (struct segment){
		.start = (const uint8_t *)(at > FAR ? at - FAR : 0),
		.end = (const uint8_t *)(at < UINTPTR_MAX - FAR ? at + FAR : UINTPTR_MAX),
		.header = header,
	};
}

static void insert(struct snapshot *snapshot, struct object object)
{
	uint32_t i = snapshot->count;

	if (i++ < snapshot->room) {
		for (i = snapshot->count; i > 0 && snapshot->objects[i - 1].start > object.start;
		     i--)
			snapshot->objects[i] = snapshot->objects[i - 1];
		snapshot->objects[i] = object;
	}
	snapshot->count++;
}

static int take_one(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct snapshot *snapshot = arg;
	const uint8_t *header = NULL;

	if (bytes >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs)) {
		const struct snapshot *old = __atomic_load_n(&current, __ATOMIC_ACQUIRE);

		snapshot->adds = info->dlpi_adds;
		snapshot->subs = info->dlpi_subs;
		if (old && old->adds == snapshot->adds && old->subs == snapshot->subs)
			return 1;
	}
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
			header = (const uint8_t *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (size_t i = 0; header && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *load = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + load->p_vaddr;

		if (load->p_type == PT_LOAD && (load->p_flags & PF_X))
			insert(snapshot, (struct object){ start, start + load->p_memsz, header });
	}
	return 0;
}

void segment_scan(void)
{
	uint32_t room = 100;

	for (;;) {
		size_t bytes = sizeof(struct snapshot) + room * sizeof(struct object);
		struct snapshot *snapshot = pages_map(bytes, 0);
		bool whole;

		if (!snapshot)
			return;
		snapshot->room = room;
		whole = dl_iterate_phdr(take_one, snapshot) == 0;
		if (whole && snapshot->count <= room) {
			/* Release: pairs with segment_find_scanned(). */
			__atomic_store_n(&current, snapshot, __ATOMIC_RELEASE);
			return;
		}
		room = snapshot->count * 2;
		pages_unmap(snapshot, bytes);
		if (!whole)
			return; /* nothing has changed */
	}
}

int segment_find_scanned(uintptr_t pc, struct segment *ret_segment)
{
	const struct snapshot *snapshot = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
	uint32_t low = 0;
	uint32_t high = snapshot ? snapshot->count : 0;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (snapshot->objects[mid].start <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || pc >= snapshot->objects[low - 1].end)
		return -ENOENT;
	segment_bound(snapshot->objects[low - 1].header, ret_segment);
	return 0;
}

int segment_find(uintptr_t pc, struct segment *ret_segment)
{
#ifdef DLFO_EH_SEGMENT_TYPE
	struct dl_find_object found;

	if (_dl_find_object) {
		if (_dl_find_object((void *)pc, &found) < 0 || !found.dlfo_eh_frame)
			return -ENOENT;
		segment_bound((const uint8_t *)found.dlfo_eh_frame, ret_segment);
		return 0;
	}
#endif
	return segment_find_scanned(pc, ret_segment);
}

void segment_changed(void)
{
#ifdef DLFO_EH_SEGMENT_TYPE
	if (_dl_find_object)
		return;
#endif
	segment_scan();
}
