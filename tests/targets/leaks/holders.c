/* SPDX-License-Identifier: Apache-2.0 */
/* What holds a block: data of modules, stacks, registers, thread-local memory, mappings. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "shapes.h"

#define KEYS	    40 /* more than fit into a thread's own first table */
#define STACK_BYTES 65536
#define PAGE	    4096
#define FAR	    (64 << 20)

static void *volatile in_bss;
static void *volatile in_data[4] = { (void *)1 };
static _Thread_local void *volatile in_tls;
static _Thread_local void *volatile in_tls_data[3] = { (void *)1, (void *)2 };
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static volatile int ready;

/* -------------------------------------------------------------------- data */

static void by_globals(void)
{
	static void *volatile hidden;

	in_bss = make(10);
	in_data[3] = make(20);
	hidden = make(30);
	must(hidden);
	say("reachable", 3, 60);
}

static void by_library(void)
{
	void *plugin = dlopen("libleaks-plugin.so", RTLD_NOW | RTLD_LOCAL);
	void (*keep)(size_t) = plugin ? (void (*)(size_t))dlsym(plugin, "plugin_keep") : NULL;

	must(keep);
	keep(400);
	say("reachable", 1, 400);
}

/* What its data held is lost with it. */
static void by_closed_library(void)
{
	void *plugin = dlopen("libleaks-plugin.so", RTLD_NOW | RTLD_LOCAL);
	void (*keep)(size_t) = plugin ? (void (*)(size_t))dlsym(plugin, "plugin_keep") : NULL;

	must(keep);
	keep(400);
	must(dlclose(plugin) == 0);
	say("lost", 1, 400);
}

static void by_library_tls(void)
{
	void *plugin = dlopen("libleaks-plugin.so", RTLD_NOW | RTLD_LOCAL);
	void (*keep)(size_t) = plugin ? (void (*)(size_t))dlsym(plugin, "plugin_keep_tls") : NULL;

	must(keep);
	keep(500);
	say("reachable", 1, 500);
}

/* ----------------------------------------------------------------- threads */

static pthread_t start(void *(*run)(void *))
{
	pthread_t thread;

	(void)pthread_mutex_lock(&held);
	must(pthread_create(&thread, NULL, run, NULL) == 0);
	while (!ready)
		;
	return thread;
}

static void wait_forever(void)
{
	ready = 1;
	(void)pthread_mutex_lock(&held);
}

static void by_tls(void)
{
	in_tls = make(80);
	in_tls_data[2] = make(90);
	say("reachable", 2, 170);
}

static void by_keys(void)
{
	pthread_key_t keys[KEYS];

	for (size_t i = 0; i < KEYS; i++) {
		must(pthread_key_create(&keys[i], NULL) == 0);
		must(pthread_setspecific(keys[i], make(100 + i)) == 0);
	}
	/* The C library's second table comes with them. */
	say_at_least("reachable", KEYS, KEYS * 100 + KEYS * (KEYS - 1) / 2);
}

static void *hold_in_tls(void *arg)
{
	pthread_key_t key;

	in_tls = make(60);
	must(pthread_key_create(&key, NULL) == 0 && pthread_setspecific(key, make(70)) == 0);
	wait_forever();
	return arg;
}

static void by_thread_tls(void)
{
	(void)start(hold_in_tls);
	say("reachable", 2, 130);
}

static void *hold_on_stack(void *arg)
{
	void *volatile mine = make(700);

	wait_forever();
	return arg ? arg : mine;
}

static void by_stack(void)
{
	(void)start(hold_on_stack);
	say("reachable", 1, 700);
}

static void *hold_in_register(void *arg)
{
#if defined(__x86_64__)
	void *block = make(800);

	/* Nowhere but in r12, and no call until the end. */
	__asm__ volatile("mov %0, %%r12\n\t"
			 "movq $0, %0\n\t"
			 "xor %%eax, %%eax\n\t"
			 "xor %%ecx, %%ecx\n\t"
			 "xor %%edx, %%edx\n\t"
			 "movl $1, %1\n"
			 "1:\tpause\n\t"
			 "jmp 1b"
			 : "+m"(block), "=m"(ready)
			 :
			 : "r12", "rax", "rcx", "rdx", "cc");
#endif
	return arg;
}

static void by_register(void)
{
#if defined(__x86_64__)
	(void)start(hold_in_register);
	say("reachable", 1, 800);
#else
	say("reachable", 0, 0);
#endif
}

static void *leave_behind(void *arg)
{
	void *volatile mine = make(900);

	in_tls = make(901);
	return arg ? arg : mine && in_tls ? NULL : arg;
}

