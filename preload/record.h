/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to wire bytes: the only encoder.
 *
 * All functions here are called with the guard held (thread_enter()).  They
 * write behind the thread's cursor and publish with one store to slot->pos.
 * When the chunk is full it is flushed to the pipe by sink_write().
 */
#ifndef PRELOAD_RECORD_H
#define PRELOAD_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "thread.h"

/**
 * record_alloc() - a block was obtained; call after the real call returned
 * @thread: guard held
 * @addr:   what the program gets, not NULL
 * @bytes:  as asked for
 * @stack:  from stack_capture()
 * @fn:     enum tenure_fn
 */
void record_alloc(struct thread *thread, const void *addr, size_t bytes, uint32_t stack,
		  unsigned int fn);

/**
 * record_free() - a block is about to be given back; call before the real call
 * @flags: 0, TENURE_HEAD_REALLOC for the free half of a realloc,
 *         TENURE_HEAD_CUSTOM for a block of TENURE_FN_CUSTOM
 */
void record_free(struct thread *thread, const void *addr, unsigned int flags);

/**
 * record_ext() - an extended record
 * @type:    enum tenure_ext
 * @head:    first part of the payload, may be NULL when @head_bytes is 0
 * @tail:    second part, likewise
 *
 * The payload must fit one chunk with its heads (TENURE_CHUNK_MAX - 64); what
 * is longer is cut at the end of @tail.  Recorded while recording rests, too.
 */
void record_ext(struct thread *thread, unsigned int type, const void *head, size_t head_bytes,
		const void *tail, size_t tail_bytes);

/** record_begin() - begin the slot's next chunk; what the present one holds is given up */
void record_begin(struct thread *thread);

/** record_flush() - write what the chunk holds to the pipe and begin the next */
void record_flush(struct thread *thread);

#endif /* PRELOAD_RECORD_H */
