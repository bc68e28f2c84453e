/* SPDX-License-Identifier: MIT */
/*
 * Memory of other domains: limits, claims, a host without free memory, and
 * guests that grow and shrink.
 */
#include "domain.h"

#define NO_DOMAIN   0x1234
#define ORDER       9
#define MAX_EXTENTS 600
#define CLAIM       1000
#define SPARE_PFN   600 /* that no kernel maps */
/* Pages that the hypervisor may keep for small objects after all this. */
#define KEPT_PAGES  8

#define MAX_ENTRIES 64
#define RESULT      0 /* mailbox->word[] */
#define BALLOON     16

static struct domain guest, other;
static uint64_t frames[MAX_EXTENTS];

static long current_reservation(domid_t domid)
{
    struct xen_memory_domain op = {.domid = domid};

    return memory_op(XENMEM_current_reservation, &op);
}

static long maximum_reservation(domid_t domid)
{
    struct xen_memory_domain op = {.domid = domid};

    return memory_op(XENMEM_maximum_reservation, &op);
}

static long set_max_mem(domid_t domid, uint64_t pages)
{
    struct xen_domctl op = {.u.max_mem.max_memkb = pages * 4};

    return domctl(XEN_DOMCTL_max_mem, domid, &op);
}

/* Populate nr extents at pfns from SPARE_PFN on: how many were done. */
static long populate(domid_t domid, uint64_t nr, unsigned int order)
{
    for (uint64_t i = 0; i < nr; i++)
        frames[i] = SPARE_PFN + (i << order);
    return reserve(XENMEM_populate_physmap, domid, frames, nr, order);
}

static void test_reservations(void)
{
    struct xen_domctl_getdomaininfo info;

    domain_info(guest.id, &info);
    CHECK_EQ("current_reservation", current_reservation(guest.id),
             info.tot_pages);
    CHECK_EQ("maximum_reservation", maximum_reservation(guest.id),
             info.max_pages);
    CHECK_EQ("reservation_of_nobody", current_reservation(NO_DOMAIN),
             -XEN_ESRCH);
    CHECK_EQ("max_mem", set_max_mem(guest.id, info.tot_pages + 3), 0);
    CHECK_EQ("max_mem_is_seen", maximum_reservation(guest.id),
             info.tot_pages + 3);
    CHECK_EQ("populate_up_to_the_limit", populate(guest.id, 8, 0), 3);
    CHECK_EQ("m2p_of_a_populated_frame", mfn_to_pfn(frames[0]), SPARE_PFN);
    CHECK_EQ("populate_at_the_limit", populate(guest.id, 1, 0), 0);
    populate(guest.id, 0, 0);
    CHECK_EQ("max_mem_below_the_size", set_max_mem(guest.id, 1), 0);
    CHECK_EQ("it_keeps_what_it_has", current_reservation(guest.id),
             info.tot_pages + 3);
    CHECK_EQ("but_gets_no_more", populate(guest.id, 1, 0), 0);
    CHECK_EQ("max_mem_of_nobody", set_max_mem(NO_DOMAIN, 1000), -XEN_ESRCH);
    set_max_mem(guest.id, info.max_pages);
}

static void test_decrease(void)
{
    long before = current_reservation(guest.id);
    uint64_t mfn;

    CHECK_EQ("populate_of_another", populate(guest.id, 4, 0), 4);
    mfn = frames[0];
    CHECK_EQ("decrease_of_another",
             reserve(XENMEM_decrease_reservation, guest.id, frames, 4, 0), 4);
    CHECK_EQ("size_as_before", current_reservation(guest.id), before);
    CHECK_EQ("decrease_of_what_is_gone",
             reserve(XENMEM_decrease_reservation, guest.id, &mfn, 1, 0), 0);
    mfn = other.mfn[300];
    CHECK_EQ("decrease_of_a_third_domains_frame",
             reserve(XENMEM_decrease_reservation, guest.id, &mfn, 1, 0), 0);
    mfn = va_to_mfn(boot_l4());
    CHECK_EQ("decrease_of_ones_own_frame_for_another",
             reserve(XENMEM_decrease_reservation, guest.id, &mfn, 1, 0), 0);
    mfn = SPARE_PFN;
    CHECK_EQ("populate_of_a_huge_order",
             reserve(XENMEM_populate_physmap, guest.id, &mfn, 1, 40), 0);
}

