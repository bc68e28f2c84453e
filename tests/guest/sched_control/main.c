/* SPDX-License-Identifier: MIT */
/* Scheduling control: affinity, weights and caps, CPU pools. The control domain
 * does it to itself, on three CPUs. */
#include "guest.h"
#include "public/platform.h"
#include "public/sysctl.h"

#define ALL_CPUS   7UL
#define NO_DOMAIN  1234
#define ANY        0xffffffffU
#define VCPU       1 /* runs a loop */
#define NO_VCPU    100
#define OTHER_POOL 5
#define NR_TRIES   100

static struct xen_domctl domctl;
static struct xen_sysctl sysctl;
static uint64_t hard, soft, cpus;

static long do_domctl(unsigned int cmd, domid_t domid)
{
    domctl.cmd = cmd;
    domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    domctl.domain = domid;
    return hypercall(__HYPERVISOR_domctl, &domctl);
}

static long do_sysctl(unsigned int cmd)
{
    sysctl.cmd = cmd;
    sysctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_sysctl, &sysctl);
}

static struct xenctl_bitmap bitmap(uint64_t *map)
{
    return (struct xenctl_bitmap){.bitmap = (uint64_t)map, .nr_bits = 64};
}

/* ---- The other vcpu ---------------------------------------------------- */

static volatile unsigned int rounds;

static void run_forever(void)
{
    for (;;)
        rounds++;
}

static bool runs(void)
{
    unsigned int before = rounds;

    for (unsigned int i = 0; i < NR_TRIES && rounds == before; i++)
        sleep_ms(10);
    return rounds != before;
}

static long vcpu_info_of(domid_t domid, uint32_t vcpu)
{
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.getvcpuinfo.vcpu = vcpu;
    return do_domctl(XEN_DOMCTL_getvcpuinfo, domid);
}

/* Does it come to run on one of these CPUs? */
static bool runs_on(uint64_t mask)
{
    for (unsigned int i = 0; i < NR_TRIES; i++) {
        sleep_ms(5);
        if (vcpu_info_of(0, VCPU) == 0 && domctl.u.getvcpuinfo.running &&
            (mask >> domctl.u.getvcpuinfo.cpu & 1))
            return true;
    }
    return false;
}

static void test_vcpu_info(void)
{
    uint64_t before;

    CHECK_EQ("vcpu_info", vcpu_info_of(0, 0), 0);
    CHECK_EQ("caller_is_online", domctl.u.getvcpuinfo.online, 1);
    CHECK_EQ("caller_runs", domctl.u.getvcpuinfo.running, 1);
    CHECK_EQ("caller_is_not_blocked", domctl.u.getvcpuinfo.blocked, 0);
    CHECK_EQ("other_vcpu_runs", runs_on(ALL_CPUS), 1);
    before = domctl.u.getvcpuinfo.cpu_time;
    CHECK("other_vcpu_has_had_time", before > 0);
    sleep_ms(20);
    vcpu_info_of(0, VCPU);
    CHECK("its_time_goes_on", domctl.u.getvcpuinfo.cpu_time > before);
    CHECK_EQ("info_of_a_vcpu_that_is_down", vcpu_info_of(0, 2), 0);
    CHECK_EQ("it_is_not_online", domctl.u.getvcpuinfo.online, 0);
    CHECK_EQ("it_has_had_no_time", domctl.u.getvcpuinfo.cpu_time, 0);
    CHECK_EQ("info_of_no_vcpu", vcpu_info_of(0, NO_VCPU), -XEN_EINVAL);
    CHECK_EQ("info_of_no_domain", vcpu_info_of(NO_DOMAIN, 0), -XEN_ESRCH);
}

/* ---- Affinity ----------------------------------------------------------- */

static long affinity(unsigned int cmd, domid_t domid, uint32_t vcpu,
                     uint32_t flags)
{
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.vcpuaffinity.vcpu = vcpu;
    domctl.u.vcpuaffinity.flags = flags;
    domctl.u.vcpuaffinity.cpumap_hard = bitmap(&hard);
    domctl.u.vcpuaffinity.cpumap_soft = bitmap(&soft);
    return do_domctl(cmd, domid);
}

