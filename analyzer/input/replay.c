/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of a capture to the streams of its process images. */
#include <errno.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/vec.h"
#include "capture-file.h"
#include "capture.h"
#include "stream.h"

/* Process images at once; a capture that claims more is damaged. */
#define IMAGES_MAX 65536u
#define WHY_BYTES  256

struct replay {
	const struct input_ops *ops;
	void *arg;
	VEC(struct stream *) streams; /* NULL: ended */
	VEC(uint32_t) unused;
	struct hashmap by_image;
	uint64_t images;
};

static uint32_t find_stream(const struct replay *replay, uint64_t image)
{
	HASHMAP_EACH(&replay->by_image, hash_u64(image), index)
	if (replay->streams.at[index]->info.image == image)
		return index;
	return HASHMAP_NONE;
}

static int begin(struct replay *replay, const struct capture_packet *packet)
{
	struct image_info info;
	struct stream *stream;
	uint32_t index;
	int err;

	if (packet->bytes < sizeof(info) || replay->by_image.count >= IMAGES_MAX)
		return -EBADMSG;
	memcpy(&info, packet->payload, sizeof(info));
	if (info.image != packet->image || find_stream(replay, packet->image) != HASHMAP_NONE)
		return -EBADMSG;
	err = vec_reserve(&replay->streams, replay->streams.count + 1);
	if (!err)
		err = vec_reserve(&replay->unused, replay->streams.count + 1);
	if (!err)
		err = stream_new(&info, replay->ops, replay->arg, NULL, &stream);
	if (err)
		return err;
	if (!stream)
		return 0;

	replay->images++;
	if (replay->unused.count)
		index = replay->unused.at[--replay->unused.count];
	else
		index = (uint32_t)replay->streams.count++;
	replay->streams.at[index] = stream;
	err = hashmap_add(&replay->by_image, hash_u64(info.image), index);
	if (err) {
		replay->streams.at[index] = stream_free(stream);
		replay->unused.at[replay->unused.count++] = index;
	}
	return err;
}

static void end(struct replay *replay, uint32_t index, const struct stream_end *how,
		const struct tenure_shared *shared)
{
	struct stream *stream = replay->streams.at[index];

	stream_end(stream, how, shared);
	hashmap_remove(&replay->by_image, hash_u64(stream->info.image), index);
	replay->streams.at[index] = stream_free(stream);
	replay->unused.at[replay->unused.count++] = index;
}

static int chunk(struct stream *stream, const struct capture_packet *packet)
{
	struct tenure_chunk head;
	uint32_t from;
	uint32_t heads = sizeof(head) + sizeof(from);
	uint32_t count;

	if (packet->bytes < heads)
		return -EBADMSG;
	count = packet->bytes - heads;
	memcpy(&head, packet->payload, sizeof(head));
	memcpy(&from, packet->payload + sizeof(head), sizeof(from));
	if (head.slot >= TENURE_SLOTS_MAX || !head.seq || from < sizeof(head) ||
	    from > TENURE_SLOT_BYTES || count > TENURE_SLOT_BYTES || head.bytes > TENURE_SLOT_BYTES)
		return -EBADMSG;
	stream_chunk(stream, &head, from, packet->payload + heads, count);
	return 0;
}

static int nodes(struct stream *stream, const struct capture_packet *packet)
{
	VEC(struct tenure_node) copy = { 0 };
	uint32_t first;
	uint32_t count;
	int err;

	if (packet->bytes < 8)
		return -EBADMSG;
	count = (packet->bytes - 8) / sizeof(struct tenure_node);
	memcpy(&first, packet->payload, sizeof(first));
	/* The payload is not aligned. */
	err = vec_reserve(&copy, count);
	if (err)
		return err;
	if (count) {
		memcpy(copy.at, packet->payload + 8, count * sizeof(*copy.at));
		stream_nodes(stream, first, copy.at, count);
	}
	vec_fini(&copy);
	return 0;
}

