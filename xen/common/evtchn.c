/* SPDX-License-Identifier: MIT */
/*
 * Event channels: the ports of a domain, and how they come and go.
 *
 * A port is a number that the guest knows a channel by. Channels lie in groups
 * that are allocated when a port in them is first handed out, and stay until
 * the domain is freed: a struct evtchn that was found may be locked and looked
 * at as long as its domain is held. evtchn_internal.h has the locks.
 */
#include "evtchn_internal.h"

#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/irq.h"
#include "xen/softirq.h"

/* Ports that are closed between looks at whether others wait. */
#define CLOSE_SLICE 64

bool virq_is_global(unsigned int virq)
{
    switch (virq) {
    case VIRQ_TIMER:
    case VIRQ_DEBUG:
    case VIRQ_XENOPROF:
    case VIRQ_XENPMU:
        return false;
    default:
        return true;
    }
}

static struct evtchn *group_create(evtchn_port_t first)
{
    struct evtchn *group = xzalloc_array(struct evtchn, EVTCHNS_PER_GROUP);

    if (group == NULL)
        return NULL;
    for (unsigned int i = 0; i < EVTCHNS_PER_GROUP; i++) {
        group[i].port = first + i;
        spin_lock_init(&group[i].lock, LOCK_EVTCHN_PORT);
    }
    return group;
}

/* The channel of a port below max_ports; allocates it if it has none yet. */
static struct evtchn *channel_get_locked(struct domain *d, evtchn_port_t port)
{
    struct evtchn_domain *ed = d->evtchn;
    struct evtchn ***bucket = &ed->bucket[port / EVTCHNS_PER_BUCKET];
    struct evtchn **group;

    ASSERT_LOCKED(&ed->lock);
    if (*bucket == NULL) {
        struct evtchn **new = xzalloc_array(struct evtchn *, GROUPS_PER_BUCKET);

        if (new == NULL)
            return NULL;
        smp_wmb(); /* pairs with evtchn_lookup(), as does the next one */
        WRITE_ONCE(*bucket, new);
    }
    group = &(*bucket)[port / EVTCHNS_PER_GROUP % GROUPS_PER_BUCKET];
    if (*group == NULL) {
        struct evtchn *new = group_create(ROUNDDOWN(port, EVTCHNS_PER_GROUP));

        if (new == NULL)
            return NULL;
        smp_wmb();
        WRITE_ONCE(*group, new);
    }
    return &(*group)[port % EVTCHNS_PER_GROUP];
}

int evtchn_alloc_locked(struct domain *d, struct evtchn **chn_out)
{
    struct evtchn_domain *ed = d->evtchn;
    unsigned int limit = min(ed->max_ports, ed->ops->max_ports);

    ASSERT_LOCKED(&ed->lock);
    if (ed->is_closed)
        return -EINVAL;

    for (evtchn_port_t port = ed->first_free; port < limit; port++) {
        struct evtchn *chn = channel_get_locked(d, port);

        if (chn == NULL)
            return -ENOMEM;
        if (chn->state == EVTCHN_free && !ed->ops->is_busy(d, chn)) {
            *chn_out = chn;
            return 0;
        }
        if (chn->state != EVTCHN_free && port == ed->first_free)
            ed->first_free++;
    }
    return -ENOSPC;
}

void evtchn_open_locked(struct domain *d, struct evtchn *chn,
                        enum evtchn_state state, unsigned int vcpu_id)
{
    unsigned long flags;

    ASSERT_LOCKED(&d->evtchn->lock);
    d->evtchn->nr_ports++;
    spin_lock_irqsave(&chn->lock, flags);
    chn->state = state;
    chn->notify_vcpu = vcpu_id;
    chn->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    spin_unlock_irqrestore(&chn->lock, flags);
}

static void lock_pair(struct evtchn *a, struct evtchn *b, unsigned long *flags)
{
    spin_lock_irqsave(a < b ? &a->lock : &b->lock, *flags);
    spin_lock_nested(a < b ? &b->lock : &a->lock);
}

int evtchn_connect_locked(struct domain *ld, struct evtchn *lchn,
                          struct domain *rd, struct evtchn *rchn)
{
    unsigned long flags;
    int rc = -EINVAL;

