/* SPDX-License-Identifier: Apache-2.0 */
/* Where libtenure.so is. */
#ifndef LAUNCH_SHIM_H
#define LAUNCH_SHIM_H

#include <stdbool.h>

#include "base/attr.h"

#define SHIM_NAME "libtenure.so"

/**
 * shim_find() - the library to preload
 *
 * Looks at $TENURE_LIB, then beside this executable (build tree, then the
 * installed place relative to it), then in the directory it was configured
 * for.
 *
 * Return: 0 and an absolute path, owned by the caller; -ENOENT when there is
 * none; -EINVAL when the path cannot stand in LD_PRELOAD (it holds a space or
 * a colon); -ENOMEM.
 */
attr_nodiscard int shim_find(char **ret_path);

/** shim_given() - does $TENURE_LIB say where the library is? */
bool shim_given(void);

#endif /* LAUNCH_SHIM_H */
