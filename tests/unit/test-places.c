/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers for memory: on documents made by hand. */
#include <stdlib.h>
#include <string.h>

#include "report/places.h"
#include "report/report.h"

#include "test.h"

struct made {
	struct report *report;
	struct places_view view;
	struct places places;
};

static struct made begin(void)
{
	struct made made = { .report = report_new("0") };

	CHECK(made.report);
	CHECK_EQ(vec_push(&made.report->processes, (struct report_process){ .exe = "" }), 0);
	return made;
}

/* A stack: frames root first, "name", "name:line", "?module+address", "py name". */
static uint32_t stack(struct made *made, const char *const *names)
{
	uint32_t at = REPORT_NONE;

	for (; *names; names++) {
		struct report_frame frame = { .file = REPORT_NONE, .module = REPORT_NONE };
		const char *name = *names;
		uint32_t id;

		frame.named = *name != '?';
		frame.kind = strncmp(name, "py ", 3) == 0 ? RESOLVE_PYTHON : RESOLVE_NATIVE;
		if (strchr(name, ':'))
			frame.line = (uint32_t)atoi(strchr(name, ':') + 1);
		CHECK_EQ(report_string(made->report, name, &frame.function), 0);
		CHECK_EQ(report_string(made->report, strchr(name, '@') ? strchr(name, '@') : "/app",
				       &frame.module),
			 0);
		CHECK_EQ(report_add_frame(made->report, &frame, &id), 0);
		CHECK_EQ(report_add_stack(made->report, at, id, &at), 0);
	}
	return at;
}

#define STACK(made_, ...) stack((made_), (const char *const[]){ __VA_ARGS__, NULL })

static void site(struct made *made, uint32_t leaf, uint64_t bytes)
{
	struct report_site one = {
		.stack = leaf, .allocations = 1, .peak_bytes = bytes, .peak_blocks = 1
	};

	CHECK_EQ(vec_push(&made->report->processes.at[0].sites, one), 0);
}

static void finish(struct made *made)
{
	CHECK_EQ(places_view_init(&made->view, made->report, REPORT_FRAMES_MIXED), 0);
	CHECK_EQ(places_init(&made->places, &made->view, &made->report->processes.at[0].sites,
			     REPORT_SORT_PEAK),
		 0);
}

static void end(struct made *made)
{
	places_fini(&made->places);
	places_view_fini(&made->view);
	report_free(made->report);
}

static const char *function_of(const struct made *made, uint32_t frame)
{
	return intern_get(&made->report->strings, made->report->frames.at[frame].function);
}

static const char *place_name(const struct made *made, size_t index)
{
	uint32_t at = made->places.items.at[index].stack;

	return function_of(made, made->report->stacks.at[at].frame);
}

TEST(wrappers_and_libraries_are_passed_over)
{
	struct made made = begin();

	site(&made, STACK(&made, "main", "load", "std::vector<int>::push_back", "operator new"),
	     100);
	site(&made, STACK(&made, "main", "parse", "xmalloc"), 50);
	site(&made, STACK(&made, "main", "fopen@/lib/libc.so.6"), 10);
	finish(&made);
	CHECK_EQ(made.places.items.count, 3);
	CHECK_STR(place_name(&made, 0), "load");
	CHECK_STR(place_name(&made, 1), "parse");
	CHECK_STR(place_name(&made, 2), "main");
	end(&made);
}

TEST(a_stack_of_plumbing_answers_itself)
{
	struct made made = begin();

	site(&made, STACK(&made, "_start", "init@/lib/libc.so.6", "malloc"), 10);
	site(&made, STACK(&made, "_start", "xmalloc"), 5);
	site(&made, REPORT_NONE, 3);
	finish(&made);
	CHECK_STR(place_name(&made, 0), "init@/lib/libc.so.6");
	CHECK_STR(place_name(&made, 1), "xmalloc");
	CHECK_EQ(made.places.items.at[2].stack, REPORT_NONE);
	CHECK_EQ(made.places.weight, 18);
	end(&made);
}

TEST(stacks_through_one_line_are_one_place)
{
	struct made made = begin();
	struct place_caller callers[4];
	size_t count;

	site(&made, STACK(&made, "main", "left", "common:7", "malloc"), 30);
	site(&made, STACK(&made, "main", "right", "common:7", "calloc"), 70);
	site(&made, STACK(&made, "main", "right", "common:8", "calloc"), 1);
	finish(&made);
	CHECK_EQ(made.places.items.count, 2);
	CHECK_EQ(made.places.items.at[0].weight, 100);
	CHECK_EQ(made.places.items.at[0].sites, 2);

	/* The caller with 70 of 100, then its caller. */
	CHECK_EQ(places_callers(&made.places, &made.view, &made.places.items.at[0], callers, 4,
				&count),
		 0);
	CHECK_EQ(count, 2);
	CHECK_STR(function_of(&made, callers[0].frame), "right");
	CHECK_EQ(callers[0].weight, 70);
	CHECK_STR(function_of(&made, callers[1].frame), "main");
	CHECK_EQ(callers[1].depth, 1);
	end(&made);
}

