/* SPDX-License-Identifier: MIT */
/* What smp.c, smp_boot.c and tlb.c share. */
#ifndef ASM_SMP_INTERNAL_H
#define ASM_SMP_INTERNAL_H

#include "xen/types.h"

/** FLUSH_VECTOR: do what flush_cpus() elsewhere asks of this CPU, if
 * anything. Interrupts are off. */
void flush_interrupt(void);

/** Register the vectors for interrupts between CPUs. */
void smp_init_vectors(void);

/** The machine is going down: this CPU stops here if it shall. Called by the
 * NMI handler. */
void smp_stop_if_asked(void);

#endif
