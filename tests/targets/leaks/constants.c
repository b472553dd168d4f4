/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not position-independent, and run where the heap comes right after the
 * data: numbers in its variables that lie in the heap, and are no pointers.
 */
#include <errno.h>
#include <sys/personality.h>

#include "shapes.h"

#define BLOCKS 10
#define SIZE   4321

/* Constants that go over the first 256 KiB of the heap in steps of 16 bytes. */
__asm__(".data\n"
	".balign 8\n"
	"constants:\n"
	".set at, 0\n"
	".rept 16384\n"
	".quad end + at\n"
	".set at, at + 16\n"
	".endr\n"
	".text\n");

extern char *constants[];
static void *changed;

attr_site static void lose(void)
{
	for (int i = 0; i < BLOCKS; i++)
		(void)make(SIZE);
}

static void table_of_constants(void)
{
	lose();
	say("lost", BLOCKS, SIZE * BLOCKS);
}

/* Only what has been written since the start can hold a block. */
static void constant_overwritten(void)
{
	constants[1] = make(SIZE);
	constants[2] = (char *)make(SIZE) + 16;
	changed = make(SIZE);
	say("reachable", 2, 2 * SIZE);
	say("possible", 1, SIZE);
}

static const struct shape shapes[] = {
	{ "constants-table", table_of_constants },
	{ "constants-overwritten", constant_overwritten },
};

int main(int argc, char *argv[])
{
	/* Where this is forbidden the shapes are what they are, but prove less. */
	if (argc > 1 && strcmp(argv[1], "--list") != 0 &&
	    !(personality(0xffffffff) & ADDR_NO_RANDOMIZE) &&
	    personality(personality(0xffffffff) | ADDR_NO_RANDOMIZE) >= 0)
		must(execv("/proc/self/exe", argv) == 0);
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
