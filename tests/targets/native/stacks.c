/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks that are not the thread's own, and stacks that are left without
 * returning: coroutines, an alternate signal stack, longjmp.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "truth.h"

#define STACK_BYTES 65536
#define ROUNDS	    500

static ucontext_t main_context, contexts[2];
static char stacks[2][STACK_BYTES], signal_stack[STACK_BYTES];
static jmp_buf back;

attr_site static void *in_coroutine(void)
{
	return malloc(10);
}

attr_site static void *in_handler(void)
{
	return malloc(20);
}

attr_site static void *before_jump(void)
{
	return malloc(30);
}

attr_site static void *in_main(void)
{
	return malloc(40);
}

static void coroutine(int me)
{
	for (int i = 0; i < ROUNDS; i++) {
		must(in_coroutine());
		must(swapcontext(&contexts[me], &main_context) == 0);
	}
}

static void run_coroutines(void)
{
	for (int i = 0; i < 2; i++) {
		must(getcontext(&contexts[i]) == 0);
		contexts[i].uc_stack.ss_sp = stacks[i];
		contexts[i].uc_stack.ss_size = STACK_BYTES;
		contexts[i].uc_link = &main_context;
		makecontext(&contexts[i], (void (*)(void))coroutine, 1, i);
	}
	for (int i = 0; i < ROUNDS; i++) {
		must(swapcontext(&main_context, &contexts[i % 2]) == 0);
		free(in_main());
		must(swapcontext(&main_context, &contexts[1 - i % 2]) == 0);
	}
}

static void handle(int signal)
{
	(void)signal;
	must(in_handler());
}

static void run_signals(void)
{
	const struct sigaction action = { .sa_handler = handle, .sa_flags = SA_ONSTACK };
	const stack_t stack = { .ss_sp = signal_stack, .ss_size = STACK_BYTES };

	must(sigaltstack(&stack, NULL) == 0);
	must(sigaction(SIGUSR1, &action, NULL) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		must(raise(SIGUSR1) == 0);
		free(in_main());
	}
}

__attribute__((noinline)) static void descend(int depth)
{
	volatile char frame[100];

	frame[depth % 100] = 0;
	if (depth > 0)
		descend(depth - 1);
	free(before_jump());
	if (frame[depth % 100] == 0)
		longjmp(back, 1);
}

static void run_jumps(void)
{
	for (volatile int i = 0; i < ROUNDS; i++) {
		if (setjmp(back) == 0)
			descend(i % 40);
		free(in_main());
	}
}

int main(void)
{
	run_coroutines();
	run_signals();
	run_jumps();

	truth("{\"sites\": {\"in_coroutine\": {\"allocations\": %d, \"live_bytes\": %d},"
	      " \"in_handler\": {\"allocations\": %d, \"live_bytes\": %d},"
	      " \"before_jump\": {\"allocations\": %d}, \"in_main\": {\"allocations\": %d}},"
	      " \"stacks\": {\"before_jump\": {\"through\": [\"descend\", \"run_jumps\", \"main\"]},"
	      " \"in_handler\": {\"through\": [\"handle\", \"run_signals\", \"main\"]},"
	      " \"in_coroutine\": {\"through\": [\"coroutine\"]}}}\n",
	      2 * ROUNDS, 20 * ROUNDS, ROUNDS, 20 * ROUNDS, ROUNDS, 3 * ROUNDS);
	return EXIT_SUCCESS;
}
