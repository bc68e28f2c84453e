/* SPDX-License-Identifier: MIT */
/* Rights of domains to parts of the machine. */
#include "asm/rights.h"

#include "xen/domain.h"
#include "xen/rangeset.h"

static struct rangeset *ranges_of(const struct domain *d, enum right kind)
{
    switch (kind) {
    case RIGHT_IOPORT:
        return d->arch.ioport_caps;
    case RIGHT_IOMEM:
        return d->arch.iomem_caps;
    default:
        return d->arch.irq_caps;
    }
}

bool rights_have(struct domain *d, enum right kind, u64 first, u64 last)
{
    bool have;

    spin_lock(&d->arch.rights_lock);
    have = rangeset_contains(ranges_of(d, kind), first, last);
    spin_unlock(&d->arch.rights_lock);
    return have;
}

int rights_set(struct domain *d, enum right kind, u64 first, u64 last,
               bool allow)
{
    int rc;

    spin_lock(&d->arch.rights_lock);
    rc = allow ? rangeset_add(ranges_of(d, kind), first, last)
               : rangeset_remove(ranges_of(d, kind), first, last);
    spin_unlock(&d->arch.rights_lock);
    return rc;
}
