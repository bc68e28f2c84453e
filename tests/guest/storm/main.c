/* SPDX-License-Identifier: MIT */
/*
 * Domains are created and destroyed while they map, copy, send to each other,
 * give memory back, and while another vcpu of the control domain looks at all
 * of them. Nothing is expected of a single call: they meet domains in any state
 * of their lives. At the end nothing may be left over, and the audit of the
 * runner must find all references in order.
 */
#include "domain.h"

#define NR_GUESTS  3
#define CYCLES     150
#define FEW_CYCLES 20
#define REF        16 /* + the slot of the guest that it is granted to */

/* mailbox->word[] */
#define STOP   0
#define ROUNDS 1
#define SLOT   2
#define PEER   8  /* + slot: its domain id */
#define PORT   16 /* + slot: a port of it that is for this guest */

static struct domain guests[NR_GUESTS];
static uint64_t total_rounds;

/* ---- calls that may fail ----------------------------------------------- */

static void try_grant(uint64_t *window, domid_t domid, grant_ref_t ref)
{
    struct gnttab_map_grant_ref map = {.host_addr = (uint64_t)window,
                                       .flags = GNTMAP_host_map,
                                       .ref = ref,
                                       .dom = domid};
    struct gnttab_unmap_grant_ref unmap = {.host_addr = (uint64_t)window};

    grant_op(GNTTABOP_map_grant_ref, &map, 1);
    if (map.status != GNTST_okay)
        return;
    window[7]++;
    unmap.handle = map.handle;
    grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
}

static void try_copy(uint64_t *to, domid_t domid, grant_ref_t ref)
{
    struct gnttab_copy op = {
        .source = {.u.ref = ref, .domid = domid},
        .dest = {.u.gmfn = va_to_mfn(to), .domid = DOMID_SELF},
        .len = PAGE_SIZE,
        .flags = GNTCOPY_source_gref};

    grant_op(GNTTABOP_copy, &op, 1);
}

static void try_event(domid_t domid, evtchn_port_t port)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = domid,
                                           .remote_port = port};
    struct evtchn_send send;
    struct evtchn_close close;

    if (evtchn_op(EVTCHNOP_bind_interdomain, &bind))
        return;
    send.port = bind.local_port;
    for (unsigned int i = 0; i < 8; i++)
        evtchn_op(EVTCHNOP_send, &send);
    close.port = bind.local_port;
    evtchn_op(EVTCHNOP_close, &close);
}

/* Give a page back and take one. */
static void try_balloon(uint64_t *page)
{
    uint64_t pfn = va_to_pfn(page), frame = pfn_to_mfn(pfn);

    page_unmap(page);
    if (reserve(XENMEM_decrease_reservation, DOMID_SELF, &frame, 1, 0) == 1) {
        frame = pfn;
        if (reserve(XENMEM_populate_physmap, DOMID_SELF, &frame, 1, 0) == 1)
            set_p2m(pfn, frame);
    }
    page_set_writable(page);
}

static void try_pin(uint64_t *page)
{
    page_set_readonly(page);
    mmuext(MMUEXT_PIN_L2_TABLE, va_to_mfn(page));
    mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(page));
    page_set_writable(page);
}

/* ---- guest side -------------------------------------------------------- */

static void work(void)
{
    uint64_t *window = page_alloc(), *page = page_alloc();
    grant_ref_t ref = REF + (grant_ref_t)mailbox->word[SLOT];

    page_unmap(window);
    event_enable();
    while (!mailbox->word[STOP]) {
        for (unsigned int i = 0; i < NR_GUESTS; i++) {
            domid_t peer = (domid_t)mailbox->word[PEER + i];

            try_grant(window, peer, ref);
            try_copy(page, peer, ref);
            try_event(peer, (evtchn_port_t)mailbox->word[PORT + i]);
        }
        try_balloon(page);
        try_pin(page);
        mailbox->word[ROUNDS]++;
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    }
}

/* ---- control side: one vcpu looks -------------------------------------- */

static volatile unsigned int stop, second_done;
static volatile uint64_t seen_id[NR_GUESTS] = {DOMID_INVALID, DOMID_INVALID,
                                               DOMID_INVALID};
static volatile uint64_t seen_mfn[NR_GUESTS];
static uint64_t *second_window, *second_page;
static unsigned int nr_looks;

static void look_at(domid_t domid, uint64_t mfn)
{
    static struct vcpu_guest_context context;
    struct xen_domctl_getdomaininfo info;

    if (map_foreign_at(second_window, domid, mfn, PTE_PAGE_RO) == 0) {
        (void)READ_ONCE(second_window[0]);
        page_unmap(second_window);
    }
    try_grant(second_window, domid, REF + NR_GUESTS);
    try_copy(second_page, domid, REF + NR_GUESTS);
    domain_info(domid, &info);
    domain_get_context(domid, 0, &context);
    domctl_plain(XEN_DOMCTL_pausedomain, domid);
    domctl_plain(XEN_DOMCTL_unpausedomain, domid);
    nr_looks++;
}

