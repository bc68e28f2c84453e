/* SPDX-License-Identifier: MIT */
/* Debug keys: single characters on the serial console, after Ctrl-a three
 * times, or by the control domain's `xl debug-keys`. */
#ifndef XEN_DEBUG_KEY_H
#define XEN_DEBUG_KEY_H

#include "xen/types.h"

/** A key is a printable ASCII character. The function prints; it runs with
 * interrupts on and no lock held: in softirq context on the boot CPU, or in the
 * hypercall of the control domain that asked for it. */
void debug_key_register(char key, const char *help, void (*fn)(void));

/** Do what the key says, now; an unknown one does nothing. */
void debug_key_handle(char key);

/** The keys that every machine has: help and reboot. */
void debug_keys_init(void);
/** Those of the architecture: registers. */
void arch_debug_keys_init(void);

#endif
