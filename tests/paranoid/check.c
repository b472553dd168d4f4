/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker's conscience: compares every capture with a walk by the unwind
 * tables that remembers nothing, and each 101st with libunwind's, as well as
 * each that could not be followed to its end.  Every Python stack is compared
 * with the interpreter's chain of frames, read afresh.
 *
 * Linked with the shim's sources into libtenure-paranoid.so.  In the
 * directory $TENURE_PARANOID each process keeps a file of counters, alive
 * even if the process is killed, and a text file of the first differences.
 */
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libunwind.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counters.h"
#include "full.h"
#include "modules.h"
#include "nodes.h"
#include "pages.h"
#include "py-chain.h"
#include "py-code.h"
#include "py-recall.h"
#include "stack.h"
#include "sys.h"
#include "tenure/wire-python.h"
#include "thread.h"
#include "walk.h"

enum {
	ROOM = 1 << 16,
	LIBUNWIND_EACH = 101,
	SAMPLES_MAX = 40,
	SAMPLE_FRAMES = 400,
};

/**
 * struct stacks - working memory of one thread
 */
struct stacks {
	uint64_t fast[ROOM];
	uint64_t full[ROOM];
	uint64_t lib[ROOM];
	struct py_frame python[ROOM];
	uint32_t fast_count;
	uint32_t full_count;
	uint32_t lib_count;
};

static _Thread_local struct stacks *stacks attr_tls_initial_exec;

/* What is set in a process; wiped in a forked child. */
struct process {
	struct paranoid_counters *counters;
	char text_path[200];
};

static struct process *process;
static char directory[128];

static struct {
	int (*getcontext)(unw_context_t *context);
	int (*init)(unw_cursor_t *cursor, unw_context_t *context);
	int (*step)(unw_cursor_t *cursor);
	int (*get)(unw_cursor_t *cursor, int reg, unw_word_t *ret);
} lib;

#define STRING(x)  STRING_(x)
#define STRING_(x) #x

__attribute__((constructor)) static void load_libunwind(void)
{
	void *handle = dlopen("libunwind.so.8", RTLD_LOCAL | RTLD_NOW);

	if (getenv("TENURE_PARANOID"))
		snprintf(directory, sizeof(directory), "%s", getenv("TENURE_PARANOID"));
	if (!handle)
		return;
	*(void **)&lib.getcontext = dlsym(handle, STRING(unw_getcontext));
	*(void **)&lib.init = dlsym(handle, STRING(unw_init_local));
	*(void **)&lib.step = dlsym(handle, STRING(unw_step));
	*(void **)&lib.get = dlsym(handle, STRING(unw_get_reg));
	if (!lib.getcontext)
		*(void **)&lib.getcontext = dlsym(handle, "_Ux86_64_getcontext");
}

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static struct paranoid_counters *open_counters(void)
{
	char path[200];
	int fd;

	if (!process)
		process = pages_map(sizeof(*process), PAGES_WIPE);
	if (!process || !directory[0])
		return NULL;
	if (process->counters)
		return process->counters;

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "%s/%d-%d.counters", directory, (int)getpid(), i);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0)
			continue;
		if (ftruncate(fd, sizeof(*process->counters)) == 0) {
			/* Not the interceptor: it would take the guard for abandoned, so near it
			 * is. */
			long at = sys_mmap(NULL, sizeof(*process->counters), PROT_READ | PROT_WRITE,
					   MAP_SHARED, fd, 0);
			if (at > 0) {
				snprintf(process->text_path, sizeof(process->text_path),
					 "%s/%d-%d.txt", directory, (int)getpid(), i);
				process->counters = (void *)at;
			}
		}
		close(fd);
		return process->counters;
	}
	return NULL;
}

/* A line of text without malloc. */
static void say(int fd, const char *format, ...)
{
	char text[512];
	va_list args;
	int bytes;

	va_start(args, format);
	bytes = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (bytes > 0)
		(void)!write(fd, text, (size_t)bytes < sizeof(text) ? (size_t)bytes : sizeof(text));
}

static void say_frame(int fd, uint64_t word)
{
	uintptr_t pc = TENURE_NODE_PC(word);
	struct dl_find_object found;
	Dl_info info = { 0 };

	if (_dl_find_object((void *)pc, &found) < 0) {
		say(fd, "    %u %12" PRIxPTR "\n", TENURE_NODE_KIND(word), pc);
		return;
	}
	(void)dladdr((void *)pc, &info);
	say(fd, "    %u %12" PRIxPTR " %s+%" PRIxPTR " %s\n", TENURE_NODE_KIND(word), pc,
	    info.dli_fname ? info.dli_fname : "?", pc - found.dlfo_link_map->l_addr,
	    info.dli_sname ? info.dli_sname : "");
}

static void say_stack(int fd, const char *name, const uint64_t *words, uint32_t frames)
{
	say(fd, "  %s: %u frames\n", name, frames);
	for (uint32_t i = 0; i < frames && i < SAMPLE_FRAMES; i++)
		say_frame(fd, words[i]);
}

