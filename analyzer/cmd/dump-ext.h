/* SPDX-License-Identifier: Apache-2.0 */
/* Extended records in words, for tenure dump. */
#ifndef CMD_DUMP_EXT_H
#define CMD_DUMP_EXT_H

#include <stdio.h>

#include "input/event.h"

/** dump_ext() - name and fields of an EXT event; text from the program is made printable */
void dump_ext(FILE *out, const struct event *event);

#endif /* CMD_DUMP_EXT_H */
