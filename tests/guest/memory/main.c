/* SPDX-License-Identifier: MIT */
/* memory_op: reservations, exchange, maps; frames that are in use. */
#include "public/memory.h"

#include "guest.h"

static long memory_op(unsigned long cmd, void *arg)
{
    return hypercall(__HYPERVISOR_memory_op, cmd, arg);
}

static long reserve(unsigned long cmd, uint64_t *frames, uint64_t nr,
                    unsigned int order)
{
    struct xen_memory_reservation res = {.extent_start = (uint64_t)frames,
                                         .nr_extents = nr,
                                         .extent_order = order,
                                         .domid = DOMID_SELF};

    return memory_op(cmd, &res);
}

static long current_reservation(void)
{
    struct xen_memory_domain self = {.domid = DOMID_SELF};

    return memory_op(XENMEM_current_reservation, &self);
}

/* Give a page away and take another for the same pfn. */
static void test_decrease_and_populate(void)
{
    uint64_t *page = page_alloc();
    uint64_t pfn = va_to_pfn(page), mfn = pfn_to_mfn(pfn), frame = mfn;
    long before = current_reservation();

    CHECK_EQ("unmap", page_unmap(page), 0);
    CHECK_EQ("decrease", reserve(XENMEM_decrease_reservation, &frame, 1, 0), 1);
    CHECK_EQ("domain_is_smaller", current_reservation(), before - 1);
    CHECK_EQ("frame_given_back_is_not_ours",
             update_va_mapping((uint64_t)page, make_pte(mfn, PTE_PAGE_RW), 0),
             -XEN_EBUSY);
    frame = mfn;
    CHECK_EQ("decrease_twice",
             reserve(XENMEM_decrease_reservation, &frame, 1, 0), 0);
    frame = pfn;
    CHECK_EQ("populate", reserve(XENMEM_populate_physmap, &frame, 1, 0), 1);
    CHECK("populate_tells_the_frame", frame != pfn);
    CHECK_EQ("m2p_of_the_new_frame", mfn_to_pfn(frame), pfn);
    CHECK_EQ("domain_has_its_size", current_reservation(), before);
    set_p2m(pfn, frame);
    CHECK_EQ("map_the_new_frame", page_set_writable(page), 0);
    CHECK_EQ("new_frame_is_clean", page[0] | page[511], 0);
    page_free(page);
}

static void check_decrease(const char *name, uint64_t mfn)
{
    CHECK_EQ(name, reserve(XENMEM_decrease_reservation, &mfn, 1, 0), 0);
}

static void test_decrease_of_others(void)
{
    check_decrease("decrease_of_a_frame_beyond_memory", 0x7fffffffff);
    check_decrease("decrease_of_frame_minus_one", ~0UL);
    check_decrease("decrease_of_a_hypervisor_frame", 0x200);
    check_decrease("decrease_of_device_memory", 0xb8);
}

static void test_bad_reservations(void)
{
    uint64_t frame = va_to_pfn(page_alloc()), mfn = pfn_to_mfn(frame);
    struct xen_memory_reservation res = {
        .extent_start = (uint64_t)&mfn, .nr_extents = 1, .domid = 0x1234};

    CHECK_EQ("decrease_of_a_domain_that_is_not_there",
             memory_op(XENMEM_decrease_reservation, &res), 0);
    CHECK_EQ("populate_of_a_domain_that_is_not_there",
             memory_op(XENMEM_populate_physmap, &res), 0);
    CHECK_EQ("reservation_from_nowhere",
             memory_op(XENMEM_decrease_reservation, (void *)0x10), 0);
    CHECK_EQ("populate_from_nowhere",
             memory_op(XENMEM_populate_physmap, (void *)0x10), 0);
    CHECK_EQ("extents_from_nowhere",
             reserve(XENMEM_decrease_reservation, (uint64_t *)0x10, 1, 0), 0);
    CHECK_EQ("extents_in_the_hypervisor",
             reserve(XENMEM_decrease_reservation,
                     (uint64_t *)HYPERVISOR_VIRT_START, 1, 0),
             0);
    CHECK_EQ("populate_extents_in_the_hypervisor",
             reserve(XENMEM_populate_physmap, (uint64_t *)HYPERVISOR_VIRT_START,
                     1, 0),
             0);
    CHECK_EQ("huge_order", reserve(XENMEM_populate_physmap, &frame, 1, 40), 0);
    CHECK_EQ("huge_count",
             reserve(XENMEM_populate_physmap, &frame, ~0UL >> 4, 0), 0);
    CHECK_EQ("no_extents", reserve(XENMEM_populate_physmap, &frame, 0, 0), 0);
    CHECK_EQ("increase_to_nowhere",
             reserve(XENMEM_increase_reservation, (uint64_t *)0x10, 1, 0), 0);
}