static long set_affinity(uint32_t vcpu, uint32_t flags, uint64_t new_hard,
                         uint64_t new_soft)
{
    hard = new_hard;
    soft = new_soft;
    return affinity(XEN_DOMCTL_setvcpuaffinity, 0, vcpu, flags);
}

static long get_affinity(uint32_t vcpu)
{
    hard = soft = 0;
    return affinity(XEN_DOMCTL_getvcpuaffinity, 0, vcpu,
                    XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT);
}

static void test_affinity(void)
{
    const uint32_t both = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;

    CHECK_EQ("get_affinity", get_affinity(VCPU), 0);
    CHECK_EQ("hard_is_all_at_first", hard, ALL_CPUS);
    CHECK_EQ("soft_is_all_at_first", soft, ALL_CPUS);

    CHECK_EQ("set_hard", set_affinity(VCPU, XEN_VCPUAFFINITY_HARD, 4, 77), 0);
    CHECK_EQ("hard_in_force", hard, 4);
    CHECK_EQ("soft_is_not_touched", soft, 77);
    CHECK("pinned_vcpu_runs_there", runs_on(4));
    CHECK_EQ("set_hard_to_another", set_affinity(VCPU, both, 2, 2), 0);
    CHECK("pinned_vcpu_moves", runs_on(2));

    CHECK_EQ("set_with_cpus_that_are_not_there",
             set_affinity(VCPU, both, ~0UL, ~0UL), 0);
    CHECK_EQ("those_in_force_are_told", hard, ALL_CPUS);
    CHECK_EQ("set_both", set_affinity(VCPU, both, 3, 6), 0);
    CHECK_EQ("soft_in_force_is_inside_hard", soft, 2);
    get_affinity(VCPU);
    CHECK_EQ("hard_is_kept", hard, 3);
    CHECK_EQ("soft_is_kept", soft, 6);
    CHECK_EQ("soft_may_be_empty",
             set_affinity(VCPU, XEN_VCPUAFFINITY_SOFT, 0, 0), 0);

    CHECK_EQ("hard_may_not_be_empty", set_affinity(VCPU, both, 0, 1),
             -XEN_EINVAL);
    CHECK_EQ("set_nowhere", set_affinity(VCPU, both, 0x100, 1), -XEN_EINVAL);
    CHECK_EQ("set_nothing", set_affinity(VCPU, 0, 1, 1), -XEN_EINVAL);
    CHECK_EQ("set_of_no_vcpu", set_affinity(NO_VCPU, both, 1, 1), -XEN_EINVAL);
    CHECK_EQ("get_of_no_vcpu", get_affinity(NO_VCPU), -XEN_EINVAL);
    CHECK_EQ("get_nothing", affinity(XEN_DOMCTL_getvcpuaffinity, 0, VCPU, 0),
             -XEN_EINVAL);
    CHECK_EQ("set_of_no_domain",
             affinity(XEN_DOMCTL_setvcpuaffinity, NO_DOMAIN, VCPU, both),
             -XEN_ESRCH);
    CHECK_EQ("get_of_no_domain",
             affinity(XEN_DOMCTL_getvcpuaffinity, NO_DOMAIN, VCPU, both),
             -XEN_ESRCH);
    domctl.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    domctl.u.vcpuaffinity.cpumap_hard.bitmap = 0x10;
    CHECK_EQ("set_from_nowhere", do_domctl(XEN_DOMCTL_setvcpuaffinity, 0),
             -XEN_EFAULT);
    CHECK_EQ("get_to_nowhere", do_domctl(XEN_DOMCTL_getvcpuaffinity, 0),
             -XEN_EFAULT);
    get_affinity(VCPU);
    CHECK_EQ("errors_change_nothing", hard, 3);
    set_affinity(VCPU, both, ~0UL, ~0UL);
}

