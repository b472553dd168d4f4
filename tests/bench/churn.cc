/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocates and frees at the end of deep call chains, from a fixed number of
 * threads: the worst case for a profiler that takes a stack per allocation.
 *
 * Each thread goes down a chain of functions with frames of different sizes.
 * Near the bottom it wanders: up, down by one of several callees, or it
 * replaces a random one of its live blocks by a new one.  The work is a
 * function of the seed alone; the number of alloc+free pairs does not depend
 * on the number of threads.
 *
 * There are few sizes of blocks, because heaptrack_interpret 1.4 runs out of
 * memory over many pairs of a stack and a size.
 *
 * usage: churn [--pairs N] [--threads N] [--depth N] [--live N] [--seed N]
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace
{

constexpr int bottom_levels = 5; /* levels at which a thread wanders */
constexpr int callees = 3;	 /* choices per level there */

struct work {
	uint64_t random;
	uint64_t pairs_left;
	uint64_t checksum = 0;
	int bottom;
	std::vector<char *> live;

	uint32_t next()
	{
		random = random * 6364136223846793005u + 1442695040888963407u;
		return static_cast<uint32_t>(random >> 33);
	}
};

using step_fn = void (*)(work &, int);
extern const step_fn steps[];

/* Three places that allocate, so that one path has several stacks. */
__attribute__((noinline)) char *make_small(uint32_t r)
{
	char *p = new char[16 + r % 4 * 32];

	p[0] = static_cast<char>(r);
	return p;
}

__attribute__((noinline)) char *make_medium(uint32_t r)
{
	char *p = new char[128 + r % 3 * 128];

	p[0] = static_cast<char>(r);
	return p;
}

__attribute__((noinline)) char *make(uint32_t r)
{
	return r & 0x300 ? make_small(r >> 10) : make_medium(r >> 10);
}

__attribute__((noinline)) void replace(work &w, uint32_t r)
{
	char *&slot = w.live[w.next() % w.live.size()];

	w.checksum += static_cast<unsigned char>(slot[0]);
	delete[] slot;
	slot = r & 0x80 ? make(r) : make_small(r >> 10);
	w.pairs_left--;
}

/* One function per variant: its own code, its own size of frame. */
template <int Variant> __attribute__((noinline)) void step(work &w, int depth)
{
	volatile char pad[16 + 24 * (Variant % 5)];

	pad[Variant % 16] = static_cast<char>(depth);
	if (depth < w.bottom - bottom_levels) {
		steps[depth % 16](w, depth + 1);
		w.checksum += pad[Variant % 16];
		return;
	}

	for (;;) {
		uint32_t r = w.next();

		if (w.pairs_left == 0)
			break;
		if ((r & 7) < 3 && depth < w.bottom) {
			uint32_t callee = (r >> 3) % callees;

			steps[(static_cast<uint32_t>(depth) * callees + callee) % 16](w, depth + 1);
		} else if ((r & 7) < 6 || depth == w.bottom - bottom_levels) {
			replace(w, r >> 5);
		} else {
			break;
		}
	}
	w.checksum += pad[Variant % 16];
}

const step_fn steps[16] = {
	step<0>, step<1>, step<2>,  step<3>,  step<4>,	step<5>,  step<6>,  step<7>,
	step<8>, step<9>, step<10>, step<11>, step<12>, step<13>, step<14>, step<15>,
};

void run(work &w)
{
	for (char *&slot : w.live)
		slot = make_small(w.next());
	while (w.pairs_left)
		steps[0](w, 0);
	for (char *slot : w.live)
		delete[] slot;
}

uint64_t number(const char *text)
{
	char *end;
	uint64_t n = std::strtoull(text, &end, 10);

	if (*end || end == text) {
		std::fprintf(stderr, "churn: not a number: '%s'\n", text);
		std::exit(2);
	}
	return n;
}

} /* namespace */

int main(int argc, char **argv)
{
	uint64_t pairs = 10000000, threads = 1, depth = 27, live = 1000, seed = 1, checksum = 0;
	std::vector<std::unique_ptr<work>> works;
	std::vector<std::thread> running;

	for (int i = 1; i < argc; i += 2) {
		std::string option = argv[i];
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (option == "--pairs")
			pairs = number(value);
		else if (option == "--threads")
			threads = number(value);
		else if (option == "--depth")
			depth = number(value);
		else if (option == "--live")
			live = number(value);
		else if (option == "--seed")
			seed = number(value);
		else
			return std::fprintf(stderr, "churn: unknown option '%s'\n", argv[i]), 2;
	}
	if (!threads || !live || threads > live)
		return std::fprintf(stderr, "churn: --threads and --live do not fit\n"), 2;

	for (uint64_t t = 0; t < threads; t++) {
		auto w = std::make_unique<work>();

		w->random = seed * 1000003 + t;
		w->pairs_left = pairs / threads;
		w->bottom = static_cast<int>(depth);
		w->live.resize(live / threads);
		works.push_back(std::move(w));
	}
	for (uint64_t t = 1; t < threads; t++)
		running.emplace_back(run, std::ref(*works[t]));
	run(*works[0]);
	for (std::thread &t : running)
		t.join();
	for (auto &w : works)
		checksum += w->checksum;
	std::printf("pairs %llu checksum %llu\n",
		    static_cast<unsigned long long>(pairs / threads * threads),
		    static_cast<unsigned long long>(checksum));
	return 0;
}
