/* SPDX-License-Identifier: MIT */
/* What of the machine the hardware domain may touch: everything but what the
 * hypervisor drives itself (abi: dom0 hardware, section 1). */
#include "asm/dom0.h"

#include "xen/errno.h"
#include "xen/console.h"
#include "xen/rangeset.h"
#include "asm/acpi.h"
#include "asm/cpufeature.h"
#include "asm/apic.h"
#include "asm/io_apic.h"
#include "asm/pv_mm.h"

struct port_range {
    u16 first, last;
};

/* Interrupt controllers, timer, and the data window of PCI configuration
 * (cf8..cff are emulated one by one). */
static const struct port_range kept_ports[] = {
    {0x20, 0x21}, {0x40, 0x43}, {0x61, 0x61}, {0xa0, 0xa1}, {0xcfc, 0xcff},
};

#define MSI_WINDOW_FIRST 0xfee00
#define MSI_WINDOW_LAST  0xfeeff

static int set_ports(struct domain *d)
{
    u16 first, last, pm_timer = acpi.pm_timer;
    int rc = rangeset_add(d->arch.ioport_caps, 0, 0xffff);

    for (unsigned int i = 0; !rc && i < ARRAY_SIZE(kept_ports); i++)
        rc = rangeset_remove(d->arch.ioport_caps, kept_ports[i].first,
                             kept_ports[i].last);
    if (!rc && ns16550_ports(&first, &last))
        rc = rangeset_remove(d->arch.ioport_caps, first, last);
    if (!rc && pm_timer)
        rc = rangeset_remove(d->arch.ioport_caps, pm_timer, pm_timer + 3);
    return rc;
}

static int set_memory(struct domain *d)
{
    u64 last = ((1UL << cpu_features.phys_bits) - 1) >> PAGE_SHIFT;
    int rc = rangeset_add(d->arch.iomem_caps, 0, last);

    if (!rc)
        rc = rangeset_remove(d->arch.iomem_caps, MSI_WINDOW_FIRST,
                             MSI_WINDOW_LAST);
    return rc;
}

int dom0_set_caps(struct domain *d)
{
    int rc = set_ports(d);

    d->arch.has_devices = true;
    if (!rc)
        rc = set_memory(d);
    if (!rc)
        rc = rangeset_add(d->arch.irq_caps, 1, nr_gsis - 1);
    return rc;
}
