/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An analyzer that answers the shim and throws the records away: it shows
 * what the shim alone costs, and how many bytes it sends.
 *
 * usage: drain [--no-python] [--sample=BYTES] LIBTENURE RESULT-FILE COMMAND [ARGUMENT]...
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tenure/wire.h"

enum {
	READ_BYTES = 1 << 16,
	PIPE_BYTES = 1 << 20,
	REST_US = 1000,
};

static uint64_t stream_bytes, images;
static uint64_t sample_bytes;
static uint32_t welcome_flags;
static int pipes_open;

static void die(const char *what)
{
	fprintf(stderr, "drain: cannot %s: %s\n", what, strerror(errno));
	exit(125);
}

static int make_memory(void)
{
	const struct tenure_shared head = {
		.magic = TENURE_SHARED_MAGIC,
		.version = TENURE_WIRE_VERSION,
	};
	int fd = memfd_create("drain", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)TENURE_SHARED_BYTES) ||
	    pwrite(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
		die("make shared memory");
	return fd;
}

static void send_welcome(int client, uint64_t image, int pipe_fd, int memory_fd)
{
	struct tenure_welcome welcome = {
		.magic = TENURE_HELLO_MAGIC,
		.version = TENURE_WIRE_VERSION,
		.verdict = TENURE_VERDICT_RECORD,
		.flags = welcome_flags,
		.image = image,
		.sample_bytes = sample_bytes,
	};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &welcome, sizeof(welcome) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fds[2] = { pipe_fd, memory_fd };

	control.head.cmsg_len = CMSG_LEN(sizeof(fds));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.head), fds, sizeof(fds));
	if (sendmsg(client, &msg, MSG_NOSIGNAL) < 0)
		perror("drain: cannot answer");
}

static void welcome_image(int listener, int epoll)
{
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct tenure_hello hello;
	struct epoll_event event = { .events = EPOLLIN };
	int memory, ends[2];

	if (client < 0)
		return;
	/* The descriptor of its memory comes along and is closed with the message. */
	if (recv(client, &hello, sizeof(hello), 0) == (ssize_t)sizeof(hello) &&
	    pipe2(ends, O_CLOEXEC) == 0) {
		(void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES);
		event.data.fd = ends[0];
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event))
			die("poll");
		pipes_open++;
		memory = make_memory();
		send_welcome(client, ++images, ends[1], memory);
		close(memory);
		close(ends[1]);
	}
	close(client);
}

static void drain_pipe(int fd)
{
	static char buffer[READ_BYTES];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n > 0) {
		stream_bytes += (uint64_t)n;
		/* A reader that waits for every chunk costs the program a wake-up for each. */
		if (n < READ_BYTES)
			(void)usleep(REST_US);
	} else if (n == 0) {
		close(fd);
		pipes_open--;
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	(void)unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 64))
		die("listen");
	return fd;
}

/* Serves until the command has ended and every pipe is closed; returns its status. */
static int serve(int listener, int ended, pid_t pid)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };
	int status = -1;

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
		die("poll");
	event.data.fd = ended;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, ended, &event))
		die("poll");

	while (status < 0 || pipes_open > 0) {
		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.fd == listener) {
			welcome_image(listener, epoll);
		} else if (event.data.fd == ended) {
			if (waitpid(pid, &status, 0) != pid)
				die("wait");
			(void)epoll_ctl(epoll, EPOLL_CTL_DEL, ended, NULL);
		} else {
			drain_pipe(event.data.fd);
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Return: how many arguments were options. */
static int read_options(char **argv)
{
	int i = 1;

	for (; argv[i] && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--no-python") == 0)
			welcome_flags |= TENURE_WELCOME_NO_PYTHON;
		else if (strncmp(argv[i], "--sample=", 9) == 0)
			sample_bytes = strtoull(argv[i] + 9, NULL, 10);
	}
	return i - 1;
}

int main(int argc, char **argv)
{
	int options = read_options(argv);
	char path[64];
	sigset_t child;
	int listener, ended, status;
	FILE *result;
	pid_t pid;

	argc -= options;
	argv += options;
	if (argc < 4) {
		fprintf(stderr,
			"usage: drain [--no-python] [--sample=BYTES] LIBTENURE RESULT-FILE COMMAND [ARGUMENT]...\n");
		return 125;
	}
	snprintf(path, sizeof(path), "/tmp/tenure-drain-%d", (int)getpid());
	listener = listen_at(path);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	ended = signalfd(-1, &child, SFD_CLOEXEC);
	if (ended < 0)
		die("watch for the end");

	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		sigprocmask(SIG_UNBLOCK, &child, NULL);
		setenv("TENURE_SOCKET", path, 1);
		setenv("LD_PRELOAD", argv[1], 1);
		execvp(argv[3], argv + 3);
		die("execute");
	}
	status = serve(listener, ended, pid);
	(void)unlink(path);

	result = fopen(argv[2], "w");
	if (!result)
		die("write the result");
	fprintf(result, "{\"stream_bytes\": %llu, \"images\": %llu}\n",
		(unsigned long long)stream_bytes, (unsigned long long)images);
	return fclose(result) ? 125 : status;
}
