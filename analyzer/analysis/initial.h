/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the data of a module was before the program ran.  A word that is still
 * the same is a constant: where a program is not position-independent, its
 * heap lies at addresses as small as a table's entries or a type's flags are.
 */
#ifndef ANALYSIS_INITIAL_H
#define ANALYSIS_INITIAL_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INITIAL_WORDS 8192u

/**
 * struct initial - a segment in its file; closed when all zero but @fd of -1
 * @fd:     the module's file; -1: not to be had, and nothing is a constant
 * @addr:   of the first byte in memory
 * @offset: of the first byte in the file
 * @bytes:  that the file has of it
 * @at:     address that @words begin at, @count of them are read
 */
struct initial {
	int fd;
	uint64_t addr;
	uint64_t offset;
	uint64_t bytes;
	uint64_t at;
	size_t count;
	uint64_t words[INITIAL_WORDS];
};

/**
 * initial_open() - opens the file of a module
 * @path: from the program's map; borrowed for the call
 */
void initial_open(struct initial *initial, const char *path);

/** initial_segment() - asks from now on about this segment of a module loaded at @bias */
void initial_segment(struct initial *initial, const Elf64_Phdr *header, uint64_t bias);

/**
 * initial_is() - is this what the file says?
 * @addr: aligned to 8 bytes; best asked for in rising order
 *
 * Return: false also where the file cannot be read.
 */
bool initial_is(struct initial *initial, uint64_t addr, uint64_t word);

/** initial_close() - closes the file; safe if none is open */
void initial_close(struct initial *initial);

#endif /* ANALYSIS_INITIAL_H */
