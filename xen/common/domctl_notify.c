/* SPDX-License-Identifier: MIT */
/* domctl on who is told what: NMIs for a vcpu, the host's virtual interrupts
 * for a domain, a domain's suspension for a channel. */
#include "domctl_internal.h"

#include "xen/errno.h"
#include "xen/evtchn.h"
#include "xen/vcpu.h"

int domctl_sendtrigger(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_sendtrigger *t = &op->u.sendtrigger;
    struct vcpu *v = domain_vcpu(d, t->vcpu);

    if (!v)
        return -ESRCH;
    switch (t->trigger) {
    case XEN_DOMCTL_SENDTRIGGER_NMI:
        vcpu_send_nmi(v);
        return 0;
    case XEN_DOMCTL_SENDTRIGGER_POWER: /* a PV guest has no buttons */
    case XEN_DOMCTL_SENDTRIGGER_SLEEP:
        return -EINVAL;
    default:
        return -ENOSYS;
    }
}

int domctl_set_virq_handler(struct domain *d, struct xen_domctl *op)
{
    return evtchn_set_virq_handler(d, op->u.set_virq_handler.virq);
}

int domctl_subscribe(struct domain *d, struct xen_domctl *op)
{
    WRITE_ONCE(d->suspend_port, op->u.subscribe.port);
    return 0;
}
