/* SPDX-License-Identifier: MIT */
/*
 * Event channels: what their files share.
 *
 * Locks. evtchn_domain.lock covers which ports are handed out, and what hangs
 * on a whole domain; it is never taken to send. evtchn.lock covers the state
 * of one channel. Both ends of a connection change together, under the locks
 * of both: whoever holds one of them may use the other end. Of two channels
 * the one at the lower address is locked first.
 */
#ifndef EVTCHN_INTERNAL_H
#define EVTCHN_INTERNAL_H

#include "xen/bitops.h"
#include "xen/evtchn.h"
#include "xen/sched.h"

/* A channel is found by bucket, group in the bucket, place in the group. */
#define EVTCHNS_PER_GROUP  32
#define GROUPS_PER_BUCKET  64
#define EVTCHNS_PER_BUCKET (EVTCHNS_PER_GROUP * GROUPS_PER_BUCKET)

enum evtchn_state {
    EVTCHN_free,
    EVTCHN_unbound,     /* remote_domid may connect */
    EVTCHN_interdomain, /* connected to peer of remote */
    EVTCHN_pirq,
    EVTCHN_virq,
    EVTCHN_ipi,
};

struct evtchn {
    spinlock_t lock; /* rank LOCK_EVTCHN_PORT; irq-safe */
    /* Constant: */
    evtchn_port_t port;
    /* Under lock: */
    struct evtchn *peer; /* the other end, of remote; of an IPI: itself */
    union {
        struct domain *remote;
        domid_t remote_domid;
        u32 pirq;
        u32 virq;
    };
    u8 state;       /* enum evtchn_state */
    u8 notify_vcpu; /* who takes its events */
    u8 priority;    /* queue that it goes to */
    /* The queue that the port was in last; under that queue's lock. */
    u8 last_priority;
    u8 last_vcpu;
    /* Atomic: raised before its event word existed. */
    bool raised_early;
};

BUILD_BUG_ON(DOMAIN_MAX_VCPUS > 256);

/* How events of a domain reach it. All take the lock of the channel, or of its
 * other end, to be held, and the channel not to be free, save is_busy(). */
struct evtchn_ops {
    unsigned int max_ports; /* ports are below it */
    /* Returns true if it was pending already; else wakes those who poll. */
    bool (*set_pending)(struct domain *d, struct evtchn *chn);
    void (*clear_pending)(struct domain *d, struct evtchn *chn);
    void (*unmask)(struct domain *d, struct evtchn *chn);
    bool (*is_pending)(const struct domain *d, const struct evtchn *chn);
    bool (*is_masked)(const struct domain *d, const struct evtchn *chn);
    /* The guest still has to do with the last use of the port. */
    bool (*is_busy)(const struct domain *d, const struct evtchn *chn);
};

struct evtchn_fifo;

struct evtchn_vcpu {
    /* Written under evtchn_domain.lock, read without. 0: not bound. Global
     * ones stand with vcpu 0. */
    evtchn_port_t virq_port[NR_VIRQS];
};

struct evtchn_domain {
    spinlock_t lock; /* rank LOCK_EVTCHN */
    /* Under lock: */
    unsigned int nr_ports;    /* handed out */
    evtchn_port_t first_free; /* none is free below */
    evtchn_port_t next_close; /* closing all goes on here */
    bool is_closed;           /* for good: the domain dies */
    /* Written under lock, read without: */
    const struct evtchn_ops *ops;
    struct evtchn_fifo *fifo;  /* NULL: bitmaps are in use */
    struct evtchn_vcpu **vcpu; /* by id; NULL: not created */
    /* Constant: */
    unsigned int max_ports; /* ports are below it */
    unsigned int port_mask; /* bucket[] has all ports up to it: 2^n - 1 */
    /* Written under lock, once each, read without; NULL until used. */
    struct evtchn **bucket[];
};

extern const struct evtchn_ops evtchn_2l_ops;

/** The channel of a port; NULL if it cannot be in use. */
static inline struct evtchn *evtchn_lookup(const struct domain *d,
                                           evtchn_port_t port)
{
    const struct evtchn_domain *ed = d->evtchn;
    struct evtchn **bucket;
    struct evtchn *group;

    if (port >= ed->max_ports)
        return NULL;
    port &= ed->port_mask; /* also when that was mispredicted */
    bucket = READ_ONCE(ed->bucket[port / EVTCHNS_PER_BUCKET]);
    if (bucket == NULL)
        return NULL;
    group = READ_ONCE(bucket[port / EVTCHNS_PER_GROUP % GROUPS_PER_BUCKET]);
    return group ? &group[port % EVTCHNS_PER_GROUP] : NULL;
}

