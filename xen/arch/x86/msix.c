/* SPDX-License-Identifier: MIT */
/*
 * MSI-X: the table of messages in a device's memory. dom0 may read it but not
 * write.
 *
 * Source: PCI Local Bus 3.0, 6.8.2.
 */
#include "asm/msi.h"

#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/mm.h"
#include "xen/rangeset.h"
#include "xen/spinlock.h"
#include "xen/vmap.h"
#include "asm/acpi.h"
#include "asm/io_apic.h"
#include "asm/msi_internal.h"

#define MSIX_CONTROL       2
#define MSIX_TABLE         4
#define MSIX_CONTROL_SIZE  0x07ff
#define MSIX_TABLE_BAR     7u
#define ENTRY_LEN          16
#define ENTRY_ADDRESS      0
#define ENTRY_ADDRESS_HIGH 4
#define ENTRY_DATA         8
#define ENTRY_CONTROL      12
#define ENTRY_MASKED       1u

#define BAR_IO             1u
#define BAR_64BIT          4u
#define BAR_FLAGS          0xfu
#define NR_BARS            6

#define APIC_WINDOW_START  0xfee00000UL
#define APIC_WINDOW_END    0xfef00000UL

/* Tables of as many devices as there are interrupts for. */
#define MAX_RO_RANGES 512

struct msix_table {
    volatile u8 *entries;
    paddr_t pa;
    unsigned int nr;
    u16 irq[]; /* of each entry; 0: not set up */
};

/* Frames that hold tables. The lock is taken with interrupts on, since adding
 * a range may take memory. */
static DEFINE_SPINLOCK(ro_lock, LOCK_PCI_CONF);
static struct rangeset *ro_frames;

bool mmio_ro_frame(unsigned long mfn)
{
    bool ro;

    if (ioapic_frame(mfn) ||
        (acpi.hpet_page_protect != 0 && mfn == PFN_DOWN(acpi.hpet_address)))
        return true;
    spin_lock(&ro_lock);
    ro = rangeset_contains(ro_frames, mfn, mfn);
    spin_unlock(&ro_lock);
    return ro;
}

static int ro_frames_add(paddr_t start, paddr_t end)
{
    int rc = -ENOMEM;

    spin_lock(&ro_lock);
    if (ro_frames == NULL)
        ro_frames = rangeset_new(MAX_RO_RANGES);
    if (ro_frames != NULL)
        rc = rangeset_add(ro_frames, PFN_DOWN(start), PFN_DOWN(end - 1));
    spin_unlock(&ro_lock);
    return rc;
}

static void ro_frames_remove(paddr_t start, paddr_t end)
{
    spin_lock(&ro_lock);
    /* Without memory to split a range it stays read-only: no harm. */
    (void)!rangeset_remove(ro_frames, PFN_DOWN(start), PFN_DOWN(end - 1));
    spin_unlock(&ro_lock);
}

static volatile u32 *entry_reg(const struct msi_desc *msi, unsigned int reg)
{
    return (volatile u32 *)(msi->dev->msix->entries + msi->entry * ENTRY_LEN +
                            reg);
}

void msix_set_mask(const struct msi_desc *msi, bool masked)
{
    volatile u32 *control = entry_reg(msi, ENTRY_CONTROL);

    *control = masked ? ENTRY_MASKED : 0;
    (void)*control; /* a read waits for the write to arrive */
}

void msix_set_message(const struct msi_desc *msi, u32 address, u32 data)
{
    *entry_reg(msi, ENTRY_ADDRESS) = address;
    *entry_reg(msi, ENTRY_ADDRESS_HIGH) = 0;
    *entry_reg(msi, ENTRY_DATA) = data;
}

/* Address in one of the device's memory BARs; 0: it has none there. */
static paddr_t bar_address(const struct pci_device *dev, unsigned int bar)
{
    unsigned int reg = PCI_BAR0 + 4 * bar;
    u32 low = pci_conf_read(dev->segment, dev->bdf, reg, 4);
    paddr_t address = low & ~BAR_FLAGS;

    if (low & BAR_IO)
        return 0;
    if ((low & BAR_64BIT) && bar + 1 < NR_BARS)
        address |= (paddr_t)pci_conf_read(dev->segment, dev->bdf, reg + 4, 4)
                   << 32;
    return address;
}

