/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space, and the devices that dom0 told of.
 *
 * dom0 drives the devices; what the hypervisor keeps for itself are the
 * messages by which they interrupt (asm/msi.h).
 */
#ifndef XEN_PCI_H
#define XEN_PCI_H

#include "xen/list.h"
#include "xen/types.h"

/* Bus, device and function as the hardware packs them: 8, 5, 3 bits. */
#define PCI_BDF(bus, devfn) ((u16)((bus) << 8 | (devfn)))

/* Registers (PCI Local Bus 3.0, 6.1). */
#define PCI_VENDOR_ID       0x00
#define PCI_COMMAND         0x04
#define PCI_STATUS          0x06
#define PCI_BAR0            0x10
#define PCI_CAPABILITY_LIST 0x34
#define PCI_COMMAND_MEMORY  0x0002
#define PCI_STATUS_CAP_LIST 0x0010
#define PCI_CAP_ID_MSI      0x05
#define PCI_CAP_ID_MSIX     0x11

/* The part of configuration space that the two ports reach. */
#define PCI_CONF_SIZE 256

struct msix_table;

struct pci_device {
    struct list_head link;
    u16 segment;
    u16 bdf;
    u8 msi_pos, msix_pos; /* capabilities; 0: none */
    bool virtfn;          /* a virtual function: its BARs read as 0 */
    /* Under pci_lock: */
    unsigned int nr_msi;  /* messages set up, of either kind */
    unsigned int msi_irq; /* of its one MSI; 0: none */
    struct msix_table *msix;
};

/**
 * Read or write configuration space by the ports 0xcf8 and 0xcfc: segment 0,
 * registers below 256.
 *
 * @size  1, 2 or 4; reg is a multiple of it
 *
 * What cannot be reached reads as all ones; a write there is lost.
 * Locks: LOCK_PCI_CONF. Callable with interrupts off.
 */
u32 pci_conf_read(u16 segment, u16 bdf, unsigned int reg, unsigned int size);
void pci_conf_write(u16 segment, u16 bdf, unsigned int reg, unsigned int size,
                    u32 value);

/**
 * dom0 writes a register: may it? Message addresses, data and masks are the
 * hypervisor's; of the control words dom0 has the enable bits.
 *
 * @value  what will be written; changed where only a part is dom0's
 *
 * Returns true if the write is to be done, with *value.
 * Locks:  LOCK_PCI.
 */
bool pci_conf_write_intercept(u16 bdf, unsigned int reg, unsigned int size,
                              u32 *value);

/**
 * A device is there. Telling of it twice is harmless.
 * Returns 0; -ENODEV if nothing answers; -EOPNOTSUPP for a segment that the
 *         ports do not reach; -ENOMEM.
 * Locks:  LOCK_PCI.
 */
int __must_check pci_device_add(u16 segment, u16 bdf, bool virtfn);
/** It is gone. Returns 0; -ENODEV; -EBUSY while it has messages. */
int __must_check pci_device_remove(u16 segment, u16 bdf);

/* For msi.c. The lock covers the list and what hangs on its devices. */
void pci_lock_acquire(void);
void pci_lock_release(void);
/** The device, which becomes known if it answers; NULL if not. */
struct pci_device *pci_device_find_locked(u16 segment, u16 bdf);

#endif
