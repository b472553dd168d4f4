/* SPDX-License-Identifier: Apache-2.0 */
/* Stack nodes to frames that can be printed, with a cache per object file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/idmap.h"
#include "base/intern.h"
#include "base/vec.h"
#include "model/result-python.h"
#include "symbol/demangle.h"
#include "symbol/object.h"
#include "symbol/pynames.h"
#include "symbol/resolve.h"

#define NO_OBJECT UINT32_MAX
#define TEXT_MAX  4096u

/* One object file, by path and build id. */
struct opened {
	struct object object;
	const char *path;
	struct idmap cache; /* link address to index of resolve.answers */
};

/* A slice of resolve.frames. */
struct answer {
	uint32_t first;
	uint32_t count;
};

struct resolve {
	const char *sysroot;
	struct intern strings;
	struct idmap pretty; /* address of a raw name to number of the printable one */
	struct intern keys;  /* "path\nbuild id", numbered as @opened */
	VEC(struct opened *) opened;
	VEC(struct resolve_frame) frames;
	VEC(struct answer) answers;
	struct idmap python; /* value of a Python node of @process to index of frames */

	const struct result_process *process;
	uint32_t *objects; /* per module of @process: index of @opened, NO_OBJECT */
	size_t last;	   /* module that the last address was in */
	struct resolve_frame single;
};

struct resolve *resolve_new(const char *sysroot)
{
	struct resolve *resolve = calloc(1, sizeof(*resolve));

	if (resolve)
		resolve->sysroot = sysroot;
	return resolve;
}

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Keeps @text.  Return: NULL for out of memory. */
static const char *keep(struct resolve *resolve, const char *text)
{
	uint32_t id;

	return intern_add(&resolve->strings, text, strlen(text), &id) < 0
		       ? NULL
		       : intern_get(&resolve->strings, id);
}

/* The printable form of @raw, which stays where it is as long as its file is open. */
static const char *pretty_name(struct resolve *resolve, const char *raw)
{
	uint32_t id = idmap_find(&resolve->pretty, (uint64_t)(uintptr_t)raw);
	char *text;
	int r;

	if (id != UINT32_MAX)
		return intern_get(&resolve->strings, id);
	text = demangle_name(raw);
	if (!text)
		return NULL;
	r = intern_add(&resolve->strings, text, strlen(text), &id);
	free(text);
	if (r < 0 || idmap_add(&resolve->pretty, (uint64_t)(uintptr_t)raw, id, &id) < 0)
		return NULL;
	return intern_get(&resolve->strings, id);
}

/* @path without "." and "x/.." parts: compilers write what they were given. */
static const char *tidy_path(struct resolve *resolve, const char *path)
{
	char text[TEXT_MAX];
	size_t length = 0;

	if (strlen(path) >= sizeof(text) || (!strstr(path, "/./") && !strstr(path, "/../") &&
					     !strstr(path, "//") && strncmp(path, "./", 2) != 0))
		return keep(resolve, path);

	while (*path) {
		size_t part = strcspn(path, "/");
		bool slash = path[part] == '/';
		char *before;

		if (part == 2 && strncmp(path, "..", 2) == 0 && length > 1) {
			text[length - 1] = '\0'; /* in place of the slash */
			before = strrchr(text, '/');
			if (strcmp(before ? before + 1 : text, "..") != 0) {
				length = before ? (size_t)(before + 1 - text) : 0;
				path += part + slash;
				continue;
			}
			text[length - 1] = '/';
		}
		if (!(part == 1 && *path == '.') && !(part == 0 && length > 0)) {
			memcpy(text + length, path, part + slash);
			length += part + slash;
		}
		path += part + slash;
	}
	text[length] = '\0';
	return keep(resolve, text);
}

int resolve_process(struct resolve *resolve, const struct result_process *process)
{
	uint32_t *objects = NULL;

	if (process->modules_count) {
		objects = malloc(process->modules_count * sizeof(*objects));
		if (!objects)
			return -ENOMEM;
		memset(objects, 0xff, process->modules_count * sizeof(*objects));
	}
	free(resolve->objects);
	idmap_fini(&resolve->python);
	resolve->objects = objects;
	resolve->process = process;
	resolve->last = 0;
	return 0;
}

static bool is_in(const struct result_module *module, uint64_t pc, uint32_t generation)
{
	return pc >= module->start && pc < module->end && module->generation <= generation &&
	       (!module->gone || generation < module->gone);
}

