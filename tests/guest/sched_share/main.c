/* SPDX-License-Identifier: MIT */
/*
 * Shares of a CPU: two domains want all of CPU 1, and the control domain, which
 * sleeps on CPU 0, reads how much time each has had. One of them computes; what
 * the other does to have more of it, in the hypervisor too, must not help.
 * Whoever has not had enough yet comes next, so that a slow host changes
 * nothing.
 */
#include "domain.h"

#define CPU         1
#define MAX_SECONDS 10
#define STOP        0 /* mailbox->word[] */
#define ROUNDS      1
#define NR_CALLS    64
#define ANY_VA      0x600000000000UL

static struct domain busy, other;

/* ---- What guests do ----------------------------------------------------- */

static bool go_on(void)
{
    mailbox->word[ROUNDS]++;
    return mailbox->word[STOP] == 0;
}

static void compute(void)
{
    while (go_on())
        continue;
}

static void make_hypercalls(void)
{
    while (go_on())
        hypercall(__HYPERVISOR_xen_version, XENVER_version, NULL);
}

static void make_multicalls(void)
{
    static struct multicall_entry calls[NR_CALLS];

    while (go_on()) {
        for (unsigned int i = 0; i < NR_CALLS; i++)
            calls[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version,
                                                .args = {XENVER_version}};
        hypercall(__HYPERVISOR_multicall, calls, NR_CALLS);
    }
}

static void send_events(void)
{
    struct evtchn_bind_ipi ipi = {.vcpu = 0};
    struct evtchn_send send;

    evtchn_op(EVTCHNOP_bind_ipi, &ipi);
    send.port = ipi.port;
    event_unmask(ipi.port);
    event_enable();
    while (go_on())
        evtchn_op(EVTCHNOP_send, &send);
    event_disable();
}

static void pin_tables(void)
{
    struct table_tree tree;
    uint64_t mfn;

    tree_build(&tree, ANY_VA);
    mfn = va_to_mfn(tree.l4);
    while (go_on()) {
        mmuext(MMUEXT_PIN_L4_TABLE, mfn);
        mmuext(MMUEXT_UNPIN_TABLE, mfn);
    }
}

static void change_mappings(void)
{
    void *page = page_alloc();
    uint64_t pte = make_pte(va_to_mfn(page), PTE_PAGE_RW);

    while (go_on()) {
        update_va_mapping((uint64_t)page, 0, UVMF_INVLPG | UVMF_ALL);
        update_va_mapping((uint64_t)page, pte, UVMF_TLB_FLUSH | UVMF_ALL);
    }
}

static void read_control_register(void)
{
    uint64_t value;

    while (go_on())
        __asm__ volatile("mov %%cr4, %0" : "=r"(value));
}

static void yield(void)
{
    while (go_on())
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
}

/* Sleep for a moment again and again. */
static void nap(void)
{
    struct sched_poll poll = {.nr_ports = 0};

    while (go_on()) {
        for (uint64_t end = time_ns() + MS / 2; time_ns() < end;)
            continue;
        poll.timeout = time_ns() + MS / 100;
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    }
}

/* ---- Control ------------------------------------------------------------ */

static uint64_t time_of(const struct domain *d)
{
    struct xen_domctl_getdomaininfo info = {.cpu_time = 0};

    domain_info(d->id, &info);
    return info.cpu_time;
}

static void pin_to(domid_t domid, uint64_t cpu)
{
    uint64_t cpus = 1UL << cpu;
    struct xen_domctl op = {
        .u.vcpuaffinity = {.flags = XEN_VCPUAFFINITY_HARD,
                           .cpumap_hard = {(uint64_t)&cpus, 64}}};

    REQUIRE("pin", domctl(XEN_DOMCTL_setvcpuaffinity, domid, &op) == 0);
}

static void set_share(const struct domain *d, uint16_t weight, uint16_t cap)
{
    struct xen_domctl op = {
        .u.scheduler_op = {.sched_id = XEN_SCHEDULER_CREDIT2,
                           .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
                           .u.credit2 = {.weight = weight, .cap = cap}}};

    REQUIRE("set_weight_and_cap",
            domctl(XEN_DOMCTL_scheduler_op, d->id, &op) == 0);
}

