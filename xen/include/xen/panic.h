/* SPDX-License-Identifier: MIT */
/* For dumps: where the hypervisor is. */
#ifndef XEN_PANIC_H
#define XEN_PANIC_H

/**
 * Print the functions on a stack of the hypervisor, from `rip` outwards.
 *
 * @rip    an address of code; 0: none
 * @frame  value of the frame pointer there; checked before it is followed
 */
void backtrace_from(unsigned long rip, unsigned long frame);

#endif
