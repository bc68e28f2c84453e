/* SPDX-License-Identifier: MIT */
/*
 * MSI: set up, routed, masked and given back, one interrupt each.
 *
 * A message is an edge: it is acknowledged when it comes and needs nothing
 * from the guest. What is particular to MSI-X tables is in msix.c.
 *
 * Source: PCI Local Bus 3.0, 6.8; SDM 3A 10.11.
 */
#include "asm/msi.h"

#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/heap.h"
#include "asm/apic.h"
#include "asm/irq.h"
#include "asm/msi_internal.h"
#include "asm/smp.h"

#define MSI_CONTROL            2
#define MSI_ADDRESS            4
#define MSI_CONTROL_ENABLE     0x0001
#define MSI_CONTROL_MULTIPLE   0x0070
#define MSI_CONTROL_64BIT      0x0080
#define MSI_CONTROL_MASKABLE   0x0100

#define MSG_ADDRESS            0xfee00000u
#define MSG_ADDRESS_DEST_SHIFT 12

static u16 msi_control(const struct pci_device *dev)
{
    return pci_conf_read(dev->segment, dev->bdf, dev->msi_pos + MSI_CONTROL, 2);
}

static void msi_write(const struct pci_device *dev, unsigned int offset,
                      unsigned int size, u32 value)
{
    pci_conf_write(dev->segment, dev->bdf, dev->msi_pos + offset, size, value);
}

/* Offsets that depend on the width of addresses. */
static unsigned int msi_data_offset(u16 control)
{
    return control & MSI_CONTROL_64BIT ? 12 : 8;
}

static unsigned int msi_mask_offset(u16 control)
{
    return msi_data_offset(control) + 4;
}

static unsigned int msi_len(u16 control)
{
    unsigned int data = msi_data_offset(control);

    return control & MSI_CONTROL_MASKABLE ? data + 12 : data + 2;
}

static void msi_set_mask(const struct msi_desc *msi, bool masked)
{
    if (msi->control & MSI_CONTROL_MASKABLE)
        msi_write(msi->dev, msi_mask_offset(msi->control), 4, masked);
}

static void msi_set_message(const struct msi_desc *msi, u32 address, u32 data)
{
    msi_write(msi->dev, MSI_ADDRESS, 4, address);
    if (msi->control & MSI_CONTROL_64BIT)
        msi_write(msi->dev, MSI_ADDRESS + 4, 4, 0);
    msi_write(msi->dev, msi_data_offset(msi->control), 2, data);
}

/* The irq_chip of messages. */

static void message_set_mask(const struct msi_desc *msi, bool masked)
{
    if (msi->msix)
        msix_set_mask(msi, masked);
    else
        msi_set_mask(msi, masked);
}

static void message_mask(struct irq_desc *desc)
{
    message_set_mask(desc->chip_data, true);
}

static void message_unmask(struct irq_desc *desc)
{
    message_set_mask(desc->chip_data, false);
}

static void message_ack(struct irq_desc *desc)
{
    (void)desc;
    apic_eoi();
}

static void message_route(struct irq_desc *desc)
{
    const struct msi_desc *msi = desc->chip_data;
    u32 dest = cpu_apicid[desc->cpu] & 0xff;
    u32 address = MSG_ADDRESS | dest << MSG_ADDRESS_DEST_SHIFT;

    if (msi->msix)
        msix_set_message(msi, address, desc->vector);
    else
        msi_set_message(msi, address, desc->vector);
}

/* Address and data are two writes: between them nothing may be sent. */
static bool message_in_transit(struct irq_desc *desc)
{
    const struct msi_desc *msi = desc->chip_data;

    return !msi->msix && !(msi->control & MSI_CONTROL_MASKABLE);
}

static const struct irq_chip message_chip = {
    .name = "MSI",
    .mask = message_mask,
    .unmask = message_unmask,
    .ack = message_ack,
    .route = message_route,
    .in_transit = message_in_transit,
};

/* Set-up. */

