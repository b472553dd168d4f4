/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads are seized and interrupted, never signalled, so that they notice
 * little.  One that is found in the middle of the shim's work has changed the
 * heap and not said so, or the reverse: it is let go for a moment and stopped
 * again.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "stop.h"

#define STOP_TRIES	   100
#define RUN_TRIES	   3000 /* of one that waits for nothing but a processor */
#define STOP_NS		   1000000
#define HOOK_NS		   20000
#define NAP_NS_MAX	   200000
#define HOOK_NS_MAX	   3000000000u /* until a thread is out of the hook, at the longest */
#define HOOK_WORDS	   160u	       /* of the stack, in which the hook's frame is looked for */
#define IDLE_TIMES	   3u
#define ROUNDS		   16
#define PTRACE_SEIZE_FLAGS 0

static void rest(long ns)
{
	const struct timespec time = { .tv_nsec = ns };

	(void)nanosleep(&time, NULL);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The letter that the kernel has for it, 'X' when it is gone. */
static char state_of(uint32_t pid, uint32_t tid)
{
	char path[64], text[256];
	char *state;
	size_t n;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return 'X';
	n = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[n] = '\0';
	state = strrchr(text, ')');
	return !state || strlen(state) < 3 ? 'X' : state[2];
}

/* Has it ended, and only its number is left? */
static bool is_zombie(uint32_t pid, uint32_t tid)
{
	char state = state_of(pid, tid);

	return state == 'Z' || state == 'X';
}

/* How often it has been given a processor; 0: the kernel does not say. */
static uint64_t turns_of(uint32_t pid, uint32_t tid)
{
	unsigned long long turns = 0;
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%u/task/%u/schedstat", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*s %*s %llu", &turns) != 1)
		turns = 0;
	(void)fclose(file);
	return turns;
}

static bool read_regs(struct target_thread *thread, uint64_t *ret_pc)
{
#if defined(__x86_64__)
	struct user_regs_struct regs;
	struct iovec part = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, (pid_t)thread->tid, (void *)NT_PRSTATUS, &part) < 0)
		return false;
	thread->sp = regs.rsp;
	thread->self = regs.fs_base;
	*ret_pc = regs.rip;
	const uint64_t all[] = { regs.rax, regs.rbx, regs.rcx, regs.rdx, regs.rsi,
				 regs.rdi, regs.rbp, regs.r8,  regs.r9,	 regs.r10,
				 regs.r11, regs.r12, regs.r13, regs.r14, regs.r15 };
	thread->regs_count = ARRAY_SIZE(all);
	memcpy(thread->regs, all, sizeof(all));
	return true;
#elif defined(__aarch64__)
	struct user_pt_regs regs;
	struct iovec part = { &regs, sizeof(regs) };
	struct iovec tls = { &thread->self, sizeof(thread->self) };

	if (ptrace(PTRACE_GETREGSET, (pid_t)thread->tid, (void *)NT_PRSTATUS, &part) < 0 ||
	    ptrace(PTRACE_GETREGSET, (pid_t)thread->tid, (void *)NT_ARM_TLS, &tls) < 0)
		return false;
	thread->sp = regs.sp;
	*ret_pc = regs.pc;
	thread->regs_count = ARRAY_SIZE(regs.regs);
	memcpy(thread->regs, regs.regs, sizeof(regs.regs));
	return true;
#else
	(void)thread;
	(void)ret_pc;
	return false;
#endif
}

/* Wait until it has stopped.  Return: 1 stopped, 0 it does not, -1 it is gone. */
static int await(uint32_t pid, uint32_t tid, int *ret_signal)
{
	for (int i = 0; i < STOP_TRIES || (i < RUN_TRIES && state_of(pid, tid) == 'R'); i++) {
		int status;
		pid_t got = waitpid((pid_t)tid, &status, __WALL | WNOHANG);

		if (got < 0 || (got > 0 && !WIFSTOPPED(status)))
			return -1;
		if (got > 0) {
			int event = status >> 16;

			*ret_signal = event ? 0 : WSTOPSIG(status);
			return 1;
		}
		if (i < 20)
			rest(HOOK_NS);
		else
			rest(STOP_NS);
	}
	return 0;
}

static bool is_in_hook(const struct memory *memory, const struct target_thread *thread, uint64_t pc,
		       const struct stop_hook *hook)
{
	uint64_t words[HOOK_WORDS];
	size_t count;

	if (pc - hook->start < hook->end - hook->start)
		return true;
	count = memory_read(memory, thread->sp, words, sizeof(words)) / sizeof(words[0]);
	for (size_t i = 0; i < count; i++)
		if (words[i] - hook->start < hook->end - hook->start)
			return true;
	return false;
}

/* Where a thread was met, and how often in a row: one that waits there has only stale words. */
struct place {
	uint64_t sp;
	uint64_t pc;
	unsigned int times;
};

