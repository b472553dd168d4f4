/* SPDX-License-Identifier: Apache-2.0 */
/* Carries the calls of a source to the merge, the listener and the capture. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

#define LOOK_MAX (12u << 20) /* bytes of what a look has found, in one packet */

static void emit(void *arg, const struct event *events, size_t count)
{
	struct stream *stream = arg;

	stream->ops->events(stream->image, events, count);
}

int stream_new(const struct image_info *info, const struct input_ops *ops, void *arg,
	       struct capture_writer *capture, struct stream **ret_stream)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return -ENOMEM;
	*stream = (struct stream){ .info = *info, .ops = ops, .capture = capture };
	if (merge_init(&stream->merge, emit, stream) < 0) {
		free(stream);
		return -ENOMEM;
	}
	stream->image = ops->image_begun(arg, info);
	if (!stream->image) {
		*ret_stream = stream_free(stream);
		return 0;
	}
	if (capture)
		capture_write(capture, info->image, CAPTURE_BEGIN, info, sizeof(*info), NULL, 0);
	*ret_stream = stream;
	return 0;
}

struct stream *stream_free(struct stream *stream)
{
	if (!stream)
		return NULL;
	merge_fini(&stream->merge);
	vec_fini(&stream->marks);
	free(stream->nodes);
	free(stream);
	return NULL;
}

void stream_chunk(struct stream *stream, const struct tenure_chunk *head, uint32_t from,
		  const uint8_t *bytes, uint32_t count)
{
	uint32_t known = merge_known(&stream->merge, head->slot, head->seq);
	struct {
		struct tenure_chunk head;
		uint32_t from;
	} packet = { *head, from };

	if (!known)
		known = sizeof(*head);
	if (known < from) {
		/* A hole: the beginning of this chunk was never seen. */
		stream->missing_chunks++;
		return;
	}
	if (known - from >= count) {
		/* Nothing new, unless it is that nothing more will come. */
		if (known == UINT32_MAX || !head->bytes || known < head->bytes)
			return;
		from = known;
		count = 0;
	}

	bytes += known - from;
	count -= known - from;
	packet.from = known;
	stream->stream_bytes += known == sizeof(*head) ? sizeof(*head) + count : count;
	if (stream->capture)
		capture_write(stream->capture, stream->info.image, CAPTURE_CHUNK, &packet,
			      offsetof(__typeof__(packet), from) + sizeof(packet.from), bytes,
			      count);
	/* Memory that has run out is counted by the merge. */
	(void)!merge_take(&stream->merge, head, known, bytes, count);
}

/* As a record of TENURE_EXT_MARK. */
static void emit_mark(struct stream *stream, const struct stream_mark *mark)
{
	const struct event event = {
		.stamp = mark->stamp,
		.payload = mark->payload,
		.bytes = mark->bytes,
		.ext = TENURE_EXT_MARK,
		.kind = EVENT_EXT,
	};

	stream->ops->events(stream->image, &event, 1);
}

/* Pass on all up to @stamp, and the marks where they belong. */
static void advance(struct stream *stream, uint64_t stamp)
{
	size_t done = 0;

	for (; done < stream->marks.count && stream->marks.at[done].stamp <= stamp; done++) {
		merge_advance(&stream->merge, stream->marks.at[done].stamp);
		emit_mark(stream, &stream->marks.at[done]);
	}
	if (done) {
		stream->marks.count -= done;
		memmove(stream->marks.at, stream->marks.at + done,
			stream->marks.count * sizeof(*stream->marks.at));
	}
	merge_advance(&stream->merge, stamp);
}

void stream_sync(struct stream *stream, uint64_t stamp, bool forced)
{
	const struct {
		uint64_t stamp;
		uint64_t forced;
	} packet = { stamp, forced };

	if (!stream->merge.queued_bytes && !stream->marks.count)
		return;
	if (stream->capture)
		capture_write(stream->capture, stream->info.image, CAPTURE_SYNC, &packet,
			      sizeof(packet), NULL, 0);
	stream->forced += forced;
	advance(stream, stamp);
}

void stream_memory(struct stream *stream, uint64_t stamp, uint64_t rss_bytes)
{
	const uint64_t packet[2] = { stamp, rss_bytes };

	if (stream->capture)
		capture_write(stream->capture, stream->info.image, CAPTURE_MEMORY, packet,
			      sizeof(packet), NULL, 0);
	stream->ops->memory(stream->image, stamp, rss_bytes);
}

