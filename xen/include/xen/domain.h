/* SPDX-License-Identifier: MIT */
/*
 * Domains: their life, and what each subsystem keeps for them.
 *
 * A domain is found by its id, which takes a reference. It is dying once
 * domain_kill() began, and freed with its last reference (each page it owns
 * counts as one reference in total, see domain_mem).
 */
#ifndef XEN_DOMAIN_H
#define XEN_DOMAIN_H

#include "public/xen.h"
#include "xen/atomic.h"
#include "xen/bitops.h"
#include "xen/cpumask.h"
#include "xen/list.h"
#include "xen/mm.h"
#include "xen/spinlock.h"
#include "asm/domain.h"

struct evtchn_domain;
struct gnttab;
struct sched_domain;
struct pirq_domain;

/* Memory of a domain: xen/common/page_alloc.c and memory.c. */
struct domain_mem {
    spinlock_t lock; /* rank LOCK_PAGE_OWNER */
    /* Under lock: */
    struct page_list page_list;  /* frames it owns */
    unsigned long tot_pages;     /* number of those */
    unsigned long max_pages;     /* limit on tot_pages */
    unsigned long xenheap_pages; /* hypervisor pages shared with it; each holds
                                    no domain reference */
    unsigned long outstanding_claim;
};

enum domain_dying { DOMDYING_alive, DOMDYING_dying, DOMDYING_dead };

struct domain {
    domid_t domain_id;
    atomic_t refcnt;

    /* Set when the domain is created, then constant: */
    bool is_control;  /* may call domctl, sysctl, platform_op */
    bool is_hardware; /* owns the machine's devices (domain 0) */
    unsigned int max_vcpus;
    struct vcpu **vcpu;              /* max_vcpus pointers; NULL: not created */
    struct shared_info *shared_info; /* hypervisor page, shared read-write */
    u8 handle[16];

    /* One per subsystem, each with its own lock: */
    struct domain_mem mem;
    struct evtchn_domain *evtchn;
    struct gnttab *gnttab;
    struct sched_domain *sched;
    struct pirq_domain *pirq;
    struct arch_domain arch;

    /* Life cycle, under lock (rank LOCK_DOMAIN): */
    spinlock_t lock;
    enum domain_dying dying; /* read without the lock too: only grows */
    bool is_shutting_down;
    bool is_shut_down;
    u8 shutdown_code;                  /* SHUTDOWN_*, may be set beforehand */
    bool controller_pause;             /* the toolstack has paused it */
    unsigned int nr_controller_pauses; /* how often; under the domctl lock */
    u32 suspend_port;                  /* to send on when suspended; 0: none */
    bool was_unpaused;                 /* it is built; under the domctl lock */

    atomic_t pause_count;
    atomic_t nr_polling;          /* vcpus whose poll_port is set */
    unsigned long vm_assist;      /* VMASST_TYPE_* bits */
    struct cpumask dirty_cpumask; /* CPUs that may hold its TLB entries */
    s_time_t time_offset_seconds; /* its wallclock minus the host's */
};

/* Owners that are not domains: device memory, and the hypervisor's own. */
extern struct domain *dom_io, *dom_xen;
extern struct domain *hardware_domain; /* domain 0; NULL before it exists */
extern struct domain *idle_domain;

#define SHUTDOWN_CODE_UNKNOWN 0xff /* none has been set */

struct domain_config {
    unsigned int max_vcpus;       /* 1..DOMAIN_MAX_VCPUS */
    unsigned int max_evtchn_port; /* highest port number allowed */
    unsigned int max_grant_frames;
    unsigned int max_maptrack_frames;
    unsigned int max_grant_version; /* 1 or 2 */
    u8 handle[16];
    unsigned int cpupool;
    bool is_control, is_hardware;
};

#define DOMAIN_MAX_VCPUS 128

/**
 * Create a domain with no vcpus, no memory, paused (pause_count 1,
 * controller_pause).
 *
 * Returns 0 and a domain in *d_out (the caller owns the life reference);
 *         -EEXIST if the id is in use; -ENOMEM; -EINVAL for limits out of
 *         range; -ESRCH: no such CPU pool; -ENODEV: it has no CPUs.
 * Locks:  LOCK_CPUPOOL, LOCK_DOMAIN_LIST.
 */
int __must_check domain_create(domid_t domid, const struct domain_config *cfg,
                               struct domain **d_out);

/** Create idle_domain, dom_io and dom_xen. Boot only. */
void domains_init(void);

/** Find by id and take a reference; NULL if there is none. DOMID_SELF is not
 * resolved here. */
struct domain *__must_check domain_get(domid_t domid);
/** Same, with DOMID_SELF meaning the caller's domain. */
struct domain *__must_check domain_get_or_self(domid_t domid);
void domain_put(struct domain *d);

static inline void domain_get_known(struct domain *d)
{
    atomic_inc(&d->refcnt);
}

/** The domain with the lowest id >= domid, referenced; NULL if none. */
struct domain *__must_check domain_get_next(domid_t domid);

/**
 * Tear a domain down: pause it, close its channels, release its grants, tables
 * and memory. Returns 0 when done, -ERESTART to be called again.
 */
int __must_check domain_kill(struct domain *d);

/** The domain has asked to stop, or has to: SHUTDOWN_*. What it has said itself
 * by SCHEDOP_shutdown_code is what counts. */
void domain_shutdown(struct domain *d, u8 reason);
/** Undo a shutdown (suspend was cancelled, or restored). */
void domain_resume(struct domain *d);

/**
 * A guest did what nobody can go on from: dump it, shut it down with
 * SHUTDOWN_crash. Returns; the vcpu does not run again.
 */
void __printf(2, 3) domain_crash(struct domain *d, const char *fmt, ...);

/** Stop all vcpus and wait until none runs; nests. */
void domain_pause(struct domain *d);
void domain_unpause(struct domain *d);

/** May `d` act on `target` (control domain, or itself)? */
static inline bool domain_controls(const struct domain *d,
                                   const struct domain *target)
{
    return d == target || d->is_control;
}

#define for_each_vcpu(d, v)                                                    \
    for (unsigned int fv_i = 0; fv_i < (d)->max_vcpus; fv_i++)                 \
        if (((v) = (d)->vcpu[fv_i]) != NULL)

static inline struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
    if (id >= d->max_vcpus)
        return NULL;
    return d->vcpu[array_index_nospec(id, d->max_vcpus)];
}

#endif