static long pin(int32_t cpu)
{
    struct sched_pin_override op = {.pcpu = cpu};

    return hypercall(__HYPERVISOR_sched_op, SCHEDOP_pin_override, &op);
}

static void test_pin_override(void)
{
    CHECK_EQ("pin", pin(1), 0);
    get_affinity(0);
    CHECK_EQ("pin_is_in_force", hard, 2);
    CHECK_EQ("pin_twice", pin(1), -XEN_EBUSY);
    CHECK_EQ("set_hard_while_pinned",
             set_affinity(0, XEN_VCPUAFFINITY_HARD, 1, 1), -XEN_EBUSY);
    CHECK_EQ("set_soft_while_pinned",
             set_affinity(0, XEN_VCPUAFFINITY_SOFT, 1, 1), -XEN_EBUSY);
    CHECK_EQ("force", set_affinity(0, XEN_VCPUAFFINITY_FORCE, 1, 1), 0);
    get_affinity(0);
    CHECK_EQ("force_ends_the_pin", hard, ALL_CPUS);
    CHECK_EQ("unpin_what_is_not_pinned", pin(-1), -XEN_EINVAL);
    CHECK_EQ("pin_again", pin(2), 0);
    CHECK_EQ("unpin", pin(-1), 0);
    CHECK_EQ("pin_to_no_cpu", pin(77), -XEN_EINVAL);
}

static long node_affinity(unsigned int cmd, uint64_t nodes)
{
    memset(&domctl, 0, sizeof(domctl));
    cpus = nodes;
    domctl.u.nodeaffinity.nodemap = bitmap(&cpus);
    return do_domctl(cmd, 0);
}

static void test_node_affinity(void)
{
    CHECK_EQ("set_nodes", node_affinity(XEN_DOMCTL_setnodeaffinity, ~0UL), 0);
    CHECK_EQ("get_nodes", node_affinity(XEN_DOMCTL_getnodeaffinity, 0), 0);
    CHECK_EQ("there_is_one_node", cpus, 1);
    CHECK_EQ("set_no_node", node_affinity(XEN_DOMCTL_setnodeaffinity, 0),
             -XEN_EINVAL);
    CHECK_EQ("set_another_node", node_affinity(XEN_DOMCTL_setnodeaffinity, 2),
             -XEN_EINVAL);
    domctl.u.nodeaffinity.nodemap.bitmap = 0x10;
    CHECK_EQ("set_nodes_from_nowhere", do_domctl(XEN_DOMCTL_setnodeaffinity, 0),
             -XEN_EFAULT);
    CHECK_EQ("get_nodes_to_nowhere", do_domctl(XEN_DOMCTL_getnodeaffinity, 0),
             -XEN_EFAULT);
}

/* ---- Parameters --------------------------------------------------------- */

static long scheduler(domid_t domid, uint32_t id, uint32_t cmd, uint16_t weight,
                      uint16_t cap)
{
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.scheduler_op.sched_id = id;
    domctl.u.scheduler_op.cmd = cmd;
    domctl.u.scheduler_op.u.credit2.weight = weight;
    domctl.u.scheduler_op.u.credit2.cap = cap;
    return do_domctl(XEN_DOMCTL_scheduler_op, domid);
}

static long put(uint16_t weight, uint16_t cap)
{
    return scheduler(0, XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_putinfo,
                     weight, cap);
}

/* weight << 16 | cap, or an error. */
static long get(void)
{
    long rc =
        scheduler(0, XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_getinfo, 0, 0);

    return rc ? rc
              : (long)domctl.u.scheduler_op.u.credit2.weight << 16 |
                    domctl.u.scheduler_op.u.credit2.cap;
}

