/* SPDX-License-Identifier: Apache-2.0 */
/* A library that keeps words for each thread; one with this source is taken for an allocator. */
#define WORDS 9

void KEEP(void *block);

static _Thread_local void *volatile words[WORDS];

void KEEP(void *block)
{
	for (int i = 0; i < WORDS; i++)
		words[i] = block;
}