/* ---- claims ------------------------------------------------------------ */

static long claim(domid_t domid, uint64_t pages)
{
    return reserve(XENMEM_claim_pages, domid, NULL, pages, 0);
}

static uint64_t nr_claimed(void)
{
    struct xen_sysctl op = {.cmd = 0};

    sysctl(XEN_SYSCTL_physinfo, &op);
    return op.u.physinfo.outstanding_pages;
}

static uint64_t nr_free(void)
{
    struct xen_sysctl op = {.cmd = 0};

    sysctl(XEN_SYSCTL_physinfo, &op);
    return op.u.physinfo.free_pages;
}

static void test_claims(void)
{
    struct xen_domctl_getdomaininfo info;
    long size = current_reservation(guest.id);

    set_max_mem(guest.id, 1 << 20);
    set_max_mem(other.id, 1 << 20);
    CHECK_EQ("claim_more_than_there_is", claim(guest.id, nr_free() + CLAIM * 2),
             -XEN_ENOMEM);
    CHECK_EQ("a_claim_of_more_than_there_is_leaves_nothing", nr_claimed(), 0);
    CHECK("claim_of_nobody", claim(NO_DOMAIN, 1) < 0);
    CHECK_EQ("claim_with_an_order",
             reserve(XENMEM_claim_pages, guest.id, NULL, CLAIM, 1),
             -XEN_EINVAL);
    CHECK_EQ("claim_with_extents",
             reserve(XENMEM_claim_pages, guest.id, frames, CLAIM, 0),
             -XEN_EINVAL);
    CHECK_EQ("claim", claim(guest.id, (uint64_t)size + CLAIM), 0);
    CHECK_EQ("claim_is_seen", nr_claimed(), CLAIM);
    domain_info(guest.id, &info);
    CHECK_EQ("claim_is_seen_at_the_domain", info.outstanding_pages, CLAIM);
    CHECK_EQ("claim_twice", claim(guest.id, (uint64_t)size + 2 * CLAIM),
             -XEN_EINVAL);
    CHECK_EQ("populate_from_a_claim", populate(guest.id, 10, 0), 10);
    CHECK_EQ("claim_gets_smaller", nr_claimed(), CLAIM - 10);
    CHECK_EQ("populate_of_another", populate(other.id, 10, 0), 10);
    CHECK_EQ("claim_stays", nr_claimed(), CLAIM - 10);
    CHECK_EQ("cancel_the_claim", claim(guest.id, 0), 0);
    CHECK_EQ("no_claim_is_left", nr_claimed(), 0);
    CHECK_EQ("claim_once_more",
             claim(guest.id, (uint64_t)current_reservation(guest.id) + CLAIM),
             0);
}

/* ---- no memory --------------------------------------------------------- */

/* All that is free, but not what another domain has claimed. */
static void use_up(domid_t domid)
{
    while (populate(domid, MAX_EXTENTS, ORDER) == MAX_EXTENTS)
        ;
    while (populate(domid, MAX_EXTENTS, 0) == MAX_EXTENTS)
        ;
}

/* A domain that is not fully there is destroyed like any other. */
static void create_without_memory(void)
{
    static struct domain late;

    CHECK_EQ("create_without_memory", domain_create(&late, NULL), -XEN_ENOMEM);
    if (late.id)
        domctl_plain(XEN_DOMCTL_destroydomain, late.id);
}