/** The vcpu that takes the events of chn; NULL before it is created. */
static inline struct vcpu *evtchn_notified_vcpu(const struct domain *d,
                                                const struct evtchn *chn)
{
    return READ_ONCE(d->vcpu[READ_ONCE(chn->notify_vcpu)]);
}

/** Wake the vcpu or make it look. Returns false, as evtchn_upcall() does. */
bool evtchn_wake_vcpu(struct vcpu *v);

/** Set evtchn_upcall_pending and wake or kick the vcpu. Returns false, for
 * set_pending() to return: the event is a new one. */
static inline bool evtchn_upcall(struct vcpu *v)
{
    if (xchg(&v->vcpu_info->evtchn_upcall_pending, 1))
        return false;
    /* Also current may be about to block. Pairs with vcpu_block_current(),
     * which sets the flag before it looks. */
    if (READ_ONCE(v->pause_flags) & (1UL << VPF_blocked) || v != current)
        return evtchn_wake_vcpu(v);
    return false;
}

/**
 * Raise an event of d, and wake vcpus that poll for it.
 *
 * Returns true if it was pending already.
 * Locks: of chn or of its other end, held by the caller.
 */
static inline bool evtchn_raise(struct domain *d, struct evtchn *chn)
{
    return READ_ONCE(d->evtchn->ops)->set_pending(d, chn);
}

/** Vcpus may wait for a port that became pending. Pairs with SCHEDOP_poll,
 * which counts itself and blocks before it looks at the ports. */
static inline bool evtchn_is_polled(const struct domain *d)
{
    return unlikely(atomic_read(&d->nr_polling) != 0);
}

/** Wake those of them that wait for this one. */
void evtchn_wake_pollers(struct domain *d, evtchn_port_t port);

/** A VIRQ of which the whole domain has one. */
bool virq_is_global(unsigned int virq);

/** Where the port of a VIRQ is noted, for a VIRQ that vcpu_id takes. */
static inline evtchn_port_t *
evtchn_virq_port(struct domain *d, unsigned int vcpu_id, unsigned int virq)
{
    return &d->evtchn->vcpu[virq_is_global(virq) ? 0 : vcpu_id]
                ->virq_port[virq];
}

/**
 * A free channel, for evtchn_open_locked() or evtchn_connect_locked().
 *
 * Returns 0; -EINVAL if the domain dies; -ENOSPC if it has no port left;
 *         -ENOMEM.
 */
int __must_check evtchn_alloc_locked(struct domain *d, struct evtchn **chn_out);

/** Hand out a free channel whose fields for `state` are set. */
void evtchn_open_locked(struct domain *d, struct evtchn *chn,
                        enum evtchn_state state, unsigned int vcpu_id);

/** Connect a free channel to one of rd. Returns 0; -EINVAL if that is not
 * waiting for ld. */
int __must_check evtchn_connect_locked(struct domain *ld, struct evtchn *lchn,
                                       struct domain *rd, struct evtchn *rchn);

/** Lock chn, and the other end if it has one, which is returned. */
struct evtchn *evtchn_lock_ends(struct evtchn *chn, unsigned long *flags);

/** Disconnect and take back. */
void evtchn_free_locked(struct domain *d, struct evtchn *chn);
/** Also unbind it from what it stands for. Returns 0; -EINVAL for a port that
 * is not in use. */
int evtchn_close_locked(struct domain *d, evtchn_port_t port);

/** Returns 0; -EINVAL if it cannot move. */
int evtchn_set_vcpu_locked(struct domain *d, struct evtchn *chn,
                           struct vcpu *v);

/** Close all ports, back to bitmaps. Returns 0 or -ERESTART. */
int __must_check evtchn_reset(struct domain *d);

/**
 * The control block of a vcpu lies at `offset` of the domain's frame gfn. The
 * first one of a domain switches it to queues.
 *
 * Returns 0; -EINVAL for a bad offset or frame, or a vcpu that has one;
 *         -ENOMEM.
 */
int __must_check evtchn_fifo_init_control(struct vcpu *v, u64 gfn, u32 offset);

/** One more page of event words. Returns 0; -EOPNOTSUPP without queues;
 * -ENOSPC after the last one; -EINVAL for a frame that is not d's to write. */
int __must_check evtchn_fifo_expand_array(struct domain *d, u64 gfn);

/** Returns 0; -ENOSYS without queues; -EINVAL for a bad priority, or a port
 * that is not in use. */
int __must_check evtchn_fifo_set_priority(struct domain *d, struct evtchn *chn,
                                          u32 priority);

/** Back to bitmaps; no port is in use. Returns what is to be destroyed without
 * locks; NULL if bitmaps were in use. */
struct evtchn_fifo *evtchn_fifo_leave_locked(struct domain *d);
void evtchn_fifo_destroy(struct domain *d, struct evtchn_fifo *f);

#endif
