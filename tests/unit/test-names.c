/* SPDX-License-Identifier: Apache-2.0 */
/* What function names tell. */
#include <stdlib.h>

#include "report/names.h"
#include "symbol/demangle.h"

#include "test.h"

static const char *short_name(const char *function)
{
	static struct strbuf text;

	strbuf_clear(&text);
	names_short(&text, function, "...");
	return strbuf_get(&text);
}

static const char *plain_name(const char *function)
{
	static struct strbuf text;

	strbuf_clear(&text);
	names_plain(&text, function);
	return strbuf_get(&text);
}

static const char *library(const char *path)
{
	static struct strbuf text;

	strbuf_clear(&text);
	names_library(&text, path);
	return strbuf_get(&text);
}

TEST(allocators_and_their_wrappers_are_plumbing)
{
	static const char *const plumbing[] = {
		"AllocateHeap",
		"Arena::grow",
		"malloc",
		"xmalloc",
		"sqlite3DbMallocRawNN",
		"zmalloc",
		"ztrymalloc_usable",
		"g_malloc0",
		"ngx_palloc_large",
		"ngx_alloc",
		"bfd_alloc",
		"xstrdup",
		"operator new",
		"operator new[]",
		"std::vector<int, std::allocator<int> >::push_back",
		"__gnu_cxx::new_allocator<char>::allocate",
		"my::Arena::allocate",
		"<alloc::vec::Vec<T> as core::clone::Clone>::clone",
		"alloc::raw_vec::RawVec<T,A>::reserve_for_push",
		"hashbrown::raw::RawTable<T,A>::reserve_rehash",
		"mmap",
	};

	for (size_t i = 0; i < ARRAY_SIZE(plumbing); i++) {
		if (!names_is_plumbing(plumbing[i]))
			CHECK_STR(plumbing[i], "is plumbing");
	}
}

TEST(functions_that_want_memory_are_not_plumbing)
{
	static const char *const own[] = {
		"main",
		"alloc_session",
		"sqlite3BtreeInsert",
		"Cache::remember",
		"ns::Box<std::allocator<char> >::put",
		"work::Tree::operator<",
		"<mine::Thing as core::fmt::Display>::fmt",
		"<module>",
	};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (names_is_plumbing(own[i]))
			CHECK_STR(own[i], "is not plumbing");
	}
}

TEST(run_time_libraries_are_known_by_their_file)
{
	CHECK(names_is_system("/lib/x86_64-linux-gnu/libc.so.6"));
	CHECK(names_is_system("/lib64/ld-linux-x86-64.so.2"));
	CHECK(names_is_system("/usr/lib/libstdc++.so.6"));
	CHECK(!names_is_system("/usr/lib/libcurl.so.4"));
	CHECK(!names_is_system("/home/libc.so.6/app"));
}

TEST(long_template_arguments_are_left_out)
{
	CHECK_STR(short_name("std::map<int, char>::at"), "std::map<int, char>::at");
	CHECK_STR(short_name("std::map<std::string, std::vector<int> >::at"), "std::map<...>::at");
	CHECK_STR(short_name("f<std::pair<a_long_name, b> >"), "f<...>");
	CHECK_STR(short_name("plain"), "plain");
}

TEST(operators_keep_their_signs)
{
	CHECK_STR(plain_name("a::operator<"), "a::operator<");
	CHECK_STR(plain_name("a::operator<< <int>"), "a::operator<< ");
	CHECK_STR(plain_name("a<b>::operator->"), "a::operator->");
	CHECK_STR(plain_name("a<b>::operator()"), "a::operator()");
	CHECK_STR(plain_name("a<&(b::operator->)>::c"), "a::c");
	CHECK_STR(plain_name("a::operator<=>"), "a::operator<=>");
}

TEST(names_in_brackets_stay)
{
	CHECK_STR(plain_name("<module>"), "<module>");
	CHECK_STR(plain_name("<lambda>"), "<lambda>");
	CHECK_STR(short_name("<listcomp>"), "<listcomp>");
	CHECK_STR(plain_name("<a::B<T> as c::D>::e"), "<a::B as c::D>::e");
}

TEST(unbalanced_names_do_no_harm)
{
	CHECK_STR(plain_name("a<b"), "a");
	CHECK_STR(plain_name("a>b"), "a>b");
	CHECK_STR(plain_name("<"), "<");
	CHECK_STR(plain_name(""), "");
	CHECK_STR(plain_name("operator"), "operator");
}

TEST(libraries_lose_their_version)
{
	CHECK_STR(library("/usr/lib/libfoo.so.1.2.3"), "libfoo");
	CHECK_STR(library("/usr/lib/libfoo-2.so"), "libfoo-2");
	CHECK_STR(library("/usr/bin/app"), "app");
	CHECK_STR(names_base("/usr/bin/app"), "app");
	CHECK_STR(names_base("app"), "app");
}

static const char *demangled(const char *name)
{
	static char *text;

	free(text);
	text = demangle_name(name);
	return text;
}

TEST(linker_names_become_those_of_the_source)
{
	CHECK_STR(demangled("malloc"), "malloc");
	CHECK_STR(demangled("_ZN5Cache8rememberEiRKSs"), "Cache::remember");
	CHECK_STR(demangled("_ZN4work3BoxIiE3putEi"), "work::Box<int>::put");
	CHECK_STR(demangled("_ZN3foo3barE"), "foo::bar");
	CHECK_STR(demangled("_ZN3std2io5stdio6_print17h1234567890abcdefE"),
		  "std::io::stdio::_print");
	CHECK_STR(demangled("_RNvCs4fqI2P2rA04_5crate4main"), "crate::main");
	CHECK_STR(demangled("_Znot_a_name"), "_Znot_a_name");
	CHECK_STR(demangled(""), "");
}

TEST(marks_of_compilers_and_versions_are_cut_off)
{
	CHECK_STR(demangled("work.constprop.0"), "work");
	CHECK_STR(demangled("work.part.1.cold"), "work");
	CHECK_STR(demangled("work.isra.0.lto_priv.3"), "work");
	CHECK_STR(demangled("memcpy@@GLIBC_2.14"), "memcpy");
	CHECK_STR(demangled("_ZN5Cache8rememberEiRKSs.cold"), "Cache::remember");
	CHECK_STR(demangled(".hidden"), ".hidden");
	CHECK_STR(demangled("a.b"), "a.b");
}