static void test_no_memory(void)
{
    uint64_t before = nr_free(), left;
    long size;

    use_up(other.id);
    left = nr_free();
    CHECK("a_claim_is_left_to_its_owner", left >= CLAIM);
    CHECK("all_else_is_used", left < before);
    CHECK_EQ("populate_for_others_fails", populate(other.id, 1, 0), 0);
    CHECK_EQ("populate_from_the_claim_works", populate(guest.id, 500, 0), 500);
    CHECK_EQ("cancel_the_claim_without_memory", claim(guest.id, 0), 0);
    use_up(other.id);
    CHECK("nearly_nothing_is_left", nr_free() < CLAIM);
    create_without_memory();
    CHECK_EQ("claim_without_memory", claim(guest.id, before), -XEN_ENOMEM);
    size = current_reservation(guest.id);
    CHECK_EQ("populate_without_memory", populate(guest.id, 8, ORDER), 0);
    CHECK_EQ("and_nothing_half_done", current_reservation(guest.id), size);
    CHECK("guest_works_without_free_memory",
          (domain_flags(guest.id) & XEN_DOMINF_shutdown) == 0);
}

/* ---- exchange ---------------------------------------------------------- */

static long exchange(domid_t in, domid_t out, uint64_t mfn)
{
    uint64_t taken = SPARE_PFN;
    struct xen_memory_exchange op = {
        .in = {.extent_start = (uint64_t)&mfn, .nr_extents = 1, .domid = in},
        .out = {
            .extent_start = (uint64_t)&taken, .nr_extents = 1, .domid = out}};

    return memory_op(XENMEM_exchange, &op);
}

static void test_exchange(void)
{
    uint64_t *page = page_alloc();
    uint64_t mfn = va_to_mfn(page);

    CHECK_EQ("exchange_between_domains",
             exchange(DOMID_SELF, guest.id, guest.mfn[300]), -XEN_EINVAL);
    CHECK_EQ("exchange_of_nobody", exchange(NO_DOMAIN, NO_DOMAIN, mfn),
             -XEN_ESRCH);
    CHECK_EQ("exchange_of_anothers_frame",
             exchange(DOMID_SELF, DOMID_SELF, guest.mfn[300]), -XEN_EINVAL);
    page_free(page);
}

/* ---- memory map -------------------------------------------------------- */

/* As in the firmware's table. */
struct e820_entry {
    uint64_t start, size;
    uint32_t type;
} __attribute__((packed));

static long set_map(domid_t domid, uint32_t nr, const void *entries)
{
    struct xen_foreign_memory_map op = {
        .domid = domid, .map = {.nr_entries = nr, .buffer = (uint64_t)entries}};

    return memory_op(XENMEM_set_memory_map, &op);
}

static void read_map(void)
{
    static struct e820_entry map[MAX_ENTRIES];
    struct xen_memory_map op = {.nr_entries = MAX_ENTRIES,
                                .buffer = (uint64_t)map};

    CHECK_EQ("guest_reads_its_map", memory_op(XENMEM_memory_map, &op), 0);
    CHECK_EQ("map_has_two_entries", op.nr_entries, 2);
    CHECK_EQ("map_size", map[1].size, 0x5678000);
    CHECK_EQ("map_type", map[1].type, 2);
    op.nr_entries = 1;
    CHECK_EQ("room_for_one_entry_only", memory_op(XENMEM_memory_map, &op), 0);
    CHECK_EQ("guest_sets_no_map_of_dom0", set_map(0, 1, map), -XEN_EPERM);
}

static void test_memory_map(void)
{
    static const struct e820_entry map[2] = {
        {.start = 0, .size = 0x1234000, .type = 1},
        {.start = 0x1234000, .size = 0x5678000, .type = 2}};

    CHECK_EQ("set_memory_map", set_map(guest.id, 2, map), 0);
    CHECK_EQ("set_memory_map_of_nobody", set_map(NO_DOMAIN, 2, map),
             -XEN_ESRCH);
    CHECK_EQ("set_a_huge_memory_map", set_map(guest.id, 100000, map),
             -XEN_EINVAL);
    CHECK_EQ("set_a_memory_map_from_nowhere",
             set_map(guest.id, 2, (void *)0x10), -XEN_EFAULT);
    domain_run(&guest, read_map);
}

