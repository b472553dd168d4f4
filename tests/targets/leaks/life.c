/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that come to be before main() and after it, in children, and as the program ends. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>

#include "shapes.h"

#define RACERS 4

static void *volatile global;
static const char *wanted;
static char **words;

static bool is_wanted(char *const argv[], const char *name)
{
	return argv && argv[0] && argv[1] && strcmp(argv[1], name) == 0;
}

/* --------------------------------------------------------------- before main */

static void first_of_all(int argc, char *argv[])
{
	(void)argc;
	if (is_wanted(argv, "preinit"))
		global = calloc(1, 40), (void)calloc(1, 50);
}

__attribute__((section(".preinit_array"),
	       used)) static void (*const preinit)(int, char *[]) = first_of_all;

__attribute__((constructor)) static void construct(int argc, char *argv[])
{
	(void)argc;
	if (is_wanted(argv, "constructor"))
		global = calloc(1, 60), (void)calloc(1, 70);
}

static void in_preinit(void)
{
	say("reachable", 1, 40);
	say("lost", 1, 50);
}

static void in_constructor(void)
{
	say("reachable", 1, 60);
	say("lost", 1, 70);
}

/* ---------------------------------------------------------------- after main */

static void at_end(void)
{
	(void)make(80);
	global = make(90);
}

__attribute__((destructor)) static void destroy(void)
{
	if (wanted && strcmp(wanted, "destructor") == 0)
		at_end();
	if (wanted && strcmp(wanted, "freed-at-end") == 0) {
		free(global);
		global = NULL;
	}
}

static void in_destructor(void)
{
	wanted = "destructor";
	say("lost", 1, 80);
	say("reachable", 1, 90);
}

static void in_atexit(void)
{
	must(atexit(at_end) == 0);
	say("lost", 1, 80);
	say("reachable", 1, 90);
}

/* What a destructor frees is no leak. */
static void freed_at_end(void)
{
	wanted = "freed-at-end";
	global = make(1000);
	say("lost", 0, 0);
}

/* ------------------------------------------------------------------ children */

static void await(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The child has its parent's blocks, and loses one of its own. */
static void fork_child(void)
{
	pid_t pid;

	global = make(30);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		(void)make(333);
		say("lost", 1, 333);
		exit(0);
	}
	await(pid);
	say("reachable", 1, 30);
}

/* What the child loses its parent still has. */
static void fork_child_forgets(void)
{
	pid_t pid;

	global = make(30);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		global = make(44);
		say("reachable", 1, 44);
		exit(0);
	}
	await(pid);
	say("reachable", 1, 30);
}

/* Nobody has these words any longer, although they are still there. */
attr_site static void leave_words(void)
{
	void *volatile words_left[10000];
	void *block = make(444);

	for (size_t i = 0; i < sizeof(words_left) / sizeof(words_left[0]); i++)
		words_left[i] = block;
}

static void fork_child_stale(void)
{
	pid_t pid;

	global = make(30);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		leave_words();
		say("lost", 1, 444);
		exit(0);
	}
	await(pid);
	say("reachable", 1, 30);
}

static void exec_clean(void)
{
	char *argv[] = { words[0], (char *)(uintptr_t) "clean", NULL };

	(void)make(200);
	(void)execv("/proc/self/exe", argv);
	must(false);
}

static void clean(void)
{
	say("lost", 0, 0);
}

/* ------------------------------------------------------------------- the end */

static void end_in_main(void)
{
	global = make(100);
	(void)make(110);
	say("reachable", 1, 100);
	say("lost", 1, 110);
	exit(0);
}

static void *end_here(void *arg)
{
	void *volatile mine = make(120);

	exit(mine ? 0 : 1);
	return arg;
}

/* The thread that ends the program is as dead as main() was. */
static void end_in_thread(void)
{
	pthread_t thread;

	say("reachable", 1, 120);
	must(pthread_create(&thread, NULL, end_here, NULL) == 0);
	(void)pthread_join(thread, NULL);
}

static void *end_as_last(void *arg)
{
	(void)make(130);
	(void)arg;
	return NULL;
}

static void main_ends_first(void)
{
	pthread_t thread;

	say("lost", 1, 130);
	must(pthread_create(&thread, NULL, end_as_last, NULL) == 0);
	must(pthread_detach(thread) == 0);
	pthread_exit(NULL);
}

static void handle(int number)
{
	(void)number;
	exit(0);
}

static void end_in_handler(void)
{
	must(signal(SIGUSR1, handle) != SIG_ERR);
	(void)make(140);
	say("lost", 1, 140);
	(void)raise(SIGUSR1);
}

/* Ways out that no handler of the program's end sees. */
static void end_at_once(void)
{
	global = make(100);
	(void)make(110);
	say("reachable", 1, 100);
	say("lost", 1, 110);
	_exit(0);
}

static void end_quickly(void)
{
	global = make(100);
	(void)make(110);
	say("reachable", 1, 100);
	say("lost", 1, 110);
	quick_exit(0);
}

/* Threads that change a block's address all the time, while the program ends. */
static void *volatile raced[RACERS];

static void *race(void *arg)
{
	void *volatile *mine = arg;

	for (size_t i = 1;; i++) {
		*mine = realloc(*mine, 64 + i % 7 * 5000);
		must(*mine);
	}
	return NULL;
}

static void realloc_race(void)
{
	for (size_t i = 0; i < RACERS; i++) {
		pthread_t thread;

		raced[i] = make(64);
		must(pthread_create(&thread, NULL, race, (void *)&raced[i]) == 0);
	}
	(void)usleep(20000);
	say_at_least("reachable", RACERS, 0);
}

static jmp_buf back;

attr_site static void jump_out(void)
{
	void *volatile mine = make(150);

	must(mine);
	longjmp(back, 1);
}

/* Whoever held it was jumped over. */
static void jumped_over(void)
{
	if (setjmp(back) == 0)
		jump_out();
	say("lost", 1, 150);
}

static const struct shape shapes[] = {
	{ "preinit", in_preinit },
	{ "constructor", in_constructor },
	{ "destructor", in_destructor },
	{ "atexit", in_atexit },
	{ "freed-at-end", freed_at_end },
	{ "fork-child", fork_child },
	{ "fork-child-forgets", fork_child_forgets },
	{ "fork-child-stale", fork_child_stale },
	{ "exec-clean", exec_clean },
	{ "clean", clean },
	{ "end-in-main", end_in_main },
	{ "end-in-thread", end_in_thread },
	{ "main-ends-first", main_ends_first },
	{ "end-in-handler", end_in_handler },
	{ "realloc-race", realloc_race },
	{ "jumped-over", jumped_over },
	{ "end-at-once", end_at_once },
	{ "end-quickly", end_quickly },
};

int main(int argc, char *argv[])
{
	words = argv;
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