static int looked(struct stream *stream, const struct capture_packet *packet)
{
	struct capture_look head;
	struct image_look look;
	char why[WHY_BYTES];
	size_t count;

	if (packet->bytes < sizeof(head))
		return -EBADMSG;
	memcpy(&head, packet->payload, sizeof(head));
	count = packet->bytes - sizeof(head);
	look = (struct image_look){ .moment = head.moment, .stamp = head.stamp };
	if (!head.failed) {
		look.bytes = packet->payload + sizeof(head);
		look.count = count;
		stream_looked(stream, &look);
		return 0;
	}
	if (count >= sizeof(why))
		count = sizeof(why) - 1;
	memcpy(why, packet->payload + sizeof(head), count);
	why[count] = '\0';
	look.why = why;
	stream_looked(stream, &look);
	return 0;
}

static int ended(struct replay *replay, uint32_t index, const struct capture_packet *packet)
{
	struct stream_end how;
	struct tenure_shared shared;

	if (packet->bytes < sizeof(how) + sizeof(shared))
		return -EBADMSG;
	memcpy(&how, packet->payload, sizeof(how));
	memcpy(&shared, packet->payload + sizeof(how), sizeof(shared));
	if (how.how > IMAGE_CUT)
		how.how = IMAGE_UNKNOWN;
	end(replay, index, &how, &shared);
	return 0;
}

static int mark(struct stream *stream, const struct capture_packet *packet)
{
	uint64_t stamp;
	uint32_t kind, heads = sizeof(stamp) + sizeof(kind);

	if (packet->bytes < heads)
		return -EBADMSG;
	memcpy(&stamp, packet->payload, sizeof(stamp));
	memcpy(&kind, packet->payload + sizeof(stamp), sizeof(kind));
	stream_mark(stream, stamp, kind, (const char *)packet->payload + heads,
		    packet->bytes - heads);
	return 0;
}

static int feed(struct replay *replay, const struct capture_packet *packet)
{
	uint32_t index = find_stream(replay, packet->image);
	struct stream *stream;
	uint64_t words[2];

	if (packet->type == CAPTURE_BEGIN)
		return begin(replay, packet);
	if (packet->type == CAPTURE_RUN) {
		if (replay->ops->run)
			replay->ops->run(replay->arg, packet->payload, packet->bytes);
		return 0;
	}
	if (index == HASHMAP_NONE) /* declined */
		return 0;
	stream = replay->streams.at[index];

	switch (packet->type) {
	case CAPTURE_CHUNK:
		return chunk(stream, packet);
	case CAPTURE_SYNC:
	case CAPTURE_MEMORY:
		if (packet->bytes < sizeof(words))
			return -EBADMSG;
		memcpy(words, packet->payload, sizeof(words));
		if (packet->type == CAPTURE_SYNC)
			stream_sync(stream, words[0], words[1]);
		else
			stream_memory(stream, words[0], words[1]);
		return 0;
	case CAPTURE_MARK:
		return mark(stream, packet);
	case CAPTURE_NODES:
		return nodes(stream, packet);
	case CAPTURE_LOOK:
		return looked(stream, packet);
	case CAPTURE_END:
		return ended(replay, index, packet);
	default:
		return 0; /* of a later minor version */
	}
}

int capture_replay(const char *path, const struct input_ops *ops, void *arg,
		   struct capture_outcome *ret_outcome)
{
	struct replay replay = { .ops = ops, .arg = arg };
	struct capture_packet packet;
	struct capture_reader *reader;
	int got = capture_open(path, &reader);

	if (got < 0)
		return got;
	while ((got = capture_next(reader, &packet)) > 0) {
		got = feed(&replay, &packet);
		if (got < 0)
			break;
	}

	*ret_outcome = (struct capture_outcome){
		.cut = got == -EBADMSG || replay.by_image.count,
		.offset = capture_offset(reader),
	};
	for (uint32_t i = 0; i < replay.streams.count; i++)
		if (replay.streams.at[i])
			end(&replay, i, &(struct stream_end){ .how = IMAGE_CUT }, NULL);
	ret_outcome->images = replay.images;

	capture_reader_free(reader);
	vec_fini(&replay.streams);
	vec_fini(&replay.unused);
	hashmap_fini(&replay.by_image);
	return got == -EBADMSG ? 0 : got;
}
