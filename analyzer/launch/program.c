/* SPDX-License-Identifier: Apache-2.0 */
/* Looks into a program file before it is started. */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "launch/program.h"

#define SCRIPT_LINE_MAX	 256 /* the kernel reads no more (BINPRM_BUF_SIZE) */
#define SCRIPT_DEPTH_MAX 5   /* nor does it follow more interpreters than this */
#define HEADERS_MAX	 128 /* program headers looked at */

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#else
#error "tenure does not know this processor"
#endif

static int check_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return neg_errno();
	if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return -EACCES;
	return 0;
}

int program_find(const char *name, char **ret_path)
{
	const char *path = getenv("PATH");
	bool denied = false;

	if (!*name)
		return -ENOENT;
	if (strchr(name, '/')) {
		int r = check_file(name);

		if (r < 0)
			return r;
		*ret_path = strdup(name);
		return *ret_path ? 0 : -ENOMEM;
	}

	for (path = path ? path : "/bin:/usr/bin"; path; path = *path ? path + 1 : NULL) {
		size_t length = strcspn(path, ":");
		char *full;
		int r;

		/* An empty entry means the current directory. */
		r = asprintf(&full, "%.*s%s%s", (int)length, path, length ? "/" : "./", name);
		if (r < 0)
			return -ENOMEM;
		r = check_file(full);
		if (r == 0) {
			*ret_path = full;
			return 0;
		}
		denied |= r == -EACCES;
		free(full);
		path += length;
	}
	return denied ? -EACCES : -ENOENT;
}

/* Whether the kernel would start @fd with privileges, so that the loader ignores LD_PRELOAD. */
static enum program_obstacle check_privileges(int fd)
{
	struct statvfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0)
		return PROGRAM_FINE;
	if ((fs.f_flag & ST_NOSUID) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return PROGRAM_FINE;

	if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
		return PROGRAM_SETUID;
	/* Without the group's execute bit, S_ISGID asks for mandatory locking. */
	if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != getgid())
		return PROGRAM_SETGID;
	if (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return PROGRAM_CAPABILITIES;
	return PROGRAM_FINE;
}

/* A dynamic loader has no interpreter itself, but preloads all the same. */
static bool is_loader(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strncmp(slash ? slash + 1 : path, "ld-linux", 8) == 0;
}

static void read_loader(int fd, const Elf64_Phdr *header, struct program *program)
{
	size_t size = header->p_filesz;
	ssize_t n;

	if (size >= sizeof(program->loader))
		size = sizeof(program->loader) - 1;
	n = pread(fd, program->loader, size, (off_t)header->p_offset);
	program->loader[n > 0 ? n : 0] = '\0';
}

static enum program_obstacle check_elf(int fd, const Elf64_Ehdr *elf, struct program *program)
{
	Elf64_Phdr headers[HEADERS_MAX];
	size_t count = elf->e_phnum < HEADERS_MAX ? elf->e_phnum : HEADERS_MAX;
	ssize_t n;

	if (elf->e_ident[EI_CLASS] != ELFCLASS64)
		return PROGRAM_OTHER_CLASS;
	if (elf->e_machine != OWN_MACHINE || elf->e_ident[EI_DATA] != ELFDATA2LSB)
		return PROGRAM_OTHER_CPU;
	if (elf->e_phentsize != sizeof(headers[0]))
		return PROGRAM_UNKNOWN;

	n = pread(fd, headers, count * sizeof(headers[0]), (off_t)elf->e_phoff);
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(headers[0]); i++) {
		if (headers[i].p_type == PT_INTERP)
			read_loader(fd, &headers[i], program);
	}

	if (!*program->loader && !is_loader(program->runs))
		return PROGRAM_STATIC;
	if (strstr(program->loader, "ld-musl"))
		return PROGRAM_MUSL;
	return check_privileges(fd);
}