/* dom0 can set BARs to any address: not all of them may be written to. */
static bool table_range_ok(paddr_t start, paddr_t end)
{
    if (start == 0 || end < start || end >> PADDR_BITS)
        return false;
    if (start < APIC_WINDOW_END && end > APIC_WINDOW_START)
        return false;
    for (unsigned long mfn = PFN_DOWN(start); mfn <= PFN_DOWN(end - 1); mfn++)
        if (mfn_valid(_mfn(mfn)) || ioapic_frame(mfn))
            return false;

    return true;
}

static paddr_t table_address(const struct pci_device *dev,
                             const struct msi_request *req)
{
    u32 table =
        pci_conf_read(dev->segment, dev->bdf, dev->msix_pos + MSIX_TABLE, 4);
    unsigned int bar = table & MSIX_TABLE_BAR;
    paddr_t base = dev->virtfn ? req->table_base : 0;

    if (!dev->virtfn && bar < NR_BARS &&
        (pci_conf_read(dev->segment, dev->bdf, PCI_COMMAND, 2) &
         PCI_COMMAND_MEMORY))
        base = bar_address(dev, bar);
    return base != 0 ? base + (table & ~MSIX_TABLE_BAR) : 0;
}

static int table_map(struct pci_device *dev, paddr_t pa, unsigned int nr)
{
    struct msix_table *t = xmalloc_bytes(sizeof(*t) + nr * sizeof(t->irq[0]));
    paddr_t end = pa + nr * ENTRY_LEN;
    int rc = -ENOMEM;

    if (t == NULL)
        return -ENOMEM;
    t->entries = ioremap(pa, nr * ENTRY_LEN);
    if (t->entries != NULL)
        rc = ro_frames_add(pa, end);
    if (rc != 0) {
        if (t->entries != NULL)
            iounmap((void *)t->entries);
        xfree(t);
        return rc;
    }
    t->pa = pa;
    t->nr = nr;
    dev->msix = t;
    return 0;
}

void msi_device_forget_locked(struct pci_device *dev)
{
    struct msix_table *t = dev->msix;

    if (t == NULL)
        return;
    ro_frames_remove(t->pa, t->pa + t->nr * ENTRY_LEN);
    iounmap((void *)t->entries);
    dev->msix = NULL;
    xfree(t);
}

static bool table_in_use(const struct msix_table *t)
{
    for (unsigned int i = 0; i < t->nr; i++)
        if (t->irq[i] != 0)
            return true;

    return false;
}

/* Makes dev->msix what the device's registers say now. */
static int table_find_locked(struct pci_device *dev,
                             const struct msi_request *req)
{
    unsigned int nr = (pci_conf_read(dev->segment, dev->bdf,
                                     dev->msix_pos + MSIX_CONTROL, 2) &
                       MSIX_CONTROL_SIZE) +
                      1;
    paddr_t pa = table_address(dev, req);

    if (!table_range_ok(pa, pa + nr * ENTRY_LEN))
        return -ENXIO;
    if (dev->msix != NULL && (dev->msix->pa != pa || dev->msix->nr != nr)) {
        if (table_in_use(dev->msix))
            return -ENXIO;
        msi_device_forget_locked(dev);
    }
    return dev->msix != NULL ? 0 : table_map(dev, pa, nr);
}

int msix_claim_locked(struct pci_device *dev, const struct msi_request *req,
                      unsigned int irq)
{
    int rc;

    if (dev->msix_pos == 0)
        return -ENODEV;
    rc = table_find_locked(dev, req);
    if (rc != 0)
        return rc;
    if (req->entry >= dev->msix->nr)
        return -EINVAL;
    if (dev->msix->irq[req->entry] != 0)
        return -EEXIST;
    dev->msix->irq[req->entry] = irq;
    return 0;
}

void msix_release_locked(struct pci_device *dev, unsigned int entry)
{
    dev->msix->irq[entry] = 0;
}