/* Index of the module around @pc; modules_count when there is none. */
static size_t find_module(struct resolve *resolve, uint64_t pc, uint32_t generation)
{
	const struct result_process *process = resolve->process;

	if (resolve->last < process->modules_count &&
	    is_in(&process->modules[resolve->last], pc, generation))
		return resolve->last;
	/* Backwards: of two that overlap, the later one was loaded over the other. */
	for (size_t i = process->modules_count; i-- > 0;) {
		if (is_in(&process->modules[i], pc, generation)) {
			resolve->last = i;
			return i;
		}
	}
	return process->modules_count;
}

static int open_object(struct resolve *resolve, const struct result_module *module,
		       uint32_t *ret_index)
{
	struct opened *opened;
	char key[TEXT_MAX];
	uint32_t index;
	int length = snprintf(key, sizeof(key), "%s\n%s", module->path, module->build_id);
	int r = intern_add(&resolve->keys, key, strnlen(key, (size_t)length), &index);

	if (r < 0)
		return r;
	*ret_index = index;
	if (index < resolve->opened.count)
		return 0;

	opened = calloc(1, sizeof(*opened));
	if (!opened)
		return -ENOMEM;
	r = vec_push(&resolve->opened, opened);
	if (r < 0) {
		free(opened);
		return r;
	}
	opened->path = keep(resolve, module->path);
	if (!opened->path)
		return -ENOMEM;
	return object_open(&opened->object, module->path, module->build_id, resolve->sysroot);
}

static int add_frame(struct resolve *resolve, struct resolve_frame frame)
{
	frame.id = (uint32_t)resolve->frames.count + 1;
	return vec_push(&resolve->frames, frame);
}

