/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No language provider.
 */
#include "provider.h"

#include <stddef.h>

const struct provider_ops *provider_ops;

void provider_watch(struct thread *thread)
{
	(void)thread;
}
