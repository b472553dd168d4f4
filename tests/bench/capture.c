/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one capture of a stack costs, in ticks of the time stamp counter, by
 * the depth of the stack and by how many of its frames are new since the last
 * one; against the C library's backtrace() and libunwind's unw_backtrace().
 *
 * Frames are functions of different sizes without frame pointers.  Below the
 * fresh frames the stack stands still; the fresh ones are of four kinds in
 * turn, so that none is where it was.  The cost of reading the counter is
 * taken off.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ticks.h"
#include "stack.h"
#include "walk-fake.h"

enum {
	REPEATS = 40,
	FRAMES_MAX = 512,
	ROWS = 4,
	KINDS = 16,
};

typedef void (*frame_fn)(int depth);

/* The method under test, and what its captures took. */
static void (*method)(void);
static uint64_t ticks;
static int rounds;

static struct thread *self;

static int (*unw_backtrace_)(void **buffer, int size);

/* Frames to be called above the still ones, and of which kind. */
static int fresh;
static unsigned int row;

static frame_fn frames[ROWS][KINDS];
static volatile char sink;

/* Cycles, where stamps are coarser. */
static attr_always_inline uint64_t counter(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return ticks_read();
#endif
}

static attr_always_inline void measured(void)
{
	uint64_t start = counter();

	method();
	ticks += counter() - start;
}

/* Stands where the still frames end: calls the fresh ones, again and again. */
static attr_noinline void again(void)
{
	for (int i = 0; i < rounds; i++) {
		row = (row + 1) % (ROWS - 1);
		if (fresh == 0)
			measured();
		else
			frames[row][fresh % KINDS](fresh - 1);
	}
}

/* Fresh frames are of the rows but the last, still ones of the last. */
#define FRAME(r_, n_)                                             \
	static attr_noinline void frame##r_##_##n_(int depth)     \
	{                                                         \
		volatile char pad[((r_)*40 + (n_)*24) % 200 + 8]; \
                                                                  \
		pad[0] = (char)depth;                             \
		if (depth == 0 && (r_) == ROWS - 1)               \
			again();                                  \
		else if (depth == 0)                              \
			measured();                               \
		else                                              \
			frames[r_][depth % KINDS](depth - 1);     \
		sink = pad[0];                                    \
	}
#define FRAMES(r_)    \
	FRAME(r_, 0)  \
	FRAME(r_, 1)  \
	FRAME(r_, 2)  \
	FRAME(r_, 3)  \
	FRAME(r_, 4)  \
	FRAME(r_, 5)  \
	FRAME(r_, 6)  \
	FRAME(r_, 7)  \
	FRAME(r_, 8)  \
	FRAME(r_, 9)  \
	FRAME(r_, 10) \
	FRAME(r_, 11) \
	FRAME(r_, 12) \
	FRAME(r_, 13) \
	FRAME(r_, 14) \
	FRAME(r_, 15)
#define NAMES(r_)                                                                                  \
	{                                                                                          \
		frame##r_##_0, frame##r_##_1, frame##r_##_2, frame##r_##_3, frame##r_##_4,         \
			frame##r_##_5, frame##r_##_6, frame##r_##_7, frame##r_##_8, frame##r_##_9, \
			frame##r_##_10, frame##r_##_11, frame##r_##_12, frame##r_##_13,            \
			frame##r_##_14, frame##r_##_15                                             \
	}

FRAMES(0)
FRAMES(1)
FRAMES(2)
FRAMES(3)

static frame_fn frames[ROWS][KINDS] = { NAMES(0), NAMES(1), NAMES(2), NAMES(3) };

static void by_nothing(void)
{
	__asm__ volatile("");
}

static __attribute__((noinline, optimize("no-omit-frame-pointer"))) void by_tenure(void)
{
	const struct stack_regs regs = STACK_HERE();
	uint32_t id = walk_capture(self, &regs);

	__asm__ volatile("" : : "r"(id));
}

static void by_backtrace(void)
{
	void *buffer[FRAMES_MAX];

	(void)backtrace(buffer, FRAMES_MAX);
	__asm__ volatile("" : : "r"(buffer) : "memory");
}

static void by_libunwind(void)
{
	void *buffer[FRAMES_MAX];

	(void)unw_backtrace_(buffer, FRAMES_MAX);
	__asm__ volatile("" : : "r"(buffer) : "memory");
}

/* Mean ticks of a capture in the best of some repeats. */
static double cost(void (*by)(void), int depth, int fresh_frames, int count)
{
	double best = 1e18;

	method = by;
	fresh = fresh_frames;
	for (int i = 0; i < REPEATS; i++) {
		int around = 6 + fresh_frames; /* from main() on, and again() */
		int below = depth > around ? depth - around : 1;

		rounds = count;
		ticks = 0;
		frames[ROWS - 1][below % KINDS](below - 1);
		if ((double)ticks / count < best)
			best = (double)ticks / count;
	}
	return best;
}

int main(int argc, char **argv)
{
	static const int depths[] = { 8, 16, 32, 64, 200 };
	static const int changes[] = { 0, 1, 2, 4, 8 };
	int count = argc > 1 ? atoi(argv[1]) : 500;
	void *handle = dlopen("libunwind.so.8", RTLD_LOCAL | RTLD_NOW);
	double empty;

	if (handle)
		*(void **)&unw_backtrace_ = dlsym(handle, "unw_backtrace");
	fake_start();
	self = fake_thread();
	empty = cost(by_nothing, 8, 0, count);
	printf("ticks per capture; %.0f for reading the counter are taken off\n", empty);
	printf("%6s %6s %8s %10s %14s\n", "depth", "fresh", "tenure", "libunwind", "C library");
	for (size_t d = 0; d < ARRAY_SIZE(depths); d++) {
		for (size_t c = 0; c < ARRAY_SIZE(changes); c++) {
			if (changes[c] + 7 > depths[d])
				continue;
			printf("%6d %6d %8.0f", depths[d], changes[c],
			       cost(by_tenure, depths[d], changes[c], count) - empty);
			if (unw_backtrace_)
				printf(" %10.0f",
				       cost(by_libunwind, depths[d], changes[c], count) - empty);
			else
				printf(" %10s", "-");
			printf(" %14.0f\n",
			       cost(by_backtrace, depths[d], changes[c], count / 20 + 1) - empty);
		}
	}
	return 0;
}
