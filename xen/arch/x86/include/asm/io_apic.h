/* SPDX-License-Identifier: MIT */
/* IO-APICs: the pins that interrupt lines (GSIs) come in by. */
#ifndef ASM_IO_APIC_H
#define ASM_IO_APIC_H

#include "xen/types.h"

/** Number of GSIs of all IO-APICs; valid ones are below it. */
extern unsigned int nr_gsis;

/** Mask the 8259s, map the IO-APICs, mask all pins. After irq_init(). */
void ioapic_init(void);

/** The GSI that an ISA interrupt arrives at. */
unsigned int isa_irq_to_gsi(unsigned int isa_irq);

/**
 * Set trigger and polarity of a line for its user.
 *
 * Returns 0; -EINVAL no such GSI; -EEXIST if it is set up already (it stays as
 *         it is, unless nobody uses it yet).
 */
int __must_check ioapic_setup_gsi(unsigned int gsi, bool level,
                                  bool active_low);

/**
 * Read a register for dom0, by the IO-APIC's physical address.
 * Returns 0; -EINVAL for another register than id, version, arbitration;
 *         -EINVAL if no IO-APIC lies there.
 */
int __must_check ioapic_guest_read(paddr_t base, u32 reg, u32 *value_out);

/** The frame holds IO-APIC registers. */
bool ioapic_frame(unsigned long mfn);

/** Mask every pin (before power-off or reset). */
void ioapic_shutdown(void);

#endif
