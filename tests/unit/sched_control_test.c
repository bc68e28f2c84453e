/* SPDX-License-Identifier: MIT */
/* Control of scheduling: affinity, parameters, CPU pools. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "public/domctl.h"
#include "public/sched.h"
#include "public/sysctl.h"
#include "xen/cpupool.h"
#include "xen/errno.h"
#include "xen/hypercall.h"
#include "asm/smp.h"
#include "sched_sim.h"

#include "../../xen/common/domctl_internal.h"
#include "../../xen/common/sched_policy.h"
#include "../../xen/common/sysctl_internal.h"

#define FOREVER STIME_MAX
#define NR      4 /* CPUs */
#define ALL     ((1UL << NR) - 1)

static struct domain *d;
static struct xen_domctl domctl;
static struct xen_sysctl sysctl;
static u64 *hard, *soft; /* what guests give and get */

static int group_setup(void **state)
{
    (void)state;
    sim_init();
    return 0;
}

/* Two vcpus that run and one that is down, in a domain that may have four. */
static int setup(void **state)
{
    (void)state;
    sim_start(NR);
    d = sim_domain(3, 256, 0);
    sim_run(d->vcpu[0], FOREVER, 0);
    sim_run(d->vcpu[1], FOREVER, 0);
    memset(&domctl, 0, sizeof(domctl));
    memset(&sysctl, 0, sizeof(sysctl));
    hard = fake_guest_alloc(sizeof(*hard));
    soft = fake_guest_alloc(sizeof(*soft));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_end();
    return 0;
}

static struct xenctl_bitmap bitmap(const u64 *map)
{
    return (struct xenctl_bitmap){.bitmap = (unsigned long)map, .nr_bits = 64};
}

/* ---- domctl ------------------------------------------------------------- */

static int affinity(int (*op)(struct domain *d, struct xen_domctl *op),
                    u32 vcpu, u32 flags)
{
    domctl.u.vcpuaffinity = (struct xen_domctl_vcpuaffinity){
        .vcpu = vcpu,
        .flags = flags,
        .cpumap_hard = bitmap(hard),
        .cpumap_soft = bitmap(soft),
    };
    return op(d, &domctl);
}

static int set(u32 vcpu, u32 flags, u64 new_hard, u64 new_soft)
{
    int rc;

    *hard = new_hard;
    *soft = new_soft;
    rc = affinity(domctl_setvcpuaffinity, vcpu, flags);
    sim_settle();
    return rc;
}

static int get(u32 vcpu)
{
    return affinity(domctl_getvcpuaffinity, vcpu,
                    XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT);
}

static void affinity_in_force_is_given_back(void **state)
{
    (void)state;
    assert_int_equal(set(0, XEN_VCPUAFFINITY_HARD, ~0UL, 99), 0);
    assert_int_equal(*hard, ALL);
    assert_int_equal(*soft, 99);
    assert_int_equal(set(0, 3, 3, 6), 0);
    assert_int_equal(*hard, 3);
    assert_int_equal(*soft, 2);
    assert_int_equal(get(0), 0);
    assert_int_equal(*hard, 3);
    assert_int_equal(*soft, 6);
    assert_int_equal(set(0, XEN_VCPUAFFINITY_SOFT, 1, 0), 0);
    assert_int_equal(get(0), 0);
    assert_int_equal(*hard, 3);
    assert_int_equal(*soft, 0);
}

static void affinity_errors(void **state)
{
    (void)state;
    assert_int_equal(set(0, 0, 1, 1), -EINVAL);
    assert_int_equal(set(0, XEN_VCPUAFFINITY_HARD, 0, 1), -EINVAL);
    assert_int_equal(set(0, XEN_VCPUAFFINITY_HARD, 1UL << NR, 1), -EINVAL);
    assert_int_equal(set(3, XEN_VCPUAFFINITY_HARD, 1, 1), -EINVAL);
    assert_int_equal(get(3), -EINVAL);
    assert_int_equal(affinity(domctl_getvcpuaffinity, 0, 0), -EINVAL);
    domctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    domctl.u.vcpuaffinity.cpumap_hard.bitmap = 8;
    assert_int_equal(domctl_setvcpuaffinity(d, &domctl), -EFAULT);
    assert_int_equal(domctl_getvcpuaffinity(d, &domctl), -EFAULT);
    domctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_SOFT;
    domctl.u.vcpuaffinity.cpumap_soft.bitmap = 8;
    assert_int_equal(domctl_setvcpuaffinity(d, &domctl), -EFAULT);
    assert_int_equal(domctl_getvcpuaffinity(d, &domctl), -EFAULT);
    assert_int_equal(get(0), 0);
    assert_int_equal(*hard, ALL);
}

