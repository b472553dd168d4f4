/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a collector of one's own, when there is no `tenure run` above.
 */
#include "spawn.h"

#include <errno.h>

int spawn_collector(void)
{
	return -ENOENT;
}
