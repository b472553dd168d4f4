/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one command and writes down what it cost: wall time, processor time
 * and peak memory of that command and of the children it waited for.
 *
 * It is put twice around a run: outside the profiler, where it counts
 * everything, and inside, where it counts the program alone.  The difference
 * is what the profiler's own processes cost.  It is also built static, so
 * that a preloaded library passes through it to the program only.
 *
 * usage: bench-run RESULT-FILE OUTPUT-FILE COMMAND [ARGUMENT]...
 *
 * OUTPUT-FILE receives the command's standard output; "-" leaves it alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static long long micros(const struct timeval *tv)
{
	return tv->tv_sec * 1000000ll + tv->tv_usec;
}

static int write_result(const char *path, uint64_t wall_ns, int status, const struct rusage *use)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return -1;
	fprintf(f,
		"{\"wall_ns\": %llu, \"user_us\": %lld, \"sys_us\": %lld, \"rss_kib\": %ld, "
		"\"minor_faults\": %ld, \"switches\": %ld, \"exit\": %d, \"signal\": %d}\n",
		(unsigned long long)wall_ns, micros(&use->ru_utime), micros(&use->ru_stime),
		use->ru_maxrss, use->ru_minflt, use->ru_nvcsw + use->ru_nivcsw,
		WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return fclose(f);
}

int main(int argc, char **argv)
{
	struct rusage use;
	uint64_t begin;
	volatile int output = -1; /* vfork */
	int status;
	pid_t pid;

	if (argc < 4) {
		fprintf(stderr, "usage: bench-run RESULT-FILE OUTPUT-FILE COMMAND [ARGUMENT]...\n");
		return 125;
	}
	if (strcmp(argv[2], "-") != 0) {
		output = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (output < 0) {
			fprintf(stderr, "bench-run: cannot open '%s': %s\n", argv[2],
				strerror(errno));
			return 125;
		}
	}

	begin = now_ns();
	/* Not fork(): a copy of this process would be one image more to profile. */
	pid = vfork();
	if (pid < 0) {
		perror("bench-run: cannot fork");
		return 125;
	}
	if (pid == 0) {
		if (output < 0 || dup2(output, STDOUT_FILENO) >= 0)
			execvp(argv[3], argv + 3);
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (wait4(pid, &status, 0, &use) < 0) {
		if (errno != EINTR) {
			perror("bench-run: cannot wait");
			return 125;
		}
	}
	if (write_result(argv[1], now_ns() - begin, status, &use)) {
		fprintf(stderr, "bench-run: cannot write '%s': %s\n", argv[1], strerror(errno));
		return 125;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