/*
 * Let it go on for a moment, in which it runs: where there is more to do than
 * processors, that takes longer.  Return: false when it is gone.
 */
static bool let_run(const struct memory *memory, uint32_t tid, const struct stop_hook *hook,
		    long nap, uint64_t until)
{
	uint64_t turns = turns_of(memory->pid, tid);

	if (ptrace(PTRACE_CONT, (pid_t)tid, NULL, NULL) < 0)
		return false;
	do {
		rest(nap);
		hook->drain(hook->arg);
	} while (turns && turns_of(memory->pid, tid) == turns && now_ns() < until);
	return true;
}

/* Return: false when the thread is gone. */
static bool stop_one(const struct memory *memory, struct target_thread *thread,
		     const struct stop_hook *hook)
{
	int signal = 0;
	uint64_t pc = 0;
	uint64_t until = now_ns() + HOOK_NS_MAX;
	struct place place = { 0 };

	if (ptrace(PTRACE_SEIZE, (pid_t)thread->tid, NULL, PTRACE_SEIZE_FLAGS) < 0)
		return !(errno == ESRCH || is_zombie(memory->pid, thread->tid));

	for (long nap = HOOK_NS;; nap = nap < NAP_NS_MAX ? nap + nap / 2 : HOOK_NS) {
		int stopped;

		if (ptrace(PTRACE_INTERRUPT, (pid_t)thread->tid, NULL, NULL) < 0)
			return false;
		stopped = await(memory->pid, thread->tid, &signal);
		if (stopped < 0)
			return false;
		if (stopped == 0 || !read_regs(thread, &pc))
			return true;
		thread->stopped = true;
		if (thread->sp != place.sp || pc != place.pc)
			place = (struct place){ thread->sp, pc, 0 };
		place.times++;
		thread->in_hook =
			hook->is_busy(hook->arg, thread->tid) ||
			(is_in_hook(memory, thread, pc, hook) && place.times < IDLE_TIMES);
		/* A signal on its way must not be lost: it stays here until the end. */
		if (!thread->in_hook || signal || now_ns() > until)
			break;
		thread->stopped = false;
		if (!let_run(memory, thread->tid, hook, nap, until))
			return false;
	}
	thread->signal = signal;
	return true;
}

static bool is_known(const stop_threads *threads, uint32_t tid)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->at[i].tid == tid)
			return true;
	return false;
}

/* Stop those that were not there before.  Return: how many, or -ENOMEM. */
static int stop_round(const struct memory *memory, uint32_t asking, const struct stop_hook *hook,
		      stop_threads *threads)
{
	char path[64];
	struct dirent *entry;
	int fresh = 0;
	DIR *tasks;

	(void)snprintf(path, sizeof(path), "/proc/%u/task", memory->pid);
	tasks = opendir(path);
	if (!tasks)
		return 0;
	while ((entry = readdir(tasks))) {
		struct target_thread thread = { .tid = (uint32_t)strtoul(entry->d_name, NULL, 10) };

		if (!thread.tid || is_known(threads, thread.tid))
			continue;
		thread.asking = thread.tid == asking;
		if (!thread.asking &&
		    (is_zombie(memory->pid, thread.tid) || !stop_one(memory, &thread, hook)))
			continue;
		fresh++;
		if (vec_push(threads, thread) < 0) {
			fresh = -ENOMEM;
			break;
		}
	}
	(void)closedir(tasks);
	return fresh;
}

int stop_all(const struct memory *memory, uint32_t asking, const struct stop_hook *hook,
	     stop_threads *ret_threads)
{
	int fresh = 1;

	for (int i = 0; i < ROUNDS && fresh > 0; i++)
		fresh = stop_round(memory, asking, hook, ret_threads);
	if (fresh >= 0 && asking && !is_known(ret_threads, asking))
		fresh = vec_push(ret_threads,
				 ((struct target_thread){ .tid = asking, .asking = true }));
	return fresh < 0 ? fresh : 0;
}

/* The process that waits for @pid, as the kernel has it. */
static pid_t parent_of(uint32_t pid)
{
	char path[64], line[256];
	long parent = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%u/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "PPid:", 5) == 0)
			parent = strtol(line + 5, NULL, 10);
	if (file)
		(void)fclose(file);
	return (pid_t)parent;
}

void stop_release(uint32_t pid, const stop_threads *threads)
{
	for (size_t i = 0; i < threads->count; i++) {
		const struct target_thread *thread = &threads->at[i];

		if (thread->asking ||
		    ptrace(PTRACE_DETACH, (pid_t)thread->tid, NULL,
			   (void *)(uintptr_t)(unsigned int)thread->signal) == 0 ||
		    errno != ESRCH)
			continue;
		/* Killed meanwhile: nobody else hears of it before we have. */
		if (thread->tid != pid || parent_of(pid) != getpid())
			(void)waitpid((pid_t)thread->tid, NULL, __WALL | WNOHANG);
	}
}
