/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text without stdio: notes for the report, and small string building.
 */
#include "note.h"

#include <string.h>

#include "image.h"
#include "record.h"
#include "tenure/wire.h"

#define NOTES_MAX 64u

void note_add(struct note *note, const char *text)
{
	size_t room = sizeof(note->text) - 1 - note->fill;
	size_t n = strlen(text);

	if (n > room)
		n = room;
	memcpy(note->text + note->fill, text, n);
	note->fill += n;
	note->text[note->fill] = '\0';
}

static void add_in_base(struct note *note, uint64_t number, unsigned int base)
{
	char digits[24];
	char *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do {
		*--p = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	note_add(note, p);
}

void note_add_number(struct note *note, uint64_t number)
{
	add_in_base(note, number, 10);
}

void note_add_hex(struct note *note, uint64_t number)
{
	note_add(note, "0x");
	add_in_base(note, number, 16);
}

void note_report(struct thread *thread, const char *text)
{
	if (__atomic_fetch_add(&image->notes, 1, __ATOMIC_RELAXED) < NOTES_MAX)
		record_ext(thread, TENURE_EXT_NOTE, text, strlen(text), NULL, 0);
}
