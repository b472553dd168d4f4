/* SPDX-License-Identifier: Apache-2.0 */
#include <alloca.h>
#include <execinfo.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "full.h"
#include "stack.h"
#include "test.h"
#include "walk-fake.h"

enum {
	DEPTH_MAX = 4096,
};

/* A stack as its nodes say it, leaf first, ROOT left out. */
struct flat {
	int count;
	uint64_t word[DEPTH_MAX];
};

static struct flat flat;

static void flatten(uint32_t id)
{
	flat.count = 0;
	while (id) {
		const struct tenure_node *node = nodes_get(id);

		if (node->parent == 0) {
			CHECK_EQ(TENURE_NODE_KIND(node->word), TENURE_NODE_ROOT);
			return;
		}
		CHECK(node->parent < id);
		if (flat.count < DEPTH_MAX)
			flat.word[flat.count++] = node->word;
		id = node->parent;
	}
}

/* Stands for an interceptor: captures its caller's stack. */
static attr_noinline uint32_t capture(void)
{
	const struct stack_regs regs = STACK_HERE();

	return walk_capture(fake_thread(), &regs);
}

static void *trace[DEPTH_MAX];
static int trace_count;

/* The stack that capture() saw, and what the C library says from the same function. */
#define CAPTURE_BOTH()                                     \
	({                                                 \
		uint32_t id_ = capture();                  \
		trace_count = backtrace(trace, DEPTH_MAX); \
		flatten(id_);                              \
		id_;                                       \
	})

/* All frames but the first, whose address differs, are the same. */
static void check_same(void)
{
	CHECK(trace_count > 2);
	CHECK_EQ(flat.count, trace_count);
	for (int i = 1; i < flat.count; i++)
		CHECK_EQ(TENURE_NODE_PC(flat.word[i]), (uintptr_t)trace[i]);
}

TEST(a_stack_is_what_the_c_library_sees)
{
	fake_start();
	CAPTURE_BOTH();
	check_same();
}

/* Called through a pointer, so that every level is a frame. */
static int (*volatile recurse_call)(int depth);

static attr_noinline int recurse(int depth)
{
	volatile char pad[32] = { 0 };
	int r;

	if (depth == 0) {
		CAPTURE_BOTH();
		return 0;
	}
	recurse_call = recurse;
	r = recurse_call(depth - 1);
	return r + pad[depth % 32] + 1;
}

TEST(deep_recursion_is_followed_to_the_root)
{
	fake_start();
	CHECK_EQ(recurse(2000), 2000);
	check_same();
}

TEST(a_depth_limit_keeps_the_root_side)
{
	struct flat whole = { 0 };

	fake_start();
	for (volatile uint32_t depth = 0; depth <= 10; depth += 10) {
		whole = flat;
		walk_depth(depth);
		recurse(50);
	}
	walk_depth(0);
	CHECK_EQ(flat.count, 11);
	CHECK_EQ(TENURE_NODE_KIND(flat.word[0]), TENURE_NODE_CUT);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(flat.word[1 + i], whole.word[whole.count - 10 + i]);
	CHECK(shared->truncated > 0);
}

static void *thread_main(void *arg)
{
	recurse(*(int *)arg);
	return NULL;
}

TEST(other_threads_are_followed)
{
	pthread_t thread;
	int depth = 20;

	fake_start();
	CHECK_EQ(pthread_create(&thread, NULL, thread_main, &depth), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	check_same();
}

static void on_signal(int sig)
{
	(void)sig;
	CAPTURE_BOTH();
}

static attr_noinline void interrupted(void)
{
	raise(SIGUSR1);
	__asm__ volatile("");
}

static int count_kind(unsigned int kind)
{
	int n = 0;

	for (int i = 0; i < flat.count; i++)
		n += TENURE_NODE_KIND(flat.word[i]) == kind;
	return n;
}

TEST(a_signal_frame_is_crossed)
{
	struct sigaction action = { .sa_handler = on_signal };

	fake_start();
	sigaction(SIGUSR1, &action, NULL);
	interrupted();
	check_same();
	CHECK_EQ(count_kind(TENURE_NODE_EXACT), 1);
}

TEST(an_alternate_signal_stack_is_left_again)
{
	static char memory[65536];
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };
	stack_t none = { .ss_flags = SS_DISABLE };

	fake_start();
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	interrupted();
	sigaltstack(&none, NULL);
	check_same();
	CHECK_EQ(count_kind(TENURE_NODE_EXACT), 1);
}

static ucontext_t main_context;

static void coroutine(void)
{
	recurse(30);
	swapcontext(&(ucontext_t){ 0 }, &main_context);
}

