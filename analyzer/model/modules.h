/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded objects, and in which module generations they were there.
 */
#ifndef MODEL_MODULES_H
#define MODEL_MODULES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"
#include "result.h"

/** struct modules - all zero is empty */
struct modules {
	VEC(struct result_module) all;
};

void modules_fini(struct modules *modules);

/**
 * modules_add() - payload of TENURE_EXT_MODULE
 *
 * A module that is known to be there already is passed over.
 * Return: 0, -EBADMSG for a payload that is none, -ENOMEM.
 */
int modules_add(struct modules *modules, struct arena *arena, const uint8_t *payload, size_t bytes);

/** modules_gone() - payload of TENURE_EXT_MODULE_GONE; as modules_add() */
int modules_gone(struct modules *modules, const uint8_t *payload, size_t bytes);

#endif /* MODEL_MODULES_H */
