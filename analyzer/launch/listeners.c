/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for sockets in a process's environment, and in the kernel's list. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch/listeners.h"

#define VARIABLE      "TENURE_SOCKET="
#define NAME_PART     "tenure-"
#define NAME_END      "/socket"
#define FLAG_LISTENS  0x10000ul /* __SO_ACCEPTCON */
#define ENTRIES_BYTES 4096

static FILE *open_of(pid_t pid, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
	return fopen(path, "re");
}

/* @name: a path, or with '@' in front an abstract name. */
static bool make_listener(const char *name, struct listener *ret)
{
	size_t bytes = strlen(name);

	*ret = (struct listener){ .address.sun_family = AF_UNIX };
	if (bytes == 0 || bytes >= sizeof(ret->address.sun_path))
		return false;
	memcpy(ret->address.sun_path, name, bytes);
	ret->bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
	if (name[0] == '@')
		ret->address.sun_path[0] = '\0';
	else
		ret->bytes++;
	return true;
}

/* What the environment of @pid says.  Return: whether it could be read. */
static bool find_in_environ(pid_t pid, struct listener *ret, bool *ret_found)
{
	FILE *file = open_of(pid, "environ");
	char *entry = NULL;
	size_t space = 0;

	*ret_found = false;
	if (!file)
		return false;
	while (!*ret_found && getdelim(&entry, &space, '\0', file) > 0)
		*ret_found = strncmp(entry, VARIABLE, sizeof(VARIABLE) - 1) == 0 &&
			     make_listener(entry + sizeof(VARIABLE) - 1, ret);
	ret->named = *ret_found;
	free(entry);
	(void)fclose(file);
	return true;
}

/* "Num RefCount Protocol Flags Type St Inode Path" */
static bool is_ours(const char *line, char *ret_path)
{
	unsigned long flags;
	unsigned int type;
	size_t bytes;

	if (sscanf(line, "%*s %*s %*s %lx %x %*s %*s %107s", &flags, &type, ret_path) != 3 ||
	    !(flags & FLAG_LISTENS) || type != SOCK_SEQPACKET)
		return false;
	bytes = strlen(ret_path);
	return strstr(ret_path, NAME_PART) && bytes > sizeof(NAME_END) &&
	       strcmp(ret_path + bytes - (sizeof(NAME_END) - 1), NAME_END) == 0;
}

bool listeners_each(pid_t pid, bool (*each)(void *arg, const struct listener *listener), void *arg)
{
	struct listener listener;
	bool found, readable = find_in_environ(pid, &listener, &found);
	bool goes_on = !found || each(arg, &listener);
	char line[ENTRIES_BYTES], path[sizeof(listener.address.sun_path)];
	FILE *file = goes_on ? fopen("/proc/net/unix", "re") : NULL;

	while (file && goes_on && fgets(line, sizeof(line), file))
		if (is_ours(line, path) && make_listener(path, &listener))
			goes_on = each(arg, &listener);
	if (file)
		(void)fclose(file);
	return readable;
}

bool listeners_is_gone(pid_t pid)
{
	FILE *file = open_of(pid, "stat");
	char line[512], *state;
	bool gone = true;

	if (!file)
		return kill(pid, 0) < 0 && errno == ESRCH;
	/* The name of the program stands in brackets and may hold anything. */
	if (fgets(line, sizeof(line), file) && (state = strrchr(line, ')')) && state[1])
		gone = state[2] == 'Z' || state[2] == 'X';
	(void)fclose(file);
	return gone;
}
