/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ask the tenure that records a process for something, by the process's number.
 */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include <stdint.h>

#include "base/attr.h"
#include "input/control.h"

/**
 * ask_pid() - the number of a process, as a user gives it
 *
 * Return: it, or 0 after having said what is wrong with @text.
 */
uint32_t ask_pid(const char *text);

/**
 * ask() - find who records @request->pid, and ask for it
 * @fd:   goes along with it, -1: nothing does
 * @verb: "mark": what cannot be done to the process otherwise, for the message
 *
 * Return: 0; or a negative errno, after having said why.
 */
attr_nodiscard int ask(const struct control_request *request, int fd, const char *verb);

#endif /* CMD_ASK_H */
