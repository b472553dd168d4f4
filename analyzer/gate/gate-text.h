/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict for people. */
#ifndef GATE_GATE_TEXT_H
#define GATE_GATE_TEXT_H

#include <stdio.h>

#include "base/attr.h"
#include "report/document.h"

/** gate_text_write() - print report->gate.  Return: 0, -ENOMEM or a negative errno */
attr_nodiscard int gate_text_write(const struct report *report, FILE *out);

#endif /* GATE_GATE_TEXT_H */