static void vcpu_that_is_not_there_yet_is_esrch(void **state)
{
    struct vcpu *v = d->vcpu[2];

    (void)state;
    d->vcpu[2] = NULL;
    assert_int_equal(set(2, XEN_VCPUAFFINITY_HARD, 1, 1), -ESRCH);
    assert_int_equal(get(2), -ESRCH);
    domctl.u.getvcpuinfo.vcpu = 2;
    assert_int_equal(domctl_getvcpuinfo(d, &domctl), -ESRCH);
    domctl.u.getvcpuinfo.vcpu = 3;
    assert_int_equal(domctl_getvcpuinfo(d, &domctl), -EINVAL);
    d->vcpu[2] = v;
}

static void pinned_vcpu_keeps_its_affinity_unless_forced(void **state)
{
    (void)state;
    assert_int_equal(vcpu_pin_override(d->vcpu[0], 1), 0);
    assert_int_equal(set(0, XEN_VCPUAFFINITY_HARD, 4, 4), -EBUSY);
    assert_int_equal(set(0, XEN_VCPUAFFINITY_SOFT, 4, 4), -EBUSY);
    assert_int_equal(get(0), 0);
    assert_int_equal(*hard, 2);
    assert_int_equal(
        set(0, XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_FORCE, 4, 4), 0);
    assert_int_equal(d->vcpu[0]->processor, 2);
    assert_int_equal(vcpu_unpin_override(d->vcpu[0]), -EINVAL);
    assert_int_equal(set(0, XEN_VCPUAFFINITY_FORCE, 1, 1), 0);
    assert_int_equal(get(0), 0);
    assert_int_equal(*hard, 4);
}

static void vcpu_info_tells_what_it_does(void **state)
{
    struct xen_domctl_getvcpuinfo *info = &domctl.u.getvcpuinfo;

    (void)state;
    set_bit(VPF_down, &d->vcpu[2]->pause_flags);
    sim_pass(MILLISECS(30));
    info->vcpu = 1;
    assert_int_equal(domctl_getvcpuinfo(d, &domctl), 0);
    assert_int_equal(info->online, 1);
    assert_int_equal(info->running, 1);
    assert_int_equal(info->blocked, 0);
    assert_int_equal(info->cpu, d->vcpu[1]->processor);
    assert_int_equal(info->cpu_time, MILLISECS(30));
    info->vcpu = 2;
    assert_int_equal(domctl_getvcpuinfo(d, &domctl), 0);
    assert_int_equal(info->online, 0);
    assert_int_equal(info->running, 0);
    assert_int_equal(info->blocked, 1);
    assert_int_equal(info->cpu_time, 0);
}

static void node_0_is_the_only_one(void **state)
{
    (void)state;
    domctl.u.nodeaffinity.nodemap = bitmap(hard);
    assert_int_equal(domctl_getnodeaffinity(d, &domctl), 0);
    assert_int_equal(*hard, 1);
    assert_int_equal(domctl_setnodeaffinity(d, &domctl), 0);
    *hard = 2;
    assert_int_equal(domctl_setnodeaffinity(d, &domctl), -EINVAL);
    domctl.u.nodeaffinity.nodemap.bitmap = 8;
    assert_int_equal(domctl_setnodeaffinity(d, &domctl), -EFAULT);
    assert_int_equal(domctl_getnodeaffinity(d, &domctl), -EFAULT);
}

static int put(u16 weight, u16 cap)
{
    domctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    domctl.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    domctl.u.scheduler_op.u.credit2 =
        (struct xen_domctl_sched_credit2){weight, cap};
    return domctl_scheduler_op(d, &domctl);
}

static void assert_params(u16 weight, u16 cap)
{
    domctl.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    assert_int_equal(domctl_scheduler_op(d, &domctl), 0);
    assert_int_equal(domctl.u.scheduler_op.u.credit2.weight, weight);
    assert_int_equal(domctl.u.scheduler_op.u.credit2.cap, cap);
}