/* The stack and the thread-local memory of a thread that is gone hold nothing. */
static void by_ended_thread(void)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, leave_behind, NULL) == 0);
	must(pthread_join(thread, NULL) == 0);
	say("lost", 2, 1801);
}

static void *hold_and_say(void *arg)
{
	void *volatile mine = make(910);

	must(pthread_detach(pthread_self()) == 0);
	wait_forever();
	return arg ? arg : mine;
}

static void by_detached_thread(void)
{
	(void)start(hold_and_say);
	say("reachable", 1, 910);
}

/* What it returned was for somebody to take: the C library still holds it. */
static void *give_back(void *arg)
{
	void *result = make(920);

	(void)arg;
	ready = 1;
	return result;
}

static void by_joined_result(void)
{
	pthread_t thread = start(give_back);
	void *result;

	must(pthread_join(thread, &result) == 0 && result);
	result = NULL;
	say("lost", 1, 920);
}

static void clean(void *arg)
{
	free(arg);
}

static void *be_cancelled(void *arg)
{
	void *block = make(930);

	pthread_cleanup_push(clean, make(64));
	ready = 1;
	for (;;)
		(void)pause();
	pthread_cleanup_pop(1);
	return arg ? arg : block;
}

static void by_cancelled_thread(void)
{
	pthread_t thread = start(be_cancelled);

	must(pthread_cancel(thread) == 0 && pthread_join(thread, NULL) == 0);
	say("lost", 1, 930);
}

/* ---------------------------------------------------------------- mappings */

static void *map(size_t bytes, int flags)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED);
	return at;
}

/*
 * A page far from all others.  The linker still knows where the cache was that it has
 * unmapped: a page in its place would be held by that.
 */
static void *map_apart(void)
{
	char *at = map(FAR, MAP_PRIVATE | MAP_NORESERVE);

	must(munmap(at, FAR / 2) == 0 && munmap(at + FAR / 2 + PAGE, FAR / 2 - PAGE) == 0);
	return at + FAR / 2;
}

static void by_mapping(void)
{
	void *volatile *page = map(PAGE, MAP_PRIVATE);

	page[300] = make(1000);
	in_bss = (void *)page;
	say("reachable", 1, 1000);
}

static void by_inside_of_mapping(void)
{
	void *volatile *page = map(4 * PAGE, MAP_PRIVATE);

	page[1300] = make(1000);
	in_bss = (void *)&page[600];
	say("reachable", 1, 1000);
}

static void by_shared_mapping(void)
{
	void *volatile *page = map(PAGE, MAP_SHARED);

	page[300] = make(1000);
	in_bss = (void *)page;
	say("reachable", 1, 1000);
}

/* Where the kernel tells nobody what was touched, all of it has to be read. */
static bool has_pagemap(void)
{
	return prctl(PR_GET_DUMPABLE) == 1 && access("/proc/self/pagemap", R_OK) == 0;
}

/* Much more than anybody will use, most of it never touched. */
static void by_reserved_mapping(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	size_t bytes = has_pagemap() ? (size_t)2 << 40 : (size_t)1 << 28;
	char *at = mmap(NULL, bytes, PROT_NONE, flags, -1, 0);

	for (; at == MAP_FAILED && bytes > PAGE; bytes /= 2)
		at = mmap(NULL, bytes / 2, PROT_NONE, flags, -1, 0);
	must(at != MAP_FAILED);
	must(mprotect(at, PAGE, PROT_READ | PROT_WRITE) == 0);
	must(mprotect(at + bytes / 8 * 3, PAGE, PROT_READ | PROT_WRITE) == 0);
	((void **)(uintptr_t)at)[3] = make(10);
	((void **)(uintptr_t)(at + bytes / 8 * 3))[5] = make(20);
	in_bss = at;
	say("reachable", 2, 30);
}

/* Nobody knows where the mapping is: what lies in it is lost. */
static void by_lost_mapping(void)
{
	void *volatile *page = map_apart();

	page[300] = make(1000);
	say("lost", 1, 1000);
}

/* Likewise, but there is a lost block that could tell. */
static void by_lost_block_and_mapping(void)
{
	void *volatile *outer = map_apart();
	void *volatile *inner = map_apart();
	void **block = make(100);

	*block = (void *)outer;
	outer[300] = (void *)inner;
	inner[300] = make(1000);
	say("lost", 1, 100);
	say("lost_through", 1, 1000);
}