/* A context may say anything: here, that its stack is where nothing is. */
TEST(the_stack_that_a_signal_has_interrupted_is_not_read_unasked)
{
	static uint64_t context[512];
	uintptr_t nowhere =
		(uintptr_t)mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct frame at = { .pc = 1, .sp = (uintptr_t)context, .kind = TENURE_NODE_CALL };
	struct reach reach = { .lo = at.sp, .hi = at.sp + sizeof(context) };

	CHECK(nowhere > reach.hi);
	context[ARCH_SIGNAL_PC / 8] = 1;
	context[ARCH_SIGNAL_SP / 8] = nowhere;
	CHECK_EQ(step(&at, RULE_SIGNAL, &reach), STEP_OK);
	CHECK_EQ(at.sp, nowhere);
	CHECK_EQ(step(&at, RULE_SP | 2u << 9, &reach), STEP_LOST);
	(void)munmap((void *)nowhere, 65536);
}

TEST(a_coroutine_ends_at_its_own_root)
{
	size_t bytes = 65536;
	char *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ucontext_t context;

	fake_start();
	CHECK(stack != MAP_FAILED);
	recurse(3);
	getcontext(&context);
	context.uc_stack = (stack_t){ .ss_sp = stack, .ss_size = bytes };
	context.uc_link = NULL;
	makecontext(&context, coroutine, 0);
	swapcontext(&main_context, &context);
	CHECK_EQ(flat.count, 33);
	check_same();
	munmap(stack, bytes);
	recurse(3);
	check_same();
}

static jmp_buf jump;

static attr_noinline int jumper(int depth)
{
	volatile int pad = depth;

	if (depth == 0) {
		CAPTURE_BOTH();
		if (pad == 0)
			longjmp(jump, 1);
		return 0;
	}
	return jumper(depth - 1) + pad;
}

TEST(a_longjmp_leaves_no_trace)
{
	fake_start();
	if (setjmp(jump) == 0)
		jumper(30);
	CAPTURE_BOTH();
	check_same();
}

static attr_noinline int realigned(int depth)
{
	int v[16] __attribute__((aligned(64)));

	__asm__ volatile("" : : "r"(v) : "memory");
	if (depth == 0) {
		CAPTURE_BOTH();
		return 0;
	}
	v[depth % 16] = depth;
	__asm__ volatile("" : : "r"(v) : "memory");
	return realigned(depth - 1) + v[depth % 16];
}

TEST(realigned_frames_are_followed)
{
	fake_start();
	realigned(5);
	check_same();
}

static attr_noinline uint32_t at_one_place(void)
{
	uint32_t id = capture();

	__asm__ volatile("");
	return id;
}

TEST(the_same_stack_has_the_same_number)
{
	volatile int n = 3;
	uint32_t id[3];

	fake_start();
	for (int i = 0; i < n; i++)
		id[i] = at_one_place();
	CHECK_EQ(id[0], id[1]);
	CHECK_EQ(id[0], id[2]);
}

TEST(a_change_of_the_modules_begins_a_new_root)
{
	uint32_t id[2];
	uint64_t root[2];
	volatile int n = 2;

	fake_start();
	for (int i = 0; i < n; i++) {
		uint32_t node = id[i] = at_one_place();

		while (nodes_get(node)->parent)
			node = nodes_get(node)->parent;
		root[i] = nodes_get(node)->word;
		modules_generation++;
		walk_modules_changed();
	}
	CHECK(id[0] != id[1]);
	CHECK_EQ(TENURE_NODE_PC(root[0]) + 1, TENURE_NODE_PC(root[1]));
}

/*
 * Stacks that look like the one before in every return address of their inner
 * frames, but are not: what was outside of them has moved, and the old return
 * addresses still lie where they were, in memory that nobody has written.
 */

static uint64_t by_tables[DEPTH_MAX];
static uint32_t by_tables_count;
static uint32_t stacks_checked;

static attr_noinline void capture_checked(void)
{
	const struct stack_regs regs = STACK_HERE();
	uint32_t id = walk_capture(fake_thread(), &regs);

	CHECK_EQ(full_walk(fake_thread(), &regs, by_tables, DEPTH_MAX, &by_tables_count), STEP_END);
	flatten(id);
	CHECK_EQ(flat.count, by_tables_count);
	CHECK_MEM(flat.word, by_tables, by_tables_count * sizeof(*by_tables));
	stacks_checked++;
}

static attr_noinline void plain_inner(void)
{
	capture_checked();
	__asm__ volatile("");
}

#ifdef __x86_64__
/* Uses the frame pointer for something else, hence saves it. */
static attr_noinline __attribute__((optimize("omit-frame-pointer"))) void saving_inner(void)
{
	__asm__ volatile("xor %%ebp, %%ebp" : : : "rbp");
	capture_checked();
	__asm__ volatile("" : : : "rbp");
}
#endif

static void (*volatile inner)(void);
static int below; /* bytes that variable_middle() takes */

static attr_noinline void variable_middle(void)
{
	char *p = alloca((size_t)below);

	__asm__ volatile("" : : "r"(p));
	inner();
	__asm__ volatile("");
}

