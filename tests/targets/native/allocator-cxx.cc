/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator new of an allocator that has its own, and does not go through
 * malloc: built once for each allocator that is installed.
 */
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "truth.h"

#define SITE extern "C" __attribute__((noinline, noclone))

SITE int *make(int value)
{
	return new int(value);
}

SITE int *make_array(size_t count)
{
	return new int[count];
}

SITE void *make_by_malloc(size_t bytes)
{
	return malloc(bytes);
}

SITE void fill(std::vector<std::string> &strings)
{
	strings.reserve(100);
	for (int i = 0; i < 100; i++)
		strings.emplace_back(100, 'x');
}

int main()
{
	for (int i = 0; i < 1000; i++) {
		int *one = make(i);
		int *many = make_array(100);

		free(make_by_malloc(10));
		must(*one == i);
		if (i % 10 != 0)
			delete one;
		delete[] many;
	}
	{
		std::vector<std::string> strings;

		fill(strings);
	}

	truth("{\"sites\": {\"make\": {\"allocations\": 1000, \"bytes\": 4000, \"live_blocks\": 100,"
	      " \"live_bytes\": 400},"
	      " \"make_array\": {\"allocations\": 1000, \"bytes\": 400000, \"live_blocks\": 0},"
	      " \"make_by_malloc\": {\"allocations\": 1000, \"live_blocks\": 0},"
	      " \"fill\": {\"allocations\": 101, \"bytes\": 13300, \"live_blocks\": 0}}}\n");
	return 0;
}
