/* SPDX-License-Identifier: MIT */
/* Start-up: the common list of steps, and those the architecture does. */
#ifndef XEN_MAIN_H
#define XEN_MAIN_H

#include "xen/compiler.h"

/** The whole start-up on the boot CPU, from its first C function on. */
void __noreturn start_xen(void);

/* Architecture. */

/** The memory map, the final page tables, the frame table and the M2P; all RAM
 * that is not in use to the allocator. panic()s if it does not suffice. */
void memory_init(void);

/** The boot CPU's own descriptors, stacks and entry points: from here on,
 * exceptions are told of. */
void boot_cpu_init(void);

#endif
