/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live side, with children that speak the protocol by hand: whatever way
 * they end, all they had recorded arrives, once.
 */
#include <fcntl.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "encode.h"
#include "input/server.h"
#include "input/ticks.h"
#include "test.h"

/* ---------------------------------------------------------------- listener */

#define EVENTS_MAX 100000u

static uint64_t addrs[EVENTS_MAX];
static size_t count;
static size_t begun_count;
static size_t ended_count;
static enum image_how how;
static int status;
static uint64_t bad_bytes, missing;
static size_t nodes_count;
static uint32_t pids[16];

static void *begun(void *arg, const struct image_info *info)
{
	pids[begun_count++ % 16] = info->pid;
	return arg;
}

static void events_came(void *image, const struct event *events, size_t n)
{
	(void)image;
	for (size_t i = 0; i < n && count < EVENTS_MAX; i++)
		addrs[count++] = events[i].addr;
}

static void memory_came(void *image, uint64_t stamp, uint64_t bytes)
{
	(void)image;
	(void)stamp;
	(void)bytes;
}

static void ended(void *image, const struct image_end *end)
{
	(void)image;
	ended_count++;
	how = end->how;
	status = end->status;
	bad_bytes = end->bad_bytes;
	missing = end->missing_chunks;
	nodes_count = end->nodes_count;
}

static const struct input_ops ops = { begun, events_came, memory_came, ended, NULL };
static char directory[32];

static struct server *start(void)
{
	const struct server_options options = { .ops = &ops, .arg = &count };
	struct server *server;

	count = begun_count = ended_count = 0;
	(void)strcpy(directory, "/tmp/tenure-test-XXXXXX");
	CHECK(mkdtemp(directory));
	CHECK_EQ(server_new(&options, &server), 0);
	CHECK_EQ(server_listen(server, directory), 0);
	return server;
}

static void stop(struct server *server)
{
	server_free(server);
	CHECK_EQ(rmdir(directory), 0);
}

/* Serve until @child has ended and all images with it. */
static void serve(struct server *server, pid_t child)
{
	bool done = false;
	int wait_status;

	while (!done || server_images(server)) {
		CHECK_EQ(server_step(server, 10), 0);
		if (!done)
			done = waitpid(child, &wait_status, WNOHANG) == child;
	}
}

/* ---------------------------------------------------------- a child's side */

struct guest {
	int pipe;
	struct tenure_shared *shared;
	struct tenure_slot *slot;
	struct tenure_welcome welcome;
	struct encode chunk;
	uint32_t seq;
	uint64_t next;
};

/* In a child nothing may return to the harness. */
#define NEED(cond)                 \
	do {                       \
		if (!(cond))       \
			_exit(99); \
	} while (0)

static void receive(int socket, struct tenure_welcome *welcome, int fds[2])
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec part = { welcome, sizeof(*welcome) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};

	fds[0] = fds[1] = -1;
	NEED(recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == (ssize_t)sizeof(*welcome));
	if (CMSG_FIRSTHDR(&message))
		memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), 2 * sizeof(int));
}

static void say_hello(const char *path, struct guest *guest, const struct tenure_hello *hello,
		      int fds[2])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)hello, sizeof(*hello) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	(void)strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	NEED(fd >= 0 && mem >= 0);
	NEED(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(mem));
	memcpy(CMSG_DATA(head), &mem, sizeof(mem));
	NEED(sendmsg(fd, &message, 0) == (ssize_t)sizeof(*hello));
	receive(fd, &guest->welcome, fds);
	(void)close(fd);
	(void)close(mem);
}

static struct tenure_hello make_hello(void)
{
	return (struct tenure_hello){
		.magic = TENURE_HELLO_MAGIC,
		.version = TENURE_WIRE_VERSION,
		.bytes = sizeof(struct tenure_hello),
		.pid = (uint32_t)getpid(),
		.ticks = ticks_now(),
		.page_size = 4096,
	};
}

static void publish(struct guest *guest)
{
	memcpy(guest->slot->chunk, guest->chunk.bytes, guest->chunk.used);
	__atomic_store_n(&guest->slot->pos, (uint64_t)guest->seq << 32 | guest->chunk.used,
			 __ATOMIC_RELEASE);
}

static void begin_chunk(struct guest *guest)
{
	encode_begin(&guest->chunk, 0, ++guest->seq, ticks_now());
	publish(guest);
}

static void come_up(const char *path, struct guest *guest)
{
	const struct tenure_hello hello = make_hello();
	uint8_t *map;
	int fds[2];

	say_hello(path, guest, &hello, fds);
	NEED(guest->welcome.verdict == TENURE_VERDICT_RECORD);
	/* As the shim does: else no barrier of the server's reaches this process. */
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
	guest->pipe = fds[0];
	map = mmap(NULL, TENURE_SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1], 0);
	NEED(map != MAP_FAILED);
	/* Neither side can make the other fault. */
	NEED(ftruncate(fds[1], 4096) < 0 && ftruncate(fds[1], 1l << 40) < 0);
	(void)close(fds[1]);
	guest->shared = (void *)map;
	NEED(guest->shared->magic == TENURE_SHARED_MAGIC);
	guest->slot = (void *)(map + TENURE_SHARED_SLOTS_OFFSET);
	guest->slot->state = TENURE_SLOT_LIVE;
	__atomic_store_n(&guest->shared->slots, 1, __ATOMIC_RELEASE);
	begin_chunk(guest);
}

