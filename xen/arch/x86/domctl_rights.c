/* SPDX-License-Identifier: MIT */
/* domctl on a domain's rights to parts of the machine: its toolstack passes on
 * what its own domain has. Source: public/domctl.h. */
#include "asm/domctl.h"

#include "public/domctl.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/vcpu.h"
#include "asm/cpufeature.h"
#include "asm/io_apic.h"
#include "asm/rights.h"

#define NR_PORTS 0x10000

/* Give or take, if the caller's domain has it. */
static int pass_on(struct domain *d, enum right kind, u64 first, u64 last,
                   bool allow)
{
    if (!rights_have(current->domain, kind, first, last))
        return -EPERM;
    return rights_set(d, kind, first, last, allow);
}

int domctl_irq_permission(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_irq_permission *p = &op->u.irq_permission;

    if (p->pirq >= nr_gsis)
        return -EINVAL;
    return pass_on(d, RIGHT_IRQ, p->pirq, p->pirq, p->allow_access);
}

int domctl_iomem_permission(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_iomem_permission *p = &op->u.iomem_permission;
    u64 last = p->first_mfn + p->nr_mfns - 1;

    if (last < p->first_mfn)
        return -EINVAL;
    return pass_on(d, RIGHT_IOMEM, p->first_mfn, last, p->allow_access);
}

int domctl_ioport_permission(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_ioport_permission *p = &op->u.ioport_permission;

    if (p->nr_ports == 0 || p->first_port >= NR_PORTS ||
        p->nr_ports > NR_PORTS - p->first_port)
        return -EINVAL;
    return pass_on(d, RIGHT_IOPORT, p->first_port,
                   p->first_port + p->nr_ports - 1, p->allow_access);
}

int domctl_memory_mapping(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_memory_mapping *m = &op->u.memory_mapping;
    u64 nr_frames = 1UL << (cpu_features.phys_bits - PAGE_SHIFT);

    (void)d;
    if (m->nr_mfns == 0 || m->first_mfn >= nr_frames ||
        m->nr_mfns > nr_frames - m->first_mfn ||
        m->first_gfn + m->nr_mfns < m->first_gfn)
        return -EINVAL;
    if (!rights_have(current->domain, RIGHT_IOMEM, m->first_mfn,
                     m->first_mfn + m->nr_mfns - 1))
        return -EPERM;
    return 0;
}
