/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the ELF file a process had loaded, and its debug information. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <gelf.h>

#include "base/err.h"
#include "symbol/debugfile.h"

#define BUILD_ID_TEXT 129 /* 64 bytes in hexadecimal and the NUL */
#define DEBUG_ROOT    "/usr/lib/debug"

/* What a look at one candidate says. */
enum look {
	LOOK_FITS,
	LOOK_NONE,  /* cannot be opened */
	LOOK_OTHER, /* another build */
	LOOK_BAD,   /* not an ELF file */
};

static void hex_text(char *text, const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

/* Whether the object in @fd is the one with @build_id. */
static enum look look_at_fd(int fd, const char *build_id)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	char have[BUILD_ID_TEXT] = "";
	const void *bits;
	ssize_t length;

	if (!elf)
		return LOOK_BAD;
	if (elf_kind(elf) != ELF_K_ELF) {
		(void)elf_end(elf);
		return LOOK_BAD;
	}

	length = dwelf_elf_gnu_build_id(elf, &bits);
	if (length > 0 && (size_t)length * 2 < sizeof(have))
		hex_text(have, bits, (size_t)length);
	(void)elf_end(elf);
	return *build_id && strcmp(have, build_id) != 0 ? LOOK_OTHER : LOOK_FITS;
}

static enum look look_at(const char *path, const char *build_id)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum look look;

	if (fd < 0)
		return LOOK_NONE;
	look = look_at_fd(fd, build_id);
	(void)close(fd);
	return look;
}

/* The path a debuginfod server's answer was stored under, or NULL. */
static char *ask_server(const char *build_id)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	void *(*begin)(void);
	void (*end)(void *);
	int (*find)(void *, const unsigned char *, int, char **);
	void *library, *client;
	char *path = NULL;
	int fd = -1;

	if (!urls || !*urls || !*build_id)
		return NULL;
	library = dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_LOCAL);
	if (!library)
		return NULL;
	*(void **)&begin = dlsym(library, "debuginfod_begin");
	*(void **)&end = dlsym(library, "debuginfod_end");
	*(void **)&find = dlsym(library, "debuginfod_find_executable");
	if (begin && end && find) {
		client = begin();
		if (client) {
			/* Length 0: the id is given as text. */
			fd = find(client, (const unsigned char *)build_id, 0, &path);
			end(client);
		}
	}
	if (fd >= 0)
		(void)close(fd);
	else
		path = NULL;
	/* The library stays loaded: it has started threads and TLS of its own. */
	return path;
}

/* @root/.build-id/xx/yyyy@suffix, or NULL. */
static char *build_id_path(const char *sysroot, const char *build_id, const char *suffix)
{
	char *path;

	if (strlen(build_id) < 4)
		return NULL;
	if (asprintf(&path, "%s" DEBUG_ROOT "/.build-id/%.2s/%s%s", sysroot, build_id, build_id + 2,
		     suffix) < 0)
		return NULL;
	return path;
}

/* Gives @path to the caller if it fits, else frees it. */
static char *keep_if_fits(char *path, const char *build_id, enum look *worst)
{
	enum look look;

	if (!path)
		return NULL;
	look = look_at(path, build_id);
	if (look == LOOK_FITS)
		return path;
	if (*worst == LOOK_NONE)
		*worst = look;
	free(path);
	return NULL;
}

/*
 * A file that is the object: where it was loaded from, else a copy kept under
 * its build id.  A debug file does too: it has the same addresses.
 */
static char *find_file(const char *path, const char *build_id, const char *sysroot,
		       enum look *worst)
{
	const char *roots[] = { sysroot, "" };
	char *found = NULL;

	*worst = LOOK_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(roots) && !found; i++) {
		char *candidate;

		if (!roots[i])
			continue;
		if (asprintf(&candidate, "%s%s", roots[i], path) >= 0)
			found = keep_if_fits(candidate, build_id, worst);
	}
	for (size_t i = 0; i < ARRAY_SIZE(roots) && !found && *build_id; i++) {
		enum look ignored = LOOK_NONE;

		if (!roots[i])
			continue;
		found = keep_if_fits(build_id_path(roots[i], build_id, ""), build_id, &ignored);
		if (!found)
			found = keep_if_fits(build_id_path(roots[i], build_id, ".debug"), build_id,
					     &ignored);
	}
	return found ? found : ask_server(build_id);
}

static bool is_virtual(const char *path)
{
	return path[0] != '/' && (strstr(path, "vdso") || path[0] == '[');
}

static int begin(struct debugfile *file, const char *found, const char *sysroot)
{
	file->callbacks.find_debuginfo = dwfl_standard_find_debuginfo;
	file->callbacks.section_address = dwfl_offline_section_address;
	if (sysroot && *sysroot) {
		if (asprintf(&file->debuginfo_path, "+:.debug:%s" DEBUG_ROOT ":" DEBUG_ROOT,
			     sysroot) < 0) {
			file->debuginfo_path = NULL;
			return -ENOMEM;
		}
		file->callbacks.debuginfo_path = &file->debuginfo_path;
	}

	file->dwfl = dwfl_begin(&file->callbacks);
	if (!file->dwfl)
		return -ENOMEM;
	dwfl_report_begin(file->dwfl);
	file->mod = dwfl_report_elf(file->dwfl, found, found, -1, 0, true);
	(void)dwfl_report_end(file->dwfl, NULL, NULL);
	if (!file->mod)
		file->state = DEBUGFILE_BAD;
	return 0;
}

int debugfile_open(struct debugfile *file, const char *path, const char *build_id,
		   const char *sysroot)
{
	enum look worst;
	char *found;
	int r;

	*file = (struct debugfile){ .state = DEBUGFILE_OK };
	if (is_virtual(path)) {
		file->state = DEBUGFILE_VIRTUAL;
		return 0;
	}
	if (elf_version(EV_CURRENT) == EV_NONE) {
		file->state = DEBUGFILE_BAD;
		return 0;
	}

	found = find_file(path, build_id, sysroot, &worst);
	if (!found) {
		file->state = worst == LOOK_OTHER ? DEBUGFILE_REPLACED
			      : worst == LOOK_BAD ? DEBUGFILE_BAD
						  : DEBUGFILE_MISSING;
		return 0;
	}
	r = begin(file, found, sysroot);
	free(found);
	return r;
}

Dwarf *debugfile_dwarf(struct debugfile *file, Dwarf_Addr *ret_bias)
{
	*ret_bias = 0;
	return file->mod ? dwfl_module_getdwarf(file->mod, ret_bias) : NULL;
}

void debugfile_close(struct debugfile *file)
{
	if (file->dwfl)
		dwfl_end(file->dwfl);
	free(file->debuginfo_path);
	*file = (struct debugfile){ .state = DEBUGFILE_MISSING };
}
