/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++: every form of new and delete, containers, exceptions, thread-local
 * objects.
 */
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "truth.h"

#define SITE extern "C" __attribute__((noinline, noclone))

struct alignas(128) aligned {
	char bytes[256];
};

SITE void *site_new(size_t bytes)
{
	return ::operator new(bytes);
}

SITE void *site_new_array(size_t count)
{
	return new long[count];
}

SITE void *site_nothrow(size_t bytes)
{
	return ::operator new(bytes, std::nothrow);
}

SITE aligned *site_aligned(void)
{
	return new aligned;
}

SITE void site_vector(std::vector<int> &vector, int count)
{
	for (int i = 0; i < count; i++)
		vector.push_back(i);
}

SITE void site_string(std::string &text)
{
	text = std::string(1000, 'x');
}

SITE void site_throw(int depth)
{
	if (depth == 0)
		throw std::runtime_error("a message that does not fit into the object itself");
	site_throw(depth - 1);
}

SITE void *in_destructor(void)
{
	return malloc(60);
}

struct local {
	void *block = malloc(50);

	~local()
	{
		free(block);
		free(in_destructor());
	}
};

static thread_local local in_thread;

static volatile size_t huge = SIZE_MAX / 4;

/* What is thrown is a block too, so these are not the sites above. */
static int failures(void)
{
	int failed = 0;

	try {
		must(!::operator new(huge));
	} catch (const std::bad_alloc &) {
		failed++;
	}
	if (!::operator new(huge, std::nothrow))
		failed++;
	return failed;
}

static int thrown(void)
{
	int caught = 0;

	for (int i = 0; i < 100; i++) {
		try {
			site_throw(i % 20);
		} catch (const std::runtime_error &) {
			caught++;
		}
	}
	return caught;
}

int main()
{
	std::vector<int> vector;
	std::string text;
	void *one = site_new(100);
	long *many = static_cast<long *>(site_new_array(100));
	void *quiet = site_nothrow(300);
	aligned *object = site_aligned();

	must(reinterpret_cast<uintptr_t>(object) % 128 == 0);
	site_vector(vector, 1000);
	site_string(text);
	must(failures() == 2);
	must(thrown() == 100);
	for (int i = 0; i < 10; i++)
		std::thread([] { must(in_thread.block != nullptr); }).join();

	::operator delete(one);
	delete[] many;
	::operator delete(quiet, std::nothrow);
	delete object;

	truth("{\"sites\": {\"site_new\": {\"allocations\": 1, \"bytes\": 100, \"live_blocks\": 0},"
	      " \"site_new_array\": {\"allocations\": 1, \"bytes\": 800, \"live_blocks\": 0},"
	      " \"site_nothrow\": {\"allocations\": 1, \"bytes\": 300, \"live_blocks\": 0},"
	      " \"site_aligned\": {\"allocations\": 1, \"bytes\": 256, \"live_blocks\": 0},"
	      " \"site_vector\": {\"allocations\": 11, \"bytes\": 8188, \"live_blocks\": 0,"
	      " \"frees\": 11},"
	      " \"site_string\": {\"allocations\": 1, \"bytes\": 1001, \"live_blocks\": 0},"
	      " \"site_throw\": {\"allocations\": 200, \"live_blocks\": 0},"
	      " \"in_destructor\": {\"allocations\": 10, \"live_blocks\": 0}}}\n");
	return 0;
}
