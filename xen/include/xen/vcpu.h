/* SPDX-License-Identifier: MIT */
/* Virtual CPUs: creation, pausing, state that guests see. */
#ifndef XEN_VCPU_H
#define XEN_VCPU_H

#include "public/vcpu.h"
#include "xen/domain.h"
#include "xen/timer.h"
#include "asm/current.h"

/* vcpu.pause_flags: the vcpu is runnable when none is set and neither it nor
 * its domain is paused. Changed atomically. */
enum { VPF_blocked, VPF_down };

struct sched_vcpu;

struct vcpu {
    unsigned int vcpu_id;
    struct domain *domain;

    /* Under the lock of the run queue of `processor` (sched.h): */
    unsigned int processor; /* where it runs, or ran last */
    bool is_running;        /* its state is on that CPU */
    struct sched_vcpu *sched;

    unsigned long pause_flags; /* VPF_*, atomic */
    atomic_t pause_count;
    bool is_initialised; /* has a context; under d->lock */
    bool yielding;

    /* Guest-visible structures. vcpu_info lies in shared_info or in a page of
     * the guest (VCPUOP_register_vcpu_info), mapped through the direct map. */
    struct vcpu_info *vcpu_info;
    mfn_t vcpu_info_mfn; /* INVALID_MFN: in shared_info */

    struct vcpu_runstate_info runstate; /* under the run queue's lock */
    u64 runstate_guest;                 /* guest VA of its copy; 0: none */
    bool runstate_stale; /* the copy is old: see vcpu_runstate_publish() */
    u64 time_area_guest; /* guest VA of pvclock copy; 0: none */

    /* Timers of this vcpu; fire on `processor`. */
    struct timer singleshot_timer;
    struct timer periodic_timer;
    struct timer poll_timer;
    s_time_t periodic_period; /* ns; 0: off */
    s_time_t periodic_last;

    int poll_port; /* SCHEDOP_poll: 0 none, >0 the one port, -1 several */

    /* The last CPU that ran it, if its TLB may still hold entries. */
    unsigned int dirty_cpu;

    struct arch_vcpu arch;
};

#define VCPU_CPU_CLEAN ~0u

/**
 * Create vcpu `id` of d, not initialised, down, with no context.
 * Returns NULL if out of memory.
 */
struct vcpu *__must_check vcpu_create(struct domain *d, unsigned int id);
/** Free it; it must never run again. */
void vcpu_destroy(struct vcpu *v);

/** Nests; the vcpu is off its CPU when vcpu_pause() returns. */
void vcpu_pause(struct vcpu *v);
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);

static inline bool vcpu_runnable(const struct vcpu *v)
{
    return !READ_ONCE(v->pause_flags) && !atomic_read(&v->pause_count) &&
           !atomic_read(&v->domain->pause_count);
}

/**
 * Move vcpu_info into the guest's page. Returns 0; -EINVAL if it was done
 * before, v is neither current nor down, or the frame is not the guest's;
 * -ENXIO for a bad offset.
 */
int __must_check vcpu_map_info(struct vcpu *v, gfn_t gfn, unsigned int offset);
/** Give the guest's page back; v, which does not run, has no vcpu_info then. */
void vcpu_unmap_info(struct vcpu *v);
/** Has v a vcpu_info that its guest can see? */
bool vcpu_has_info(const struct vcpu *v);

/** v has begun to run, and is_running is visible: its periodic timer, if it has
 * one that has stopped, goes on, with a tick at once where one was missed. */
void vcpu_periodic_timer_start(struct vcpu *v);
/** A tick each `period` ns from now on, while v runs. */
void vcpu_periodic_timer_set(struct vcpu *v, s_time_t period);
/** Set up v's timers; the guest's start with a tick of 100 Hz. */
void vcpu_timers_init(struct vcpu *v);
/** Stop them for good. */
void vcpu_timers_kill(struct vcpu *v);
/** VIRQ_TIMER for v at this system time. */
void vcpu_singleshot_set(struct vcpu *v, u64 deadline);

/** Its guest gets an NMI as soon as it runs. */
void vcpu_send_nmi(struct vcpu *v);

/*
 * Only the CPU that v runs on writes poll_port: in SCHEDOP_poll, and when it
 * chooses v to run again. Whoever wakes v leaves it as it is, for by then v may
 * be awake and wait in its next poll already.
 */

/** v no longer waits in SCHEDOP_poll, if it did. */
static inline void vcpu_poll_end(struct vcpu *v)
{
    if (likely(v->poll_port == 0))
        return;
    WRITE_ONCE(v->poll_port, 0);
    atomic_dec(&v->domain->nr_polling);
    timer_stop(&v->poll_timer);
}

/** v waits there from now on: for one port, or, if it is -1, for several. */
static inline void vcpu_poll_begin(struct vcpu *v, int port)
{
    ASSERT(v->poll_port == 0);
    if (port == 0)
        return;
    atomic_inc(&v->domain->nr_polling);
    WRITE_ONCE(v->poll_port, port);
}

static inline bool is_idle_vcpu(const struct vcpu *v)
{
    return v->domain == idle_domain;
}

/* Architecture. */

/** Set up v->arch. Returns 0 or -ENOMEM. */
int __must_check arch_vcpu_create(struct vcpu *v);
void arch_vcpu_destroy(struct vcpu *v);
int __must_check arch_domain_create(struct domain *d);
void arch_domain_destroy(struct domain *d);
/** Give back page tables, GDT, LDT, memory. Returns 0 or -ERESTART. */
int __must_check arch_domain_relinquish(struct domain *d);
/** Drop the vcpu's references to page tables, GDT and LDT frames. */
int __must_check arch_vcpu_reset(struct vcpu *v);

/**
 * Validate and load a context (VCPUOP_initialise, domctl). `ctxt` is a private
 * copy; v does not run. Returns 0; -EINVAL; -EOPNOTSUPP if v has a context with
 * other page tables, GDT or LDT already; -ERESTART.
 */
struct vcpu_guest_context;
int __must_check arch_set_info_guest(struct vcpu *v,
                                     const struct vcpu_guest_context *ctxt);
void arch_get_info_guest(struct vcpu *v, struct vcpu_guest_context *ctxt);

/** The guest has events to take: vcpu_info->evtchn_upcall_pending was set. */
static inline bool vcpu_event_deliverable(const struct vcpu *v)
{
    return READ_ONCE(v->vcpu_info->evtchn_upcall_pending) &&
           !READ_ONCE(v->vcpu_info->evtchn_upcall_mask);
}

/** Make a running vcpu leave the guest soon, so that it looks for events. */
void vcpu_kick(struct vcpu *v);

/** The guest is in its kernel (PV: kernel mode). */
static inline bool arch_guest_in_kernel(const struct vcpu *v)
{
    return v->arch.flags & VCPU_KERNEL_MODE;
}

/** Print registers and stack of a vcpu. */
void arch_dump_vcpu(struct vcpu *v);

#endif
