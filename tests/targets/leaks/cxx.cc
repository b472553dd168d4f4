/* SPDX-License-Identifier: Apache-2.0 */
/* What C++ makes of pointers: strings, containers, base classes, shared ownership. */
#include <deque>
#include <exception>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "shapes.h"

#define COUNT 12

static size_t blocks, bytes;

/* An allocator that counts what its containers have. */
template <class T> struct counting {
	using value_type = T;
	counting() = default;
	template <class U> counting(const counting<U> &)
	{
	}
	T *allocate(size_t n)
	{
		blocks++;
		bytes += n * sizeof(T);
		return static_cast<T *>(calloc(n, sizeof(T)));
	}
	void deallocate(T *at, size_t n)
	{
		blocks--;
		bytes -= n * sizeof(T);
		free(at);
	}
	template <class U> bool operator==(const counting<U> &) const
	{
		return true;
	}
	template <class U> bool operator!=(const counting<U> &) const
	{
		return false;
	}
};

using text = std::basic_string<char, std::char_traits<char>, counting<char>>;
template <class T> using vec = std::vector<T, counting<T>>;

static void *volatile global;

/* A variable that nobody reads. */
#define attr_kept __attribute__((unused))

template <class T> static void hold(T *object)
{
	global = static_cast<void *>(object);
}

/* --------------------------------------------------------------- containers */

static text *held_text;
static const char words[] = "long enough not to fit into the string object itself";

static void in_string()
{
	held_text = new text(words);
	say("reachable", blocks + 1, bytes + sizeof(text));
	/* Freed as the program ends. */
	static text in_bss(words);
}

static void in_lost_string()
{
	(void)new text(words);
	say("lost", 1, sizeof(text));
	say("lost_through", blocks, bytes);
}

static void in_vector()
{
	auto *object = new vec<char *>;

	for (int i = 0; i < COUNT; i++)
		object->push_back(static_cast<char *>(make(100)));
	hold(object);
	say("reachable", blocks + COUNT + 1, bytes + COUNT * 100 + sizeof(*object));
}

static void in_lost_vector()
{
	auto *object = new vec<char *>;

	for (int i = 0; i < COUNT; i++)
		object->push_back(static_cast<char *>(make(100)));
	say("lost", 1, sizeof(*object));
	say("lost_through", blocks + COUNT, bytes + COUNT * 100);
}

/* Emptied, as people do who believe that this deletes. */
static void in_cleared_vector()
{
	static vec<int *> numbers;

	for (int i = 0; i < COUNT; i++)
		numbers.push_back(new int(i));
	numbers = vec<int *>();
	say("lost", COUNT, COUNT * sizeof(int));
}

static void in_map()
{
	auto *object =
		new std::map<int, text, std::less<int>, counting<std::pair<const int, text>>>;

	for (int i = 0; i < COUNT; i++)
		object->emplace(i, words);
	hold(object);
	say("reachable", blocks + 1, bytes + sizeof(*object));
}

/* The root of the tree points back at the map. */
static void in_lost_map()
{
	auto *object = new std::map<int, int, std::less<int>, counting<std::pair<const int, int>>>;

	for (int i = 0; i < COUNT; i++)
		object->emplace(i, i);
	say("cycle", blocks + 1, bytes + sizeof(*object));
}

static void in_unordered_map()
{
	auto *object = new std::unordered_map<int, text, std::hash<int>, std::equal_to<int>,
					      counting<std::pair<const int, text>>>;

	for (int i = 0; i < COUNT; i++)
		object->emplace(i, words);
	hold(object);
	say("reachable", blocks + 1, bytes + sizeof(*object));
}

static void in_list()
{
	auto *object = new std::list<text, counting<text>>(COUNT, words);

	hold(object);
	say("reachable", blocks + 1, bytes + sizeof(*object));
}

static void in_lost_list()
{
	auto *object = new std::list<int, counting<int>>(COUNT, 7);

	say("cycle", blocks + 1, bytes + sizeof(*object));
}

