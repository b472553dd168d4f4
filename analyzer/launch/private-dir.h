/* SPDX-License-Identifier: Apache-2.0 */
/* A directory that only the processes of one run can reach. */
#ifndef LAUNCH_PRIVATE_DIR_H
#define LAUNCH_PRIVATE_DIR_H

#include "base/attr.h"

/**
 * private_dir_new() - make one below XDG_RUNTIME_DIR, TMPDIR or /tmp
 *
 * For root it can also be reached by processes that have given up their
 * privileges, if they know its name: the name's last part is random and its
 * parent cannot be listed.
 *
 * Return: 0 and its path, owned by the caller; or a negative errno.
 */
attr_nodiscard int private_dir_new(char **ret_path);

/** private_dir_remove() - remove it, which must be empty, and free @path.  Return: NULL */
char *private_dir_remove(char *path);

#endif /* LAUNCH_PRIVATE_DIR_H */
