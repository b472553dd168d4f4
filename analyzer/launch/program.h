/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of program is this, and can it be profiled?
 *
 * A library can be preloaded only into programs that start through the
 * dynamic loader of the same libc and processor, and only when the loader
 * does not refuse because the program gains privileges.  Whoever starts any
 * other program would wait for a profile that never comes, so this is asked
 * before.
 */
#ifndef LAUNCH_PROGRAM_H
#define LAUNCH_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum program_obstacle {
	PROGRAM_FINE,
	PROGRAM_STATIC,		/* statically linked: there is no dynamic loader */
	PROGRAM_MUSL,		/* another libc */
	PROGRAM_OTHER_CLASS,	/* 32-bit */
	PROGRAM_OTHER_CPU,	/* for another processor */
	PROGRAM_SETUID,		/* runs as another user */
	PROGRAM_SETGID,		/* runs as another group */
	PROGRAM_CAPABILITIES,	/* gains capabilities from its file */
	PROGRAM_UNKNOWN,	/* not ELF and not a script: left to the kernel (binfmt_misc) */
	PROGRAM_NO_INTERPRETER, /* the interpreter a script names is not there */
};

/**
 * struct program - a program file, or the interpreter that runs a script
 * @path:     the file that execvp() would run
 * @runs:     the ELF file that the kernel ends up with: @path itself, or the
 *            interpreter of a script, followed through /usr/bin/env
 * @obstacle: why @runs cannot be profiled
 * @loader:   the dynamic loader it asks for, "" when it has none
 */
struct program {
	char *path;
	char *runs;
	enum program_obstacle obstacle;
	char loader[256];
};

/**
 * program_find() - what execvp(@name) would run
 *
 * Return: 0 and a path, owned by the caller; -ENOENT; -EACCES when only files
 * that may not be executed were found; -ENOMEM.
 */
attr_nodiscard int program_find(const char *name, char **ret_path);

/**
 * program_inspect() - look into the program that execvp(@name) would run
 *
 * Return: 0, also when there is an obstacle; else as program_find(), or the
 * error of reading the file.  The result is to be given to program_fini().
 */
attr_nodiscard int program_inspect(const char *name, struct program *ret_program);

void program_fini(struct program *program);

/** program_why() - the obstacle in words, to go after "it " ("it is statically linked") */
const char *program_why(enum program_obstacle obstacle);

#endif /* LAUNCH_PROGRAM_H */
