/* SPDX-License-Identifier: MIT */
/* PCI configuration space by its two ports, and the list of devices.
 * Source: PCI Local Bus 3.0, 3.2.2.3.2 and 6.7. */
#include "xen/pci.h"

#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/spinlock.h"
#include "asm/msi.h"
#include "asm/processor.h"

#define CONF_ADDRESS     0xcf8
#define CONF_DATA        0xcfc
#define CONF_ENABLE      0x80000000u
#define MAX_CAPABILITIES 48 /* as many as there is room for */
#define FIRST_CAPABILITY 0x40
#define VENDOR_NONE      0xffff

static DEFINE_SPINLOCK(conf_lock, LOCK_PCI_CONF);
static DEFINE_SPINLOCK(pci_lock, LOCK_PCI);
static LIST_HEAD(devices);

static bool conf_reachable(u16 segment, unsigned int reg)
{
    return segment == 0 && reg < PCI_CONF_SIZE;
}

static void conf_select(u16 bdf, unsigned int reg)
{
    outl(CONF_ENABLE | (u32)bdf << 8 | (reg & 0xfc), CONF_ADDRESS);
}

u32 pci_conf_read(u16 segment, u16 bdf, unsigned int reg, unsigned int size)
{
    u16 port = CONF_DATA + (reg & 3);
    unsigned long flags;
    u32 value;

    if (!conf_reachable(segment, reg))
        return ~0u;
    spin_lock_irqsave(&conf_lock, flags);
    conf_select(bdf, reg);
    if (size == 1)
        value = inb(port);
    else if (size == 2)
        value = inw(port);
    else
        value = inl(port);
    spin_unlock_irqrestore(&conf_lock, flags);
    return value;
}

void pci_conf_write(u16 segment, u16 bdf, unsigned int reg, unsigned int size,
                    u32 value)
{
    u16 port = CONF_DATA + (reg & 3);
    unsigned long flags;

    if (!conf_reachable(segment, reg))
        return;
    spin_lock_irqsave(&conf_lock, flags);
    conf_select(bdf, reg);
    if (size == 1)
        outb(value, port);
    else if (size == 2)
        outw(value, port);
    else
        outl(value, port);
    spin_unlock_irqrestore(&conf_lock, flags);
}

void pci_lock_acquire(void)
{
    spin_lock(&pci_lock);
}

void pci_lock_release(void)
{
    spin_unlock(&pci_lock);
}

static void find_capabilities(struct pci_device *dev)
{
    u16 segment = dev->segment, bdf = dev->bdf;
    unsigned int pos;

    if (!(pci_conf_read(segment, bdf, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
        return;
    pos = pci_conf_read(segment, bdf, PCI_CAPABILITY_LIST, 1) & ~3u;
    for (unsigned int i = 0; i < MAX_CAPABILITIES && pos >= FIRST_CAPABILITY;
         i++) {
        u32 header = pci_conf_read(segment, bdf, pos, 2);

        if ((header & 0xff) == PCI_CAP_ID_MSI)
            dev->msi_pos = pos;
        else if ((header & 0xff) == PCI_CAP_ID_MSIX)
            dev->msix_pos = pos;
        pos = (header >> 8) & ~3u;
    }
}

static struct pci_device *find_known_locked(u16 segment, u16 bdf)
{
    struct pci_device *dev;

    ASSERT_LOCKED(&pci_lock);
    list_for_each_entry(dev, &devices, link)
        if (dev->segment == segment && dev->bdf == bdf)
            return dev;

    return NULL;
}

static int device_add_locked(u16 segment, u16 bdf, bool virtfn)
{
    struct pci_device *dev;

    if (segment != 0)
        return -EOPNOTSUPP;
    /* The id of a virtual function reads as all ones. */
    if (!virtfn && pci_conf_read(segment, bdf, PCI_VENDOR_ID, 2) == VENDOR_NONE)
        return -ENODEV;
    dev = xzalloc(struct pci_device);
    if (dev == NULL)
        return -ENOMEM;
    dev->segment = segment;
    dev->bdf = bdf;
    dev->virtfn = virtfn;
    find_capabilities(dev);
    list_add(&dev->link, &devices);
    return 0;
}

struct pci_device *pci_device_find_locked(u16 segment, u16 bdf)
{
    struct pci_device *dev = find_known_locked(segment, bdf);

    if (dev == NULL && device_add_locked(segment, bdf, false) == 0)
        dev = find_known_locked(segment, bdf);
    return dev;
}

int pci_device_add(u16 segment, u16 bdf, bool virtfn)
{
    int rc = 0;

    spin_lock(&pci_lock);
    if (find_known_locked(segment, bdf) == NULL)
        rc = device_add_locked(segment, bdf, virtfn);
    spin_unlock(&pci_lock);
    return rc;
}

int pci_device_remove(u16 segment, u16 bdf)
{
    struct pci_device *dev;
    int rc = 0;

    spin_lock(&pci_lock);
    dev = find_known_locked(segment, bdf);
    if (dev == NULL) {
        rc = -ENODEV;
    } else if (dev->nr_msi != 0) {
        rc = -EBUSY;
    } else {
        msi_device_forget_locked(dev);
        list_del(&dev->link);
        xfree(dev);
    }
    spin_unlock(&pci_lock);
    return rc;
}

bool pci_conf_write_intercept(u16 bdf, unsigned int reg, unsigned int size,
                              u32 *value)
{
    struct pci_device *dev;
    bool allowed = true;

    if (reg < FIRST_CAPABILITY)
        return true;
    spin_lock(&pci_lock);
    dev = pci_device_find_locked(0, bdf);
    if (dev != NULL)
        allowed = msi_conf_write_locked(dev, reg, size, value);
    spin_unlock(&pci_lock);
    return allowed;
}