TEST(callers_that_part_evenly_stand_beside_one_another)
{
	static const char *const names[] = { "a", "b", "c" };
	struct made made = begin();
	struct place_caller callers[4];
	size_t count;

	for (size_t i = 0; i < 3; i++)
		site(&made, STACK(&made, "main", names[i], "common", "malloc"), 33 - i);
	finish(&made);
	CHECK_EQ(places_callers(&made.places, &made.view, &made.places.items.at[0], callers, 4,
				&count),
		 0);
	CHECK_EQ(count, 3);
	for (size_t i = 0; i < 3; i++) {
		CHECK_STR(function_of(&made, callers[i].frame), names[i]);
		CHECK_EQ(callers[i].depth, 0);
	}
	end(&made);
}

TEST(recursion_is_shown_once)
{
	struct made made = begin();
	struct place_caller callers[8];
	size_t count;

	site(&made, STACK(&made, "main", "walk", "visit", "walk", "visit", "walk", "malloc"), 1);
	finish(&made);
	CHECK_EQ(places_callers(&made.places, &made.view, &made.places.items.at[0], callers, 8,
				&count),
		 0);
	CHECK_EQ(count, 2);
	CHECK_STR(function_of(&made, callers[0].frame), "visit");
	CHECK_STR(function_of(&made, callers[1].frame), "main");
	end(&made);
}

TEST(a_nameless_function_that_all_call_is_a_wrapper)
{
	static const char *const callers[] = { "?1", "?2", "?3", "?4", "?5", "?6" };
	struct made made = begin();

	for (size_t i = 0; i < ARRAY_SIZE(callers); i++)
		site(&made, STACK(&made, "?main", callers[i], "?wrapper", "malloc"), 10 + i);
	finish(&made);
	CHECK_EQ(made.places.items.count, 6);
	CHECK_STR(place_name(&made, 0), "?6");
	end(&made);
}

TEST(a_stripped_library_answers_by_what_it_exports)
{
	struct made made = begin();

	site(&made,
	     STACK(&made, "main", "exported@/lib/libx.so", "?1@/lib/libx.so", "?2@/lib/libx.so"),
	     10);
	site(&made, STACK(&made, "main", "?3@/lib/liby.so"), 5);
	finish(&made);
	/* The module is the text from the at sign on: the same for all of the library. */
	CHECK_STR(place_name(&made, 0), "exported@/lib/libx.so");
	CHECK_STR(place_name(&made, 1), "?3@/lib/liby.so");
	end(&made);
}

TEST(python_answers_before_the_extension_it_called)
{
	struct made made = begin();
	struct place_caller inner;

	site(&made,
	     STACK(&made, "main", "eval@/bin/python3.11", "py make", "call@/bin/python3.11",
		   "scan@/lib/_json.so", "malloc"),
	     10);
	finish(&made);
	CHECK_STR(place_name(&made, 0), "py make");
	CHECK_EQ(places_inner(&made.places, &made.view, &made.places.items.at[0], &inner), 0);
	CHECK_STR(function_of(&made, inner.frame), "scan@/lib/_json.so");
	CHECK_EQ(inner.weight, 10);
	end(&made);
}

TEST(an_extension_without_names_is_not_taken_for_its_caller)
{
	struct made made = begin();
	struct place_caller inner;

	site(&made,
	     STACK(&made, "py make", "call@/bin/python3.11", "?8@/lib/_umath.so",
		   "?1@/lib/_umath.so", "malloc"),
	     10);
	site(&made, STACK(&made, "py make", "call@/bin/python3.11", "?2@/lib/_umath.so", "malloc"),
	     20);
	/* Where it exports a name, that says more; the interpreter's addresses say nothing. */
	site(&made,
	     STACK(&made, "py make", "call@/bin/python3.11", "PyInit_it@/lib/it.so",
		   "?5@/lib/it.so", "malloc"),
	     7);
	site(&made, STACK(&made, "py make", "call@/bin/python3.11", "?5@/bin/python3.11", "malloc"),
	     9);
	finish(&made);
	CHECK_EQ(made.places.items.count, 1);
	CHECK_EQ(places_inner(&made.places, &made.view, &made.places.items.at[0], &inner), 0);
	CHECK_EQ(inner.weight, 30);
	CHECK(strstr(function_of(&made, inner.frame), "@/lib/_umath.so"));
	end(&made);
}