static void test_parameters(void)
{
    CHECK_EQ("parameters_at_first", get(), 256 << 16);
    CHECK_EQ("put", put(512, 250), 0);
    CHECK_EQ("parameters_are_kept", get(), 512 << 16 | 250);
    CHECK_EQ("put_no_weight", put(0, 0), 0);
    CHECK_EQ("weight_is_left_then", get(), 512 << 16);
    CHECK_EQ("put_the_lowest_weight", put(1, 0), 0);
    CHECK_EQ("put_the_highest_weight", put(65535, 0), 0);
    CHECK_EQ("put_the_highest_cap", put(256, 300), 0);
    CHECK_EQ("cap_past_all_vcpus", put(256, 301), -XEN_EINVAL);
    CHECK_EQ("put_the_standard", put(256, 0), 0);
    CHECK_EQ(
        "parameters_of_another_scheduler",
        scheduler(0, XEN_SCHEDULER_CREDIT, XEN_DOMCTL_SCHEDOP_getinfo, 0, 0),
        -XEN_EINVAL);
    CHECK_EQ("parameters_of_a_vcpu",
             scheduler(0, XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_getvcpuinfo,
                       0, 0),
             -XEN_EINVAL);
    CHECK_EQ("parameters_for_a_vcpu",
             scheduler(0, XEN_SCHEDULER_CREDIT2, XEN_DOMCTL_SCHEDOP_putvcpuinfo,
                       1, 0),
             -XEN_EINVAL);
    CHECK_EQ("unknown_command", scheduler(0, XEN_SCHEDULER_CREDIT2, 4, 0, 0),
             -XEN_EINVAL);
    CHECK_EQ("parameters_of_no_domain",
             scheduler(NO_DOMAIN, XEN_SCHEDULER_CREDIT2,
                       XEN_DOMCTL_SCHEDOP_getinfo, 0, 0),
             -XEN_ESRCH);
}

static long ratelimit(uint32_t pool, uint32_t id, uint32_t cmd, uint32_t us)
{
    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.scheduler_op.cpupool_id = pool;
    sysctl.u.scheduler_op.sched_id = id;
    sysctl.u.scheduler_op.cmd = cmd;
    sysctl.u.scheduler_op.u.sched_credit2.ratelimit_us = us;
    return do_sysctl(XEN_SYSCTL_scheduler_op);
}

static long put_ratelimit(uint32_t pool, uint32_t us)
{
    return ratelimit(pool, XEN_SCHEDULER_CREDIT2, XEN_SYSCTL_SCHEDOP_putinfo,
                     us);
}

static long get_ratelimit(uint32_t pool)
{
    long rc =
        ratelimit(pool, XEN_SCHEDULER_CREDIT2, XEN_SYSCTL_SCHEDOP_getinfo, 0);

    return rc ? rc : (long)sysctl.u.scheduler_op.u.sched_credit2.ratelimit_us;
}

static void test_ratelimit(void)
{
    long standard = get_ratelimit(0);

    CHECK("get_ratelimit", standard > 0);
    CHECK_EQ("put_ratelimit", put_ratelimit(0, 500), 0);
    CHECK_EQ("ratelimit_is_kept", get_ratelimit(0), 500);
    CHECK_EQ("ratelimit_off", put_ratelimit(0, 0), 0);
    CHECK_EQ("ratelimit_is_off", get_ratelimit(0), 0);
    CHECK_EQ("ratelimit_too_short", put_ratelimit(0, 99), -XEN_EINVAL);
    CHECK_EQ("ratelimit_too_long", put_ratelimit(0, 500001), -XEN_EINVAL);
    CHECK_EQ("ratelimit_of_no_pool", get_ratelimit(OTHER_POOL), -XEN_ESRCH);
    CHECK_EQ("ratelimit_of_another_scheduler",
             ratelimit(0, XEN_SCHEDULER_CREDIT, XEN_SYSCTL_SCHEDOP_getinfo, 0),
             -XEN_EINVAL);
    CHECK_EQ("ratelimit_unknown_command",
             ratelimit(0, XEN_SCHEDULER_CREDIT2, 2, 0), -XEN_EINVAL);
    put_ratelimit(0, standard);
}

/* ---- Pools -------------------------------------------------------------- */

