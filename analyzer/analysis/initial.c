/* SPDX-License-Identifier: Apache-2.0 */
/* The data of a module as its file has it. */
#include <fcntl.h>
#include <unistd.h>

#include "initial.h"

void initial_open(struct initial *initial, const char *path)
{
	/* A path that is no file's could be a device or a pipe: never wait for it. */
	initial->fd = path && path[0] == '/' ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	initial->bytes = 0;
	initial->count = 0;
}

void initial_segment(struct initial *initial, const Elf64_Phdr *header, uint64_t bias)
{
	initial->addr = bias + header->p_vaddr;
	initial->offset = header->p_offset;
	initial->bytes = header->p_filesz;
	initial->count = 0;
}

/* Reads the piece of the file that @addr lies in. */
static void read_words(struct initial *initial, uint64_t addr)
{
	uint64_t into = addr - initial->addr;
	uint64_t bytes = initial->bytes - into;
	ssize_t n;

	if (bytes > sizeof(initial->words))
		bytes = sizeof(initial->words);
	n = pread(initial->fd, initial->words, bytes, (off_t)(initial->offset + into));
	initial->at = addr;
	initial->count = n < 0 ? 0 : (size_t)n / sizeof(initial->words[0]);
}

bool initial_is(struct initial *initial, uint64_t addr, uint64_t word)
{
	if (initial->fd < 0 || addr - initial->addr >= initial->bytes)
		return false;
	if (addr - initial->at >= initial->count * sizeof(word))
		read_words(initial, addr);
	return initial->count && initial->words[(addr - initial->at) / sizeof(word)] == word;
}

void initial_close(struct initial *initial)
{
	if (initial->fd >= 0)
		close(initial->fd);
	initial->fd = -1;
}