/* An array of frames that begins in a page and ends in none. */
static void test_array_across_a_hole(void)
{
    uint64_t *first = page_alloc(), *second = page_alloc();
    uint64_t *array = second - 1;
    void *victim = page_alloc();
    uint64_t pfn = va_to_pfn(victim);

    REQUIRE("pages_are_adjacent", second == first + 512);
    page_unmap(second);
    page_unmap(victim);
    array[0] = pfn_to_mfn(pfn);
    CHECK_EQ("decrease_goes_as_far_as_the_array",
             reserve(XENMEM_decrease_reservation, array, 2, 0), 1);
    array[0] = pfn;
    CHECK_EQ("populate_goes_as_far_as_the_array",
             reserve(XENMEM_populate_physmap, array, 2, 0), 1);
    set_p2m(pfn, array[0]);
    page_free(victim);
    page_free(second);
    page_free(first);
}

static long exchange(uint64_t *in, uint64_t nr_in, uint64_t *out,
                     unsigned int order, uint64_t *nr_out)
{
    struct xen_memory_exchange op = {
        .in = {.extent_start = (uint64_t)in,
               .nr_extents = nr_in,
               .domid = DOMID_SELF},
        .out = {.extent_start = (uint64_t)out,
                .nr_extents = nr_in >> order,
                .extent_order = order,
                .domid = DOMID_SELF},
    };
    long rc = memory_op(XENMEM_exchange, &op);

    *nr_out = op.nr_exchanged;
    return rc;
}

#define NR_EXCHANGED 4

static void test_exchange(void)
{
    void *pages[NR_EXCHANGED];
    uint64_t in[NR_EXCHANGED], out, pfn, nr;

    for (unsigned int i = 0; i < NR_EXCHANGED; i++) {
        pages[i] = page_alloc();
        in[i] = va_to_mfn(pages[i]);
        page_unmap(pages[i]);
    }
    pfn = out = va_to_pfn(pages[0]);
    CHECK_EQ("exchange", exchange(in, NR_EXCHANGED, &out, 2, &nr), 0);
    CHECK_EQ("exchange_tells_how_many", nr, NR_EXCHANGED);
    CHECK_EQ("exchanged_frames_are_aligned", out % NR_EXCHANGED, 0);
    for (unsigned int i = 0; i < NR_EXCHANGED; i++) {
        CHECK_EQ("m2p_of_an_exchanged_frame", mfn_to_pfn(out + i), pfn + i);
        CHECK_EQ("old_frame_is_not_ours",
                 update_va_mapping((uint64_t)pages[i],
                                   make_pte(in[i], PTE_PAGE_RW), 0),
                 -XEN_EBUSY);
        set_p2m(pfn + i, out + i);
        page_free(pages[i]);
    }
}

static void check_exchange(const char *name, uint64_t in, long error)
{
    uint64_t out = 0, nr;

    CHECK_EQ(name, exchange(&in, 1, &out, 0, &nr), error);
    CHECK_EQ("a_refused_exchange_did_nothing", nr, 0);
}

static void test_exchange_of_frames_in_use(void)
{
    uint64_t *page = page_alloc(), *table = page_alloc();

    check_exchange("exchange_of_a_mapped_page", va_to_mfn(page), -XEN_EINVAL);
    page_set_readonly(table);
    mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(table));
    page_unmap(table);
    check_exchange("exchange_of_a_pinned_table", va_to_mfn(table), -XEN_EINVAL);
    CHECK_EQ("unpin", mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(table)), 0);
    check_exchange("exchange_of_the_tables_in_use", va_to_mfn(boot_l4()),
                   -XEN_EINVAL);
    check_exchange("exchange_of_shared_info",
                   start_info->shared_info >> PAGE_SHIFT, -XEN_EINVAL);
    check_exchange("exchange_of_a_hypervisor_frame", 0x200, -XEN_EINVAL);
    check_exchange("exchange_of_a_frame_beyond_memory", 0x7fffffffff,
                   -XEN_EINVAL);
    page_free(page);
    page_free(table);
}

static void test_bad_exchange(void)
{
    uint64_t frame = va_to_mfn(page_alloc()), nr;
    uint64_t *hypervisor = (uint64_t *)HYPERVISOR_VIRT_START;

    CHECK_EQ("exchange_from_nowhere", memory_op(XENMEM_exchange, (void *)0x10),
             -XEN_EFAULT);
    CHECK_EQ("exchange_in_from_the_hypervisor",
             exchange(hypervisor, 1, &frame, 0, &nr), -XEN_EFAULT);
    CHECK_EQ("exchange_out_to_the_hypervisor",
             exchange(&frame, 1, hypervisor, 0, &nr), -XEN_EFAULT);
    CHECK_EQ("exchange_whose_sizes_differ", exchange(&frame, 3, &frame, 1, &nr),
             -XEN_EINVAL);
    CHECK_EQ("exchange_of_a_huge_order",
             exchange(&frame, 1UL << 40, &frame, 40, &nr), -XEN_EPERM);
    CHECK_EQ("exchange_whose_size_wraps",
             exchange(&frame, ~0UL, &frame, 0, &nr), -XEN_EFAULT);
}