    ASSERT_LOCKED(&ld->evtchn->lock);
    lock_pair(lchn, rchn, &flags);
    if (rchn->state == EVTCHN_unbound && rchn->remote_domid == ld->domain_id) {
        rchn->state = EVTCHN_interdomain;
        rchn->remote = ld;
        rchn->peer = lchn;
        lchn->state = EVTCHN_interdomain;
        lchn->remote = rd;
        lchn->peer = rchn;
        lchn->notify_vcpu = 0;
        lchn->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
        ld->evtchn->nr_ports++;
        /* The other end may have sent while nobody was here. */
        evtchn_raise(ld, lchn);
        rc = 0;
    }
    spin_unlock(&lchn->lock);
    spin_unlock_irqrestore(&rchn->lock, flags);
    return rc;
}

struct evtchn *evtchn_lock_ends(struct evtchn *chn, unsigned long *flags)
{
    for (;;) {
        struct evtchn *peer;

        spin_lock_irqsave(&chn->lock, *flags);
        if (chn->state != EVTCHN_interdomain)
            return NULL;
        peer = chn->peer;
        if (peer > chn) {
            spin_lock_nested(&peer->lock);
            return peer;
        }
        if (spin_trylock(&peer->lock))
            return peer;
        /* The holder of the lower one may wait for ours: let it. */
        spin_unlock_irqrestore(&chn->lock, *flags);
        cpu_relax();
    }
}

void evtchn_free_locked(struct domain *d, struct evtchn *chn)
{
    struct evtchn_domain *ed = d->evtchn;
    unsigned long flags;
    struct evtchn *peer;

    ASSERT_LOCKED(&ed->lock);
    peer = evtchn_lock_ends(chn, &flags);
    if (peer != NULL) {
        peer->state = EVTCHN_unbound;
        peer->remote_domid = d->domain_id;
        spin_unlock(&peer->lock);
    }
    ed->ops->clear_pending(d, chn);
    chn->state = EVTCHN_free;
    chn->notify_vcpu = 0;
    spin_unlock_irqrestore(&chn->lock, flags);

    ed->nr_ports--;
    ed->first_free = min(ed->first_free, chn->port);
}

int evtchn_close_locked(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_lookup(d, port);

    ASSERT_LOCKED(&d->evtchn->lock);
    if (chn == NULL || chn->state == EVTCHN_free)
        return -EINVAL;

    if (chn->state == EVTCHN_pirq) {
        pirq_guest_unbind(d, chn->pirq);
        pirq_set_evtchn(d, chn->pirq, 0);
    } else if (chn->state == EVTCHN_virq) {
        WRITE_ONCE(*evtchn_virq_port(d, chn->notify_vcpu, chn->virq), 0);
    }
    evtchn_free_locked(d, chn);
    return 0;
}

/* Close what there is. Returns 0 or -ERESTART. */
static int close_all_locked(struct domain *d)
{
    struct evtchn_domain *ed = d->evtchn;

    ASSERT_LOCKED(&ed->lock);
    for (unsigned int step = 1; ed->nr_ports > 0; step++) {
        evtchn_port_t port = ed->next_close;

        if (evtchn_lookup(d, port) == NULL) {
            ed->next_close = ROUNDUP(port + 1, EVTCHNS_PER_GROUP);
        } else {
            (void)evtchn_close_locked(d, port); /* not all are in use */
            ed->next_close++;
        }
        if (ed->next_close >= ed->max_ports)
            ed->next_close = 0;
        if (step % CLOSE_SLICE == 0 && hypercall_preempt_check())
            return -ERESTART;
    }
    ed->next_close = 0;
    return 0;
}

int evtchn_reset(struct domain *d)
{
    struct evtchn_fifo *fifo = NULL;
    int rc;

    spin_lock(&d->evtchn->lock);
    rc = close_all_locked(d);
    if (rc == 0)
        fifo = evtchn_fifo_leave_locked(d);
    spin_unlock(&d->evtchn->lock);
    evtchn_fifo_destroy(d, fifo);
    return rc;
}