/* No block has a share in the ring, and each of the two behind it hangs on both ranges. */
static void by_lost_ring_of_mappings(void)
{
	void *volatile *one = map_apart();
	void *volatile *other = map_apart();

	one[1] = (void *)other;
	other[1] = (void *)one;
	one[2] = make(1000);
	other[2] = make(500);
	say("lost", 2, 1500);
}

static void by_unmapped(void)
{
	void *volatile *page = map(PAGE, MAP_PRIVATE);

	page[300] = make(1000);
	must(munmap((void *)page, PAGE) == 0);
	say("lost", 1, 1000);
}

static void by_break(void)
{
	void *volatile *at = sbrk(PAGE);

	must(at != (void *)-1);
	at = (void *)(((uintptr_t)at + 15) & ~(uintptr_t)15);
	at[5] = make(1000);
	in_bss = (void *)at;
	say("reachable", 1, 1000);
}

/* A page that nobody may read lies in a block that somebody holds. */
static void behind_protected_page(void)
{
	char *block = aligned_alloc(PAGE, 5 * PAGE);

	must(block);
	memset(block, 0, 5 * PAGE);
	((void **)(uintptr_t)block)[5] = make(40);
	((void **)(uintptr_t)block)[4 * PAGE / 8 + 5] = make(50);
	must(mprotect(block + 2 * PAGE, PAGE, PROT_NONE) == 0);
	in_bss = block;
	say("reachable", 3, 5 * PAGE + 90);
}

static void by_read_only_page(void)
{
	void *volatile *page = map(PAGE, MAP_PRIVATE);

	page[3] = make(60);
	must(mprotect((void *)page, PAGE, PROT_READ) == 0);
	in_bss = (void *)page;
	say("reachable", 1, 60);
}

/* -------------------------------------------------------------- coroutines */

static ucontext_t main_context, coroutine;

static void co_run(void)
{
	void *volatile mine = make(300);

	must(mine && swapcontext(&coroutine, &main_context) == 0);
}

static void run_on(void *stack)
{
	must(getcontext(&coroutine) == 0);
	coroutine.uc_stack.ss_sp = stack;
	coroutine.uc_stack.ss_size = STACK_BYTES;
	coroutine.uc_link = &main_context;
	makecontext(&coroutine, co_run, 0);
	must(swapcontext(&main_context, &coroutine) == 0);
}

static void by_coroutine(void)
{
	void *stack = make(STACK_BYTES);

	run_on(stack);
	say("reachable", 2, STACK_BYTES + 300);
}

static void by_mapped_coroutine(void)
{
	void *stack = map(STACK_BYTES, MAP_PRIVATE | MAP_STACK);

	run_on(stack);
	say("reachable", 1, 300);
}

/* Its stack was given up with what it held. */
static void by_lost_coroutine(void)
{
	void *stack = make(STACK_BYTES);

	run_on(stack);
	memset(&coroutine, 0, sizeof(coroutine));
	memset(&main_context, 0, sizeof(main_context));
	say("lost", 1, STACK_BYTES);
	say("lost_through", 1, 300);
}

static void by_signal_stack(void)
{
	const stack_t stack = { .ss_sp = make(STACK_BYTES), .ss_size = STACK_BYTES };

	must(sigaltstack(&stack, NULL) == 0);
	in_bss = stack.ss_sp;
	say("reachable", 1, STACK_BYTES);
}

static const struct shape shapes[] = {
	{ "globals", by_globals },
	{ "library", by_library },
	{ "closed-library", by_closed_library },
	{ "library-tls", by_library_tls },
	{ "tls", by_tls },
	{ "keys", by_keys },
	{ "thread-tls", by_thread_tls },
	{ "stack", by_stack },
	{ "register", by_register },
	{ "ended-thread", by_ended_thread },
	{ "detached-thread", by_detached_thread },
	{ "joined-result", by_joined_result },
	{ "cancelled-thread", by_cancelled_thread },
	{ "mapping", by_mapping },
	{ "inside-of-mapping", by_inside_of_mapping },
	{ "shared-mapping", by_shared_mapping },
	{ "reserved-mapping", by_reserved_mapping },
	{ "lost-mapping", by_lost_mapping },
	{ "lost-block-and-mapping", by_lost_block_and_mapping },
	{ "lost-ring-of-mappings", by_lost_ring_of_mappings },
	{ "unmapped", by_unmapped },
	{ "break", by_break },
	{ "behind-protected-page", behind_protected_page },
	{ "read-only-page", by_read_only_page },
	{ "coroutine", by_coroutine },
	{ "mapped-coroutine", by_mapped_coroutine },
	{ "lost-coroutine", by_lost_coroutine },
	{ "signal-stack", by_signal_stack },
};

int main(int argc, char *argv[])
{
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
