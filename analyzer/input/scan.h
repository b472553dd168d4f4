/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process asks to be looked into: stop it, tell the listener, let it go.
 */
#ifndef INPUT_SCAN_H
#define INPUT_SCAN_H

#include <stdbool.h>

#include "server-state.h"

/** scan_is_asked() - does the process stand still and wait? */
bool scan_is_asked(const struct image *image);

/** scan_image() - do what it asks for */
void scan_image(struct image *image);

#endif /* INPUT_SCAN_H */