static void test_maps(void)
{
    static uint8_t entries[32][20];
    struct xen_memory_map map = {.nr_entries = 32, .buffer = (uint64_t)entries};
    struct xen_machphys_mapping mapping;

    CHECK_EQ("machine_memory_map", memory_op(XENMEM_machine_memory_map, &map),
             0);
    CHECK("machine_has_a_few_ranges",
          map.nr_entries > 2 && map.nr_entries <= 32);
    map.nr_entries = 1;
    CHECK_EQ("machine_memory_map_with_little_room",
             memory_op(XENMEM_machine_memory_map, &map), -XEN_EINVAL);

    map.nr_entries = 32;
    map.buffer = 0x10;
    CHECK_EQ("machine_memory_map_to_nowhere",
             memory_op(XENMEM_machine_memory_map, &map), -XEN_EFAULT);
    map.buffer = HYPERVISOR_VIRT_START;
    CHECK_EQ("machine_memory_map_to_the_hypervisor",
             memory_op(XENMEM_machine_memory_map, &map), -XEN_EFAULT);
    CHECK_EQ("own_memory_map_is_not_set", memory_op(XENMEM_memory_map, &map),
             -XEN_ENOSYS);
    CHECK_EQ("machphys_mapping", memory_op(XENMEM_machphys_mapping, &mapping),
             0);
    CHECK_EQ("m2p_begins_where_it_should", mapping.v_start,
             MACH2PHYS_VIRT_START);
    CHECK("m2p_has_all_our_frames", mapping.max_mfn >= va_to_mfn(entries));
    CHECK_EQ("machphys_mapping_to_nowhere",
             memory_op(XENMEM_machphys_mapping, (void *)0x10), -XEN_EFAULT);
}

static void test_sizes(void)
{
    struct xen_memory_domain self = {.domid = DOMID_SELF};
    struct xen_memory_domain nobody = {.domid = 0x1234};

    CHECK_EQ("reservation_is_what_start_info_says", current_reservation(),
             start_info->nr_pages);
    CHECK("maximum_is_no_less", memory_op(XENMEM_maximum_reservation, &self) >=
                                    (long)start_info->nr_pages);
    CHECK("maximum_ram_page", memory_op(XENMEM_maximum_ram_page, NULL) >
                                  (long)start_info->nr_pages / 2);
    shared_info->arch.max_pfn = start_info->nr_pages;
    CHECK_EQ("maximum_gpfn_is_what_the_guest_said",
             memory_op(XENMEM_maximum_gpfn, &self), start_info->nr_pages - 1);

    CHECK_EQ("reservation_of_a_domain_that_is_not_there",
             memory_op(XENMEM_current_reservation, &nobody), -XEN_ESRCH);
    CHECK_EQ("reservation_of_nowhere",
             memory_op(XENMEM_current_reservation, (void *)0x10), -XEN_EFAULT);
    CHECK_EQ("unknown_memory_operation", memory_op(63, &self), -XEN_ENOSYS);

    CHECK_EQ("sharing_is_not_there",
             memory_op(XENMEM_get_sharing_freed_pages, NULL), 0);
}

/* A GDT frame and a page granted to nobody behave as pages in use. */
static void test_decrease_of_a_gdt(void)
{
    uint64_t *gdt = page_alloc(), in = va_to_mfn(gdt), out, nr;

    page_set_readonly(gdt);
    CHECK_EQ("gdt", hypercall(__HYPERVISOR_set_gdt, &in, 16), 0);
    page_unmap(gdt);
    out = va_to_pfn(gdt);
    CHECK_EQ("exchange_of_a_gdt", exchange(&in, 1, &out, 0, &nr), -XEN_EINVAL);
    CHECK_EQ("gdt_off", hypercall(__HYPERVISOR_set_gdt, NULL, 0), 0);
    page_free(gdt);
}

/* The page is the hypervisor's. A count of 1 may be answered, but it stays. */
static void test_decrease_of_shared_info(void)
{
    uint64_t mfn = start_info->shared_info >> PAGE_SHIFT;
    long rc = reserve(XENMEM_decrease_reservation, &mfn, 1, 0);
    uint64_t before = time_ns();

    if (rc)
        check_skip("decrease_of_shared_info", "this hypervisor allows it");
    else
        CHECK_EQ("decrease_of_shared_info", rc, 0);
    CHECK("shared_info_is_still_kept", time_ns() >= before);
}

void test_main(void)
{
    test_sizes();
    test_maps();
    test_decrease_and_populate();
    test_decrease_of_others();
    test_bad_reservations();
    test_array_across_a_hole();
    test_exchange();
    test_exchange_of_frames_in_use();
    test_bad_exchange();
    test_decrease_of_a_gdt();
    test_decrease_of_shared_info();
}
