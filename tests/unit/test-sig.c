/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of stacks that are made by hand. */
#include "report/report.h"
#include "report/sig.h"

#include "test.h"

static struct report *begin(void)
{
	struct report *report = report_new("0");

	CHECK(report);
	return report;
}

/* A process that has /app loaded, of the given build. */
static void add_process(struct report *report, const char *build)
{
	struct report_process process = { .exe = "/app" };
	struct report_module module = { .path = "/app", .build_id = build };

	CHECK_EQ(vec_push(&process.modules, module), 0);
	CHECK_EQ(vec_push(&report->processes, process), 0);
}

static uint32_t push(struct report *report, uint32_t caller, struct report_frame frame,
		     const char *function)
{
	uint32_t id, stack;

	frame.file = REPORT_NONE;
	frame.module = REPORT_NONE;
	CHECK_EQ(report_string(report, function, &frame.function), 0);
	if (frame.kind == RESOLVE_NATIVE)
		CHECK_EQ(report_string(report, "/app", &frame.module), 0);
	CHECK_EQ(report_add_frame(report, &frame, &id), 0);
	CHECK_EQ(report_add_stack(report, caller, id, &stack), 0);
	return stack;
}

static uint32_t push_python(struct report *report, uint32_t caller, const char *function)
{
	return push(report, caller, (struct report_frame){ .kind = RESOLVE_PYTHON, .named = true },
		    function);
}

static uint32_t push_interpreter(struct report *report, uint32_t caller, const char *function)
{
	struct report_frame frame = { .kind = RESOLVE_NATIVE, .file = REPORT_NONE, .named = true };
	uint32_t id, stack;

	CHECK_EQ(report_string(report, function, &frame.function), 0);
	CHECK_EQ(report_string(report, "/usr/lib/libpython3.12.so.1.0", &frame.module), 0);
	CHECK_EQ(report_add_frame(report, &frame, &id), 0);
	CHECK_EQ(report_add_stack(report, caller, id, &stack), 0);
	return stack;
}

static uint32_t push_named(struct report *report, uint32_t caller, const char *function)
{
	return push(report, caller, (struct report_frame){ .kind = RESOLVE_NATIVE, .named = true },
		    function);
}

static uint64_t sig(struct report *report, size_t process, uint32_t stack)
{
	uint64_t value = 0;

	CHECK_EQ(sig_of_stack(report, &report->processes.at[process], stack, "heap", &value), 0);
	return value;
}

TEST(functions_with_names_have_one_signature_in_all_builds)
{
	struct report *report = begin();
	uint32_t stack;

	add_process(report, "11");
	add_process(report, "22");
	stack = push_named(report, push_named(report, REPORT_NONE, "main"), "work");
	CHECK_EQ(sig(report, 0, stack), sig(report, 1, stack));
	CHECK(sig(report, 0, stack) != sig(report, 0, report->stacks.at[stack].caller));
	report_free(report);
}

TEST(code_without_a_name_goes_by_the_build_of_each_process)
{
	const struct report_frame nameless = { .kind = RESOLVE_NATIVE, .address = 0x1234 };
	struct report *report = begin();
	uint64_t first, second;
	uint32_t stack;

	add_process(report, "11");
	add_process(report, "22");
	stack = push(report, REPORT_NONE, nameless, "app+0x1234");
	first = sig(report, 0, stack);
	second = sig(report, 1, stack);
	CHECK(first != second);
	CHECK_EQ(sig(report, 0, stack), first);
	report_free(report);
}

TEST(wrappers_recursion_and_what_is_before_main_leave_signatures_alone)
{
	struct report *report = begin();
	uint32_t start, main_, work, again, wrapped;

	add_process(report, "11");
	start = push_named(report, REPORT_NONE, "launcher");
	main_ = push_named(report, start, "main");
	work = push_named(report, main_, "work");
	again = push_named(report, work, "work");
	wrapped = push_named(report, again, "xmalloc");
	CHECK_EQ(sig(report, 0, wrapped), sig(report, 0, work));
	CHECK_EQ(sig(report, 0, work),
		 sig(report, 0,
		     push_named(report, push_named(report, REPORT_NONE, "main"), "work")));
	report_free(report);
}

TEST(a_function_may_be_named_like_a_kind_of_memory)
{
	const struct report_frame python = { .kind = RESOLVE_PYTHON, .named = true };
	struct report *report = begin();
	uint32_t stack;

	add_process(report, "11");
	stack = push(report, REPORT_NONE, python, "heap");
	CHECK(sig(report, 0, stack) != sig(report, 0, REPORT_NONE));
	report_free(report);
}

TEST(the_interpreter_between_python_functions_says_nothing)
{
	struct report *report = begin();
	uint32_t python, long_way, short_way, other;

	add_process(report, "11");
	python = push_python(report, REPORT_NONE, "serve");
	long_way = push_interpreter(report, python, "_PyEval_EvalFrameDefault");
	long_way = push_interpreter(report, long_way, "PyObject_Vectorcall");
	long_way = push_named(report, long_way, "label");
	long_way = push_interpreter(report, long_way, "PyUnicode_FromFormat");
	short_way = push_named(report, python, "label");
	CHECK_EQ(sig(report, 0, long_way), sig(report, 0, short_way));
	/* The extension's own function does count. */
	CHECK(sig(report, 0, short_way) != sig(report, 0, python));

	/* Where nothing but the interpreter is on the stack, it does. */
	long_way = push_interpreter(report, REPORT_NONE, "PyType_Ready");
	other = push_interpreter(report, REPORT_NONE, "PyDict_New");
	CHECK(sig(report, 0, long_way) != sig(report, 0, other));
	report_free(report);
}