/*
 * The interpreter in @line, which begins with "#!".  "/usr/bin/env NAME" and
 * "env -S NAME ..." stand for NAME as found in PATH.
 */
static int parse_script(char *line, char **ret_path)
{
	char *save, *word = strtok_r(line + 2, " \t", &save);
	const char *slash;

	if (!word)
		return -ENOEXEC;

	slash = strrchr(word, '/');
	if (strcmp(slash ? slash + 1 : word, "env") == 0) {
		char *name = strtok_r(NULL, " \t", &save);

		while (name && (*name == '-' || strchr(name, '=')))
			name = strtok_r(NULL, " \t", &save);
		if (name)
			return program_find(name, ret_path);
	}

	*ret_path = strdup(word);
	return *ret_path ? 0 : -ENOMEM;
}

/* Looks at program->runs; *ret_next is the interpreter to look at instead, if it is a script. */
static int inspect_file(struct program *program, char **ret_next)
{
	union {
		Elf64_Ehdr elf;
		char line[SCRIPT_LINE_MAX + 1];
	} head = { .line = "" };
	int fd = open(program->runs, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int r = 0;

	if (fd < 0) {
		/* A program may be executable but not readable. */
		program->obstacle = PROGRAM_UNKNOWN;
		return errno == EACCES ? 0 : neg_errno();
	}

	n = pread(fd, head.line, SCRIPT_LINE_MAX, 0);
	if (n >= (ssize_t)sizeof(head.elf) && memcmp(head.elf.e_ident, ELFMAG, SELFMAG) == 0) {
		program->obstacle = check_elf(fd, &head.elf, program);
	} else if (n > 2 && memcmp(head.line, "#!", 2) == 0) {
		head.line[strcspn(head.line, "\n")] = '\0';
		r = parse_script(head.line, ret_next);
	} else {
		program->obstacle = PROGRAM_UNKNOWN;
	}
	(void)close(fd);
	return r;
}

int program_inspect(const char *name, struct program *ret_program)
{
	struct program program = { .path = NULL };
	int r = program_find(name, &program.path);

	if (r < 0)
		return r;

	program.runs = strdup(program.path);
	for (int depth = 0; program.runs && depth < SCRIPT_DEPTH_MAX; depth++) {
		char *next = NULL;

		r = inspect_file(&program, &next);
		if (r == -ENOENT || r == -ENOEXEC) {
			program.obstacle = PROGRAM_NO_INTERPRETER;
			r = 0;
			break;
		}
		if (r < 0 || !next)
			break;
		free(program.runs);
		program.runs = next;
	}

	if (!program.runs)
		r = -ENOMEM;
	if (r < 0)
		program_fini(&program);
	else
		*ret_program = program;
	return r;
}

void program_fini(struct program *program)
{
	free(program->path);
	free(program->runs);
	program->path = NULL;
	program->runs = NULL;
}

const char *program_why(enum program_obstacle obstacle)
{
	switch (obstacle) {
	case PROGRAM_FINE:
		break;
	case PROGRAM_STATIC:
		return "is statically linked, so nothing can be preloaded into it";
	case PROGRAM_MUSL:
		return "uses musl, and libtenure.so is made for glibc";
	case PROGRAM_OTHER_CLASS:
		return "is a 32-bit program, and libtenure.so is 64-bit";
	case PROGRAM_OTHER_CPU:
		return "is made for another processor";
	case PROGRAM_SETUID:
		return "is setuid, so the dynamic loader ignores LD_PRELOAD";
	case PROGRAM_SETGID:
		return "is setgid, so the dynamic loader ignores LD_PRELOAD";
	case PROGRAM_CAPABILITIES:
		return "has file capabilities, so the dynamic loader ignores LD_PRELOAD";
	case PROGRAM_UNKNOWN:
		return "is neither an ELF file nor a script with an interpreter line";
	case PROGRAM_NO_INTERPRETER:
		return "is a script whose interpreter is not there";
	}
	return "can be profiled";
}
