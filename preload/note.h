/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text without stdio: notes for the report, and small string building.
 */
#ifndef PRELOAD_NOTE_H
#define PRELOAD_NOTE_H

#include <stddef.h>
#include <stdint.h>

struct thread;

/**
 * struct note - text under construction in a fixed buffer; cut when full
 * @fill: bytes used; @text is always NUL-terminated
 */
struct note {
	size_t fill;
	char text[240];
};

/** note_add() - append a string */
void note_add(struct note *note, const char *text);

/** note_add_number() - append a number in decimal */
void note_add_number(struct note *note, uint64_t number);

/** note_add_hex() - append a number as 0x… */
void note_add_hex(struct note *note, uint64_t number);

/**
 * note_report() - text for the report's trust.notes
 *
 * Each distinct text should come once or a few times: after 64 notes of one
 * process image the rest is dropped.
 * Context: guard held.
 */
void note_report(struct thread *thread, const char *text);

#endif /* PRELOAD_NOTE_H */