static void sample(const char *what, const struct stacks *s, const uint64_t *other,
		   uint32_t other_count)
{
	int fd;

	if (__atomic_fetch_add(&process->counters->samples, 1, __ATOMIC_RELAXED) >= SAMPLES_MAX)
		return;
	fd = open(process->text_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	say(fd, "%s\n", what);
	say_stack(fd, "fast", s->fast, s->fast_count);
	say_stack(fd, "other", other, other_count);
	close(fd);
}

static uint64_t flatten(struct stacks *s, uint32_t id)
{
	s->fast_count = 0;
	for (;;) {
		const struct tenure_node *node = nodes_get(id);

		if (node->parent == 0)
			return node->word;
		if (s->fast_count < ROOM)
			s->fast[s->fast_count++] = node->word;
		id = node->parent;
	}
}

/* libunwind's walk, from this function on; what is above @regs is left out. */
static attr_noinline int walk_lib(struct stacks *s, const struct stack_regs *regs)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc = 0;
	unw_word_t sp = 0;
	int more;

	s->lib_count = 0;
	lib.getcontext(&context);
	if (lib.init(&cursor, &context) < 0)
		return -1;
	do {
		lib.get(&cursor, UNW_REG_IP, &pc);
		lib.get(&cursor, UNW_REG_SP, &sp);
		if ((sp >= regs->sp && pc == regs->pc) || s->lib_count > 0) {
			if (pc == 0 || s->lib_count == ROOM)
				return 0;
			s->lib[s->lib_count++] = TENURE_NODE_WORD(0, pc);
		}
		more = lib.step(&cursor);
	} while (more > 0);
	return more;
}

static void compare_full(struct stacks *s, const struct thread *thread,
			 const struct stack_regs *regs, uint64_t root)
{
	struct paranoid_counters *c = process->counters;
	enum step_result result = full_walk(thread, regs, s->full, ROOM - 1, &s->full_count);

	if (result == STEP_LOST)
		s->full[s->full_count++] = TENURE_NODE_WORD(TENURE_NODE_CUT, 0);
	if (s->full_count != s->fast_count ||
	    memcmp(s->full, s->fast, s->full_count * sizeof(*s->full)) != 0) {
		count(&c->differ);
		sample("differs from the walk by tables", s, s->full, s->full_count);
	}
	if (TENURE_NODE_PC(root) != modules_generation)
		count(&c->generation);
}

static void compare_lib(struct stacks *s, const struct stack_regs *regs)
{
	struct paranoid_counters *c = process->counters;
	uint32_t same = 0;
	uint32_t frames = s->fast_count;

	if (!lib.getcontext || !lib.init || !lib.step || !lib.get)
		return;
	(void)walk_lib(s, regs);
	count(&c->lib);
	if (frames > 0 && TENURE_NODE_KIND(s->fast[frames - 1]) == TENURE_NODE_CUT)
		frames--;
	while (same < frames && same < s->lib_count &&
	       TENURE_NODE_PC(s->fast[same]) == TENURE_NODE_PC(s->lib[same]))
		same++;
	if (same == frames && same == s->lib_count)
		return;
	if (same == s->lib_count)
		count(&c->lib_shorter);
	else if (same == frames)
		count(&c->lib_longer);
	else
		count(&c->lib_differ);
	sample("differs from libunwind", s, s->lib, s->lib_count);
}

static attr_noinline void check(struct thread *thread, const struct stack_regs *regs, uint32_t node)
{
	struct paranoid_counters *c = open_counters();
	struct stacks *s = stacks;
	bool cut = false;
	uint64_t root;

	if (!c)
		return;
	if (!s)
		s = stacks = pages_map(sizeof(*s), 0);
	if (!s)
		return;

	root = flatten(s, node);
	count(&c->captures);
	__atomic_fetch_add(&c->frames, s->fast_count, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < s->fast_count; i++) {
		unsigned int kind = TENURE_NODE_KIND(s->fast[i]);

		if (kind == TENURE_NODE_CUT) {
			cut = true;
			count(&c->cut);
			sample("cut", s, NULL, 0);
		}
		if (kind == TENURE_NODE_EXACT)
			count(&c->signals);
		if (kind == TENURE_NODE_GUESS) {
			count(&c->guessed);
			break;
		}
	}
	compare_full(s, thread, regs, root);
	if (cut || c->captures % LIBUNWIND_EACH == 1)
		compare_lib(s, regs);
}

void walk_check(struct thread *thread, const struct stack_regs *regs, uint32_t node)
{
	check(thread, regs, node);
}

/* What the frames read afresh are as node words, innermost first.  Return: their number. */
static uint32_t python_words(struct stacks *s, struct thread *thread, const void *tstate)
{
	struct py_chain chain = py_chain_begin(py_state.abi, tstate);
	uint32_t count = 0;

	py_chain_read(py_state.abi, &chain, s->python, ROOM);
	for (uint32_t i = 0; i < chain.count; i++) {
		const struct py_frame *frame = &s->python[i];
		uint64_t id = py_code_id(thread, frame->code);

		if (id == PY_CODE_HIDDEN)
			continue;
		s->full[count] = TENURE_NODE_WORD(TENURE_NODE_PYTHON,
						  id << TENURE_PY_OFFSET_BITS |
							  (frame->at & TENURE_PY_OFFSET_NONE));
		s->full[count++] |= (uint64_t)(frame->at >> PY_FRAME_FLAGS_SHIFT) << 48;
	}
	return chain.frame ? ROOM : count;
}

void py_recall_check(struct thread *thread, struct py_thread *py, const void *tstate, uint32_t node)
{
	struct paranoid_counters *c = open_counters();
	struct stacks *s = stacks;
	uint32_t id = node, at = 0;

	/* It found out meanwhile that it may not read them, or that there are too many. */
	if (!c || !s || !py->depth || py_state.frames != PY_FRAMES_ON)
		return;
	s->full_count = python_words(s, thread, tstate);
	if (s->full_count == ROOM)
		return;
	for (; id; id = nodes_get(id)->parent, at++)
		if (at == s->full_count || nodes_get(id)->word != s->full[at])
			break;
	count(&c->python);
	if (!id && at == s->full_count)
		return;
	count(&c->python_differ);
	for (s->fast_count = 0; node; node = nodes_get(node)->parent)
		s->fast[s->fast_count++] = nodes_get(node)->word;
	sample("Python frames differ", s, s->full, s->full_count);
}
