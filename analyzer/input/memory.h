/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of another process, and what is mapped there.
 */
#ifndef INPUT_MEMORY_H
#define INPUT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/target.h"
#include "base/vec.h"

/**
 * struct memory - how it is read
 * @mem:    its /proc/self/mem, opened by itself; -1: not known
 * @direct: process_vm_readv(2) has worked
 */
struct memory {
	uint32_t pid;
	int mem;
	bool direct;
};

/** memory_init() - find out how @pid can be read */
void memory_init(struct memory *memory, uint32_t pid, int mem);

/** memory_read() - Return: bytes copied, fewer than @bytes where something cannot be read */
size_t memory_read(const struct memory *memory, uint64_t addr, void *to, size_t bytes);

typedef VEC(struct target_map) memory_maps;

/** memory_maps_read() - from its /proc/self/maps, opened by itself.  Return: 0 or a negative errno
 */
attr_nodiscard int memory_maps_read(int fd, memory_maps *ret_maps);

#endif /* INPUT_MEMORY_H */