/* "libfoo.so.1+0x1234": what can be said of an address without a name. */
static int add_place(struct resolve *resolve, const struct opened *opened, uint64_t addr)
{
	struct resolve_frame frame = { .kind = RESOLVE_NATIVE,
				       .module = opened->path,
				       .addr = addr };
	char text[TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%s+0x%" PRIx64, basename_of(opened->path), addr);
	frame.function = keep(resolve, text);
	return frame.function ? add_frame(resolve, frame) : -ENOMEM;
}

static int add_found(struct resolve *resolve, const struct opened *opened, uint64_t addr,
		     const struct object_frame *found)
{
	struct resolve_frame frame = { .kind = RESOLVE_NATIVE,
				       .named = found->function != NULL,
				       .inlined = found->inlined,
				       .line = found->line,
				       .module = opened->path,
				       .addr = addr };

	if (!found->function)
		return add_place(resolve, opened, addr);
	frame.function = pretty_name(resolve, found->function);
	if (!frame.function)
		return -ENOMEM;
	if (found->file) {
		frame.file = tidy_path(resolve, found->file);
		if (!frame.file)
			return -ENOMEM;
	}
	return add_frame(resolve, frame);
}

/* Looks @addr up in an object and adds the answer to the table. */
static int look_up(struct resolve *resolve, struct opened *opened, uint64_t addr)
{
	struct object_frame found[LINES_DEPTH_MAX];
	uint32_t first = (uint32_t)resolve->frames.count;
	int count = object_find(&opened->object, addr, found);
	int r = 0;

	if (count < 0)
		return count;
	for (int i = 0; i < count && r == 0; i++)
		r = add_found(resolve, opened, addr, &found[i]);
	if (count == 0)
		r = add_place(resolve, opened, addr);
	if (r < 0)
		return r;

	return vec_push(&resolve->answers,
			(struct answer){ first, (uint32_t)resolve->frames.count - first });
}

static int single_frame(struct resolve *resolve, enum resolve_kind kind, const char *text,
			const struct resolve_frame **ret_frames)
{
	resolve->single = (struct resolve_frame){ .kind = kind, .function = text };
	*ret_frames = &resolve->single;
	return 1;
}

static int resolve_native(struct resolve *resolve, uint64_t pc, uint32_t generation,
			  const struct resolve_frame **ret_frames)
{
	const struct result_process *process = resolve->process;
	size_t module = find_module(resolve, pc, generation);
	struct opened *opened;
	uint32_t *object;
	uint32_t index;
	uint64_t addr;
	int r;

	if (module == process->modules_count)
		return single_frame(resolve, RESOLVE_NATIVE, "[code in no file]", ret_frames);
	object = &resolve->objects[module];
	if (*object == NO_OBJECT) {
		r = open_object(resolve, &process->modules[module], object);
		if (r < 0)
			return r;
	}

	opened = resolve->opened.at[*object];
	addr = pc - process->modules[module].bias;
	r = idmap_add(&opened->cache, addr, (uint32_t)resolve->answers.count, &index);
	if (r == 1)
		r = look_up(resolve, opened, addr);
	if (r < 0)
		return r;
	*ret_frames = &resolve->frames.at[resolve->answers.at[index].first];
	return (int)resolve->answers.at[index].count;
}

/* Adds the frame of one instruction of a code object to the table. */
static int add_python(struct resolve *resolve, const struct result_code *code, uint32_t offset)
{
	struct resolve_frame frame = { .kind = RESOLVE_PYTHON,
				       .named = true,
				       .line = pynames_line(code, offset) };

	frame.function = keep(resolve, code->name);
	if (!frame.function)
		return -ENOMEM;
	if (code->file) {
		frame.file = keep(resolve, code->file);
		if (!frame.file)
			return -ENOMEM;
	}
	return add_frame(resolve, frame);
}

static int resolve_python(struct resolve *resolve, uint64_t pc,
			  const struct resolve_frame **ret_frames)
{
	const struct result_python *python = resolve->process->python;
	uint64_t id = pc >> TENURE_PY_OFFSET_BITS;
	uint32_t index;
	int r;

	if (!python || id >= python->codes_count || !python->codes[id].name)
		return single_frame(resolve, RESOLVE_PYTHON, "[python]", ret_frames);
	r = idmap_add(&resolve->python, pc, (uint32_t)resolve->frames.count, &index);
	if (r == 1)
		r = add_python(resolve, &python->codes[id], (uint32_t)(pc & TENURE_PY_OFFSET_NONE));
	if (r < 0)
		return r;
	*ret_frames = &resolve->frames.at[index];
	return 1;
}

int resolve_node(struct resolve *resolve, uint64_t word, uint32_t generation,
		 const struct resolve_frame **ret_frames)
{
	uint64_t pc = TENURE_NODE_PC(word);

	switch ((enum tenure_node_kind)TENURE_NODE_KIND(word)) {
	case TENURE_NODE_ROOT:
		return 0;
	case TENURE_NODE_CALL:
	case TENURE_NODE_GUESS:
		/* The call may be the last instruction of its function. */
		return resolve_native(resolve, pc - 1, generation, ret_frames);
	case TENURE_NODE_EXACT:
		return resolve_native(resolve, pc, generation, ret_frames);
	case TENURE_NODE_CUT:
		return single_frame(resolve, RESOLVE_CUT, "[stack cut here]", ret_frames);
	case TENURE_NODE_PYTHON:
		return resolve_python(resolve, pc, ret_frames);
	case TENURE_NODE_PAIR:
		return single_frame(resolve, RESOLVE_PYTHON, "[python]", ret_frames);
	case TENURE_NODE_NONE:
		break;
	}
	return single_frame(resolve, RESOLVE_CUT, "[stack not recorded]", ret_frames);
}

enum resolve_source resolve_source(const struct resolve *resolve, size_t index)
{
	const struct object *object;

	if (resolve->objects[index] == NO_OBJECT)
		return RESOLVE_UNUSED;
	object = &resolve->opened.at[resolve->objects[index]]->object;
	switch (object->debugfile.state) {
	case DEBUGFILE_OK:
		break;
	case DEBUGFILE_MISSING:
		return RESOLVE_MISSING;
	case DEBUGFILE_REPLACED:
		return RESOLVE_REPLACED;
	case DEBUGFILE_VIRTUAL:
	case DEBUGFILE_BAD:
		return RESOLVE_NOTHING;
	}
	return object->lines	    ? RESOLVE_LINES
	       : object->syms.count ? RESOLVE_SYMBOLS
				    : RESOLVE_NOTHING;
}

struct resolve *resolve_free(struct resolve *resolve)
{
	if (!resolve)
		return NULL;
	for (size_t i = 0; i < resolve->opened.count; i++) {
		object_close(&resolve->opened.at[i]->object);
		idmap_fini(&resolve->opened.at[i]->cache);
		free(resolve->opened.at[i]);
	}
	vec_fini(&resolve->opened);
	free(resolve->objects);
	vec_fini(&resolve->frames);
	vec_fini(&resolve->answers);
	intern_fini(&resolve->strings);
	intern_fini(&resolve->keys);
	idmap_fini(&resolve->pretty);
	idmap_fini(&resolve->python);
	free(resolve);
	return NULL;
}
