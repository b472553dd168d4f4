/* SPDX-License-Identifier: Apache-2.0 */
/* tenure dump: the records of a capture, one line each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "input/capture.h"
#include "report/words.h"

#include "cmd.h"
#include "dump-ext.h"

/* What is needed to print the events of one process image. */
struct dump_image {
	uint64_t number;
	uint64_t start;
	double ns_per_tick;
};

static void print_head(const struct dump_image *image, uint64_t stamp)
{
	double ns = (double)(int64_t)(stamp - image->start) * image->ns_per_tick;

	(void)printf("%" PRIu64 " %.9f ", image->number, ns / 1e9);
}

static void *image_begun(void *arg, const struct image_info *info)
{
	struct dump_image *image = calloc(1, sizeof(*image));

	(void)arg;
	if (!image)
		return NULL;
	*image = (struct dump_image){ info->image, info->start_stamp, info->ns_per_tick };

	print_head(image, info->start_stamp);
	(void)printf("begin pid %u ppid %u%s\n", info->pid, info->ppid,
		     info->flags & TENURE_HELLO_FORKED ? " forked" : "");
	return image;
}

static void print_event(const struct dump_image *image, const struct event *event)
{
	print_head(image, event->stamp);
	(void)printf("slot %u ", event->thread);

	switch ((enum event_kind)event->kind) {
	case EVENT_ALLOC:
		(void)printf("alloc 0x%" PRIx64 " bytes %" PRIu64 " stack %u %s\n", event->addr,
			     event->bytes, event->stack, words_get(&words_fn, event->fn));
		return;
	case EVENT_FREE:
		(void)printf("free 0x%" PRIx64 "%s\n", event->addr, event->fn ? " realloc" : "");
		return;
	case EVENT_EXT:
		dump_ext(stdout, event);
		(void)putchar('\n');
		return;
	}
	(void)printf("unknown kind %u\n", event->kind);
}

static void events(void *arg, const struct event *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		print_event(arg, &list[i]);
}

static void memory(void *arg, uint64_t stamp, uint64_t rss_bytes)
{
	print_head(arg, stamp);
	(void)printf("memory rss %" PRIu64 "\n", rss_bytes);
}

static void print_nodes(const struct dump_image *image, const struct image_end *end)
{
	static const char *const kinds[] = {
		[TENURE_NODE_ROOT] = "root",   [TENURE_NODE_CALL] = "call",
		[TENURE_NODE_EXACT] = "exact", [TENURE_NODE_GUESS] = "guess",
		[TENURE_NODE_CUT] = "cut",     [TENURE_NODE_PYTHON] = "python",
		[TENURE_NODE_PAIR] = "pair",
	};

	for (size_t id = 1; id < end->nodes_count; id++) {
		uint64_t word = end->nodes[id].word;
		unsigned int kind = TENURE_NODE_KIND(word);

		if (kind == TENURE_NODE_NONE || kind >= ARRAY_SIZE(kinds))
			continue;
		(void)printf("%" PRIu64 " node %zu parent %u %s 0x%" PRIx64 "\n", image->number, id,
			     end->nodes[id].parent, kinds[kind], (uint64_t)TENURE_NODE_PC(word));
	}
}

static void image_ended(void *arg, const struct image_end *end)
{
	static const char *const how[] = {
		[IMAGE_UNKNOWN] = "unknown",  [IMAGE_EXITED] = "exit",
		[IMAGE_SIGNALLED] = "signal", [IMAGE_EXEC] = "exec",
		[IMAGE_RUNNING] = "running",  [IMAGE_CUT] = "cut",
	};
	struct dump_image *image = arg;

	print_nodes(image, end);
	print_head(image, end->end_stamp);
	(void)printf("end %s %d stream-bytes %" PRIu64 " bad-bytes %" PRIu64 "\n", how[end->how],
		     end->status, end->stream_bytes, end->bad_bytes);
	free(image);
}

static const struct input_ops ops = {
	.image_begun = image_begun,
	.events = events,
	.memory = memory,
	.image_ended = image_ended,
};

static int run(int argc, char *argv[])
{
	struct capture_outcome outcome;
	const char *path;
	int r;

	if (argc != 1) {
		log_error(argc == 0 ? "no file given" : "cannot dump more than one file at a time");
		log_hint("tenure dump FILE");
		return CMD_USAGE;
	}

	path = strcmp(argv[0], "-") == 0 ? "/dev/stdin" : argv[0];
	r = capture_replay(path, &ops, NULL, &outcome);
	if (r < 0) {
		log_error("cannot read '%s': %s", argv[0],
			  r == -EBADMSG		  ? "it is not a capture"
			  : r == -EPROTONOSUPPORT ? "it was recorded by another version of tenure"
						  : log_reason(r));
		if (r == -EBADMSG)
			log_hint("tenure report %s", argv[0]);
		return CMD_USAGE;
	}
	if (outcome.cut) {
		log_error("'%s' is cut or damaged after %" PRIu64 " bytes", argv[0],
			  outcome.offset);
		return cmd_finish_stdout(CMD_FAILED);
	}
	return cmd_finish_stdout(CMD_OK);
}

const struct cli_command cmd_dump = {
	.name = "dump",
	.summary = "print the records of a capture, one line each",
	.usage = "FILE",
	.about =
		"Prints what 'tenure run --record' kept in FILE (- is standard input), in the order "
		"of time: process image, seconds since its start, thread slot, record.  The call "
		"stacks follow when the image ends: a stack is the number of its innermost node.",
	.operand = CLI_FILES,
	.usage_status = CMD_USAGE,
	.run = run,
};
