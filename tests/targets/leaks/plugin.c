/* SPDX-License-Identifier: Apache-2.0 */
/* A library that keeps a block for the one who loads it, and makes one as it is loaded. */
#include <stdlib.h>

void plugin_keep(size_t bytes);
void plugin_keep_tls(size_t bytes);

static void *volatile kept;
static _Thread_local void *volatile kept_tls;

void plugin_keep(size_t bytes)
{
	kept = calloc(1, bytes);
}

void plugin_keep_tls(size_t bytes)
{
	kept_tls = calloc(1, bytes);
}
