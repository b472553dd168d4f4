/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ELF file a process had loaded, and its debug information.
 *
 * A file is used only if its build id is the one the process saw; separate
 * debug files are found by build id, then by .gnu_debuglink.  Servers are
 * asked only when DEBUGINFOD_URLS is set.
 */
#ifndef SYMBOL_DEBUGFILE_H
#define SYMBOL_DEBUGFILE_H

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

#include "base/attr.h"

/* How well a file is known; what a report says about a module. */
enum debugfile_state {
	DEBUGFILE_OK,	    /* the very file */
	DEBUGFILE_VIRTUAL,  /* not a file: the kernel's page */
	DEBUGFILE_MISSING,  /* no such file */
	DEBUGFILE_REPLACED, /* there is one, but not what the process had loaded */
	DEBUGFILE_BAD,	    /* unreadable or no ELF */
};

/**
 * struct debugfile - one opened object
 * @state: see there; @mod is NULL unless it is DEBUGFILE_OK
 * @mod:   the module, at its link address; owned by @dwfl
 */
struct debugfile {
	enum debugfile_state state;
	Dwfl *dwfl;
	Dwfl_Module *mod;
	char *debuginfo_path;
	Dwfl_Callbacks callbacks;
};

/**
 * debugfile_open() - find and open the object @path
 * @file:     filled in always; for debugfile_close()
 * @path:     as the process loaded it
 * @build_id: hexadecimal; "" is not checked
 * @sysroot:  directory to look in before the root of the file system, or NULL
 *
 * Return: 0, also when there is no usable file (see @file->state); -ENOMEM.
 */
attr_nodiscard int debugfile_open(struct debugfile *file, const char *path, const char *build_id,
				  const char *sysroot);

/**
 * debugfile_dwarf() - the debug information, wherever it lies
 * @ret_bias: to be subtracted from a link address before looking it up
 *
 * Return: borrowed, NULL when there is none.
 */
Dwarf *debugfile_dwarf(struct debugfile *file, Dwarf_Addr *ret_bias);

/** debugfile_close() - give back what debugfile_open() filled in */
void debugfile_close(struct debugfile *file);

#endif /* SYMBOL_DEBUGFILE_H */
