/* SPDX-License-Identifier: MIT */
/* physdev_op: I/O rights of a vcpu, and how dom0 gets at the machine's
 * interrupts and PCI devices. Source: public/physdev.h. */
#include "public/physdev.h"

#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/pci.h"
#include "xen/subop.h"
#include "xen/vcpu.h"
#include "asm/acpi.h"
#include "asm/io_apic.h"
#include "asm/pirq.h"

#define MAX_IOPL 3
#define NR_PORTS 65536

static long physdev_set_iopl(void *arg)
{
    const struct physdev_set_iopl *op = arg;

    if (op->iopl > MAX_IOPL)
        return -EINVAL;
    current->arch.iopl = op->iopl;
    return 0;
}

static long physdev_set_iobitmap(void *arg)
{
    const struct physdev_set_iobitmap *op = arg;

    if (op->nr_ports > NR_PORTS)
        return -EINVAL;
    if (!guest_array_ok(op->bitmap, DIV_ROUND_UP(op->nr_ports, 8), 1))
        return -EINVAL;
    current->arch.iobmp = op->bitmap;
    current->arch.iobmp_limit = op->nr_ports;
    return 0;
}

/* Interrupts. */

static long physdev_irq_status_query(void *arg)
{
    struct physdev_irq_status_query *op = arg;

    return pirq_status(current->domain, op->irq, &op->flags);
}

static long physdev_eoi(void *arg)
{
    const struct physdev_eoi *op = arg;

    return pirq_eoi(current->domain, op->irq);
}

static long physdev_pirq_eoi_gmfn(void *arg)
{
    const struct physdev_pirq_eoi_gmfn *op = arg;

    return pirq_set_eoi_map(current->domain, _gfn(op->gmfn));
}

static long physdev_apic_read(void *arg)
{
    struct physdev_apic *op = arg;

    return ioapic_guest_read(op->apic_physbase, op->reg, &op->value);
}

/* Vectors are the hypervisor's; Linux wants to hear some number. */
static long physdev_alloc_irq_vector(void *arg)
{
    struct physdev_irq *op = arg;

    if (op->irq >= nr_gsis)
        return -EINVAL;
    op->vector = op->irq;
    return 0;
}

static long physdev_setup_gsi(void *arg)
{
    const struct physdev_setup_gsi *op = arg;

    if (op->gsi < 0 || (unsigned int)op->gsi >= nr_gsis)
        return -EINVAL;
    if (!irq_permitted(current->domain, op->gsi))
        return -EPERM;
    return ioapic_setup_gsi(op->gsi, op->triggering != 0, op->polarity != 0);
}

/* PIRQs of other domains are not there yet. Returns 0, -ESRCH, -EOPNOTSUPP. */
static int for_self(domid_t domid)
{
    struct domain *d = domain_get_or_self(domid);
    bool self = d == current->domain;

    if (d == NULL)
        return -ESRCH;
    domain_put(d);
    return self ? 0 : -EOPNOTSUPP;
}

static long map_msi(struct physdev_map_pirq *op)
{
    struct msi_request req = {
        .segment = op->type == MAP_PIRQ_TYPE_MSI ? 0 : (u32)op->bus >> 16,
        .bdf = PCI_BDF(op->bus & 0xff, op->devfn & 0xff),
        .msix = op->table_base != 0,
        .entry = op->entry_nr,
        .table_base = op->table_base,
    };
    int pirq = op->pirq;
    int rc;

    /* A block of messages needs vectors in a row: Linux then takes one. */
    if (op->type == MAP_PIRQ_TYPE_MULTI_MSI && op->entry_nr != 1)
        return -EOPNOTSUPP;
    rc = pirq_map_msi(current->domain, &req, &pirq);
    if (rc == 0)
        op->pirq = pirq;
    return rc;
}

static long physdev_map_pirq(void *arg)
{
    struct physdev_map_pirq *op = arg;
    int pirq = op->pirq, rc;

    rc = for_self(op->domid);
    if (rc != 0)
        return rc;
    switch (op->type) {
    case MAP_PIRQ_TYPE_GSI:
        if (op->index < 0)
            return -EINVAL;
        rc = pirq_map_gsi(current->domain, op->index, &pirq);
        if (rc == 0)
            op->pirq = pirq;
        return rc;
    case MAP_PIRQ_TYPE_MSI:
    case MAP_PIRQ_TYPE_MSI_SEG:
    case MAP_PIRQ_TYPE_MULTI_MSI:
        return map_msi(op);
    default:
        return -EINVAL;
    }
}

static long physdev_unmap_pirq(void *arg)
{
    const struct physdev_unmap_pirq *op = arg;

    int rc = for_self(op->domid);

    if (rc != 0)
        return rc;
    return pirq_unmap(current->domain, op->pirq);
}

/* PCI devices. */

