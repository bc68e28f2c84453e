/* SPDX-License-Identifier: MIT */
/*
 * Times what two domains do to each other, in ticks of the TSC: a test kernel
 * in place of the control domain's builds a second domain of its own image, on
 * the same CPU. Prints `@R name value unit` per figure, then PAIR-BENCH-END.
 */
#include "domain.h"

#define NR_WARM_UP 50
#define NR_ROUNDS  2000
#define NR_DOMAINS 8
#define GRANT_REF  8

/* mailbox->word[] */
enum {
    PORT,    /* of the guest's end of the channel */
    STOP,    /* the guest's function shall return */
    COUNTER, /* turns that the guest has had */
};

static struct domain peer, crowd[NR_DOMAINS];

static void print_result(const char *name, uint64_t value, const char *unit)
{
    printf("@R pair.%s %lu %s\n", name, value, unit);
}

/* Block until the port has had more events than `seen`. */
static void wait_event(evtchn_port_t port, unsigned int seen)
{
    for (;;) {
        event_disable();
        if (event_count(port) != seen)
            return;
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_block);
    }
}

static void send_event(evtchn_port_t port)
{
    struct evtchn_send send = {.port = port};

    evtchn_op(EVTCHNOP_send, &send);
}

/* ---- functions of the guest ------------------------------------------- */

static void guest_echo(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = 0};
    unsigned int seen = 0;

    evtchn_op(EVTCHNOP_alloc_unbound, &alloc);
    event_unmask(alloc.port);
    mailbox->word[PORT] = alloc.port;
    for (;;) {
        wait_event(alloc.port, seen++);
        if (mailbox->word[STOP])
            return;
        send_event(alloc.port);
    }
}

static void guest_yield(void)
{
    while (!mailbox->word[STOP]) {
        mailbox->word[COUNTER]++;
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    }
}

/* Grant one page to the control domain. */
static void guest_grant(void)
{
    static uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));
    static uint8_t table[PAGE_SIZE] __attribute__((aligned(4096)));
    volatile struct grant_entry_v1 *entry =
        (volatile struct grant_entry_v1 *)table + GRANT_REF;
    uint64_t frame = 0;
    struct gnttab_setup_table op = {
        .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)&frame};

    grant_op(GNTTABOP_setup_table, &op, 1);
    CHECK_EQ("map_the_grant_table",
             update_va_mapping((uint64_t)table, make_pte(frame, PTE_PAGE_RW),
                               UVMF_INVLPG),
             0);
    entry->domid = 0;
    entry->frame = (uint32_t)va_to_mfn(page);
    barrier();
    entry->flags = GTF_permit_access;
}

/* ---- the control domain's side ---------------------------------------- */

static void start(void (*function)(void))
{
    peer.mailbox->word[PORT] = 0;
    peer.mailbox->word[STOP] = 0;
    domain_start(&peer, function);
}

/* Each round is two sends, two upcalls, two blocks and two switches. */
static void time_events(void)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = peer.id};
    unsigned int seen = 0;
    uint64_t begin = 0;

    start(guest_echo);
    while (!peer.mailbox->word[PORT])
        sleep_ms(1);
    bind.remote_port = (evtchn_port_t)peer.mailbox->word[PORT];
    REQUIRE("bind", evtchn_op(EVTCHNOP_bind_interdomain, &bind) == 0);
    /* A port that is bound is pending at once. */
    __atomic_fetch_and(&shared_info->evtchn_pending[bind.local_port / 64],
                       ~(1UL << bind.local_port % 64), __ATOMIC_SEQ_CST);
    event_unmask(bind.local_port);
    seen = event_count(bind.local_port);
    for (unsigned int i = 0; i < NR_WARM_UP + NR_ROUNDS; i++) {
        if (i == NR_WARM_UP)
            begin = rdtsc();
        send_event(bind.local_port);
        wait_event(bind.local_port, seen++);
    }
    print_result("event_round_trip", (rdtsc() - begin) / NR_ROUNDS, "ticks/op");
    peer.mailbox->word[STOP] = 1;
    send_event(bind.local_port);
    domain_finish(&peer);
}

/* Both yield all the time; the guest counts its turns. */
static void time_switches(void)
{
    uint64_t begin, first, turns;

    start(guest_yield);
    do
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    while (peer.mailbox->word[COUNTER] < NR_WARM_UP);
    first = peer.mailbox->word[COUNTER];
    begin = rdtsc();
    do {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
        turns = peer.mailbox->word[COUNTER] - first;
    } while (turns < NR_ROUNDS);
    print_result("yield_to_other_domain", (rdtsc() - begin) / (2 * turns),
                 "ticks/op");
    peer.mailbox->word[STOP] = 1;
    domain_finish(&peer);
}

static void time_grant_map(void *page)
{
    struct gnttab_map_grant_ref map = {.host_addr = (uint64_t)page,
                                       .flags = GNTMAP_host_map,
                                       .ref = GRANT_REF,
                                       .dom = peer.id};
    struct gnttab_unmap_grant_ref unmap = {.host_addr = (uint64_t)page};
    uint64_t begin = 0;

    for (unsigned int i = 0; i < NR_WARM_UP + NR_ROUNDS; i++) {
        if (i == NR_WARM_UP)
            begin = rdtsc();
        grant_op(GNTTABOP_map_grant_ref, &map, 1);
        unmap.handle = map.handle;
        grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    }
    print_result("grant_map_unmap", (rdtsc() - begin) / NR_ROUNDS, "ticks/op");
    CHECK_EQ("map_grant_ref", map.status, GNTST_okay);
    CHECK_EQ("unmap_grant_ref", unmap.status, GNTST_okay);
    page_set_writable(page);
}

static void time_grant_copy(const void *page)
{
    struct gnttab_copy copy = {
        .source = {.u.ref = GRANT_REF, .domid = peer.id},
        .dest = {.u.gmfn = va_to_mfn(page), .domid = DOMID_SELF},
        .len = PAGE_SIZE,
        .flags = GNTCOPY_source_gref};
    uint64_t begin = 0;

    for (unsigned int i = 0; i < NR_WARM_UP + NR_ROUNDS; i++) {
        if (i == NR_WARM_UP)
            begin = rdtsc();
        grant_op(GNTTABOP_copy, &copy, 1);
    }
    print_result("grant_copy_4k", (rdtsc() - begin) / NR_ROUNDS, "ticks/op");
    CHECK_EQ("copy", copy.status, GNTST_okay);
}

/* What the host has less than the domains have, for each of them. */
static void count_memory(void)
{
    struct xen_domctl_getdomaininfo info = {.tot_pages = 0};
    struct host_count before, after;
    uint64_t taken;

    host_warm_up();
    host_count(&before);
    for (unsigned int i = 0; i < NR_DOMAINS; i++)
        domain_build(&crowd[i], NULL);
    host_count(&after);
    CHECK("domain_info", domain_info(crowd[0].id, &info));
    taken = (before.free_pages - after.free_pages) * PAGE_SIZE / 1024;
    print_result("memory_beyond_own",
                 taken / NR_DOMAINS - info.tot_pages * PAGE_SIZE / 1024, "KiB");
    for (unsigned int i = 0; i < NR_DOMAINS; i++)
        domain_destroy(&crowd[i]);
}

void test_main(void)
{
    void *page = page_alloc();

    domain_build(&peer, NULL);
    time_events();
    time_switches();
    domain_run(&peer, guest_grant);
    time_grant_map(page);
    time_grant_copy(page);
    domain_destroy(&peer);
    count_memory();
    printf("PAIR-BENCH-END\n");
}