static void second_vcpu(void)
{
    while (!stop) {
        for (unsigned int i = 0; i < NR_GUESTS; i++)
            look_at((domid_t)seen_id[i], seen_mfn[i]);
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    }
    second_done = 1;
}

/* ---- control side: the other one creates and destroys ------------------ */

/* A page of the pool that the guest's kernel does not take. */
static uint64_t shared_mfn(const struct domain *d)
{
    return d->mfn[d->nr_pfns - 12];
}

/* It grants its page to all others, each by its own entry. */
static void grant_to_all(const struct domain *d)
{
    uint64_t mfn = 0;
    struct xen_mem_acquire_resource op = {.domid = d->id,
                                          .type = XENMEM_resource_grant_table,
                                          .nr_frames = 1,
                                          .frame_list = (uint64_t)&mfn};
    volatile struct grant_entry_v1 *table;

    REQUIRE("acquire_the_table", memory_op(XENMEM_acquire_resource, &op) == 0);
    table = map_foreign(d->id, mfn, PTE_PAGE_RW);
    REQUIRE("map_the_table", table);
    for (unsigned int i = 0; i <= NR_GUESTS; i++) {
        table[REF + i].flags = 0;
        barrier();
        table[REF + i].domid = i < NR_GUESTS ? guests[i].id : 0;
        table[REF + i].frame = (uint32_t)shared_mfn(d);
        barrier();
        table[REF + i].flags = GTF_permit_access;
    }
    page_free((void *)table);
}

static evtchn_port_t port_for(domid_t owner, domid_t peer)
{
    struct evtchn_alloc_unbound op = {.dom = owner, .remote_dom = peer};

    return evtchn_op(EVTCHNOP_alloc_unbound, &op) ? 0 : op.port;
}

/* Let the guest in a slot and the others know of each other. */
static void introduce(unsigned int slot)
{
    for (unsigned int i = 0; i < NR_GUESTS; i++) {
        if (!guests[i].mailbox)
            continue;
        grant_to_all(&guests[i]);
        guests[i].mailbox->word[PORT + slot] =
            port_for(guests[slot].id, guests[i].id);
        guests[slot].mailbox->word[PORT + i] =
            port_for(guests[i].id, guests[slot].id);
        barrier();
        guests[i].mailbox->word[PEER + slot] = guests[slot].id;
        guests[slot].mailbox->word[PEER + i] = guests[i].id;
    }
    seen_mfn[slot] = shared_mfn(&guests[slot]);
    seen_id[slot] = guests[slot].id;
}

static void start(unsigned int slot)
{
    struct xen_domctl_createdomain config;

    domain_config(&config);
    config.max_maptrack_frames = 1;
    domain_build(&guests[slot], &config);
    guests[slot].mailbox->word[SLOT] = slot;
    introduce(slot);
    domain_start(&guests[slot], work);
}

static void end(unsigned int slot)
{
    total_rounds += guests[slot].mailbox->word[ROUNDS];
    domain_destroy(&guests[slot]);
}

static void run_storm(unsigned int cycles)
{
    total_rounds = 0;
    nr_looks = 0;
    for (unsigned int i = 0; i < NR_GUESTS; i++)
        start(i);
    for (unsigned int i = 0; i < cycles; i++) {
        end(i % NR_GUESTS);
        start(i % NR_GUESTS);
        sleep_ms(i % 4);
    }
    for (unsigned int i = 0; i < NR_GUESTS; i++) {
        CHECK_EQ("guest_has_not_crashed",
                 domain_flags(guests[i].id) & XEN_DOMINF_shutdown, 0);
        guests[i].mailbox->word[STOP] = 1;
        domain_finish(&guests[i]);
        end(i);
    }
    printf("note: %u domains, %lu rounds in them, %u looks at them\n",
           cycles + NR_GUESTS, total_rounds, nr_looks);
    CHECK("guests_have_worked", total_rounds > 0);
}

/* The first, short one has the hypervisor's pools grow. */
void test_main(void)
{
    struct host_count before;

    second_window = page_alloc();
    second_page = page_alloc();
    page_unmap(second_window);
    REQUIRE("start_the_second_vcpu", vcpu_start(1, second_vcpu) == 0);
    run_storm(FEW_CYCLES);
    host_count(&before);
    run_storm(CYCLES);
    host_check("all_comes_back", &before);
    stop = 1;
    CHECK("second_vcpu_ends", wait_until(&second_done, 1, 10000));
}
