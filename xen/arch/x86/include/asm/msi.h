/* SPDX-License-Identifier: MIT */
/*
 * Messages that PCI devices send as interrupts (MSI and MSI-X).
 *
 * A device writes a word to an address in the local APICs' window: the
 * address names a CPU, the word a vector. So both belong to the hypervisor;
 * dom0 asks for a message, gets a PIRQ, and switches the capability on.
 */
#ifndef ASM_MSI_H
#define ASM_MSI_H

#include "xen/pci.h"
#include "xen/types.h"

struct msi_request {
    u16 segment;
    u16 bdf;
    bool msix;
    unsigned int entry; /* of the MSI-X table */
    paddr_t table_base; /* address of the BAR that holds it; for virtual
                           functions, elsewhere the device knows best */
};

/**
 * Set up one message, masked, with an irq of its own.
 *
 * Returns 0 and *irq_out; -ENODEV no such device or capability; -EINVAL no
 *         such entry; -EEXIST it is set up already; -ENXIO the MSI-X table
 *         cannot be reached; -ENOMEM; -ENOSPC no irq left.
 * Locks:  LOCK_PCI, then desc->lock.
 */
int __must_check msi_setup(const struct msi_request *req,
                           unsigned int *irq_out);
/** Undo msi_setup(); nobody may be bound to the irq. */
void msi_teardown(unsigned int irq);

/** Write all messages of a device again (it was reset). Returns 0, -ENODEV. */
int __must_check msi_restore(u16 segment, u16 bdf);

/** The device goes away: give up its table. Under pci_lock. */
void msi_device_forget_locked(struct pci_device *dev);
/** The part of pci_conf_write_intercept() about capabilities. */
bool msi_conf_write_locked(const struct pci_device *dev, unsigned int reg,
                           unsigned int size, u32 *value);

/** A guest may map this frame for reading only: it holds an MSI-X table, an
 * IO-APIC, or an HPET that the firmware says has the page for itself.
 * Locks: LOCK_PCI_CONF. */
bool mmio_ro_frame(unsigned long mfn);

#endif
