/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of sites: the same for the same code on every machine and in
 * every build, whatever lines were added above it.
 *
 * Hashed are a version tag, what kind of memory it is, and up to SIG_FRAMES
 * frames from the leaf: "library!function", without lines, addresses,
 * parameters and template arguments.  Frames of allocators and run-time
 * libraries are left out, those of CPython itself where a Python function is on
 * the stack, and a function that came before (recursion);
 * nothing counts that is called before main() or a thread's function, or
 * outside of SIG_NOTHING frames in a row of which none counts.
 */
#ifndef REPORT_SIG_H
#define REPORT_SIG_H

#include <stdint.h>

#include "base/attr.h"
#include "report/document.h"

#define SIG_FRAMES  8
#define SIG_NOTHING 128
#define SIG_VERSION "tenure-sig-2"

/**
 * sig_of_stack() - signature of @stack
 * @report:  the document, which keeps what frames say in signatures
 * @process: one of the document's, whose modules name the builds of code without names
 * @stack:   number of a stack, or REPORT_NONE
 * @kind:    "heap", "mapped", …
 * @ret_sig: the signature
 *
 * Return: 0 or -ENOMEM.
 */
attr_nodiscard int sig_of_stack(struct report *report, const struct report_process *process,
				uint32_t stack, const char *kind, uint64_t *ret_sig);

/** sig_parse() - read up to 16 hexadecimal digits.  Return: 0 or -EINVAL */
attr_nodiscard int sig_parse(const char *text, uint64_t *ret_sig);

#endif /* REPORT_SIG_H */