/* Flush as the shim does it: the chunk to the pipe, then the position of the next. */
static void flush(struct guest *guest)
{
	size_t bytes = encode_end(&guest->chunk);

	NEED(write(guest->pipe, guest->chunk.bytes, bytes) == (ssize_t)bytes);
	begin_chunk(guest);
}

/* @n blocks, at addresses 16, 32, 48 … in the order they are made. */
static void record(struct guest *guest, unsigned int n)
{
	while (n--) {
		if (!encode_has_room(&guest->chunk, 64))
			flush(guest);
		encode_alloc(&guest->chunk, ticks_now(), 16 * ++guest->next, 8, 1, 0);
		publish(guest);
	}
}

static void check_events(size_t want)
{
	CHECK_EQ(count, want);
	for (size_t i = 0; i < want; i++)
		CHECK_EQ(addrs[i], 16 * (i + 1));
	CHECK_EQ(bad_bytes, 0);
	CHECK_EQ(missing, 0);
}

/* ------------------------------------------------------------------- tests */

TEST(all_events_arrive_when_the_process_is_killed)
{
	struct server *server = start();
	pid_t child = fork();

	if (!child) {
		struct guest guest = { 0 };

		come_up(server_path(server), &guest);
		record(&guest, 20000);
		(void)raise(SIGKILL);
	}
	serve(server, child);
	CHECK_EQ(begun_count, 1);
	CHECK_EQ(pids[0], child);
	CHECK_EQ(ended_count, 1);
	CHECK_EQ(how, IMAGE_SIGNALLED);
	CHECK_EQ(status, SIGKILL);
	check_events(20000);
	stop(server);
}

TEST(a_chunk_that_is_in_the_pipe_and_in_memory_counts_once)
{
	struct server *server = start();
	pid_t child = fork();

	if (!child) {
		struct guest guest = { 0 };

		come_up(server_path(server), &guest);
		record(&guest, 100);
		/* Dies right after the write, before the position moves on. */
		NEED(write(guest.pipe, guest.chunk.bytes, encode_end(&guest.chunk)) > 0);
		_exit(7);
	}
	serve(server, child);
	CHECK_EQ(how, IMAGE_EXITED);
	CHECK_EQ(status, 7);
	check_events(100);
	stop(server);
}

TEST(children_that_hold_the_pipe_do_not_keep_the_image)
{
	struct server *server = start();
	pid_t child = fork();
	int ends[2];

	CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
	if (child == 0) {
		struct guest guest = { 0 };

		come_up(server_path(server), &guest);
		record(&guest, 3000);
		if (!fork()) {
			char byte;

			/* Holds all descriptors until the test is over. */
			(void)close(ends[1]);
			(void)!read(ends[0], &byte, 1);
			_exit(0);
		}
		_exit(3);
	}
	serve(server, child);
	CHECK_EQ(how, IMAGE_EXITED);
	CHECK_EQ(status, 3);
	check_events(3000);
	(void)close(ends[0]);
	(void)close(ends[1]);
	stop(server);
}

TEST(another_program_in_the_same_process_ends_the_image)
{
	struct server *server = start();
	pid_t child = fork();

	if (!child) {
		struct guest guest = { 0 };

		come_up(server_path(server), &guest);
		record(&guest, 1000);
		(void)execl("/bin/sh", "sh", "-c", "sleep 0.4", (char *)NULL);
		_exit(98);
	}
	while (!ended_count)
		CHECK_EQ(server_step(server, 10), 0);
	CHECK_EQ(how, IMAGE_EXEC);
	CHECK(!server_has_pid(server, (uint32_t)child));
	check_events(1000);
	serve(server, child);
	CHECK_EQ(ended_count, 1);
	stop(server);
}

TEST(a_process_that_lost_its_pipe_goes_on_in_a_new_one)
{
	struct server *server = start();
	pid_t child = fork();

	if (!child) {
		struct guest guest = { 0 };
		struct tenure_hello hello;
		int fds[2];

		come_up(server_path(server), &guest);
		record(&guest, 5000);
		(void)close(guest.pipe);
		/* So that the analyzer sees the end of the pipe before. */
		(void)usleep(20000);
		hello = make_hello();
		hello.flags = TENURE_HELLO_RECONNECT;
		hello.image = guest.welcome.image;
		say_hello(server_path(server), &guest, &hello, fds);
		NEED(guest.welcome.verdict == TENURE_VERDICT_RECORD);
		NEED(guest.welcome.image == hello.image);
		guest.pipe = fds[0];
		record(&guest, 5000);
		_exit(0);
	}
	serve(server, child);
	CHECK_EQ(begun_count, 1);
	CHECK_EQ(ended_count, 1);
	check_events(10000);
	stop(server);
}

