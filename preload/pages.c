/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private memory straight from the kernel, never from malloc.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/attr.h"
#include "pages.h"
#include "sys.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define PAGE_BYTES 4096u /* the unit of rounding; larger pages round further in the kernel */

enum wipe {
	WIPE_UNTRIED = 0,
	WIPE_BY_KERNEL,
	WIPE_BY_HAND,
};

/* What the analyzer does not take for the program's; and whether to clear it after a fork. */
struct tenure_scan_own pages_own[PAGES_OWN_MAX];
static bool by_hand[PAGES_OWN_MAX];
static uint32_t wipe_support; /* enum wipe */

/* Return: its place in the table, PAGES_OWN_MAX when there is no room. */
static uint32_t remember(const void *pages, size_t bytes)
{
	for (uint32_t i = 0; i < PAGES_OWN_MAX; i++) {
		uint64_t none = 0;

		if (!__atomic_compare_exchange_n(&pages_own[i].start, &none, (uint64_t)pages, false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		__atomic_store_n(&pages_own[i].bytes, bytes, __ATOMIC_RELAXED);
		return i;
	}
	return PAGES_OWN_MAX;
}

/* Whoever gets these addresses next keeps what is there. */
static void forget(const void *pages)
{
	for (uint32_t i = 0; i < PAGES_OWN_MAX; i++) {
		if (__atomic_load_n(&pages_own[i].start, __ATOMIC_RELAXED) != (uint64_t)pages)
			continue;
		__atomic_store_n(&by_hand[i], false, __ATOMIC_RELAXED);
		__atomic_store_n(&pages_own[i].bytes, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&pages_own[i].start, 0, __ATOMIC_RELAXED);
		return;
	}
}

/*
 * Have @pages wiped in a child.  The first attempt of a process tells whether
 * the kernel can; one that fails later has failed for want of memory.
 */
static bool wipe_on_fork(void *pages, size_t bytes, uint32_t place)
{
	uint32_t before = __atomic_load_n(&wipe_support, __ATOMIC_RELAXED);

	if (before != WIPE_BY_HAND && sys_madvise(pages, bytes, MADV_WIPEONFORK) == 0) {
		__atomic_store_n(&wipe_support, WIPE_BY_KERNEL, __ATOMIC_RELAXED);
		return true;
	}
	if (before == WIPE_BY_KERNEL)
		return false;
	__atomic_store_n(&wipe_support, WIPE_BY_HAND, __ATOMIC_RELAXED);
	if (place < PAGES_OWN_MAX)
		__atomic_store_n(&by_hand[place], true, __ATOMIC_RELAXED);
	return place < PAGES_OWN_MAX;
}

int pages_wipe_unsupported(void)
{
	return __atomic_load_n(&wipe_support, __ATOMIC_RELAXED) == WIPE_BY_HAND;
}

void pages_unmap(void *pages, size_t bytes)
{
	if (!pages)
		return;
	forget(pages);
	(void)sys_munmap(pages, ALIGN_UP(bytes, (size_t)PAGE_BYTES));
}

void *pages_map(size_t bytes, unsigned int flags)
{
	size_t whole = ALIGN_UP(bytes, (size_t)PAGE_BYTES);
	long addr =
		sys_mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t place;

	if (addr < 0 && addr > -4096)
		return NULL;

	place = remember((void *)addr, whole);
	if ((flags & PAGES_WIPE) && !wipe_on_fork((void *)addr, whole, place)) {
		pages_unmap((void *)addr, whole);
		return NULL;
	}
	return (void *)addr;
}

void pages_wipe(void)
{
	for (uint32_t i = 0; i < PAGES_OWN_MAX; i++)
		if (by_hand[i])
			__builtin_memset((void *)pages_own[i].start, 0, pages_own[i].bytes);
}
