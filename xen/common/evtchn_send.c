/* SPDX-License-Identifier: MIT */
/*
 * Sending of events: by guests, by interrupts, by the hypervisor. No lock of a
 * domain is taken here, only that of the channel that is named.
 */
#include "evtchn_internal.h"

#include "xen/errno.h"
#include "xen/irq.h"
#include "xen/sched.h"

bool evtchn_wake_vcpu(struct vcpu *v)
{
    vcpu_unblock(v);
    if (v != current)
        vcpu_kick(v);
    return false;
}

void evtchn_wake_pollers(struct domain *d, evtchn_port_t port)
{
    struct vcpu *v;

    for_each_vcpu(d, v) {
        int polled = READ_ONCE(v->poll_port);

        if (unlikely(polled != 0) && (polled < 0 || polled == (int)port))
            vcpu_unblock(v);
    }
}

long evtchn_send(struct domain *d, evtchn_port_t lport)
{
    struct evtchn *chn = evtchn_lookup(d, lport);
    long rc;

    if (chn == NULL)
        return -EINVAL;

    spin_lock_irq(&chn->lock);
    if (likely(chn->state == EVTCHN_interdomain || chn->state == EVTCHN_ipi)) {
        evtchn_raise(chn->remote, chn->peer);
        spin_unlock_irq(&chn->lock);
        return 0;
    }
    /* Unbound: nobody is there, or no longer. */
    rc = chn->state == EVTCHN_unbound ? 0 : -EINVAL;
    spin_unlock_irq(&chn->lock);
    return rc;
}

/* Raise `port` if it still stands for what the caller found it to. */
static bool raise_bound(struct domain *d, evtchn_port_t port,
                        enum evtchn_state state, u32 number)
{
    struct evtchn *chn = evtchn_lookup(d, port);
    bool was_pending = false;
    unsigned long flags;

    if (port == 0 || chn == NULL)
        return false;
    spin_lock_irqsave(&chn->lock, flags);
    if (chn->state == state &&
        (state == EVTCHN_virq ? chn->virq : chn->pirq) == number)
        was_pending = evtchn_raise(d, chn);
    spin_unlock_irqrestore(&chn->lock, flags);
    return was_pending;
}

static void send_virq(struct domain *d, unsigned int vcpu_id, unsigned int virq)
{
    const struct evtchn_vcpu *ev = READ_ONCE(d->evtchn->vcpu[vcpu_id]);

    ASSERT(virq < NR_VIRQS);
    if (ev != NULL)
        raise_bound(d, READ_ONCE(ev->virq_port[virq]), EVTCHN_virq, virq);
}

void send_guest_vcpu_virq(struct vcpu *v, unsigned int virq)
{
    ASSERT(!virq_is_global(virq));
    send_virq(v->domain, v->vcpu_id, virq);
}

void send_guest_global_virq(struct domain *d, unsigned int virq)
{
    ASSERT(virq_is_global(virq));
    send_virq(d, 0, virq);
}

/* Who handles a global VIRQ of the host, each with a reference; NULL: the
 * hardware domain. */
static struct domain *virq_handler[NR_VIRQS];
static DEFINE_SPINLOCK(virq_handler_lock, LOCK_VIRQ_HANDLER);

void send_global_virq(unsigned int virq)
{
    struct domain *d;
    unsigned long flags;

    ASSERT(virq < NR_VIRQS);
    spin_lock_irqsave(&virq_handler_lock, flags);
    d = virq_handler[virq] ? virq_handler[virq] : hardware_domain;
    if (d != NULL)
        send_guest_global_virq(d, virq);
    spin_unlock_irqrestore(&virq_handler_lock, flags);
}

int evtchn_set_virq_handler(struct domain *d, unsigned int virq)
{
    struct domain *old;
    unsigned long flags;

    if (virq >= NR_VIRQS || !virq_is_global(virq) || d->dying != DOMDYING_alive)
        return -EINVAL;
    virq = array_index_nospec(virq, NR_VIRQS);
    if (d != hardware_domain)
        domain_get_known(d);
    spin_lock_irqsave(&virq_handler_lock, flags);
    old = virq_handler[virq];
    virq_handler[virq] = d != hardware_domain ? d : NULL;
    spin_unlock_irqrestore(&virq_handler_lock, flags);
    if (old)
        domain_put(old);
    return 0;
}

void evtchn_drop_virq_handler(struct domain *d)
{
    unsigned long flags;

    for (unsigned int virq = 0; virq < NR_VIRQS; virq++) {
        bool was = false;

        spin_lock_irqsave(&virq_handler_lock, flags);
        if (virq_handler[virq] == d) {
            virq_handler[virq] = NULL;
            was = true;
        }
        spin_unlock_irqrestore(&virq_handler_lock, flags);
        if (was)
            domain_put(d);
    }
}

bool send_guest_pirq(struct domain *d, unsigned int pirq)
{
    return raise_bound(d, pirq_to_evtchn(d, pirq), EVTCHN_pirq, pirq);
}

void evtchn_vcpu_info_moved(struct vcpu *v)
{
    WRITE_ONCE(v->vcpu_info->evtchn_pending_sel, ~0UL);
    evtchn_upcall(v);
}

int evtchn_port_poll(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_lookup(d, port);
    unsigned long flags;
    int rc = -EINVAL;

    if (chn == NULL)
        return -EINVAL;
    spin_lock_irqsave(&chn->lock, flags);
    if (chn->state != EVTCHN_free)
        rc = d->evtchn->ops->is_pending(d, chn);
    spin_unlock_irqrestore(&chn->lock, flags);
    return rc;
}
