/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin that allocates, built several times with another PLUGIN_NAME, so
 * that different code lies at the same place of each.
 */
#include <stdlib.h>

#include "truth.h"

attr_site void *PLUGIN_NAME(size_t bytes);

attr_site void *PLUGIN_NAME(size_t bytes)
{
	return malloc(bytes);
}

void *plugin_make(size_t bytes);

void *plugin_make(size_t bytes)
{
	return PLUGIN_NAME(bytes);
}
