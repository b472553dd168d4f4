/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which loaded object an address of code belongs to: asks the dynamic
 * linker, which answers without a lock.
 */
#include "segment.h"

#include <dlfcn.h>
#include <errno.h>

/* Offsets in unwind tables have 32 bits: nothing of a table is farther from its header. */
#define FAR ((uintptr_t)1 << 31)

#ifdef DLFO_EH_SEGMENT_TYPE
extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));
#endif

static void segment_bound(const uint8_t *header, struct segment *ret_segment)
{
	uintptr_t at = (uintptr_t)header;

	*ret_segment = (struct segment){
		.start = (const uint8_t *)(at > FAR ? at - FAR : 0),
		.end = (const uint8_t *)(at < UINTPTR_MAX - FAR ? at + FAR : UINTPTR_MAX),
		.header = header,
	};
}

int segment_find(uintptr_t pc, struct segment *ret_segment)
{
#ifdef DLFO_EH_SEGMENT_TYPE
	struct dl_find_object found;

	if (_dl_find_object) {
		if (_dl_find_object((void *)pc, &found) < 0 || !found.dlfo_eh_frame)
			return -ENOENT;
		segment_bound((const uint8_t *)found.dlfo_eh_frame, ret_segment);
		return 0;
	}
#endif
	(void)pc;
	(void)ret_segment;
	return -ENOENT;
}
