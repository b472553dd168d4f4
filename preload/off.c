/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emergency exit: recording ends for good, the program goes on.
 */
#include "off.h"

#include <string.h>

#include "image.h"
#include "shared.h"
#include "thread.h"

void shim_off(const char *reason)
{
	size_t n = strlen(reason);
	uint32_t was;

	if (!image)
		return;

	was = __atomic_exchange_n(&image->state, IMAGE_OFF, __ATOMIC_SEQ_CST);
	if ((was != IMAGE_ON && was != IMAGE_STARTING) || !shared)
		return;

	if (n >= sizeof(shared->off_reason))
		n = sizeof(shared->off_reason) - 1;
	memcpy(shared->off_reason, reason, n);
	/* Release: the analyzer reads the reason once it sees the flag. */
	__atomic_store_n(&shared->off, 1, __ATOMIC_RELEASE);
	thread_park_all();
}