static long physdev_manage_pci_add(void *arg)
{
    const struct physdev_manage_pci *op = arg;

    return pci_device_add(0, PCI_BDF(op->bus, op->devfn), false);
}

static long physdev_manage_pci_remove(void *arg)
{
    const struct physdev_manage_pci *op = arg;

    return pci_device_remove(0, PCI_BDF(op->bus, op->devfn));
}

static long physdev_manage_pci_add_ext(void *arg)
{
    const struct physdev_manage_pci_ext *op = arg;

    return pci_device_add(0, PCI_BDF(op->bus, op->devfn), op->is_virtfn != 0);
}

static long physdev_pci_device_add(void *arg)
{
    const struct physdev_pci_device_add *op = arg;

    return pci_device_add(op->seg, PCI_BDF(op->bus, op->devfn),
                          op->flags & XEN_PCI_DEV_VIRTFN);
}

static long physdev_pci_device_remove(void *arg)
{
    const struct physdev_pci_device *op = arg;

    return pci_device_remove(op->seg, PCI_BDF(op->bus, op->devfn));
}

static long physdev_restore_msi(void *arg)
{
    const struct physdev_restore_msi *op = arg;

    return msi_restore(0, PCI_BDF(op->bus, op->devfn));
}

static long physdev_restore_msi_ext(void *arg)
{
    const struct physdev_pci_device *op = arg;

    return msi_restore(op->seg, PCI_BDF(op->bus, op->devfn));
}

/* The hypervisor knows the windows from the MCFG table, as dom0 does. */
static long physdev_pci_mmcfg_reserved(void *arg)
{
    const struct physdev_pci_mmcfg_reserved *op = arg;

    for (unsigned int i = 0; i < acpi.nr_mcfg; i++)
        if (acpi.mcfg[i].base == op->address &&
            acpi.mcfg[i].segment == op->segment &&
            acpi.mcfg[i].start_bus == op->start_bus &&
            acpi.mcfg[i].end_bus == op->end_bus)
            return 0;

    return -ENODEV;
}

/* clang-format off */
static const struct subop physdev_ops[] = {
    SUBOP(PHYSDEVOP_irq_status_query,   physdev_irq_status_query,   struct physdev_irq_status_query,   COPY_INOUT, HC_ANY),
    SUBOP(PHYSDEVOP_set_iopl,           physdev_set_iopl,           struct physdev_set_iopl,           COPY_IN,    HC_ANY),
    SUBOP(PHYSDEVOP_set_iobitmap,       physdev_set_iobitmap,       struct physdev_set_iobitmap,       COPY_IN,    HC_ANY),
    SUBOP(PHYSDEVOP_apic_read,          physdev_apic_read,          struct physdev_apic,               COPY_INOUT, HC_HARDWARE),
    SUBOP(PHYSDEVOP_alloc_irq_vector,   physdev_alloc_irq_vector,   struct physdev_irq,                COPY_INOUT, HC_HARDWARE),
    SUBOP(PHYSDEVOP_eoi,                physdev_eoi,                struct physdev_eoi,                COPY_IN,    HC_ANY),
    SUBOP(PHYSDEVOP_map_pirq,           physdev_map_pirq,           struct physdev_map_pirq,           COPY_INOUT, HC_HARDWARE),
    SUBOP(PHYSDEVOP_unmap_pirq,         physdev_unmap_pirq,         struct physdev_unmap_pirq,         COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_manage_pci_add,     physdev_manage_pci_add,     struct physdev_manage_pci,         COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_manage_pci_remove,  physdev_manage_pci_remove,  struct physdev_manage_pci,         COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_restore_msi,        physdev_restore_msi,        struct physdev_restore_msi,        COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_manage_pci_add_ext, physdev_manage_pci_add_ext, struct physdev_manage_pci_ext,     COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_setup_gsi,          physdev_setup_gsi,          struct physdev_setup_gsi,          COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_pci_mmcfg_reserved, physdev_pci_mmcfg_reserved, struct physdev_pci_mmcfg_reserved, COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_pci_device_add,     physdev_pci_device_add,     struct physdev_pci_device_add,     COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_pci_device_remove,  physdev_pci_device_remove,  struct physdev_pci_device,         COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_restore_msi_ext,    physdev_restore_msi_ext,    struct physdev_pci_device,         COPY_IN,    HC_HARDWARE),
    SUBOP(PHYSDEVOP_pirq_eoi_gmfn_v2,   physdev_pirq_eoi_gmfn,      struct physdev_pirq_eoi_gmfn,      COPY_IN,    HC_ANY),
};
/* clang-format on */

long do_physdev_op(unsigned long a0, unsigned long a1, unsigned long a2,
                   unsigned long a3, unsigned long a4)
{
    (void)a2;
    (void)a3;
    (void)a4;
    return subop_call(physdev_ops, ARRAY_SIZE(physdev_ops), a0, a1);
}