static void parameters_are_those_of_credit2(void **state)
{
    (void)state;
    assert_int_equal(put(512, 300), 0);
    assert_params(512, 300);
    assert_int_equal(put(0, 20), 0);
    assert_params(512, 20);
    assert_int_equal(put(1, 0), 0);
    assert_int_equal(put(65535, 0), 0);
    assert_int_equal(put(256, 301), -EINVAL);
    assert_params(65535, 0);
}

static void parameters_that_there_are_not_are_einval(void **state)
{
    (void)state;
    for (u32 id = 0; id < 12; id++) {
        domctl.u.scheduler_op.sched_id = id;
        domctl.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
        assert_int_equal(domctl_scheduler_op(d, &domctl),
                         id == XEN_SCHEDULER_CREDIT2 ? 0 : -EINVAL);
    }
    domctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    for (u32 cmd = XEN_DOMCTL_SCHEDOP_putvcpuinfo; cmd < 6; cmd++) {
        domctl.u.scheduler_op.cmd = cmd;
        assert_int_equal(domctl_scheduler_op(d, &domctl), -EINVAL);
    }
}

/* ---- sysctl ------------------------------------------------------------- */

static int ratelimit(u32 pool, u32 cmd, u32 us)
{
    sysctl.u.scheduler_op.cpupool_id = pool;
    sysctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    sysctl.u.scheduler_op.cmd = cmd;
    sysctl.u.scheduler_op.u.sched_credit2.ratelimit_us = us;
    return sysctl_scheduler_op(&sysctl);
}

static void ratelimit_is_between_100_us_and_half_a_second(void **state)
{
    const u32 *us = &sysctl.u.scheduler_op.u.sched_credit2.ratelimit_us;

    (void)state;
    assert_int_equal(ratelimit(0, XEN_SYSCTL_SCHEDOP_putinfo, 500000), 0);
    assert_int_equal(ratelimit(0, XEN_SYSCTL_SCHEDOP_putinfo, 500001), -EINVAL);
    assert_int_equal(ratelimit(0, XEN_SYSCTL_SCHEDOP_putinfo, 99), -EINVAL);
    assert_int_equal(ratelimit(0, XEN_SYSCTL_SCHEDOP_getinfo, 0), 0);
    assert_int_equal(*us, 500000);
    assert_int_equal(ratelimit(0, XEN_SYSCTL_SCHEDOP_putinfo, 0), 0);
    assert_int_equal(ratelimit(0, XEN_SYSCTL_SCHEDOP_putinfo, 100), 0);
    assert_int_equal(ratelimit(1, XEN_SYSCTL_SCHEDOP_getinfo, 0), -ESRCH);
    assert_int_equal(ratelimit(0, 2, 0), -EINVAL);
    sysctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
    sysctl.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
    assert_int_equal(sysctl_scheduler_op(&sysctl), -EINVAL);
}

/* On one CPU, who wakes up takes the CPU only after this time. */
static void ratelimit_holds_back_who_wakes_up(void **state)
{
    s_time_t before, after;

    (void)state;
    assert_int_equal(ratelimit(0, XEN_SYSCTL_SCHEDOP_putinfo, 2000), 0);
    for (u32 i = 0; i < 3; i++)
        assert_int_equal(set(i, XEN_VCPUAFFINITY_HARD, 1, 0), 0);
    sim_run(d->vcpu[2], MICROSECS(10), MICROSECS(90));
    sim_pass(MILLISECS(100));
    before = sim_switches;
    sim_pass(SECONDS(1));
    after = sim_switches;
    assert_in_range(after - before, 10, 2 * 1000 / 2 + 10);
}