static long pool_op(uint32_t op, uint32_t pool, uint32_t cpu)
{
    memset(&sysctl, 0, sizeof(sysctl));
    cpus = 0;
    sysctl.u.cpupool_op.op = op;
    sysctl.u.cpupool_op.cpupool_id = pool;
    sysctl.u.cpupool_op.cpu = cpu;
    sysctl.u.cpupool_op.sched_id = XEN_SCHEDULER_CREDIT2;
    sysctl.u.cpupool_op.cpumap = bitmap(&cpus);
    return do_sysctl(XEN_SYSCTL_cpupool_op);
}

static uint64_t cpus_of(uint32_t pool)
{
    return pool_op(XEN_SYSCTL_CPUPOOL_OP_INFO, pool, 0) ? 0 : cpus;
}

static uint64_t free_cpus(void)
{
    return pool_op(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0, 0) ? 0 : cpus;
}

static long add_cpu(uint32_t pool, uint32_t cpu)
{
    return pool_op(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, pool, cpu);
}

/* EAGAIN: something still runs there. */
static long remove_cpu(uint32_t pool, uint32_t cpu)
{
    long rc = -XEN_EAGAIN;

    for (unsigned int i = 0; i < NR_TRIES && rc == -XEN_EAGAIN; i++) {
        rc = pool_op(XEN_SYSCTL_CPUPOOL_OP_RMCPU, pool, cpu);
        if (rc == -XEN_EAGAIN)
            sleep_ms(5);
    }
    return rc;
}

static long move_domain(uint32_t pool, domid_t domid)
{
    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN;
    sysctl.u.cpupool_op.cpupool_id = pool;
    sysctl.u.cpupool_op.domid = domid;
    return do_sysctl(XEN_SYSCTL_cpupool_op);
}

static void test_default_pool(void)
{
    CHECK_EQ("pool_0", pool_op(XEN_SYSCTL_CPUPOOL_OP_INFO, 0, 0), 0);
    CHECK_EQ("pool_0_has_all_cpus", cpus, ALL_CPUS);
    CHECK_EQ("pool_0_has_one_domain", sysctl.u.cpupool_op.n_dom, 1);
    CHECK_EQ("pool_0_has_credit2", sysctl.u.cpupool_op.sched_id,
             XEN_SCHEDULER_CREDIT2);
    CHECK_EQ("there_is_no_other", pool_op(XEN_SYSCTL_CPUPOOL_OP_INFO, 1, 0),
             -XEN_ENOENT);
    CHECK_EQ("none_of_any_id", pool_op(XEN_SYSCTL_CPUPOOL_OP_INFO, ANY, 0),
             -XEN_ENOENT);
    CHECK_EQ("no_cpu_is_free", free_cpus(), 0);
    CHECK_EQ("unknown_pool_operation", pool_op(8, 0, 0), -XEN_ENOSYS);
    CHECK_EQ("destroy_pool_0", pool_op(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 0, 0),
             -XEN_EBUSY);
    CHECK_EQ("destroy_no_pool", pool_op(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 1, 0),
             -XEN_ENOENT);
    CHECK_EQ("move_domain_0", move_domain(0, 0), -XEN_EPERM);
    CHECK_EQ("move_no_domain", move_domain(0, NO_DOMAIN), -XEN_ESRCH);

    CHECK_EQ("remove_a_cpu", remove_cpu(0, 2), 0);
    CHECK_EQ("removed_cpu_is_free", free_cpus(), 4);
    CHECK_EQ("pool_has_the_others", cpus_of(0), 3);
    CHECK_EQ("remove_it_again", remove_cpu(0, 2), -XEN_EADDRNOTAVAIL);
    CHECK_EQ("set_hard_to_a_free_cpu",
             set_affinity(VCPU, XEN_VCPUAFFINITY_HARD, 4, 0), -XEN_EINVAL);
    CHECK_EQ("set_hard_to_more",
             set_affinity(VCPU, XEN_VCPUAFFINITY_HARD, 6, 0), 0);
    CHECK_EQ("free_cpu_is_not_in_force", hard, 2);
    set_affinity(VCPU, XEN_VCPUAFFINITY_HARD, ~0UL, 0);
    CHECK_EQ("pin_to_a_free_cpu", pin(2), -XEN_EINVAL);
    CHECK_EQ("remove_no_cpu", remove_cpu(0, 77), -XEN_EINVAL);
    CHECK_EQ("remove_of_no_pool", remove_cpu(1, 1), -XEN_ENOENT);
    CHECK_EQ("add_to_no_pool", add_cpu(1, 2), -XEN_ENOENT);
    CHECK_EQ("add_no_cpu", add_cpu(0, 77), -XEN_EINVAL);
    CHECK_EQ("add_it_back", add_cpu(0, 2), 0);
    CHECK_EQ("add_it_twice", add_cpu(0, 2), -XEN_ENODEV);
    CHECK_EQ("add_any_where_none_is_free", add_cpu(0, ANY), -XEN_ENODEV);
    CHECK_EQ("pool_has_all_again", cpus_of(0), ALL_CPUS);
    CHECK_EQ("remove_any", remove_cpu(0, ANY), 0);
    CHECK_EQ("any_is_the_last", free_cpus(), 4);
    CHECK_EQ("add_any", add_cpu(0, ANY), 0);
    pool_op(XEN_SYSCTL_CPUPOOL_OP_INFO, 0, 0);
    sysctl.u.cpupool_op.cpumap.bitmap = 0x10;
    CHECK_EQ("info_to_nowhere", do_sysctl(XEN_SYSCTL_cpupool_op), -XEN_EFAULT);
}