/* Time of each domain, and of the CPU, since a measurement began. */
struct share {
    uint64_t busy, other, all;
};

static struct share now(void)
{
    return (struct share){time_of(&busy), time_of(&other), time_ns()};
}

static struct share since(const struct share *start)
{
    struct share s = now();

    s.busy -= start->busy;
    s.other -= start->other;
    s.all -= start->all;
    return s;
}

typedef bool (*goal_fn)(const struct share *s);

/* Does what the two have had come to the goal within ten seconds, while the
 * other domain runs this function? */
static void check_share(const char *name, void (*function)(void), goal_fn goal)
{
    struct share start, s = {0, 0, 0};
    uint64_t rounds;
    bool good = false;

    other.mailbox->word[STOP] = 0;
    domain_start(&other, function);
    sleep_ms(100);
    rounds = other.mailbox->word[ROUNDS];
    start = now();
    for (unsigned int i = 0; i < MAX_SECONDS && !good; i++) {
        sleep_ms(1000);
        s = since(&start);
        good = goal(&s) && other.mailbox->word[ROUNDS] != rounds;
    }
    CHECK(name, good);
    printf("note: busy %lu, other %lu of %lu us\n", s.busy / 1000,
           s.other / 1000, s.all / 1000);
    other.mailbox->word[STOP] = 1;
    domain_finish(&other);
}

/* ---- Tests -------------------------------------------------------------- */

/* `part` is `percent` of all, give or take a twentieth of that. */
static bool near(uint64_t part, uint64_t all, uint64_t percent)
{
    return part * 2000 >= all * percent * 19 &&
           part * 2000 <= all * percent * 21;
}

static bool busy_has_a_half(const struct share *s)
{
    return near(s->busy, s->busy + s->other, 50) && near(s->busy, s->all, 50);
}

/* Within a tenth: stock Xen's weights are no finer. */
static bool busy_has_two_thirds(const struct share *s)
{
    return s->busy * 10 >= (s->busy + s->other) * 6 &&
           s->busy * 30 <= (s->busy + s->other) * 22;
}

static bool busy_has_at_least_a_half(const struct share *s)
{
    return s->busy * 1000 >= (s->busy + s->other) * 475;
}

/* What of a cap is not used while it could be is lost. */
static bool other_has_up_to_a_quarter(const struct share *s)
{
    return s->other * 100 <= s->all * 26 && s->other * 100 >= s->all * 15 &&
           near(s->busy + s->other, s->all, 100);
}

static void test_weights(void)
{
    check_share("equal_weights", compute, busy_has_a_half);
    set_share(&busy, 512, 0);
    check_share("weights_of_2_to_1", compute, busy_has_two_thirds);
    set_share(&busy, 256, 0);
}

static void test_caps(void)
{
    set_share(&other, 0, 25);
    check_share("cap_of_25", compute, other_has_up_to_a_quarter);
    check_share("cap_of_25_in_the_hypervisor", pin_tables,
                other_has_up_to_a_quarter);
    set_share(&other, 0, 80);
    check_share("cap_above_the_share", compute, busy_has_a_half);
    set_share(&other, 0, 0);
}

static void check_flood(const char *name, void (*function)(void))
{
    check_share(name, function, busy_has_at_least_a_half);
}

static void test_floods(void)
{
    check_flood("hypercalls_gain_nothing", make_hypercalls);
    check_flood("multicalls_gain_nothing", make_multicalls);
    check_flood("events_gain_nothing", send_events);
    check_flood("page_table_updates_gain_nothing", pin_tables);
    check_flood("mappings_gain_nothing", change_mappings);
    check_flood("emulation_gains_nothing", read_control_register);
    check_flood("yields_gain_nothing", yield);
    check_flood("naps_gain_nothing", nap);
}

void test_main(void)
{
    pin_to(0, 0);
    domain_build(&busy, NULL);
    domain_build(&other, NULL);
    pin_to(busy.id, CPU);
    pin_to(other.id, CPU);
    domain_start(&busy, compute);
    test_weights();
    test_caps();
    test_floods();
    busy.mailbox->word[STOP] = 1;
    domain_finish(&busy);
    domain_destroy(&busy);
    domain_destroy(&other);
}
