/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The function in gc.callbacks.
 *
 * A capsule that nobody else refers to is its self: the capsule's destructor
 * tells us when the function was dropped, be it by a program that clears the
 * list or because the interpreter ends.
 */
#include "py-gc.h"

#include <stddef.h>
#include <string.h>

#include "note.h"
#include "py-containers.h"
#include "py-cycles.h"
#include "py-end.h"
#include "record.h"
#include "scan.h"
#include "stack.h"
#include "tenure/wire-python.h"

#define INTERPRETERS_MAX 64u
#define METH_FASTCALL	 0x80

/* PyMethodDef */
struct method {
	const char *name;
	void *(*function)(void *self, void *const *args, ptrdiff_t count);
	int flags;
	const char *doc;
};

/**
 * struct follow - one collector that tells us what it does
 * @interp: whose it is (3.8: the runtime's); NULL when this place is free
 * @number: of the interpreter
 */
struct follow {
	const void *interp;
	uint32_t number;
};

uint32_t py_gc_epoch_ = 1;

static struct follow follows[INTERPRETERS_MAX];
static uint32_t installing; /* without a GIL two threads may want to */

static struct follow *find(const void *interp)
{
	for (size_t i = 0; i < INTERPRETERS_MAX; i++)
		if (__atomic_load_n(&follows[i].interp, __ATOMIC_ACQUIRE) == interp)
			return &follows[i];
	return NULL;
}

/* Return: a place with its @interp set, or NULL. */
static struct follow *claim(void *interp)
{
	uint32_t number =
		py_state.abi->gc_in_runtime ? 0 : (uint32_t)py_state.api.interpreter_id(interp);

	for (size_t i = 0; i < INTERPRETERS_MAX; i++) {
		const void *none = NULL;

		if (__atomic_compare_exchange_n(&follows[i].interp, &none, interp, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
			follows[i].number = number;
			return &follows[i];
		}
	}
	return NULL;
}

static void drop(struct follow *follow)
{
	py_cycles_drop(follow->interp);
	__atomic_store_n(&follow->interp, NULL, __ATOMIC_RELEASE);
	__atomic_fetch_add(&py_gc_epoch_, 1, __ATOMIC_RELAXED);
}

static const char *ascii(const void *str)
{
	return (const char *)str + py_state.abi->str_ascii;
}

/* Fills in what the dictionary says; its keys are told apart by two letters. */
static void read_info(void *info, struct tenure_py_gc *gc)
{
	ptrdiff_t at = 0;
	void *key, *value;

	while (py_state.api.dict_next(info, &at, &key, &value)) {
		const char *name = ascii(key);

		if (name[0] == 'g')
			gc->generation = (uint32_t)py_state.api.long_value(value);
		else if (name[0] == 'c' && name[1] == 'o')
			gc->collected = (uint64_t)py_state.api.long_value(value);
		else if (name[0] == 'u')
			gc->uncollectable = (uint64_t)py_state.api.long_value(value);
	}
}

/* What the collector calls: phase, info. */
static void *collecting(void *self, void *const *args, ptrdiff_t count)
{
	const struct follow *follow = py_state.api.capsule_pointer(self, NULL);
	const struct stack_regs regs = STACK_HERE();
	struct tenure_py_gc gc = { 0 };
	struct thread *thread;
	bool asked = false;

	if (follow && count == 2 && args[1]) {
		bool starts = ascii(args[0])[2] == 'a';

		gc.interpreter = follow->number;
		read_info(args[1], &gc);
		thread = thread_enter();
		if (thread) {
			if (!starts)
				py_cycles_stop(thread, follow->interp, &gc);
			record_ext(thread, starts ? TENURE_PY_GC_START : TENURE_PY_GC_STOP, &gc,
				   sizeof(gc), NULL, 0);
			if (!starts && gc.generation == 2) {
				py_containers_look(thread, py_gc_of(follow->interp));
				asked = py_end_collected(thread, args[1]) &&
					scan_ask(thread, TENURE_MOMENT_USER_END, &regs);
			}
			if (starts)
				py_cycles_start(thread, follow->interp, gc.generation);
			if (asked)
				record_flush(thread);
			thread_leave(thread);
		}
	}
	if (asked)
		scan_wait();
	py_state.api.inc_ref(py_state.api.none);
	return py_state.api.none;
}

static void dropped(void *capsule)
{
	struct follow *follow = py_state.api.capsule_pointer(capsule, NULL);

	if (follow)
		drop(follow);
}

/* Return: false when memory has run out; then nothing was changed. */
static bool append(void *list, struct follow *follow)
{
	static struct method method = {
		.name = "tenure",
		.function = collecting,
		.flags = METH_FASTCALL,
	};
	const struct py_api *api = &py_state.api;
	void *capsule = api->capsule_new(follow, NULL, dropped);
	void *function = capsule ? api->cfunction_new(&method, capsule, NULL) : NULL;
	bool is_done = function && api->list_append(list, function) == 0;

	if (!is_done)
		api->err_clear();
	if (function)
		api->dec_ref(function);
	if (capsule)
		api->dec_ref(capsule);
	return is_done;
}

/* A collector that has begun with an empty list makes no dictionary for those that it calls. */
static bool is_collecting(void *interp)
{
	return py_field_int(py_gc_of(interp), py_state.abi->gc_collecting) != 0;
}

/* Return: what is wrong, or NULL. */
static const char *install(void *interp)
{
	const struct py_abi *abi = py_state.abi;
	uint8_t *gc = py_gc_of(interp);
	int32_t *enabled = (void *)(gc + abi->gc_enabled);
	void **callbacks = (void *)(gc + abi->gc_callbacks);
	int32_t was_enabled = *enabled;
	struct follow *follow;

	if (was_enabled != 0 && was_enabled != 1)
		return "the collector's state does not look as expected";
	if (*callbacks && !py_is_of(*callbacks, py_state.api.type_list))
		return "gc.callbacks does not look as expected";
	if (!*callbacks && abi->minor > 9)
		return NULL; /* the interpreter is being taken apart */

	follow = claim(interp);
	if (!follow)
		return "there are too many interpreters";
	/* No collection may start inside this allocation: without a GIL none does. */
	if (!abi->free_threaded)
		*enabled = 0;
	if (!*callbacks)
		*callbacks = py_state.api.list_new(0);
	if ((!*callbacks || !append(*callbacks, follow)) && follow->interp)
		drop(follow);
	if (!abi->free_threaded)
		*enabled = was_enabled;
	return NULL;
}

void py_gc_follow(struct thread *thread, struct py_thread *py, void *interp)
{
	uint32_t epoch = __atomic_load_n(&py_gc_epoch_, __ATOMIC_RELAXED);
	const char *why = NULL;

	if (!py_state.api.is_initialized() || is_collecting(interp) ||
	    __atomic_exchange_n(&installing, 1, __ATOMIC_ACQUIRE))
		return; /* the next allocation will try again */
	if (!find(interp)) {
		py_call_begin(thread);
		why = install(interp);
		py_call_end(thread);
	}
	__atomic_store_n(&installing, 0, __ATOMIC_RELEASE);
	py_state.met = true;
	py->interp = interp;
	py->gc_epoch = epoch;
	if (why) {
		struct note note = { 0 };

		note_add(&note, "collections are not seen: ");
		note_add(&note, why);
		note_report(thread, note.text);
	}
}

void py_gc_reset(void)
{
	memset(follows, 0, sizeof(follows));
	installing = 0;
	__atomic_fetch_add(&py_gc_epoch_, 1, __ATOMIC_RELAXED);
}