/* With alloca() the compiler keeps the address of the frame in memory. */
static attr_noinline void realigned_middle(void)
{
	char p[64] __attribute__((aligned(64)));
	static volatile size_t some = 64;
	char *q = alloca(some);

	__asm__ volatile("" : : "r"(p), "r"(q));
	inner();
	__asm__ volatile("" : : "r"(p), "r"(q));
}

static void (*volatile middle)(void);

static attr_noinline void outer_one(int above)
{
	char *p = alloca((size_t)above);

	__asm__ volatile("" : : "r"(p));
	middle();
	__asm__ volatile("");
}

static attr_noinline void outer_two(int above)
{
	char *p = alloca((size_t)above);

	__asm__ volatile("" : : "r"(p));
	middle();
	__asm__ volatile("# not the other one");
}

/*
 * Calls the two in turn from one place, with every shift of their frames
 * against each other: where the sums agree, the inner frames lie the same.
 */
static attr_noinline void shift_frames(void (*middle_)(void), void (*inner_)(void))
{
	static void (*volatile const outers[])(int) = { outer_one, outer_two };

	middle = middle_;
	inner = inner_;
	stacks_checked = 0;
	for (volatile int i = 0; i < 2 * 16 * 40; i = i + 1) {
		below = i % 2 ? i / 2 % 40 * 16 : 512;
		outers[i % 2](i % 2 ? i / 80 * 16 : 0);
	}
	CHECK_EQ(stacks_checked, 2 * 16 * 40);
}

TEST(a_frame_pointer_that_differs_is_noticed_in_a_register)
{
	fake_start();
	shift_frames(variable_middle, plain_inner);
}

#ifdef __x86_64__
TEST(a_frame_pointer_that_differs_is_noticed_where_it_is_saved)
{
	fake_start();
	shift_frames(variable_middle, saving_inner);
}
#endif

TEST(a_realigned_frame_that_moved_is_noticed)
{
	fake_start();
	shift_frames(realigned_middle, plain_inner);
}

/* Needs the frame pointer of whoever is outside, and leaves it alone. */
static attr_noinline __attribute__((optimize("omit-frame-pointer"))) void passing_middle(void)
{
	inner();
	__asm__ volatile("");
}

static attr_noinline void outermost(void (*outer)(int), int above, int lower)
{
	char *p = alloca((size_t)lower);

	__asm__ volatile("" : : "r"(p));
	outer(above);
	__asm__ volatile("");
}

/*
 * The few frames above a kept one come back in any order, with others between
 * them that differ in one word, in their place, or in a frame pointer only.
 */
TEST(stacks_that_come_back_are_what_they_were_only_if_they_are)
{
	static void (*const outers[])(int) = { outer_one, outer_two };
	static void (*const middles[])(void) = { variable_middle, passing_middle,
						 realigned_middle };
	static void (*const inners[])(void) = {
		plain_inner,
#ifdef __x86_64__
		saving_inner,
#endif
	};
	uint64_t random = 1;

	fake_start();
	stacks_checked = 0;
	for (int i = 0; i < 60000; i++) {
		uint32_t r = (uint32_t)((random = random * 6364136223846793005u + 1) >> 33);

		middle = middles[r % 8 < 5 ? 0 : r % 8 < 7 ? 1 : 2];
		inner = inners[r / 8 % ARRAY_SIZE(inners)];
		below = (int)(r / 16 % 4 * 16);
		outermost(outers[r / 64 % 2], (int)(r / 128 % 4 * 16), (int)(r / 512 % 4 * 16));
	}
	CHECK_EQ(stacks_checked, 60000);
}

static uint64_t way;

/* Two frames of one size and one of another, each with two places to call from. */
#define WANDER(name, pad)                                                                         \
	static attr_noinline __attribute__((optimize("omit-frame-pointer"))) void name(int depth) \
	{                                                                                         \
		char room[pad];                                                                   \
		void (*next)(int) = wanders[way % 3];                                             \
		bool second = way / 3 % 2;                                                        \
                                                                                                  \
		__asm__ volatile("" : : "r"(room));                                               \
		way /= 6;                                                                         \
		if (depth == 0)                                                                   \
			plain_inner();                                                            \
		else if (second)                                                                  \
			next(depth - 1);                                                          \
		else                                                                              \
			wanders[0](depth - 1);                                                    \
		__asm__ volatile("" : : "r"(room));                                               \
	}

static void (*volatile wanders[3])(int);

WANDER(wander_one, 24)
WANDER(wander_two, 24)
WANDER(wander_wide, 88)

TEST(stacks_of_plain_frames_that_come_back_are_what_they_were_only_if_they_are)
{
	uint64_t random = 1;

	fake_start();
	stacks_checked = 0;
	wanders[0] = wander_one;
	wanders[1] = wander_two;
	wanders[2] = wander_wide;
	for (int i = 0; i < 100000; i++) {
		uint32_t r = (uint32_t)((random = random * 6364136223846793005u + 1) >> 33);

		way = r >> 3;
		wanders[r % 3]((int)(r % 7));
	}
	CHECK_EQ(stacks_checked, 100000);
}
