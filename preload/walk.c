/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native walk: the caller only, until the table walker stands here.
 */
#include "walk.h"

#include "modules.h"
#include "nodes.h"
#include "tenure/wire.h"

int walk_init(void)
{
	return 0;
}

uint32_t walk_capture(struct thread *thread, const struct stack_regs *regs)
{
	uint32_t root = nodes_intern(0, TENURE_NODE_WORD(TENURE_NODE_ROOT, modules_generation), 0);
	uint32_t cut = nodes_intern(root, TENURE_NODE_WORD(TENURE_NODE_CUT, 0), 0);

	modules_check(thread, regs->pc);
	return nodes_intern(cut, TENURE_NODE_WORD(TENURE_NODE_CALL, regs->pc), 0);
}

void walk_modules_changed(void)
{
}

void walk_modules_added(void)
{
}

void walk_depth(uint32_t max_depth)
{
	(void)max_depth;
}