/* A vcpu on a CPU that is taken away. */
static void test_removed_cpu(void)
{
    set_affinity(VCPU, XEN_VCPUAFFINITY_HARD, 4, 0);
    CHECK("vcpu_runs_on_the_cpu", runs_on(4));
    CHECK_EQ("remove_its_only_cpu", remove_cpu(0, 2), 0);
    CHECK("vcpu_runs_on_another", runs_on(3));
    get_affinity(VCPU);
    CHECK_EQ("its_affinity_is_all_cpus", hard, ALL_CPUS);
    add_cpu(0, 2);
    get_affinity(VCPU);
    CHECK_EQ("and_stays_so", hard, ALL_CPUS);

    set_affinity(VCPU, XEN_VCPUAFFINITY_HARD, 6, 0);
    CHECK_EQ("remove_one_of_its_cpus", remove_cpu(0, 2), 0);
    CHECK("vcpu_runs_on_the_other", runs_on(2));
    get_affinity(VCPU);
    CHECK_EQ("its_affinity_is_kept", hard, 6);
    CHECK_EQ("remove_all_of_its_cpus", remove_cpu(0, 1), 0);
    CHECK("two_vcpus_share_the_last_cpu", runs());
    vcpu_info_of(0, VCPU);
    CHECK_EQ("which_is_cpu_0", domctl.u.getvcpuinfo.cpu, 0);
    add_cpu(0, 1);
    add_cpu(0, 2);
    CHECK_EQ("all_are_back", cpus_of(0), ALL_CPUS);
    CHECK("vcpu_still_runs", runs());

    pin(2);
    CHECK_EQ("remove_a_cpu_that_is_pinned_to", remove_cpu(0, 2),
             -XEN_EADDRINUSE);
    pin(-1);
}

static long create_domain(uint32_t pool)
{
    memset(&domctl, 0, sizeof(domctl));
    domctl.u.createdomain.max_vcpus = 1;
    domctl.u.createdomain.max_evtchn_port = 1023;
    domctl.u.createdomain.max_grant_frames = -1;
    domctl.u.createdomain.max_maptrack_frames = -1;
    domctl.u.createdomain.grant_opts = 2;
    domctl.u.createdomain.cpupool_id = pool;
    return do_domctl(XEN_DOMCTL_createdomain, 0xffff);
}

