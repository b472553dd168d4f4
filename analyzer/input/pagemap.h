/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pages of another process were never touched.
 */
#ifndef INPUT_PAGEMAP_H
#define INPUT_PAGEMAP_H

#include <stdbool.h>
#include <stdint.h>

/** struct pagemap - @fd: -1: the kernel does not tell; @page: bytes of one */
struct pagemap {
	int fd;
	uint64_t page;
};

/** pagemap_open() - of the process @pid, if it may be looked into */
void pagemap_open(struct pagemap *pagemap, uint32_t pid);

/** pagemap_close() - safe if it was not to be had */
void pagemap_close(struct pagemap *pagemap);

/**
 * pagemap_is_untouched() - is there no page behind these addresses?
 *
 * Of private anonymous memory that means: it is zero.  Asking does not touch
 * it, which reading does.
 *
 * Context: any thread.  Return: false also when that is not known.
 */
bool pagemap_is_untouched(const struct pagemap *pagemap, uint64_t addr, uint64_t bytes);

#endif /* INPUT_PAGEMAP_H */
