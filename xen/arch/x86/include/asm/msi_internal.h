/* SPDX-License-Identifier: MIT */
/* What msi.c and msix.c share. */
#ifndef ASM_MSI_INTERNAL_H
#define ASM_MSI_INTERNAL_H

#include "asm/msi.h"

/* One message: irq_desc.chip_data. Constant. */
struct msi_desc {
    struct pci_device *dev;
    bool msix;
    unsigned int entry; /* of the MSI-X table */
    u16 control;        /* MSI: of the capability */
};

void msix_set_mask(const struct msi_desc *msi, bool masked);
void msix_set_message(const struct msi_desc *msi, u32 address, u32 data);

/** Map the device's table if it is not yet, and note irq in an entry. Returns
 * as msi_setup(). Under pci_lock, like msix_release_locked(). */
int __must_check msix_claim_locked(struct pci_device *dev,
                                   const struct msi_request *req,
                                   unsigned int irq);
void msix_release_locked(struct pci_device *dev, unsigned int entry);

#endif
