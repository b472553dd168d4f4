// SPDX-License-Identifier: Apache-2.0
/*
 * What the gate is tried on: a shop that serves customers, turn by turn.
 *
 *	sample [leak] [keep=BYTES] [threads=N] [turns=N] [kill]
 *
 * leak: one object per turn is forgotten; keep: so much is held at the peak
 * beside the rest; kill: the program kills itself in the middle.  Built with
 * MOVED, the same functions stand in other places.
 */
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tenure/tenure.h"

struct Order {
	char text[48];
};

static std::vector<std::string> shelf;
static Order *volatile last;

#ifndef MOVED
__attribute__((noinline)) Order *take_order()
{
	return new Order;
}
#else
__attribute__((noinline)) void fill_shelf();
__attribute__((noinline)) Order *take_order();
#endif

__attribute__((noinline)) void fill_shelf()
{
	for (int i = 0; i < 1000; i++)
		shelf.push_back(std::string(100, static_cast<char>('a' + i % 26)));
}

__attribute__((noinline)) void keep_things()
{
	for (int i = 0; i < 100; i++)
		last = static_cast<Order *>(std::malloc(200));
}

#ifdef MOVED
__attribute__((noinline)) Order *take_order()
{
	return new Order;
}
#endif

__attribute__((noinline)) static void serve(bool leak)
{
	Order *order = take_order();

	std::memset(order->text, 'x', sizeof(order->text));
	last = order;
	if (!leak)
		delete order;
}

static std::atomic<int> rounds; /* of all threads */

__attribute__((noinline)) static void work(int turns)
{
	for (int i = 0; i < turns; i++) {
		std::vector<std::unique_ptr<Order>> orders;

		for (int k = 0; k < 100; k++)
			orders.push_back(std::make_unique<Order>());
		rounds++;
	}
}

int main(int argc, char **argv)
{
	bool leak = false, killed = false;
	std::size_t keep = 0;
	int threads = 0, turns = 20;
	std::vector<std::thread> pool;

	for (int i = 1; i < argc; i++) {
		leak |= std::strcmp(argv[i], "leak") == 0;
		killed |= std::strcmp(argv[i], "kill") == 0;
		(void)std::sscanf(argv[i], "keep=%zu", &keep);
		(void)std::sscanf(argv[i], "threads=%d", &threads);
		(void)std::sscanf(argv[i], "turns=%d", &turns);
	}
	fill_shelf();
	keep_things();
	std::vector<char> base(50 << 20), more(keep);

	for (int i = 0; i < threads; i++)
		pool.emplace_back(work, turns * 10);
	for (int i = 0; i < turns; i++) {
		int before = rounds;

		tenure_mark("turn");
		serve(leak);
		/* A turn is longer than what the threads do in one go, as it is in real programs.
		 */
		while (rounds == before && before < threads * turns * 10)
			std::this_thread::yield();
		if (killed && i == turns / 2)
			(void)std::raise(SIGKILL);
	}
	for (auto &thread : pool)
		thread.join();
	return 0;
}
