/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process image: coming up, connected, switched off.
 *
 * Everything that must not outlive a fork lies in struct image, in memory
 * that a forked child finds full of zeros: state IMAGE_NONE, no descriptors,
 * no locks held.  So a child starts from the beginning, by itself.
 */
#ifndef PRELOAD_IMAGE_H
#define PRELOAD_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "tenure/wire.h"

struct thread;

enum image_state {
	IMAGE_NONE = 0,
	IMAGE_STARTING,
	IMAGE_ON,
	IMAGE_OFF,
};

enum image_pause {
	IMAGE_RECORDING = 0,
	IMAGE_PAUSED,	  /* from the start: there is nothing to be freed yet */
	IMAGE_FREES_ONLY, /* after tenure_stop() */
};

/**
 * struct image_fd - a descriptor of ours that the program may close at any time
 * @fd:       number, valid only while @dev and @inode match
 */
struct image_fd {
	int fd;
	uint64_t dev;
	uint64_t inode;
};

/**
 * struct image - state of this process image
 * @state:        enum image_state; atomic
 * @paused:       enum image_pause; atomic
 * @pid:          as getpid() has it
 * @number:       the analyzer's number for this image
 * @flags:        enum tenure_welcome_flag
 * @max_depth:    frames per stack, 0 for all
 * @sample_bytes: mean distance of samples, 0 for every allocation
 * @pipe:         where chunks go
 * @memory:       the memfd
 * @sink_lock:    taken to reconnect
 * @modules_lock: taken to scan the loaded objects
 * @forked:       a child of fork(): the heap is inherited
 * @retired:      slots whose owners are ending or gone; atomic
 * @retired_hint: where the search for such a slot goes on
 * @notes:        notes sent
 * @late_marks:   marks of a signal that are still to be made; atomic
 * @slots:        mapped batches of slots; atomic
 */
struct image {
	uint32_t state;
	uint32_t paused;
	uint32_t pid;
	uint32_t flags;
	uint64_t number;
	uint64_t sample_bytes;
	uint32_t max_depth;
	uint32_t sink_lock;
	uint32_t modules_lock;
	uint32_t forked;
	uint32_t retired;
	uint32_t retired_hint;
	uint32_t notes;
	uint32_t late_marks;
	struct image_fd pipe;
	struct image_fd memory;
	struct tenure_slot *slots[TENURE_SLOTS_MAX / TENURE_SLOT_BATCH];
};

/* Never NULL once image_start() has run; before that there is no image. */
extern struct image *image attr_hidden;

/** image_state() - where this process image stands */
static inline enum image_state image_state(void)
{
	return image ? (enum image_state)__atomic_load_n(&image->state, __ATOMIC_ACQUIRE)
		     : IMAGE_NONE;
}

/**
 * image_start() - come up: connect, map, describe this process
 *
 * Return: true if recording is on afterwards.  False also when another thread
 * is coming up right now.
 * Context: any thread with all signals blocked; the guard cannot be held, for
 * there is no thread state yet.
 */
bool image_start(void);

/**
 * image_describe() - write the records that a stream begins with
 *
 * Context: guard held, the first thread of the image.
 */
void image_describe(struct thread *thread);

/** image_clock() - record what the monotonic clock says at this stamp; guard held */
void image_clock(struct thread *thread);

/**
 * image_lost() - count events that were not recorded
 *
 * Context: any.
 */
void image_lost(enum tenure_lost cause, uint64_t events);

#endif /* PRELOAD_IMAGE_H */