void stream_mark(struct stream *stream, uint64_t stamp, uint32_t kind, const char *name,
		 uint32_t bytes)
{
	struct stream_mark mark = { .stamp = stamp };
	size_t waiting = stream->marks.count;

	/* A capture may say anything; what follows goes by the order. */
	if (waiting && stamp < stream->marks.at[waiting - 1].stamp)
		mark.stamp = stream->marks.at[waiting - 1].stamp;
	if (waiting >= STREAM_MARKS_MAX)
		stream_sync(stream, stream->marks.at[waiting / 2].stamp, true);
	if (bytes > STREAM_NAME_MAX)
		bytes = STREAM_NAME_MAX;
	mark.bytes = (uint32_t)sizeof(kind) + bytes;
	memcpy(mark.payload, &kind, sizeof(kind));
	memcpy(mark.payload + sizeof(kind), name, bytes);
	if (stream->capture)
		capture_write(stream->capture, stream->info.image, CAPTURE_MARK, &mark.stamp,
			      sizeof(mark.stamp), mark.payload, mark.bytes);
	/* A mark that there is no memory for is not made. */
	(void)!vec_push(&stream->marks, mark);
}

void stream_looked(struct stream *stream, const struct image_look *look)
{
	const char *missing = look->why || look->count <= LOOK_MAX
				      ? look->why
				      : "it has found too much for a capture";
	const struct capture_look head = { look->moment, missing != NULL, look->stamp };

	if (stream->capture && missing)
		capture_write(stream->capture, stream->info.image, CAPTURE_LOOK, &head,
			      sizeof(head), missing, strlen(missing));
	else if (stream->capture)
		capture_write(stream->capture, stream->info.image, CAPTURE_LOOK, &head,
			      sizeof(head), look->bytes, look->count);
	if (stream->ops->looked)
		stream->ops->looked(stream->image, look);
}

/* Room for nodes below @count.  Return: 0 or -ENOMEM. */
static int grow_nodes(struct stream *stream, uint32_t count)
{
	uint32_t space = stream->nodes_space + stream->nodes_space / 2;
	struct tenure_node *nodes;

	if (count <= stream->nodes_space)
		return 0;
	if (space < count)
		space = count;
	if (space < 1024)
		space = 1024;
	nodes = realloc(stream->nodes, space * sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	stream->nodes = nodes;
	stream->nodes_space = space;
	return 0;
}

void stream_nodes(struct stream *stream, uint32_t first, const struct tenure_node *nodes,
		  uint32_t count)
{
	const uint32_t packet[2] = { first, 0 };
	uint32_t end;

	if (first >= TENURE_NODES_MAX)
		return;
	if (count > TENURE_NODES_MAX - first)
		count = TENURE_NODES_MAX - first;
	end = first + count;
	if (grow_nodes(stream, end) < 0)
		return;

	if (end > stream->nodes_count) {
		memset(stream->nodes + stream->nodes_count, 0,
		       (end - stream->nodes_count) * sizeof(*nodes));
		stream->nodes_count = end;
	}
	for (uint32_t i = 0; i < count; i++) {
		stream->nodes[first + i] = nodes[i];
		stream->nodes[first + i].aux = 0;
	}
	if (stream->capture)
		capture_write(stream->capture, stream->info.image, CAPTURE_NODES, packet,
			      sizeof(packet), stream->nodes + first, count * sizeof(*nodes));
}

/* So that nobody behind has to check again: every walk to the root ends. */
static void check_nodes(struct tenure_node *nodes, uint32_t count)
{
	for (uint32_t id = 0; id < count; id++) {
		uint64_t word = nodes[id].word;

		if (id && nodes[id].parent < id &&
		    (TENURE_NODE_KIND(word) != TENURE_NODE_PAIR || TENURE_NODE_PC(word) < id))
			continue;
		nodes[id] = (struct tenure_node){ 0 };
	}
}

void stream_end(struct stream *stream, const struct stream_end *end,
		const struct tenure_shared *shared)
{
	static const struct tenure_shared nothing;
	struct tenure_shared page = shared ? *shared : nothing;

	page.off_reason[sizeof(page.off_reason) - 1] = '\0';
	if (stream->capture)
		capture_write(stream->capture, stream->info.image, CAPTURE_END, end, sizeof(*end),
			      &page, sizeof(page));

	advance(stream, MERGE_ALL);
	check_nodes(stream->nodes, stream->nodes_count);
	stream->ops->image_ended(
		stream->image,
		&(struct image_end){
			.how = end->how,
			.status = end->status,
			.end_stamp = end->end_stamp,
			.ns_per_tick = end->ns_per_tick,
			.stream_bytes = stream->stream_bytes,
			.bad_bytes = end->bad_bytes + stream->merge.bad_bytes,
			.missing_chunks = stream->missing_chunks + stream->merge.missing_chunks,
			.forced = stream->forced,
			.shared = &page,
			.nodes = stream->nodes,
			.nodes_count = stream->nodes_count,
		});
}