static uint32_t pool_of(domid_t domid)
{
    memset(&domctl, 0, sizeof(domctl));
    return do_domctl(XEN_DOMCTL_getdomaininfo, domid)
               ? ANY
               : domctl.u.getdomaininfo.cpupool;
}

static long create_pool(uint32_t pool)
{
    return pool_op(XEN_SYSCTL_CPUPOOL_OP_CREATE, pool, 0);
}

static long destroy_pool(uint32_t pool)
{
    return pool_op(XEN_SYSCTL_CPUPOOL_OP_DESTROY, pool, 0);
}

static void test_more_pools(void)
{
    domid_t domid;

    CHECK_EQ("create_in_no_pool", create_domain(OTHER_POOL), -XEN_ESRCH);
    CHECK_EQ("create_a_pool", create_pool(OTHER_POOL), 0);
    CHECK_EQ("create_it_twice", create_pool(OTHER_POOL), -XEN_EEXIST);
    CHECK_EQ("create_pool_0", create_pool(0), -XEN_EEXIST);
    CHECK_EQ("info_of_the_next_pool", pool_op(XEN_SYSCTL_CPUPOOL_OP_INFO, 1, 0),
             0);
    CHECK_EQ("it_is_the_new_one", sysctl.u.cpupool_op.cpupool_id, OTHER_POOL);
    CHECK_EQ("it_has_no_cpus", cpus, 0);
    CHECK_EQ("it_has_no_domains", sysctl.u.cpupool_op.n_dom, 0);
    CHECK_EQ("create_any_pool", create_pool(ANY), 0);
    CHECK("it_has_another_id", sysctl.u.cpupool_op.cpupool_id != OTHER_POOL);
    CHECK_EQ("destroy_it", destroy_pool(sysctl.u.cpupool_op.cpupool_id), 0);
    sysctl.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_CREATE;
    sysctl.u.cpupool_op.sched_id = 99;
    CHECK_EQ("create_with_an_unknown_scheduler",
             do_sysctl(XEN_SYSCTL_cpupool_op), -XEN_ENOENT);

    CHECK_EQ("create_where_there_is_no_cpu", create_domain(OTHER_POOL),
             -XEN_ENODEV);
    CHECK("add_a_cpu_of_another_pool", add_cpu(OTHER_POOL, 2) < 0);
    remove_cpu(0, 2);
    CHECK_EQ("add_a_cpu", add_cpu(OTHER_POOL, 2), 0);
    CHECK_EQ("remove_it_from_the_wrong_pool", remove_cpu(0, 2),
             -XEN_EADDRNOTAVAIL);
    CHECK_EQ("pool_has_it", cpus_of(OTHER_POOL), 4);
    CHECK_EQ("no_cpu_is_free_again", free_cpus(), 0);
    CHECK_EQ("destroy_a_pool_with_cpus", destroy_pool(OTHER_POOL), -XEN_EBUSY);

    CHECK_EQ("create_in_the_pool", create_domain(OTHER_POOL), 0);
    domid = domctl.domain;
    CHECK_EQ("domain_is_there", pool_of(domid), OTHER_POOL);
    pool_op(XEN_SYSCTL_CPUPOOL_OP_INFO, OTHER_POOL, 0);
    CHECK_EQ("pool_has_a_domain", sysctl.u.cpupool_op.n_dom, 1);
    CHECK_EQ("remove_the_last_cpu", remove_cpu(OTHER_POOL, 2), -XEN_EBUSY);
    CHECK_EQ("move_the_domain", move_domain(0, domid), 0);
    CHECK_EQ("domain_has_moved", pool_of(domid), 0);
    CHECK_EQ("move_it_to_no_pool", move_domain(1, domid), -XEN_ENOENT);
    CHECK_EQ("remove_the_last_cpu_of_nobody", remove_cpu(OTHER_POOL, 2), 0);
    CHECK_EQ("move_it_where_there_is_no_cpu", move_domain(OTHER_POOL, domid),
             -XEN_ENOENT);
    add_cpu(OTHER_POOL, 2);
    CHECK_EQ("move_it_back", move_domain(OTHER_POOL, domid), 0);

    CHECK_EQ("ratelimit_of_the_pool", put_ratelimit(OTHER_POOL, 5000), 0);
    CHECK("pool_0_keeps_its_own", get_ratelimit(0) != 5000);

    memset(&domctl, 0, sizeof(domctl));
    CHECK_EQ("destroy_the_domain", do_domctl(XEN_DOMCTL_destroydomain, domid),
             0);
    CHECK_EQ("cpu_can_go_then", remove_cpu(OTHER_POOL, 2), 0);
    CHECK_EQ("pool_can_go_then", destroy_pool(OTHER_POOL), 0);
    add_cpu(0, 2);
    CHECK_EQ("pool_0_has_all", cpus_of(0), ALL_CPUS);
}

