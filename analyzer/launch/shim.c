/* SPDX-License-Identifier: Apache-2.0 */
/* Finds libtenure.so for the command that is running. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "launch/shim.h"

/* Directory of the running executable, without the slash; "" when unknown. */
static void find_own_directory(char *buf, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);
	char *slash;

	buf[n > 0 ? n : 0] = '\0';
	slash = strrchr(buf, '/');
	if (slash)
		*slash = '\0';
}

/* Takes @path if a file is there. */
static int try_path(const char *path, char **ret_path)
{
	char *real;

	if (access(path, R_OK) < 0)
		return -ENOENT;

	real = realpath(path, NULL);
	if (!real)
		return neg_errno();
	/* Both separate the entries of LD_PRELOAD, and there is no way to quote them. */
	if (strpbrk(real, " :")) {
		free(real);
		return -EINVAL;
	}
	*ret_path = real;
	return 0;
}

bool shim_given(void)
{
	const char *given = getenv("TENURE_LIB");

	return given && *given;
}

int shim_find(char **ret_path)
{
	static const char *const beside[] = { "preload", TENURE_LIB_FROM_BIN };
	char own[PATH_MAX], path[PATH_MAX + 256];
	int r;

	if (shim_given())
		return try_path(getenv("TENURE_LIB"), ret_path);

	find_own_directory(own, sizeof(own));
	for (size_t i = 0; *own && i < ARRAY_SIZE(beside); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s/" SHIM_NAME, own, beside[i]);
		r = try_path(path, ret_path);
		if (r != -ENOENT)
			return r;
	}
	return try_path(TENURE_LIB_DIR "/" SHIM_NAME, ret_path);
}
