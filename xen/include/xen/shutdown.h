/* SPDX-License-Identifier: MIT */
/* The end of the machine's run. */
#ifndef XEN_SHUTDOWN_H
#define XEN_SHUTDOWN_H

#include "xen/types.h"

/** Reboot: by ACPI, port 0xcf9, the keyboard controller, a triple fault,
 * whichever works first. Any context. */
void __noreturn machine_restart(void);

/** Stop all CPUs for good. Any context. */
void __noreturn machine_halt(void);

/** What follows a failure: reboot after 5 s, or, with noreboot, stop. */
void __noreturn machine_fail(void);

#endif
