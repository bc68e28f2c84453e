/* SPDX-License-Identifier: MIT */
/*
 * CPU pools.
 *
 * A vcpu may run where both its hard affinity and its domain's pool allow it
 * (sched_may_run_on()), which leaves at least one CPU: who takes the last one
 * away gives the vcpu all CPUs instead. Taking away is one order: the masks
 * change first, then each vcpu concerned is looked at under its run queue's
 * lock, under which others have chosen a CPU for it before or will after.
 */
#include "xen/cpupool.h"

#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/option.h"
#include "xen/printk.h"
#include "xen/softirq.h"
#include "asm/smp.h"
#include "sched_policy.h"

static unsigned int opt_ratelimit_us = 200;
OPTION_UINT("sched_ratelimit_us", opt_ratelimit_us,
            "microseconds a vcpu runs at least, whoever wakes up (200)");

/* More pools than CPUs are of no use. */
#define MAX_POOLS NR_CPUS

spinlock_t cpupool_lock = SPIN_LOCK_INIT(LOCK_CPUPOOL);

/* Under lock: */
static struct cpupool pools[MAX_POOLS]; /* in no order; pool 0 first */
static struct cpumask free_cpus;

static struct cpupool *find_locked(unsigned int id)
{
    for (unsigned int i = 0; i < MAX_POOLS; i++)
        if (pools[i].used && pools[i].id == id)
            return &pools[i];

    return NULL;
}

/* The pool with the lowest id >= `id`, or NULL. */
static struct cpupool *next_locked(unsigned int id)
{
    struct cpupool *best = NULL;

    for (unsigned int i = 0; i < MAX_POOLS; i++)
        if (pools[i].used && pools[i].id >= id &&
            (!best || pools[i].id < best->id))
            best = &pools[i];
    return best;
}

static void online_cpus(const struct cpupool *pool, struct cpumask *cpus_out)
{
    cpumask_and(cpus_out, &pool->cpus, &cpu_online_map);
}

static bool has_cpus(const struct cpupool *pool)
{
    return cpumask_intersects(&pool->cpus, &cpu_online_map);
}

void cpupool_cpu_init(unsigned int cpu)
{
    struct cpupool *pool = &pools[0];

    pool->used = true;
    pool->ratelimit_us = opt_ratelimit_us;
    cpumask_set(cpu, &pool->cpus);
    sched_cpu_join(cpu, pool);
}

/* Pools. */

static int create_locked(unsigned int id, unsigned int *id_out)
{
    struct cpupool *pool = NULL;

    if (id == CPUPOOL_ANY)
        for (id = 0; find_locked(id) != NULL;)
            id++;
    else if (find_locked(id))
        return -EEXIST;
    for (unsigned int i = 0; i < MAX_POOLS && !pool; i++)
        if (!pools[i].used)
            pool = &pools[i];
    if (!pool)
        return -ENOSPC;
    pool->id = id;
    pool->used = true;
    pool->ratelimit_us = opt_ratelimit_us;
    *id_out = id;
    return 0;
}

int cpupool_create(unsigned int id, unsigned int *id_out)
{
    int rc;

    spin_lock(&cpupool_lock);
    rc = create_locked(id, id_out);
    spin_unlock(&cpupool_lock);
    return rc;
}

static int destroy_locked(struct cpupool *pool)
{
    if (!pool)
        return -ENOENT;
    if (pool->id == 0 || atomic_read(&pool->nr_domains) != 0 || has_cpus(pool))
        return -EBUSY;
    pool->used = false;
    return 0;
}

int cpupool_destroy(unsigned int id)
{
    int rc;

    spin_lock(&cpupool_lock);
    rc = destroy_locked(find_locked(id));
    spin_unlock(&cpupool_lock);
    return rc;
}

int cpupool_info_get(unsigned int id, struct cpupool_info *info_out)
{
    struct cpupool *pool;

    spin_lock(&cpupool_lock);
    pool = next_locked(id);
    if (pool) {
        info_out->id = pool->id;
        info_out->nr_domains = atomic_read(&pool->nr_domains);
        online_cpus(pool, &info_out->cpus);
    }
    spin_unlock(&cpupool_lock);
    return pool ? 0 : -ENOENT;
}

int cpupool_ratelimit_get(unsigned int id, unsigned int *us_out)
{
    struct cpupool *pool;

    spin_lock(&cpupool_lock);
    pool = find_locked(id);
    if (pool)
        *us_out = pool->ratelimit_us;
    spin_unlock(&cpupool_lock);
    return pool ? 0 : -ESRCH;
}

int cpupool_ratelimit_set(unsigned int id, unsigned int us)
{
    struct cpupool *pool;

    spin_lock(&cpupool_lock);
    pool = find_locked(id);
    if (pool)
        WRITE_ONCE(pool->ratelimit_us, us);
    spin_unlock(&cpupool_lock);
    return pool ? 0 : -ESRCH;
}

/* CPUs. */

void cpupool_free_cpus(struct cpumask *cpus_out)
{
    spin_lock(&cpupool_lock);
    cpumask_and(cpus_out, &free_cpus, &cpu_online_map);
    spin_unlock(&cpupool_lock);
}

