/* SPDX-License-Identifier: MIT */
/* Event channels shown, and checked for consistency. */
#include "evtchn_internal.h"

#include "xen/debug_key.h"
#include "xen/printk.h"
#include "xen/softirq.h"

static const char *const state_name[] = {
    [EVTCHN_free] = "free", [EVTCHN_unbound] = "unbound",
    [EVTCHN_pirq] = "pirq", [EVTCHN_interdomain] = "interdomain",
    [EVTCHN_virq] = "virq", [EVTCHN_ipi] = "ipi",
};

static void dump_channel(struct domain *d, struct evtchn *chn)
{
    bool pending = false, masked = false;
    unsigned long flags;
    struct evtchn copy;
    evtchn_port_t remote_port = 0;
    unsigned int dom = 0;

    spin_lock_irqsave(&chn->lock, flags);
    copy = *chn;
    if (copy.state != EVTCHN_free) {
        pending = d->evtchn->ops->is_pending(d, chn);
        masked = d->evtchn->ops->is_masked(d, chn);
    }
    if (copy.state == EVTCHN_interdomain) {
        dom = copy.remote->domain_id;
        remote_port = copy.peer->port;
    }
    spin_unlock_irqrestore(&chn->lock, flags);

    if (copy.state == EVTCHN_free)
        return;
    printk("  %4u %c%c v%u ", copy.port, pending ? 'P' : '-',
           masked ? 'M' : '-', copy.notify_vcpu);
    switch (copy.state) {
    case EVTCHN_interdomain:
        printk("%s d%u port %u\n", state_name[copy.state], dom, remote_port);
        break;
    case EVTCHN_unbound:
        printk("%s d%u\n", state_name[copy.state], copy.remote_domid);
        break;
    case EVTCHN_ipi:
        printk("%s\n", state_name[copy.state]);
        break;
    default:
        printk("%s %u\n", state_name[copy.state], copy.virq);
        break;
    }
}

void evtchn_dump(struct domain *d)
{
    struct evtchn_domain *ed = d->evtchn;

    printk("d%d: %u ports in use, pending (P), masked (M), vcpu:\n",
           d->domain_id, ed->nr_ports);
    for (evtchn_port_t port = 1; port < ed->max_ports; port++) {
        struct evtchn *chn = evtchn_lookup(d, port);

        if (chn == NULL) {
            port |= EVTCHNS_PER_GROUP - 1;
            continue;
        }
        dump_channel(d, chn);
        process_pending_softirqs();
    }
}

static void dump_all(void)
{
    struct domain *d = domain_get_next(0);

    while (d != NULL) {
        domid_t next = d->domain_id + 1;

        evtchn_dump(d);
        if (evtchn_audit(d) != 0)
            printk("d%d: event channels are inconsistent\n", d->domain_id);
        domain_put(d);
        d = domain_get_next(next);
    }
}

void evtchn_init(void)
{
    debug_key_register('e', "show event channels", dump_all);
}

/* The other end is connected to this one. */
static bool is_mutual(const struct domain *d, const struct evtchn *chn,
                      const struct evtchn *peer)
{
    return peer->state == EVTCHN_interdomain && peer->remote == d &&
           peer->peer == chn;
}

static bool audit_channel(struct domain *d, struct evtchn *chn)
{
    unsigned long flags;
    struct evtchn *peer = evtchn_lock_ends(chn, &flags);
    bool good = true;

    switch (chn->state) {
    case EVTCHN_interdomain:
        good = is_mutual(d, chn, peer);
        break;
    case EVTCHN_virq:
        good = chn->virq < NR_VIRQS &&
               *evtchn_virq_port(d, chn->notify_vcpu, chn->virq) == chn->port;
        break;
    default:
        break;
    }
    good = good && chn->notify_vcpu < d->max_vcpus;
    if (peer != NULL)
        spin_unlock(&peer->lock);
    spin_unlock_irqrestore(&chn->lock, flags);
    return good;
}

/* Each port in a vcpu's table is bound to that VIRQ. */
static unsigned int audit_virqs(struct domain *d, const struct evtchn_vcpu *ev)
{
    unsigned int nr_bad = 0;

    for (unsigned int virq = 0; virq < NR_VIRQS; virq++) {
        const struct evtchn *chn = evtchn_lookup(d, ev->virq_port[virq]);

        if (ev->virq_port[virq] != 0 &&
            (chn == NULL || chn->state != EVTCHN_virq || chn->virq != virq))
            nr_bad++;
    }
    return nr_bad;
}

unsigned int evtchn_audit(struct domain *d)
{
    struct evtchn_domain *ed = d->evtchn;
    unsigned int nr_bad = 0, nr_used = 0;

    spin_lock(&ed->lock);
    for (evtchn_port_t port = 0; port < ed->max_ports; port++) {
        struct evtchn *chn = evtchn_lookup(d, port);

        if (chn == NULL) {
            port |= EVTCHNS_PER_GROUP - 1;
            continue;
        }
        nr_used += chn->state != EVTCHN_free;
        nr_bad += chn->port != port || !audit_channel(d, chn);
    }
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        if (ed->vcpu[i] != NULL)
            nr_bad += audit_virqs(d, ed->vcpu[i]);
    nr_bad += nr_used != ed->nr_ports;
    spin_unlock(&ed->lock);
    return nr_bad;
}
