/* SPDX-License-Identifier: MIT */
/* For dumps: where the hypervisor is. */
#ifndef XEN_PANIC_H
#define XEN_PANIC_H

#include "xen/types.h"

/**
 * Print the functions on a stack of the hypervisor, from `rip` outwards.
 *
 * @rip    an address of code, or whatever was there instead
 * @frame  value of the frame pointer there; checked before it is followed
 * @sp     the stack pointer: where to look if there is no frame
 */
void backtrace_from(unsigned long rip, unsigned long frame, unsigned long sp);

/** Can two words be read at `addr`, on this CPU's stacks? */
bool on_own_stack(unsigned long addr);

#endif
