/* SPDX-License-Identifier: MIT */
/* The event_channel_op hypercall: one function for each operation. */
#include "evtchn_internal.h"

#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/irq.h"
#include "xen/subop.h"
#include "asm/guest_word.h"

/*
 * The domain that an operation is about, with a reference. Returns 0; -ESRCH;
 * -EPERM if it is not the caller's to change.
 */
static int target_get(domid_t domid, struct domain **d_out)
{
    struct domain *d = domain_get_or_self(domid);

    if (d == NULL)
        return -ESRCH;
    if (!domain_controls(current->domain, d)) {
        domain_put(d);
        return -EPERM;
    }
    *d_out = d;
    return 0;
}

static long evtchn_op_alloc_unbound(void *arg)
{
    struct evtchn_alloc_unbound *op = arg;
    struct evtchn *chn;
    struct domain *d;
    int rc = target_get(op->dom, &d);

    if (rc != 0)
        return hc_error(rc);

    spin_lock(&d->evtchn->lock);
    rc = evtchn_alloc_locked(d, &chn);
    if (rc == 0) {
        chn->remote_domid = op->remote_dom == DOMID_SELF
                                ? current->domain->domain_id
                                : op->remote_dom;
        evtchn_open_locked(d, chn, EVTCHN_unbound, 0);
        op->port = chn->port;
    }
    spin_unlock(&d->evtchn->lock);
    domain_put(d);
    return rc ? hc_error(rc) : 0;
}

static long evtchn_op_bind_interdomain(void *arg)
{
    struct evtchn_bind_interdomain *op = arg;
    struct domain *ld = current->domain;
    struct domain *rd = domain_get_or_self(op->remote_dom);
    struct evtchn *lchn, *rchn;
    int rc;

    if (rd == NULL)
        return hc_error(-ESRCH);

    spin_lock(&ld->evtchn->lock);
    rc = evtchn_alloc_locked(ld, &lchn);
    if (rc == 0) {
        rchn = evtchn_lookup(rd, op->remote_port);
        /* A caller may guess which of its own ports it is about to get. */
        rc = rchn && rchn != lchn ? evtchn_connect_locked(ld, lchn, rd, rchn)
                                  : -EINVAL;
    }
    if (rc == 0)
        op->local_port = lchn->port;
    spin_unlock(&ld->evtchn->lock);
    domain_put(rd);
    return rc ? hc_error(rc) : 0;
}

static int bind_virq_locked(struct domain *d, unsigned int vcpu_id,
                            unsigned int virq, evtchn_port_t *port_out)
{
    evtchn_port_t *port = evtchn_virq_port(d, vcpu_id, virq);
    struct evtchn *chn;
    int rc;

    if (*port != 0)
        return -EEXIST;
    rc = evtchn_alloc_locked(d, &chn);
    if (rc != 0)
        return rc;
    chn->virq = virq;
    evtchn_open_locked(d, chn, EVTCHN_virq, vcpu_id);
    WRITE_ONCE(*port, chn->port);
    *port_out = chn->port;
    return 0;
}

/* What a global VIRQ tells concerns the host. */
static long evtchn_op_bind_virq(void *arg)
{
    struct evtchn_bind_virq *op = arg;
    struct domain *d = current->domain;
    struct vcpu *v;
    int rc;

    if (op->virq >= NR_VIRQS || (virq_is_global(op->virq) && op->vcpu != 0))
        return hc_error(-EINVAL);
    v = domain_vcpu(d, op->vcpu);
    if (v == NULL)
        return hc_error(-ENOENT);

    spin_lock(&d->evtchn->lock);
    rc = bind_virq_locked(d, v->vcpu_id, array_index_nospec(op->virq, NR_VIRQS),
                          &op->port);
    spin_unlock(&d->evtchn->lock);
    return rc ? hc_error(rc) : 0;
}

static long evtchn_op_bind_ipi(void *arg)
{
    struct evtchn_bind_ipi *op = arg;
    struct domain *d = current->domain;
    struct vcpu *v = domain_vcpu(d, op->vcpu);
    struct evtchn *chn;
    int rc;

    if (v == NULL)
        return hc_error(-ENOENT);

    spin_lock(&d->evtchn->lock);
    rc = evtchn_alloc_locked(d, &chn);
    if (rc == 0) {
        chn->remote = d;
        chn->peer = chn;
        evtchn_open_locked(d, chn, EVTCHN_ipi, v->vcpu_id);
        op->port = chn->port;
    }
    spin_unlock(&d->evtchn->lock);
    return rc ? hc_error(rc) : 0;
}