static void in_forward_list()
{
	auto *object = new std::forward_list<int, counting<int>>(COUNT, 7);

	(void)object;
	say("lost", 1, sizeof(*object));
	say("lost_through", blocks, bytes);
}

static void in_deque()
{
	auto *object = new std::deque<long, counting<long>>(1000, 7);

	hold(object);
	say("reachable", blocks + 1, bytes + sizeof(*object));
}

static void in_set()
{
	static std::set<text, std::less<text>, counting<text>> names;

	for (int i = 0; i < COUNT; i++)
		names.insert(text(words) + text(size_t(i), 'x'));
	/* Freed as the program ends. */
	say("lost", 0, 0);
}

static void in_function()
{
	struct {
		char more[100];
	} large = {};
	auto *object = new std::function<int()>([large] { return int(large.more[0]); });

	hold(object);
	say("reachable", 2, sizeof(*object) + sizeof(large));
}

/* ------------------------------------------------------------------- arrays */

struct counted {
	char *text;
	~counted()
	{
		free(text);
	}
};

static counted *volatile array;

/* Before its first element lies their number. */
static void in_array()
{
	array = new counted[COUNT]();
	array[3].text = static_cast<char *>(make(20));
	say("reachable", 2, sizeof(size_t) + COUNT * sizeof(counted) + 20);
}

static void in_lost_array()
{
	auto *lost = new counted[COUNT]();

	lost[3].text = static_cast<char *>(make(20));
	say("lost", 1, sizeof(size_t) + COUNT * sizeof(counted));
	say("lost_through", 1, 20);
}

struct alignas(16) wide {
	long number[2];
	~wide()
	{
		number[0] = 0;
	}
};

static void in_wide_array()
{
	attr_kept static wide *volatile held;

	held = new wide[COUNT]();
	say("reachable", 1, 16 + COUNT * sizeof(wide));
}

/* Nothing but the number; the pointer is behind it. */
static void in_empty_array()
{
	array = new counted[0]();
	say("reachable", 1, sizeof(size_t));
}

static void in_aligned_new()
{
	struct alignas(256) page {
		char bytes[256];
	};
	attr_kept static page *volatile held;

	held = new page();
	(void)new page();
	say("reachable", 1, 256);
	say("lost", 1, 256);
}

/* ------------------------------------------------------------- base classes */

struct first {
	virtual ~first() = default;
	long a = 0;
};

struct second {
	virtual ~second() = default;
	long b = 0;
};

struct both : first, second {
	long c = 0;
};

struct plain {
	long d = 0;
};

struct with_plain : first, plain {
	long e = 0;
};

struct shared_base {
	virtual ~shared_base() = default;
	long f = 0;
};

struct left : virtual shared_base {
};
struct right : virtual shared_base {
};
struct bottom : left, right {
};

static void in_second_base()
{
	attr_kept static second *volatile held;

	held = new both;
	say("reachable", 1, sizeof(both));
}

static void in_virtual_base()
{
	attr_kept static shared_base *volatile held;

	held = new bottom;
	say("reachable", 1, sizeof(bottom));
}

static void in_lost_bases()
{
	(void)new both;
	(void)new bottom;
	say("lost", 2, sizeof(both) + sizeof(bottom));
}

/* A base without a table of its own: nothing in the block says so. */
static void in_plain_base()
{
	attr_kept static plain *volatile held;

	held = new with_plain;
	say("possible", 1, sizeof(with_plain));
}

/* --------------------------------------------------------- shared ownership */

struct person {
	std::shared_ptr<person> friend_;
	std::weak_ptr<person> admirer;
	char name[40] = {};
};

/* With a control block of its own. */
static void in_shared_ring()
{
	std::shared_ptr<person> a(new person), b(new person);

	a->friend_ = b;
	b->friend_ = a;
	/* A control block of this kind is a table, two counts and a pointer. */
	say("cycle", 4, 2 * sizeof(person) + 2 * 24);
}

static void in_made_shared_ring()
{
	auto a = std::make_shared<person>(), b = std::make_shared<person>(),
	     c = std::make_shared<person>();

	a->friend_ = b;
	b->friend_ = c;
	c->friend_ = a;
	say("cycle", 3, 3 * (16 + sizeof(person)));
}