static int msi_claim_locked(struct pci_device *dev, unsigned int irq)
{
    u16 control;

    if (dev->msi_pos == 0)
        return -ENODEV;
    if (dev->msi_irq != 0)
        return -EEXIST;
    control = msi_control(dev);
    msi_write(dev, MSI_CONTROL, 2,
              control & ~(MSI_CONTROL_ENABLE | MSI_CONTROL_MULTIPLE));
    dev->msi_irq = irq;
    return 0;
}

static int claim_locked(struct pci_device *dev, const struct msi_request *req,
                        unsigned int irq)
{
    int rc = req->msix ? msix_claim_locked(dev, req, irq)
                       : msi_claim_locked(dev, irq);

    if (rc == 0)
        dev->nr_msi++;
    return rc;
}

static int setup_locked(const struct msi_request *req, struct msi_desc *msi,
                        unsigned int *irq_out)
{
    struct pci_device *dev = pci_device_find_locked(req->segment, req->bdf);
    unsigned int irq;
    int rc;

    if (dev == NULL)
        return -ENODEV;
    msi->dev = dev;
    msi->msix = req->msix;
    msi->entry = req->entry;
    msi->control = dev->msi_pos ? msi_control(dev) : 0;
    irq = irq_alloc_msi(&message_chip, msi);
    if (irq == INVALID_IRQ)
        return -ENOSPC;
    rc = claim_locked(dev, req, irq);
    if (rc != 0) {
        irq_free_msi(irq);
        return rc;
    }
    message_set_mask(msi, true);
    *irq_out = irq;
    return 0;
}

int msi_setup(const struct msi_request *req, unsigned int *irq_out)
{
    struct msi_desc *msi = xzalloc(struct msi_desc);
    int rc;

    if (msi == NULL)
        return -ENOMEM;
    pci_lock_acquire();
    rc = setup_locked(req, msi, irq_out);
    pci_lock_release();
    if (rc != 0)
        xfree(msi);
    return rc;
}

void msi_teardown(unsigned int irq)
{
    struct msi_desc *msi = irq_to_desc(irq)->chip_data;
    struct pci_device *dev = msi->dev;

    pci_lock_acquire();
    message_set_mask(msi, true);
    if (msi->msix) {
        msix_release_locked(dev, msi->entry);
    } else {
        msi_write(dev, MSI_CONTROL, 2, msi_control(dev) & ~MSI_CONTROL_ENABLE);
        dev->msi_irq = 0;
    }
    dev->nr_msi--;
    irq_free_msi(irq);
    pci_lock_release();
    xfree(msi);
}

static void restore_one(struct irq_desc *desc, const struct pci_device *dev)
{
    const struct msi_desc *msi;
    unsigned long flags;

    spin_lock_irqsave(&desc->lock, flags);
    msi = desc->chip_data;
    if (desc->chip == &message_chip && msi->dev == dev) {
        message_set_mask(msi, true);
        if (desc->vector != 0)
            message_route(desc);
        message_set_mask(msi, desc->masked);
    }
    spin_unlock_irqrestore(&desc->lock, flags);
}

int msi_restore(u16 segment, u16 bdf)
{
    struct pci_device *dev;

    pci_lock_acquire();
    dev = pci_device_find_locked(segment, bdf);
    for (unsigned int irq = 0; irq < NR_IRQS && dev != NULL; irq++)
        restore_one(irq_to_desc(irq), dev);
    pci_lock_release();
    return dev != NULL ? 0 : -ENODEV;
}

/* dom0's writes to the capability: the enable bit, if there is a message. */

bool msi_conf_write_locked(const struct pci_device *dev, unsigned int reg,
                           unsigned int size, u32 *value)
{
    u16 control;

    if (dev->msi_pos == 0 || reg + size <= dev->msi_pos)
        return true;
    control = msi_control(dev);
    for (unsigned int i = 0; i < size; i++) {
        unsigned int at = reg + i - dev->msi_pos, shift = 8 * i;
        u32 allowed = dev->msi_irq != 0 ? MSI_CONTROL_ENABLE : 0;

        if (reg + i < dev->msi_pos || at >= msi_len(control))
            continue;
        if (at >= MSI_ADDRESS)
            return false;
        if (at == MSI_CONTROL)
            *value &= ~((0xffu & ~allowed) << shift);
    }
    return true;
}