int evtchn_domain_close_all(struct domain *d)
{
    if (d->evtchn == NULL)
        return 0;

    spin_lock(&d->evtchn->lock);
    d->evtchn->is_closed = true;
    spin_unlock(&d->evtchn->lock);
    return evtchn_reset(d);
}

/* Its kind stays with the vcpu that it was bound to. */
static bool is_per_vcpu(const struct evtchn *chn)
{
    return chn->state == EVTCHN_ipi ||
           (chn->state == EVTCHN_virq && !virq_is_global(chn->virq));
}

int evtchn_set_vcpu_locked(struct domain *d, struct evtchn *chn, struct vcpu *v)
{
    unsigned long flags;
    int rc = 0;

    ASSERT_LOCKED(&d->evtchn->lock);
    spin_lock_irqsave(&chn->lock, flags);
    if (chn->state == EVTCHN_free || is_per_vcpu(chn))
        rc = -EINVAL;
    else
        WRITE_ONCE(chn->notify_vcpu, v->vcpu_id);
    spin_unlock_irqrestore(&chn->lock, flags);

    if (rc == 0 && chn->state == EVTCHN_pirq)
        pirq_set_affinity(d, chn->pirq, v);
    return rc;
}

void evtchn_move_from_vcpu(struct vcpu *v)
{
    struct domain *d = v->domain;
    struct evtchn_domain *ed = d->evtchn;
    struct evtchn *chn;

    spin_lock(&ed->lock);
    for (evtchn_port_t port = 1; port < ed->max_ports; port++) {
        chn = evtchn_lookup(d, port);
        if (chn == NULL)
            port |= EVTCHNS_PER_GROUP - 1;
        else if (chn->state != EVTCHN_free && chn->notify_vcpu == v->vcpu_id &&
                 !is_per_vcpu(chn))
            (void)evtchn_set_vcpu_locked(d, chn, d->vcpu[0]);
    }
    spin_unlock(&ed->lock);
}

int evtchn_domain_create(struct domain *d, unsigned int max_port)
{
    unsigned int max_ports =
        min_t(unsigned int, max_port, EVTCHN_FIFO_NR_CHANNELS - 1) + 1;
    unsigned int port_mask = (2u << highest_bit((max_ports - 1) | 1)) - 1;
    unsigned int nr_buckets = port_mask / EVTCHNS_PER_BUCKET + 1;
    struct evtchn_domain *ed =
        xmalloc_bytes(sizeof(*ed) + nr_buckets * sizeof(ed->bucket[0]));

    if (ed == NULL)
        return -ENOMEM;
    ed->vcpu = xzalloc_array(struct evtchn_vcpu *, d->max_vcpus);
    if (ed->vcpu == NULL) {
        xfree(ed);
        return -ENOMEM;
    }
    spin_lock_init(&ed->lock, LOCK_EVTCHN);
    ed->max_ports = max_ports;
    ed->port_mask = port_mask;
    ed->ops = &evtchn_2l_ops;
    ed->first_free = 1; /* no port is 0 */
    d->evtchn = ed;
    return 0;
}

static void bucket_destroy(struct evtchn **bucket)
{
    if (bucket == NULL)
        return;
    for (unsigned int i = 0; i < GROUPS_PER_BUCKET; i++)
        xfree(bucket[i]);
    xfree(bucket);
}

void evtchn_domain_destroy(struct domain *d)
{
    struct evtchn_domain *ed = d->evtchn;

    if (ed == NULL)
        return;
    ASSERT(ed->nr_ports == 0);
    d->evtchn = NULL;
    for (unsigned int i = 0; i * EVTCHNS_PER_BUCKET < ed->max_ports; i++)
        bucket_destroy(ed->bucket[i]);
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        xfree(ed->vcpu[i]);
    xfree(ed->vcpu);
    xfree(ed);
}

int evtchn_vcpu_create(struct vcpu *v)
{
    struct evtchn_vcpu *ev = xzalloc(struct evtchn_vcpu);

    if (ev == NULL)
        return -ENOMEM;
    WRITE_ONCE(v->domain->evtchn->vcpu[v->vcpu_id], ev);
    return 0;
}
