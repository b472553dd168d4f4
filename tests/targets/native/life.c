/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocates at every moment of a process's life: in constructors of all
 * priorities, from main, in handlers of exit() of both kinds, and in
 * destructors after them.
 */
#include "truth.h"

attr_site static void *before_main(void)
{
	return malloc(11);
}

attr_site static void *in_main(void)
{
	return malloc(22);
}

attr_site static void *after_main(void)
{
	return malloc(33);
}

static void *kept;

static void preinit(int argc, char *argv[], char *envp[])
{
	(void)argc;
	(void)argv;
	(void)envp;
	kept = before_main();
}

__attribute__((section(".preinit_array"),
	       used)) static void (*const at_preinit)(int, char *[], char *[]) = preinit;

__attribute__((constructor(101))) static void construct_early(void)
{
	free(kept);
	kept = before_main();
}

__attribute__((constructor)) static void construct(void)
{
	free(before_main());
}

__attribute__((destructor)) static void destruct(void)
{
	free(after_main());
}

__attribute__((destructor(101))) static void destruct_late(void)
{
	free(kept);
	kept = after_main();

	truth("{\"totals\": {\"live_blocks\": 1, \"live_bytes\": 33}, \"end\": {\"how\": \"exit\","
	      " \"status\": 7}, \"sites\": {\"before_main\": {\"allocations\": 3,"
	      " \"live_blocks\": 0}, \"in_main\": {\"allocations\": 1, \"live_blocks\": 0},"
	      " \"after_main\": {\"allocations\": 5, \"live_blocks\": 1}}}\n");
}

static void at_exit(void)
{
	free(after_main());
	free(kept);
	kept = after_main();
}

static void on_exit_handler(int status, void *block)
{
	must(status == 7);
	free(block);
	free(after_main());
}

int main(void)
{
	free(kept);
	kept = NULL;
	must(on_exit(on_exit_handler, in_main()) == 0);
	must(atexit(at_exit) == 0);
	exit(7);
}