/* ---- CPUs --------------------------------------------------------------- */

static long hotplug(uint32_t op, uint32_t cpu)
{
    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.cpu_hotplug.op = op;
    sysctl.u.cpu_hotplug.cpu = cpu;
    return do_sysctl(XEN_SYSCTL_cpu_hotplug);
}

static long platform_cpu(uint32_t cmd, uint32_t cpu)
{
    struct xen_platform_op op = {.cmd = cmd,
                                 .interface_version = XENPF_INTERFACE_VERSION};

    op.u.cpu_ol.cpuid = cpu;
    return hypercall(__HYPERVISOR_platform_op, &op);
}

static void test_cpus(void)
{
    struct xen_sysctl_cpuinfo info[4] = {{0}};

    memset(&sysctl, 0, sizeof(sysctl));
    sysctl.u.getcpuinfo.max_cpus = ARRAY_SIZE(info);
    sysctl.u.getcpuinfo.info = (uint64_t)info;
    CHECK_EQ("cpu_info", do_sysctl(XEN_SYSCTL_getcpuinfo), 0);
    CHECK_EQ("cpu_info_counts", sysctl.u.getcpuinfo.nr_cpus, 3);
    CHECK("cpus_have_idled", info[2].idletime > 0);

    CHECK_EQ("online_what_is_online", hotplug(XEN_SYSCTL_CPU_HOTPLUG_ONLINE, 1),
             -XEN_EEXIST);
    CHECK_EQ("online_no_cpu", hotplug(XEN_SYSCTL_CPU_HOTPLUG_ONLINE, 99),
             -XEN_EINVAL);
    CHECK_EQ("offline_cpu_0", hotplug(XEN_SYSCTL_CPU_HOTPLUG_OFFLINE, 0),
             -XEN_EINVAL);
    CHECK_EQ("offline_no_cpu", hotplug(XEN_SYSCTL_CPU_HOTPLUG_OFFLINE, 99),
             -XEN_EINVAL);
    CHECK_EQ("unknown_hotplug", hotplug(9, 1), -XEN_EOPNOTSUPP);
    CHECK_EQ("platform_online", platform_cpu(XENPF_cpu_online, 1), 0);
    CHECK_EQ("platform_online_no_cpu", platform_cpu(XENPF_cpu_online, 99),
             -XEN_EINVAL);
    CHECK_EQ("platform_offline_no_cpu", platform_cpu(XENPF_cpu_offline, 99),
             -XEN_EINVAL);
    CHECK_EQ("platform_offline_cpu_0", platform_cpu(XENPF_cpu_offline, 0),
             -XEN_EOPNOTSUPP);
}

void test_main(void)
{
    REQUIRE("another_vcpu", vcpu_start(VCPU, run_forever) == 0);
    CHECK("another_vcpu_runs", runs());
    test_vcpu_info();
    test_affinity();
    test_pin_override();
    test_node_affinity();
    test_parameters();
    test_ratelimit();
    test_default_pool();
    test_removed_cpu();
    test_more_pools();
    test_cpus();
}
