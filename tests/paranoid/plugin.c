/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built twice, with frames of different sizes at the same addresses.
 */
#include <stdlib.h>

#ifndef PAD
#define PAD 40
#endif

static void *volatile kept;

__attribute__((noinline)) static void inner(void (*call)(int), int depth)
{
	volatile char pad[PAD];

	pad[depth] = 1;
	kept = malloc(10);
	free(kept);
	call(depth + pad[depth]);
	kept = malloc(20);
	free(kept);
	pad[depth] = 2;
}

void enter(void (*call)(int), int depth);

void enter(void (*call)(int), int depth)
{
	volatile char pad[PAD * 2];

	pad[0] = 1;
	inner(call, depth + pad[0]);
	pad[1] = 1;
}