static void in_shared_self()
{
	auto a = std::make_shared<person>();

	a->friend_ = a;
	say("lost", 1, 16 + sizeof(person));
}

/* As it should be done. */
static void in_weak_ring()
{
	auto a = std::make_shared<person>(), b = std::make_shared<person>();

	a->friend_ = b;
	b->admirer = a;
	say("lost", 0, 0);
}

static void in_held_shared()
{
	attr_kept static std::shared_ptr<person> *volatile held;

	held = new std::shared_ptr<person>(std::make_shared<person>());
	say("reachable", 2, sizeof(*held) + 16 + sizeof(person));
}

/* The object is gone, its control block is not. */
static void in_weak_only()
{
	attr_kept static std::weak_ptr<person> *volatile held;

	held = new std::weak_ptr<person>(std::shared_ptr<person>(new person));
	say("reachable", 2, sizeof(*held) + 24);
}

static void in_released_unique()
{
	std::unique_ptr<person> a(new person);

	(void)a.release();
	say("lost", 1, sizeof(person));
}

/* ------------------------------------------------------------ other matters */

static void in_static_pointer()
{
	static auto *const never_deleted = new vec<int>(COUNT, 7);

	(void)never_deleted;
	say("reachable", blocks + 1, bytes + sizeof(vec<int>));
}

static std::exception_ptr kept_exception;

struct failure {
	char more[72] = {};
};

/* The pointer is to what was thrown, behind the runtime's own head. */
static void in_exception()
{
	try {
		throw failure();
	} catch (...) {
		kept_exception = std::current_exception();
	}
	new (&kept_exception) std::exception_ptr(kept_exception);
	say("reachable", 1, 128 + sizeof(failure));
}

static void in_thread_local()
{
	std::thread([] {
		thread_local std::unique_ptr<person> mine(new person);

		mine->name[0] = 'x';
	}).join();
	say("lost", 0, 0);
}

struct headed {
	long number = 0;
	static void *operator new(size_t size)
	{
		return static_cast<char *>(calloc(1, size + 32)) + 32;
	}
	static void operator delete(void *at)
	{
		free(static_cast<char *>(at) - 32);
	}
};

static void in_headed()
{
	static headed *volatile held[COUNT];

	for (auto *volatile &at : held)
		at = new headed;
	say("reachable", COUNT, COUNT * (32 + sizeof(headed)));
}

static const struct shape shapes[] = {
	{ "string", in_string },
	{ "lost-string", in_lost_string },
	{ "vector", in_vector },
	{ "lost-vector", in_lost_vector },
	{ "cleared-vector", in_cleared_vector },
	{ "map", in_map },
	{ "lost-map", in_lost_map },
	{ "unordered-map", in_unordered_map },
	{ "list", in_list },
	{ "lost-list", in_lost_list },
	{ "forward-list", in_forward_list },
	{ "deque", in_deque },
	{ "set", in_set },
	{ "function", in_function },
	{ "array", in_array },
	{ "lost-array", in_lost_array },
	{ "wide-array", in_wide_array },
	{ "empty-array", in_empty_array },
	{ "aligned-new", in_aligned_new },
	{ "second-base", in_second_base },
	{ "virtual-base", in_virtual_base },
	{ "lost-bases", in_lost_bases },
	{ "plain-base", in_plain_base },
	{ "shared-ring", in_shared_ring },
	{ "made-shared-ring", in_made_shared_ring },
	{ "shared-self", in_shared_self },
	{ "weak-ring", in_weak_ring },
	{ "held-shared", in_held_shared },
	{ "weak-only", in_weak_only },
	{ "released-unique", in_released_unique },
	{ "static-pointer", in_static_pointer },
	{ "exception", in_exception },
	{ "thread-local", in_thread_local },
	{ "headed", in_headed },
};

int main(int argc, char *argv[])
{
	SHAPES_RUN(shapes, argc, argv);
	return 0;
}
