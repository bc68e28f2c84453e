/* SPDX-License-Identifier: MIT */
/*
 * CPU pools: a CPU is in one pool or free, and runs only vcpus of the domains
 * of its pool. Pool 0 has all CPUs at first, and always domain 0.
 *
 * Source: public/sysctl.h, XEN_SYSCTL_CPUPOOL_OP_*; xl-cpupool manual pages.
 * Locks:  LOCK_CPUPOOL, in all but the inline functions.
 */
#ifndef XEN_CPUPOOL_H
#define XEN_CPUPOOL_H

#include "xen/atomic.h"
#include "xen/cpumask.h"
#include "xen/types.h"

#define CPUPOOL_ANY ~0u /* a pool, or a CPU, of the hypervisor's choice */

struct domain;

struct cpupool {
    /* Under LOCK_CPUPOOL: */
    unsigned int id;
    bool used;
    /* ... and read without it. What was a pool stays one in memory, so that
     * who looks too late finds nothing worse than old numbers. */
    struct cpumask cpus;       /* also those that are not online */
    atomic_t nr_domains;       /* each has one vcpu or more to run here */
    unsigned int ratelimit_us; /* a vcpu runs at least that long; 0: no limit */
    s64 furthest_vtime;        /* sched_credit.c */
};

/** What a toolstack is told. */
struct cpupool_info {
    unsigned int id, nr_domains;
    struct cpumask cpus; /* that are online */
};

/** Let this CPU start in pool 0. Boot only; CPU 0 first. */
void cpupool_cpu_init(unsigned int cpu);

/** A pool of this id, or the lowest free one, with no CPUs; returns the id in
 * *id_out. Returns 0; -EEXIST; -ENOSPC: there are as many pools as CPUs. */
int __must_check cpupool_create(unsigned int id, unsigned int *id_out);
/** Returns 0; -ENOENT; -EBUSY: it has CPUs or domains, or is pool 0. */
int __must_check cpupool_destroy(unsigned int id);
/** The pool with the lowest id >= `id`. Returns 0 or -ENOENT. */
int __must_check cpupool_info_get(unsigned int id,
                                  struct cpupool_info *info_out);
/** CPUs in no pool. */
void cpupool_free_cpus(struct cpumask *cpus_out);

/** Add a free CPU, or any. Returns 0; -ENOENT: no such pool; -EINVAL: no such
 * CPU; -ENODEV: it is not free, or none is. */
int __must_check cpupool_add_cpu(unsigned int id, unsigned int cpu);
/**
 * Free a CPU, or the last one: vcpus leave it before they run guest code
 * again, and those that could run nowhere else may run on all CPUs from now
 * on.
 *
 * Returns 0; -ENOENT: no such pool; -EINVAL: no such CPU; -EADDRNOTAVAIL: it is
 * not in this pool; -EBUSY: it is the last and the pool has domains;
 * -EADDRINUSE: SCHEDOP_pin_override wants it.
 */
int __must_check cpupool_remove_cpu(unsigned int id, unsigned int cpu);

/**
 * Let d, by which the caller holds a reference, run on another pool's CPUs. Its
 * vcpus lose their affinity, which named CPUs of the old pool. Returns 0;
 * -EPERM for domain 0; -EINVAL for a dying domain; -ENOENT: no such pool, or
 * it has no CPUs.
 */
int __must_check cpupool_move_domain(struct domain *d, unsigned int id);

/** For a domain that begins to exist. Returns 0; -ESRCH: no such pool;
 * -ENODEV: it has no CPUs. */
int __must_check cpupool_enter(struct domain *d, unsigned int id);
/** d does not run any more: pool 0 has it until it is gone. */
void cpupool_retire(struct domain *d);
/** It is gone. */
void cpupool_leave(struct domain *d);

/** The id of d's pool. */
unsigned int cpupool_of(const struct domain *d);

/** Get, set a pool's shortest time to run. Return 0; -ESRCH: no such pool. */
int __must_check cpupool_ratelimit_get(unsigned int id, unsigned int *us_out);
int __must_check cpupool_ratelimit_set(unsigned int id, unsigned int us);

#endif