TEST(threads_are_put_in_order_while_the_process_runs)
{
	struct server *server = start();
	pid_t child = fork();

	if (!child) {
		struct guest guest[4] = { 0 };
		uint64_t random = 1, stamp = 0, last;

		come_up(server_path(server), &guest[0]);
		guest[0].shared->multi = 1;
		for (unsigned int i = 1; i < 4; i++) {
			guest[i] = guest[0];
			guest[i].slot = guest[0].slot + i;
			guest[i].seq = 0;
			encode_begin(&guest[i].chunk, (uint16_t)i, ++guest[i].seq, ticks_now());
			publish(&guest[i]);
		}
		__atomic_store_n(&guest[0].shared->slots, 4, __ATOMIC_RELEASE);
		for (uint64_t n = 1; n <= 60000; n++) {
			unsigned int i = (unsigned int)(encode_random(&random) % 4);
			struct guest *g = &guest[i];

			__atomic_store_n(&g->slot->busy, 1, __ATOMIC_SEQ_CST);
			if (!encode_has_room(&g->chunk, 64)) {
				size_t bytes = encode_end(&g->chunk);

				NEED(write(g->pipe, g->chunk.bytes, bytes) == (ssize_t)bytes);
				encode_begin(&g->chunk, (uint16_t)i, ++g->seq, ticks_now());
			}
			/* This is one thread after all, which may read the same tick twice. */
			last = stamp;
			while ((stamp = ticks_now()) == last)
				;
			encode_alloc(&g->chunk, stamp, 16 * n, 8, 1, 0);
			publish(g);
			__atomic_store_n(&g->slot->busy, 0, __ATOMIC_RELEASE);
		}
		(void)raise(SIGKILL);
	}
	serve(server, child);
	check_events(60000);
	stop(server);
}

TEST(nonsense_in_shared_memory_does_no_harm)
{
	struct server *server = start();
	pid_t child = fork();

	if (!child) {
		struct guest guest = { 0 };
		uint64_t random = 1;

		come_up(server_path(server), &guest);
		record(&guest, 10);
		for (unsigned int i = 1; i < 200; i++) {
			struct tenure_slot *slot = guest.slot + i;

			for (size_t b = 0; b < sizeof(*slot); b += 8) {
				uint64_t word = encode_random(&random);

				memcpy((uint8_t *)slot + b, &word, sizeof(word));
			}
			if (i % 2)
				slot->pos = encode_random(&random) % 5000 | 1ull << 32;
		}
		guest.shared->slots = UINT32_MAX;
		guest.shared->nodes = 5000;
		for (unsigned int i = 0; i < 40000; i++)
			((uint8_t *)guest.shared)[TENURE_SHARED_NODES_OFFSET + i] =
				(uint8_t)encode_random(&random);
		memset(guest.shared->off_reason, 'x', sizeof(guest.shared->off_reason));
		_exit(0);
	}
	serve(server, child);
	CHECK_EQ(ended_count, 1);
	CHECK_EQ(nodes_count, 5001);
	CHECK(count >= 10);
	stop(server);
}

TEST(peers_that_say_nonsense_or_nothing_are_let_go)
{
	struct server *server = start();
	pid_t child = fork();

	if (!child) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		struct tenure_hello hello = make_hello();
		struct guest guest = { 0 };
		int fds[2];

		(void)strcpy(address.sun_path, server_path(server));
		for (unsigned int i = 0; i < 20; i++) {
			int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

			NEED(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
			if (i % 2)
				(void)!write(fd, &address, 1 + i * 3);
			if (i % 3)
				(void)close(fd);
		}
		hello.version++;
		say_hello(server_path(server), &guest, &hello, fds);
		NEED(guest.welcome.verdict == TENURE_VERDICT_VERSION && fds[0] < 0);
		hello = make_hello();
		hello.flags = TENURE_HELLO_RECONNECT;
		hello.image = 77;
		say_hello(server_path(server), &guest, &hello, fds);
		NEED(guest.welcome.verdict == TENURE_VERDICT_DECLINE && fds[0] < 0);
		come_up(server_path(server), &guest);
		record(&guest, 10);
		_exit(5);
	}
	serve(server, child);
	CHECK_EQ(status, 5);
	check_events(10);
	stop(server);
}

TEST(the_abstract_name_leads_to_the_same_server)
{
	struct server *server = start();
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = server_path(server);
	socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path));
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	(void)strcpy(address.sun_path + 1, path);
	CHECK_EQ(connect(fd, (const struct sockaddr *)&address, bytes), 0);
	CHECK_EQ(server_step(server, 1000), 0);
	CHECK_EQ(server_images(server), 1);
	(void)close(fd);
	CHECK_EQ(server_step(server, 1000), 0);
	CHECK_EQ(server_images(server), 0);
	stop(server);
}