static int bind_pirq_locked(struct domain *d, struct evtchn_bind_pirq *op)
{
    struct evtchn *chn;
    int rc;

    if (pirq_to_evtchn(d, op->pirq) != 0)
        return -EEXIST;
    rc = evtchn_alloc_locked(d, &chn);
    if (rc != 0)
        return rc;

    /* The interrupt may come before pirq_guest_bind() returns. */
    chn->pirq = op->pirq;
    evtchn_open_locked(d, chn, EVTCHN_pirq, 0);
    pirq_set_evtchn(d, op->pirq, chn->port);
    rc = pirq_guest_bind(d->vcpu[0], op->pirq,
                         op->flags & BIND_PIRQ__WILL_SHARE);
    if (rc == 0) {
        op->port = chn->port;
    } else {
        pirq_set_evtchn(d, op->pirq, 0);
        evtchn_free_locked(d, chn);
    }
    return rc;
}

static long evtchn_op_bind_pirq(void *arg)
{
    struct evtchn_bind_pirq *op = arg;
    struct domain *d = current->domain;
    int rc;

    if (op->pirq >= pirq_count(d))
        return hc_error(-EINVAL);

    spin_lock(&d->evtchn->lock);
    rc = bind_pirq_locked(d, op);
    spin_unlock(&d->evtchn->lock);
    return rc ? hc_error(rc) : 0;
}

static long evtchn_op_close(void *arg)
{
    const struct evtchn_close *op = arg;
    struct domain *d = current->domain;
    int rc;

    spin_lock(&d->evtchn->lock);
    rc = evtchn_close_locked(d, op->port);
    spin_unlock(&d->evtchn->lock);
    return rc ? hc_error(rc) : 0;
}

static void fill_status(const struct evtchn *chn, struct evtchn_status *op)
{
    op->vcpu = chn->notify_vcpu;
    switch (chn->state) {
    case EVTCHN_unbound:
        op->status = EVTCHNSTAT_unbound;
        op->u.unbound.dom = chn->remote_domid;
        break;
    case EVTCHN_interdomain:
        op->status = EVTCHNSTAT_interdomain;
        op->u.interdomain.dom = chn->remote->domain_id;
        op->u.interdomain.port = chn->peer->port;
        break;
    case EVTCHN_pirq:
        op->status = EVTCHNSTAT_pirq;
        op->u.pirq = chn->pirq;
        break;
    case EVTCHN_virq:
        op->status = EVTCHNSTAT_virq;
        op->u.virq = chn->virq;
        break;
    case EVTCHN_ipi:
        op->status = EVTCHNSTAT_ipi;
        break;
    default:
        op->status = EVTCHNSTAT_closed;
        break;
    }
}

static long evtchn_op_status(void *arg)
{
    struct evtchn_status *op = arg;
    struct evtchn *chn;
    struct domain *d;
    int rc = target_get(op->dom, &d);

    if (rc != 0)
        return hc_error(rc);

    chn = evtchn_lookup(d, op->port);
    if (chn != NULL) {
        spin_lock_irq(&chn->lock);
        fill_status(chn, op);
        spin_unlock_irq(&chn->lock);
    }
    domain_put(d);
    return chn ? 0 : hc_error(-EINVAL);
}

static long evtchn_op_bind_vcpu(void *arg)
{
    const struct evtchn_bind_vcpu *op = arg;
    struct domain *d = current->domain;
    struct vcpu *v = domain_vcpu(d, op->vcpu);
    struct evtchn *chn;
    int rc;

    if (v == NULL)
        return hc_error(-ENOENT);

    spin_lock(&d->evtchn->lock);
    chn = evtchn_lookup(d, op->port);
    rc = chn ? evtchn_set_vcpu_locked(d, chn, v) : -EINVAL;
    spin_unlock(&d->evtchn->lock);
    return rc ? hc_error(rc) : 0;
}

static long evtchn_op_unmask(void *arg)
{
    const struct evtchn_unmask *op = arg;
    struct domain *d = current->domain;
    struct evtchn *chn = evtchn_lookup(d, op->port);
    u32 state, pirq;

    if (chn == NULL)
        return hc_error(-EINVAL);

    spin_lock_irq(&chn->lock);
    state = chn->state;
    pirq = chn->pirq;
    if (state != EVTCHN_free)
        d->evtchn->ops->unmask(d, chn);
    spin_unlock_irq(&chn->lock);

    if (state == EVTCHN_pirq)
        pirq_guest_unmask(d, pirq);
    return state != EVTCHN_free ? 0 : hc_error(-EINVAL);
}

