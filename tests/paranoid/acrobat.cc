/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks that are hard to follow: exceptions, longjmp, coroutines, signal
 * handlers on either stack, realigned and variable frames, deep recursion,
 * libraries that come and go at one address, vfork, threads.  Every act
 * allocates wherever it stands.
 */
#include <alloca.h>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

#define NOINLINE __attribute__((noinline, noclone))

static volatile unsigned long sink;
static volatile unsigned long steps;

/* In malloc or free, where no handler may call them. */
static volatile sig_atomic_t allocating;

NOINLINE static void touch()
{
	void *p;

	allocating = 1;
	p = malloc(24 + steps++ % 64);
	sink = sink + (unsigned long)p;
	free(p);
	allocating = 0;
}

NOINLINE static unsigned long random_number()
{
	static __thread unsigned long state = 88172645463325252ul;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* ---------------------------------------------------------- frame shapes */

NOINLINE static void plain(int depth);
NOINLINE static void variable(int depth);
NOINLINE static void realigned(int depth);
NOINLINE static void realigned_variable(int depth);
__attribute__((optimize("no-omit-frame-pointer"))) NOINLINE static void pointed(int depth);
static void deeper(int depth);

NOINLINE static void plain(int depth)
{
	touch();
	deeper(depth - 1);
	touch();
}

NOINLINE static void pointed(int depth)
{
	volatile char pad[40];

	pad[depth % 40] = 1;
	touch();
	deeper(depth - 1);
	sink = sink + (unsigned long)pad[depth % 40];
}

NOINLINE static void variable(int depth)
{
	char *p = static_cast<char *>(alloca(random_number() % 300 + 1));

	p[0] = 1;
	touch();
	deeper(depth - 1);
	sink = sink + (unsigned long)p[0];
}

NOINLINE static void realigned(int depth)
{
	struct {
		double d[8];
	} block __attribute__((aligned(64)));

	__asm__ volatile("" : : "r"(&block) : "memory");
	touch();
	deeper(depth - 1);
	__asm__ volatile("" : : "r"(&block) : "memory");
	touch();
}

NOINLINE static void realigned_variable(int depth)
{
	struct {
		double d[8];
	} block __attribute__((aligned(32)));
	char *p = static_cast<char *>(alloca(random_number() % 100 + 1));

	__asm__ volatile("" : : "r"(&block), "r"(p) : "memory");
	touch();
	deeper(depth - 1);
	__asm__ volatile("" : : "r"(&block), "r"(p) : "memory");
}

NOINLINE static void deeper(int depth)
{
	if (depth <= 0) {
		touch();
		return;
	}
	switch (random_number() % 5) {
	case 0:
		plain(depth);
		break;
	case 1:
		pointed(depth);
		break;
	case 2:
		variable(depth);
		break;
	case 3:
		realigned(depth);
		break;
	default:
		realigned_variable(depth);
		break;
	}
	sink = sink + 1;
}

/* ------------------------------------------------------------- exceptions */

struct guard {
	~guard()
	{
		touch();
	}
};

NOINLINE static void thrower(int depth)
{
	guard g;

	touch();
	if (depth == 0)
		throw std::runtime_error(std::string(100, 'x'));
	if (random_number() % 3 == 0) {
		try {
			thrower(depth - 1);
		} catch (std::runtime_error &) {
			touch();
			throw;
		}
	} else {
		thrower(depth - 1);
	}
	sink = sink + 1;
}

static void exceptions()
{
	for (int i = 0; i < 60; i++) {
		try {
			thrower(i % 25);
		} catch (std::exception &e) {
			std::string copy(e.what());

			sink = sink + copy.size();
		}
	}
}

/* ---------------------------------------------------------------- longjmp */

static jmp_buf jump;

NOINLINE static void jumper(int depth)
{
	touch();
	if (depth < 0)
		return;
	if (depth == 0)
		longjmp(jump, 1);
	if (depth % 2)
		realigned(2);
	jumper(depth - 1);
	sink = sink + 1;
}

static void longjumps()
{
	for (volatile int i = 0; i < 60; i++) {
		if (setjmp(jump) == 0)
			jumper(i % 20);
		touch();
	}
}

/* ------------------------------------------------------------- coroutines */

static ucontext_t main_context, contexts[4];
static volatile int running;

static void coroutine(int self)
{
	for (int i = 0; i < 20; i++) {
		deeper((i + self) % 12);
		swapcontext(&contexts[self], &main_context);
	}
	running--;
	swapcontext(&contexts[self], &main_context);
}

NOINLINE static void coroutines()
{
	const size_t bytes = 65536;

	for (int round = 0; round < 10; round++) {
		char *stacks = static_cast<char *>(mmap(nullptr, bytes * 4, PROT_READ | PROT_WRITE,
							MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

		running = 4;
		for (int i = 0; i < 4; i++) {
			getcontext(&contexts[i]);
			contexts[i].uc_stack.ss_sp = stacks + bytes * i;
			contexts[i].uc_stack.ss_size = bytes;
			contexts[i].uc_link = &main_context;
			makecontext(&contexts[i], reinterpret_cast<void (*)()>(coroutine), 1, i);
		}
		while (running > 0)
			for (auto &context : contexts)
				swapcontext(&main_context, &context);
		touch();
		munmap(stacks, bytes * 4);
		deeper(6);
	}
}

/* ---------------------------------------------------------------- signals */

static void on_signal(int)
{
	deeper(4);
}

NOINLINE static void raiser(int depth)
{
	if (depth > 0)
		raiser(depth - 1);
	else
		raise(SIGUSR1);
	touch();
}

static void signals(int flags)
{
	static char memory[65536];
	struct sigaction action = {};
	stack_t stack = {};

	stack.ss_sp = memory;
	stack.ss_size = sizeof(memory);
	sigaltstack(&stack, nullptr);
	action.sa_handler = on_signal;
	action.sa_flags = flags;
	sigaction(SIGUSR1, &action, nullptr);
	for (int i = 0; i < 40; i++)
		raiser(i % 10);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, nullptr);
}

/* Interrupted anywhere but in the allocator: in prologues, epilogues, PLT entries, the vDSO. */
static void on_timer(int)
{
	if (!allocating)
		touch();
}

static void timer(int flags)
{
	struct sigaction action = {};
	struct itimerval often = { { 0, 300 }, { 0, 300 } };
	struct itimerval off = {};
	struct timespec now;

	action.sa_handler = on_timer;
	action.sa_flags = flags | SA_RESTART;
	sigaction(SIGALRM, &action, nullptr);
	setitimer(ITIMER_REAL, &often, nullptr);
	for (int i = 0; i < 60; i++) {
		/* Little of it in malloc, whose interruptions are not recorded. */
		for (int k = 0; k < 20000; k++) {
			clock_gettime(CLOCK_MONOTONIC, &now);
			sink = sink + random_number() + strlen(getenv("PATH")) +
			       (unsigned long)now.tv_nsec;
		}
		deeper(5);
	}
	setitimer(ITIMER_REAL, &off, nullptr);
}

/* -------------------------------------------------- libraries at one place */

static void plugin_callback(int depth)
{
	deeper(depth);
}

static void plugins(const char *first, const char *second)
{
	const char *names[] = { first, second };

	for (int i = 0; i < 40; i++) {
		void *handle = dlopen(names[i % 2], RTLD_NOW | RTLD_LOCAL);
		void (*enter)(void (*)(int), int);

		if (!handle) {
			fprintf(stderr, "%s\n", dlerror());
			exit(1);
		}
		*reinterpret_cast<void **>(&enter) = dlsym(handle, "enter");
		enter(plugin_callback, 3);
		dlclose(handle);
		touch();
	}
}

/* ---------------------------------------------------------------- threads */

static void *thread_main(void *arg)
{
	for (int i = 0; i < 30; i++) {
		deeper(i % 15);
		try {
			thrower(i % 5);
		} catch (std::exception &) {
			touch();
		}
	}
	return arg;
}

static void threads()
{
	for (int round = 0; round < 5; round++) {
		pthread_t thread[4];

		for (auto &t : thread)
			pthread_create(&t, nullptr, thread_main, nullptr);
		for (auto &t : thread)
			pthread_join(t, nullptr);
	}
}

NOINLINE static void vforks()
{
	for (volatile int i = 0; i < 10; i = i + 1) {
		pid_t pid = vfork();

		if (pid == 0) {
			deeper(4);
			_exit(0);
		}
		waitpid(pid, nullptr, 0);
		touch();
	}
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			deeper(8);
			_exit(0);
		}
		waitpid(pid, nullptr, 0);
		touch();
	}
}

int main(int argc, char **argv)
{
	deeper(30);
	exceptions();
	longjumps();
	coroutines();
	signals(0);
	signals(SA_ONSTACK);
	timer(0);
	timer(SA_ONSTACK);
	if (argc == 3)
		plugins(argv[1], argv[2]);
	threads();
	vforks();
	deeper(1000);
	return 0;
}
