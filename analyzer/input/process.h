/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of another process.
 */
#ifndef INPUT_PROCESS_H
#define INPUT_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

/** process_open() - a pidfd for @pid, or a negative errno */
int process_open(uint32_t pid);

/** process_is_dead() - has the process behind @pidfd ended, all threads of it? */
bool process_is_dead(int pidfd);

/** process_is_exiting() - is its first thread on the way out, or beyond? */
bool process_is_exiting(uint32_t pid);

/**
 * process_is_image_gone() - does the address space still exist?
 * @mem: descriptor of its /proc/self/mem, opened by itself
 *
 * False also when it cannot be said.
 */
bool process_is_image_gone(int mem);

/** process_how() - how a dead process ended; *@ret_status is set with IMAGE_EXITED, _SIGNALLED */
enum image_how process_how(uint32_t pid, int pidfd, int *ret_status);

/** process_rss() - resident bytes, 0 when unknown */
uint64_t process_rss(uint32_t pid);

#endif /* INPUT_PROCESS_H */