static int add_cpu_locked(struct cpupool *pool, unsigned int cpu)
{
    if (!pool)
        return -ENOENT;
    if (cpu == CPUPOOL_ANY)
        cpu = cpumask_first(&free_cpus);
    else if (cpu >= NR_CPUS || !cpumask_test(cpu, &cpu_online_map))
        return -EINVAL;
    if (cpu >= NR_CPUS || !cpumask_test(cpu, &free_cpus))
        return -ENODEV;
    sched_cpu_join(cpu, pool);
    cpumask_clear(cpu, &free_cpus);
    cpumask_set(cpu, &pool->cpus);
    return 0;
}

int cpupool_add_cpu(unsigned int id, unsigned int cpu)
{
    int rc;

    spin_lock(&cpupool_lock);
    rc = add_cpu_locked(find_locked(id), cpu);
    spin_unlock(&cpupool_lock);
    return rc;
}

/* Call fn for each vcpu of the pool's domains until one returns an error. */
static int each_vcpu(const struct cpupool *pool,
                     int (*fn)(struct vcpu *v, unsigned int cpu),
                     unsigned int cpu)
{
    struct domain *d;
    domid_t next = 0;
    struct vcpu *v;
    int rc = 0;

    while (rc == 0 && (d = domain_get_next(next)) != NULL) {
        next = d->domain_id + 1;
        if (d->sched->pool == pool)
            for_each_vcpu(d, v)
                if (rc == 0)
                    rc = fn(v, cpu);
        domain_put(d);
    }
    return rc;
}

static int check_not_wanted(struct vcpu *v, unsigned int cpu)
{
    return sched_is_pinned_to(v, cpu) ? -EADDRINUSE : 0;
}

static int leave_cpu(struct vcpu *v, unsigned int cpu)
{
    (void)cpu;
    if (sched_mend_affinity(v))
        printk(XENLOG_INFO "d%dv%u may use all CPUs: its own are in its pool "
                           "no longer\n",
               v->domain->domain_id, v->vcpu_id);
    sched_leave_forbidden_cpu(v);
    return 0;
}

static unsigned int last_cpu(const struct cpumask *mask)
{
    unsigned int cpu, last = NR_CPUS;

    for_each_cpu(cpu, mask)
        last = cpu;
    return last;
}

static int remove_cpu_locked(struct cpupool *pool, unsigned int cpu)
{
    struct cpumask cpus;
    int rc;

    if (!pool)
        return -ENOENT;
    online_cpus(pool, &cpus);
    if (cpu == CPUPOOL_ANY)
        cpu = last_cpu(&cpus);
    if (cpu >= NR_CPUS || !cpumask_test(cpu, &cpu_online_map))
        return -EINVAL;
    if (!cpumask_test(cpu, &cpus))
        return -EADDRNOTAVAIL;
    if (cpumask_weight(&cpus) == 1 && atomic_read(&pool->nr_domains) != 0)
        return -EBUSY;
    rc = each_vcpu(pool, check_not_wanted, cpu);
    if (rc)
        return rc;

    cpumask_clear(cpu, &pool->cpus);
    cpumask_set(cpu, &free_cpus);
    return each_vcpu(pool, leave_cpu, cpu);
}

int cpupool_remove_cpu(unsigned int id, unsigned int cpu)
{
    int rc;

    spin_lock(&cpupool_lock);
    rc = remove_cpu_locked(find_locked(id), cpu);
    spin_unlock(&cpupool_lock);
    return rc;
}

/* Domains. */

static void change_pool_locked(struct domain *d, struct cpupool *pool)
{
    struct cpupool *old = d->sched->pool;
    struct vcpu *v;

    if (old == pool)
        return;
    atomic_inc(&pool->nr_domains);
    atomic_dec(&old->nr_domains);
    WRITE_ONCE(d->sched->pool, pool);
    for_each_vcpu(d, v) {
        sched_reset_affinity(v);
        sched_leave_forbidden_cpu(v);
    }
}

static int move_domain_locked(struct domain *d, struct cpupool *pool)
{
    if (!pool || !has_cpus(pool))
        return -ENOENT;
    if (READ_ONCE(d->dying) != DOMDYING_alive)
        return -EINVAL; /* cpupool_retire() comes after this is set */
    change_pool_locked(d, pool);
    return 0;
}

int cpupool_move_domain(struct domain *d, unsigned int id)
{
    int rc;

    if (d->is_hardware)
        return -EPERM;
    spin_lock(&cpupool_lock);
    rc = move_domain_locked(d, find_locked(id));
    spin_unlock(&cpupool_lock);
    return rc;
}

int cpupool_enter(struct domain *d, unsigned int id)
{
    struct cpupool *pool;
    int rc = 0;

    spin_lock(&cpupool_lock);
    pool = find_locked(id);
    if (!pool) {
        rc = -ESRCH;
    } else if (!has_cpus(pool)) {
        rc = -ENODEV;
    } else {
        atomic_inc(&pool->nr_domains);
        d->sched->pool = pool;
    }
    spin_unlock(&cpupool_lock);
    return rc;
}

void cpupool_retire(struct domain *d)
{
    spin_lock(&cpupool_lock);
    change_pool_locked(d, &pools[0]);
    spin_unlock(&cpupool_lock);
}

void cpupool_leave(struct domain *d)
{
    if (d->sched->pool)
        atomic_dec(&d->sched->pool->nr_domains);
}

unsigned int cpupool_of(const struct domain *d)
{
    return READ_ONCE(d->sched->pool)->id;
}