static void another_scheduler_there_is_not(void **state)
{
    (void)state;
    assert_int_equal(sysctl_sched_id(&sysctl), 0);
    assert_int_equal(sysctl.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
}

static void cpus_neither_come_nor_go(void **state)
{
    struct xen_sysctl_cpu_hotplug *op = &sysctl.u.cpu_hotplug;

    (void)state;
    op->op = XEN_SYSCTL_CPU_HOTPLUG_ONLINE;
    assert_int_equal(sysctl_cpu_hotplug(&sysctl), -EEXIST);
    op->cpu = NR;
    assert_int_equal(sysctl_cpu_hotplug(&sysctl), -EINVAL);
    op->op = XEN_SYSCTL_CPU_HOTPLUG_OFFLINE;
    assert_int_equal(sysctl_cpu_hotplug(&sysctl), -EINVAL);
    op->cpu = ~0u;
    assert_int_equal(sysctl_cpu_hotplug(&sysctl), -EINVAL);
    op->cpu = 0;
    assert_int_equal(sysctl_cpu_hotplug(&sysctl), -EINVAL);
    op->cpu = 1;
    assert_int_equal(sysctl_cpu_hotplug(&sysctl), -EOPNOTSUPP);
    op->op = XEN_SYSCTL_CPU_HOTPLUG_SMT_DISABLE;
    assert_int_equal(sysctl_cpu_hotplug(&sysctl), -EOPNOTSUPP);
}

/* ---- Pools -------------------------------------------------------------- */

static int pool_op(u32 op, u32 pool, u32 cpu)
{
    int rc;

    sysctl.u.cpupool_op = (struct xen_sysctl_cpupool_op){
        .op = op,
        .cpupool_id = pool,
        .sched_id = XEN_SCHEDULER_CREDIT2,
        .cpu = cpu,
        .domid = d->domain_id,
        .cpumap = bitmap(hard),
    };
    rc = sysctl_cpupool_op(&sysctl);
    sim_settle();
    return rc;
}

#define CREATE(pool)      pool_op(XEN_SYSCTL_CPUPOOL_OP_CREATE, (pool), 0)
#define DESTROY(pool)     pool_op(XEN_SYSCTL_CPUPOOL_OP_DESTROY, (pool), 0)
#define ADD(pool, cpu)    pool_op(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, (pool), (cpu))
#define REMOVE(pool, cpu) pool_op(XEN_SYSCTL_CPUPOOL_OP_RMCPU, (pool), (cpu))
#define MOVE(pool)        pool_op(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, (pool), 0)
#define INFO(pool)        pool_op(XEN_SYSCTL_CPUPOOL_OP_INFO, (pool), 0)
#define FREE()            pool_op(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0, 0)

static void assert_cpus(u32 pool, u64 cpus)
{
    assert_int_equal(INFO(pool), 0);
    assert_int_equal(sysctl.u.cpupool_op.cpupool_id, pool);
    assert_int_equal(*hard, cpus);
}

static void assert_free(u64 cpus)
{
    assert_int_equal(FREE(), 0);
    assert_int_equal(*hard, cpus);
}

static void assert_runs_in(const struct vcpu *v, u64 cpus)
{
    assert_true(cpus >> v->processor & 1);
    assert_ptr_equal(sim_current(v->processor), v);
}

static void pool_0_has_all_cpus(void **state)
{
    (void)state;
    assert_cpus(0, ALL);
    assert_int_equal(sysctl.u.cpupool_op.n_dom, 1);
    assert_int_equal(sysctl.u.cpupool_op.sched_id, XEN_SCHEDULER_CREDIT2);
    assert_free(0);
    assert_int_equal(INFO(1), -ENOENT);
    assert_int_equal(DESTROY(0), -EBUSY);
    assert_int_equal(pool_op(0, 0, 0), -ENOSYS);
    assert_int_equal(pool_op(8, 0, 0), -ENOSYS);
    sysctl.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
    sysctl.u.cpupool_op.cpumap.bitmap = 8;
    assert_int_equal(sysctl_cpupool_op(&sysctl), -EFAULT);
    sysctl.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
    assert_int_equal(sysctl_cpupool_op(&sysctl), -EFAULT);
}

static void removed_cpu_runs_nothing_until_it_is_back(void **state)
{
    unsigned int cpu = d->vcpu[1]->processor;
    struct domain *others = sim_domain(6, 256, 0);

    (void)state;
    for (unsigned int i = 0; i < 6; i++)
        sim_run(others->vcpu[i], i < 3 ? FOREVER : MILLISECS(i), MILLISECS(i));
    assert_int_equal(REMOVE(0, cpu), 0);
    assert_true(sim_idle(cpu));
    assert_free(1UL << cpu);
    assert_cpus(0, ALL & ~(1UL << cpu));
    for (unsigned int i = 0; i < 1000; i++) {
        sim_pass(MILLISECS(1));
        assert_true(sim_idle(cpu));
    }
    assert_int_equal(ADD(0, cpu), 0);
    sim_pass(MILLISECS(20));
    assert_false(sim_idle(cpu));
}

static void cpu_0_can_go_too(void **state)
{
    (void)state;
    assert_int_equal(REMOVE(0, 0), 0);
    assert_true(sim_idle(0));
}

static void last_cpu_of_domains_stays(void **state)
{
    (void)state;
    for (u32 cpu = 0; cpu < NR - 1; cpu++)
        assert_int_equal(REMOVE(0, cpu), 0);
    assert_int_equal(REMOVE(0, NR - 1), -EBUSY);
    assert_int_equal(REMOVE(0, CPUPOOL_ANY), -EBUSY);
    assert_cpus(0, 1UL << (NR - 1));
    sim_pass(SECONDS(1));
    assert_in_range(sim_ran(d->vcpu[0]), MILLISECS(450), MILLISECS(550));
}

static void broken_affinity_becomes_all_cpus(void **state)
{
    (void)state;
    assert_int_equal(set(0, 3, 4, 4), 0);
    assert_int_equal(set(1, 3, 12, 12), 0);
    assert_int_equal(REMOVE(0, 2), 0);
    assert_runs_in(d->vcpu[0], ALL & ~4UL);
    assert_runs_in(d->vcpu[1], 8);
    assert_int_equal(get(0), 0);
    assert_int_equal(*hard, ALL);
    assert_int_equal(*soft, 4);
    assert_int_equal(get(1), 0);
    assert_int_equal(*hard, 12);
    assert_int_equal(set(0, XEN_VCPUAFFINITY_HARD, 4, 4), -EINVAL);
    assert_int_equal(set(0, XEN_VCPUAFFINITY_HARD, 6, 4), 0);
    assert_int_equal(*hard, 2);
}

static void sleeping_vcpu_wakes_up_elsewhere(void **state)
{
    struct vcpu *v = d->vcpu[2];

    (void)state;
    sim_run(v, MILLISECS(1), FOREVER);
    assert_int_equal(set(2, XEN_VCPUAFFINITY_HARD, 8, 0), 0);
    sim_pass(MILLISECS(5));
    assert_int_equal(v->processor, 3);
    assert_int_equal(REMOVE(0, 3), 0);
    sim_wake(v);
    assert_runs_in(v, 7);
}

static void cpu_that_is_pinned_to_is_eaddrinuse(void **state)
{
    (void)state;
    assert_int_equal(vcpu_pin_override(d->vcpu[0], 1), 0);
    assert_int_equal(REMOVE(0, 1), -EADDRINUSE);
    assert_cpus(0, ALL);
    assert_int_equal(REMOVE(0, 2), 0);
    assert_int_equal(vcpu_unpin_override(d->vcpu[0]), 0);
    assert_int_equal(REMOVE(0, 1), 0);
    assert_int_equal(vcpu_pin_override(d->vcpu[0], 1), -EINVAL);
}

static void unpinned_vcpu_finds_its_cpus_gone(void **state)
{
    (void)state;
    assert_int_equal(set(0, XEN_VCPUAFFINITY_HARD, 4, 0), 0);
    assert_int_equal(vcpu_pin_override(d->vcpu[0], 1), 0);
    assert_int_equal(REMOVE(0, 2), 0);
    assert_int_equal(vcpu_unpin_override(d->vcpu[0]), 0);
    assert_int_equal(get(0), 0);
    assert_int_equal(*hard, ALL);
}

static void cpu_errors(void **state)
{
    (void)state;
    assert_int_equal(ADD(0, 0), -ENODEV);
    assert_int_equal(ADD(0, CPUPOOL_ANY), -ENODEV);
    assert_int_equal(ADD(0, NR), -EINVAL);
    assert_int_equal(ADD(0, NR_CPUS), -EINVAL);
    assert_int_equal(ADD(1, 0), -ENOENT);
    assert_int_equal(REMOVE(1, 0), -ENOENT);
    assert_int_equal(REMOVE(0, NR), -EINVAL);
    assert_int_equal(REMOVE(0, NR_CPUS), -EINVAL);
    assert_int_equal(REMOVE(0, 1), 0);
    assert_int_equal(REMOVE(0, 1), -EADDRNOTAVAIL);
    assert_int_equal(CREATE(1), 0);
    assert_int_equal(REMOVE(1, 2), -EADDRNOTAVAIL);
    assert_int_equal(REMOVE(1, CPUPOOL_ANY), -EINVAL);
    assert_int_equal(ADD(1, 1), 0);
    assert_int_equal(ADD(0, 1), -ENODEV);
}

static void any_cpu_is_the_first_free_or_the_last(void **state)
{
    (void)state;
    assert_int_equal(REMOVE(0, CPUPOOL_ANY), 0);
    assert_int_equal(REMOVE(0, CPUPOOL_ANY), 0);
    assert_free(12);
    assert_int_equal(ADD(0, CPUPOOL_ANY), 0);
    assert_free(8);
}

static void pools_come_and_go(void **state)
{
    (void)state;
    assert_int_equal(CREATE(7), 0);
    assert_int_equal(CREATE(7), -EEXIST);
    assert_int_equal(CREATE(0), -EEXIST);
    assert_int_equal(CREATE(CPUPOOL_ANY), 0);
    assert_int_equal(sysctl.u.cpupool_op.cpupool_id, 1);
    assert_int_equal(INFO(2), 0);
    assert_int_equal(sysctl.u.cpupool_op.cpupool_id, 7);
    assert_int_equal(INFO(8), -ENOENT);
    assert_int_equal(REMOVE(0, 3), 0);
    assert_int_equal(ADD(7, 3), 0);
    assert_int_equal(DESTROY(7), -EBUSY);
    assert_int_equal(REMOVE(7, 3), 0);
    assert_int_equal(DESTROY(7), 0);
    assert_int_equal(DESTROY(7), -ENOENT);
    sysctl.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_CREATE;
    sysctl.u.cpupool_op.sched_id = XEN_SCHEDULER_NULL;
    assert_int_equal(sysctl_cpupool_op(&sysctl), -ENOENT);
}

static void too_many_pools_are_enospc(void **state)
{
    (void)state;
    for (u32 i = 1; i < NR_CPUS; i++)
        assert_int_equal(CREATE(CPUPOOL_ANY), 0);
    assert_int_equal(CREATE(CPUPOOL_ANY), -ENOSPC);
}

static void domain_moves_with_all_its_vcpus(void **state)
{
    (void)state;
    sim_run(d->vcpu[2], MILLISECS(1), MILLISECS(2));
    assert_int_equal(set(0, 3, 1, 1), 0);
    assert_int_equal(REMOVE(0, 2), 0);
    assert_int_equal(CREATE(1), 0);
    assert_int_equal(MOVE(1), -ENOENT);
    assert_int_equal(MOVE(2), -ENOENT);
    assert_int_equal(ADD(1, 2), 0);
    assert_int_equal(MOVE(1), 0);
    assert_int_equal(cpupool_of(d), 1);
    assert_int_equal(get(0), 0);
    assert_int_equal(*hard, ALL);
    for (unsigned int i = 0; i < 100; i++) {
        sim_pass(MILLISECS(5));
        assert_true(sim_idle(0) && sim_idle(1) && sim_idle(3));
        assert_false(sim_idle(2));
    }
    assert_int_equal(DESTROY(1), -EBUSY);
    assert_int_equal(REMOVE(1, 2), -EBUSY);
    assert_int_equal(set(0, XEN_VCPUAFFINITY_HARD, 1, 0), -EINVAL);
    assert_int_equal(MOVE(0), 0);
    assert_true(sim_idle(2));
    assert_int_equal(REMOVE(1, 2), 0);
    assert_int_equal(DESTROY(1), 0);
}

static void not_every_domain_moves(void **state)
{
    (void)state;
    assert_int_equal(CREATE(1), 0);
    assert_int_equal(REMOVE(0, 2), 0);
    assert_int_equal(ADD(1, 2), 0);
    d->is_hardware = true;
    assert_int_equal(MOVE(1), -EPERM);
    d->is_hardware = false;
    d->dying = DOMDYING_dying;
    assert_int_equal(MOVE(1), -EINVAL);
    d->dying = DOMDYING_alive;
    sysctl.u.cpupool_op.domid = 99;
    assert_int_equal(sysctl_cpupool_op(&sysctl), -ESRCH);
}

static void dead_domain_holds_no_pool(void **state)
{
    (void)state;
    assert_int_equal(CREATE(1), 0);
    assert_int_equal(REMOVE(0, 2), 0);
    assert_int_equal(ADD(1, 2), 0);
    assert_int_equal(MOVE(1), 0);
    atomic_inc(&d->pause_count);
    for (unsigned int i = 0; i < 3; i++)
        vcpu_sleep_nosync(d->vcpu[i]);
    sim_settle();
    sched_domain_retire(d);
    assert_int_equal(REMOVE(1, 2), 0);
    assert_int_equal(DESTROY(1), 0);
}

static void dead_domain_has_no_timers(void **state)
{
    struct sched_watchdog *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    op->timeout = 1;
    sim_enter(d->vcpu[0]);
    assert_int_equal(do_sched_op(SCHEDOP_watchdog, (u64)op, 0, 0, 0), 1);
    assert_int_equal(put(256, 1), 0);
    sim_pass(MILLISECS(15)); /* a slice, and over */
    assert_true(timer_is_active(&d->sched->refill_timer));
    atomic_inc(&d->pause_count);
    for (unsigned int i = 0; i < 3; i++)
        vcpu_sleep_nosync(d->vcpu[i]);
    sim_settle();
    sched_domain_retire(d);
    assert_false(timer_is_active(&d->sched->refill_timer));
    sim_pass(SECONDS(2));
    assert_int_equal(sim_shutdown_reason, -1);
}

/* Create and destroy a domain; how many were in the pool meanwhile. */
static int create_in(u32 pool, unsigned int *nr_out)
{
    struct sched_domain *was = d->sched;
    struct cpupool_info info;
    int rc = sched_domain_create(d, pool);

    *nr_out = cpupool_info_get(pool, &info) ? 0 : info.nr_domains;
    sched_domain_destroy(d);
    d->sched = was;
    return rc;
}

static void new_domain_is_in_its_pool(void **state)
{
    struct cpupool_info info;
    unsigned int nr;

    (void)state;
    assert_int_equal(create_in(1, &nr), -ESRCH);
    assert_int_equal(CREATE(1), 0);
    assert_int_equal(create_in(1, &nr), -ENODEV);
    assert_int_equal(REMOVE(0, 2), 0);
    assert_int_equal(ADD(1, 2), 0);
    assert_int_equal(create_in(1, &nr), 0);
    assert_int_equal(nr, 1);
    assert_int_equal(cpupool_info_get(1, &info), 0);
    assert_int_equal(info.nr_domains, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(affinity_in_force_is_given_back),
        TEST(affinity_errors),
        TEST(vcpu_that_is_not_there_yet_is_esrch),
        TEST(pinned_vcpu_keeps_its_affinity_unless_forced),
        TEST(vcpu_info_tells_what_it_does),
        TEST(node_0_is_the_only_one),
        TEST(parameters_are_those_of_credit2),
        TEST(parameters_that_there_are_not_are_einval),
        TEST(ratelimit_is_between_100_us_and_half_a_second),
        TEST(ratelimit_holds_back_who_wakes_up),
        TEST(another_scheduler_there_is_not),
        TEST(cpus_neither_come_nor_go),
        TEST(pool_0_has_all_cpus),
        TEST(removed_cpu_runs_nothing_until_it_is_back),
        TEST(cpu_0_can_go_too),
        TEST(last_cpu_of_domains_stays),
        TEST(broken_affinity_becomes_all_cpus),
        TEST(sleeping_vcpu_wakes_up_elsewhere),
        TEST(cpu_that_is_pinned_to_is_eaddrinuse),
        TEST(unpinned_vcpu_finds_its_cpus_gone),
        TEST(cpu_errors),
        TEST(any_cpu_is_the_first_free_or_the_last),
        TEST(pools_come_and_go),
        TEST(too_many_pools_are_enospc),
        TEST(domain_moves_with_all_its_vcpus),
        TEST(not_every_domain_moves),
        TEST(dead_domain_holds_no_pool),
        TEST(dead_domain_has_no_timers),
        TEST(new_domain_is_in_its_pool),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