/* Of another domain only while its toolstack holds it. */
static long evtchn_op_reset(void *arg)
{
    const struct evtchn_reset *op = arg;
    struct domain *d;
    int rc = target_get(op->dom, &d);

    if (rc != 0)
        return hc_error(rc);
    rc = -EINVAL;
    if (d == current->domain || d->controller_pause)
        rc = evtchn_reset(d);
    domain_put(d);
    return rc;
}

static long evtchn_op_init_control(void *arg)
{
    struct evtchn_init_control *op = arg;
    struct vcpu *v = domain_vcpu(current->domain, op->vcpu);
    int rc;

    op->link_bits = EVTCHN_FIFO_LINK_BITS;
    if (v == NULL)
        return hc_error(-ENOENT);
    rc = evtchn_fifo_init_control(v, op->control_gfn, op->offset);
    return rc ? hc_error(rc) : 0;
}

static long evtchn_op_expand_array(void *arg)
{
    const struct evtchn_expand_array *op = arg;
    int rc = evtchn_fifo_expand_array(current->domain, op->array_gfn);

    return rc ? hc_error(rc) : 0;
}

static long evtchn_op_set_priority(void *arg)
{
    const struct evtchn_set_priority *op = arg;
    struct domain *d = current->domain;
    struct evtchn *chn = evtchn_lookup(d, op->port);
    int rc = chn ? evtchn_fifo_set_priority(d, chn, op->priority) : -EINVAL;

    return rc ? hc_error(rc) : 0;
}

/* clang-format off */
static const struct subop evtchn_ops[] = {
    SUBOP(EVTCHNOP_bind_interdomain, evtchn_op_bind_interdomain, struct evtchn_bind_interdomain, COPY_INOUT, HC_ANY),
    SUBOP(EVTCHNOP_bind_virq,        evtchn_op_bind_virq,        struct evtchn_bind_virq,        COPY_INOUT, HC_ANY),
    SUBOP(EVTCHNOP_bind_pirq,        evtchn_op_bind_pirq,        struct evtchn_bind_pirq,        COPY_INOUT, HC_ANY),
    SUBOP(EVTCHNOP_close,            evtchn_op_close,            struct evtchn_close,            COPY_IN,    HC_ANY),
    SUBOP(EVTCHNOP_status,           evtchn_op_status,           struct evtchn_status,           COPY_INOUT, HC_ANY),
    SUBOP(EVTCHNOP_alloc_unbound,    evtchn_op_alloc_unbound,    struct evtchn_alloc_unbound,    COPY_INOUT, HC_ANY),
    SUBOP(EVTCHNOP_bind_ipi,         evtchn_op_bind_ipi,         struct evtchn_bind_ipi,         COPY_INOUT, HC_ANY),
    SUBOP(EVTCHNOP_bind_vcpu,        evtchn_op_bind_vcpu,        struct evtchn_bind_vcpu,        COPY_IN,    HC_ANY),
    SUBOP(EVTCHNOP_unmask,           evtchn_op_unmask,           struct evtchn_unmask,           COPY_IN,    HC_ANY),
    SUBOP(EVTCHNOP_reset,            evtchn_op_reset,            struct evtchn_reset,            COPY_IN,    HC_ANY),
    SUBOP(EVTCHNOP_init_control,     evtchn_op_init_control,     struct evtchn_init_control,     COPY_INOUT, HC_ANY),
    SUBOP(EVTCHNOP_expand_array,     evtchn_op_expand_array,     struct evtchn_expand_array,     COPY_IN,    HC_ANY),
    SUBOP(EVTCHNOP_set_priority,     evtchn_op_set_priority,     struct evtchn_set_priority,     COPY_IN,    HC_ANY),
};
/* clang-format on */

/* Half of all these calls: not through the table. */
static __always_inline long send_for_guest(u64 arg)
{
    long port;

    BUILD_BUG_ON(sizeof(struct evtchn_send) != sizeof(u32));
    port = get_guest_u32(arg);
    if (unlikely(port < 0))
        return port;
    return evtchn_send(current->domain, port);
}

static __noinline long other_op(unsigned long cmd, u64 arg)
{
    long rc = subop_call(evtchn_ops, ARRAY_SIZE(evtchn_ops), cmd, arg);

    if (rc == -ERESTART)
        hypercall_continue(cmd, arg, 0, 0, 0);
    return rc;
}

long do_event_channel_op(unsigned long a0, unsigned long a1, unsigned long a2,
                         unsigned long a3, unsigned long a4)
{
    (void)a2;
    (void)a3;
    (void)a4;
    return a0 == EVTCHNOP_send ? send_for_guest(a1) : other_op(a0, a1);
}