/* ---- guest side -------------------------------------------------------- */

static void balloon(void)
{
    static uint64_t mfns[BALLOON];
    static uint64_t *pages[BALLOON];
    long size = current_reservation(DOMID_SELF);

    for (unsigned int i = 0; i < BALLOON; i++) {
        pages[i] = page_alloc();
        mfns[i] = va_to_mfn(pages[i]);
        page_unmap(pages[i]);
    }
    CHECK_EQ("guest_gives_pages_back",
             reserve(XENMEM_decrease_reservation, DOMID_SELF, mfns, BALLOON, 0),
             BALLOON);
    CHECK_EQ("guest_is_smaller", current_reservation(DOMID_SELF),
             size - BALLOON);
    for (unsigned int i = 0; i < BALLOON; i++)
        mfns[i] = va_to_pfn(pages[i]);
    CHECK_EQ("guest_takes_them_again",
             reserve(XENMEM_populate_physmap, DOMID_SELF, mfns, BALLOON, 0),
             BALLOON);
    for (unsigned int i = 0; i < BALLOON; i++) {
        set_p2m(va_to_pfn(pages[i]), mfns[i]);
        page_free(pages[i]);
    }
    CHECK_EQ("guest_has_its_size", current_reservation(DOMID_SELF), size);
}

static void be_refused(void)
{
    struct xen_memory_domain dom0 = {.domid = 0};
    uint64_t mfn = mailbox->word[RESULT], pfn = SPARE_PFN;

    CHECK_EQ("guest_asks_not_for_the_size_of_dom0",
             memory_op(XENMEM_current_reservation, &dom0), -XEN_EPERM);
    CHECK("guest_takes_no_page_of_dom0",
          reserve(XENMEM_decrease_reservation, 0, &mfn, 1, 0) <= 0);
    CHECK("guest_gives_dom0_no_page",
          reserve(XENMEM_populate_physmap, 0, &pfn, 1, 0) <= 0);
    CHECK("guest_takes_no_page_of_another_as_its_own",
          reserve(XENMEM_decrease_reservation, DOMID_SELF, &mfn, 1, 0) <= 0);
    CHECK("guest_claims_nothing", claim(DOMID_SELF, 1000) < 0);
    CHECK("guest_exchanges_nothing_with_dom0", exchange(0, 0, mfn) < 0);
}

/* Its limit is above, but the host has no more. */
static void guest_wants_too_much(void)
{
    static uint64_t pfns[64];
    long size = current_reservation(DOMID_SELF), done;

    for (unsigned int i = 0; i < 64; i++)
        pfns[i] = SPARE_PFN + i;
    done = reserve(XENMEM_populate_physmap, DOMID_SELF, pfns, 64, 0);
    CHECK("guest_gets_what_there_is", done >= 0 && done <= 64);
    CHECK_EQ("and_is_so_much_larger", current_reservation(DOMID_SELF),
             size + done);
}

void test_main(void)
{
    struct host_count before;

    host_warm_up();
    host_count(&before);
    domain_build(&guest, NULL);
    domain_build(&other, NULL);
    test_reservations();
    test_decrease();
    test_exchange();
    test_memory_map();
    domain_run(&guest, balloon);
    guest.mailbox->word[RESULT] = va_to_mfn(boot_l4());
    domain_run(&guest, be_refused);
    test_claims();
    test_no_memory();
    domain_run(&guest, guest_wants_too_much);
    domain_destroy(&other);
    CHECK_EQ("populate_works_again", populate(guest.id, 8, ORDER), 8);
    domain_destroy(&guest);
    before.free_pages -= KEPT_PAGES;
    host_check("all_comes_back", &before);
}
