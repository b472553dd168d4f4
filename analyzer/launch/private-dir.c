/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and removes the directory that holds the socket. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "launch/private-dir.h"

/* The socket's name and the random part must still fit sockaddr_un.sun_path. */
#define PARENT_MAX 48

static int make_below(const char *parent, char **ret_path)
{
	char *path;

	if (!parent || parent[0] != '/' || strlen(parent) > PARENT_MAX)
		return -ENOENT;
	if (asprintf(&path, "%s/tenure-XXXXXX", parent) < 0)
		return -ENOMEM;
	if (!mkdtemp(path)) {
		int r = neg_errno();

		free(path);
		return r;
	}
	*ret_path = path;
	return 0;
}

/* Others may pass through @path but not look into it, so they must know the name below. */
static int make_secret(const char *path, char **ret_path)
{
	uint64_t secret[2];
	char *below;

	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return neg_errno();
	if (asprintf(&below, "%s/%016" PRIx64 "%016" PRIx64, path, secret[0], secret[1]) < 0)
		return -ENOMEM;
	if (mkdir(below, 0700) < 0 || chmod(below, 0711) < 0 || chmod(path, 0711) < 0) {
		int r = neg_errno();

		(void)rmdir(below);
		free(below);
		return r;
	}
	*ret_path = below;
	return 0;
}

int private_dir_new(char **ret_path)
{
	const char *parents[] = { getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp" };
	bool root = geteuid() == 0;
	char *path = NULL, *below;
	int r = -ENOENT;

	/* Root's runtime directory is closed to the users that daemons become. */
	for (size_t i = root ? 1 : 0; i < ARRAY_SIZE(parents) && r < 0; i++)
		r = make_below(parents[i], &path);
	if (r < 0 || !root) {
		*ret_path = path;
		return r;
	}

	r = make_secret(path, &below);
	if (r < 0)
		(void)rmdir(path);
	else
		*ret_path = below;
	free(path);
	return r;
}

char *private_dir_remove(char *path)
{
	char *slash;

	if (!path)
		return NULL;

	(void)rmdir(path);
	/* With a secret part, the directory above it is ours too. */
	slash = strrchr(path, '/');
	if (geteuid() == 0 && slash) {
		*slash = '\0';
		(void)rmdir(path);
	}
	free(path);
	return NULL;
}
