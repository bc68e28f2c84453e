/* SPDX-License-Identifier: MIT */
/* Entries of L1 tables: which are accepted, and what they do to the frames. */
#include "public/memory.h"

#include "guest.h"

static struct table_tree tree;
static uint64_t spare; /* machine address of an empty entry of tree.l1 */

/* Put an entry in the spare place of a pinned L1. */
static long put(uint64_t pte)
{
    return mmu_update(spare, pte);
}

/* The same, expecting a refusal; the place must still be empty then. */
static void check_refused(const char *name, uint64_t pte, long error)
{
    CHECK_EQ(name, put(pte), error);
    if (READ_ONCE(tree.l1[9])) {
        CHECK_EQ("a_refused_entry_is_not_written", tree.l1[9], 0);
        put(0);
    }
}

static void check_accepted(const char *name, uint64_t pte)
{
    CHECK_EQ(name, put(pte), 0);
    put(0);
}

static void test_flags(void)
{
    uint64_t pte = make_pte(va_to_mfn(tree.page), PTE_PAGE_RW);

    check_accepted("writable", pte);
    check_accepted("readonly", pte & ~PTE_RW);
    check_accepted("global", pte | PTE_G);
    check_accepted("no_execute", pte | PTE_NX);
    check_accepted("supervisor", pte & ~PTE_US);
    check_accepted("available_bits", pte | 7 * PTE_AVAIL0);
    check_accepted("uncached_by_the_first_domain", pte | PTE_PCD);
    check_accepted("write_through_by_the_first_domain", pte | PTE_PWT);
    check_accepted("pat_by_the_first_domain", pte | PTE_PSE);
    check_accepted("not_present", 0xdeadbeef000);
    check_accepted("not_present_with_all_bits", ~PTE_P);
    check_refused("reserved_address_bit_51", pte | 1UL << 51, -XEN_EPERM);
    check_refused("reserved_address_bit_40", pte | 1UL << 40, -XEN_EPERM);
}

static void test_frames(void)
{
    /* The hypervisor's own table of machine frames. */
    uint64_t m2p[1];
    struct xen_machphys_mfn_list list = {.max_extents = 1,
                                         .extent_start = (uint64_t)m2p};

    CHECK_EQ("frames_of_the_m2p",
             hypercall(__HYPERVISOR_memory_op, XENMEM_machphys_mfn_list, &list),
             0);
    check_refused("hypervisor_frame_writable", make_pte(m2p[0], PTE_PAGE_RW),
                  -XEN_EBUSY);
    check_refused("hypervisor_frame_readonly", make_pte(m2p[0], PTE_PAGE_RO),
                  -XEN_EBUSY);
    check_refused("frame_of_the_hypervisors_image",
                  make_pte(0x200, PTE_PAGE_RW), -XEN_EBUSY);
    check_accepted("io_memory_of_the_first_domain",
                   make_pte(0xb8, PTE_PAGE_RW | PTE_PCD));
    CHECK_EQ("io_apic", put(make_pte(0xfec00, PTE_PAGE_RW | PTE_PCD)), 0);
    CHECK_EQ("io_apic_is_made_readonly", tree.l1[9] & PTE_RW, 0);
    put(0);
    check_refused("local_apic", make_pte(0xfee00, PTE_PAGE_RW | PTE_PCD),
                  -XEN_EPERM);
}

static void test_tables_as_pages(void)
{
    check_refused("own_l1_writable", make_pte(va_to_mfn(tree.l1), PTE_PAGE_RW),
                  -XEN_EBUSY);
    check_refused("l4_in_use_writable",
                  make_pte(va_to_mfn(boot_l4()), PTE_PAGE_RW), -XEN_EBUSY);
    check_accepted("own_l1_readonly",
                   make_pte(va_to_mfn(tree.l1), PTE_PAGE_RO));
    check_accepted("l4_in_use_readonly",
                   make_pte(va_to_mfn(boot_l4()), PTE_PAGE_RO));
}

/* Fast path: bits that may change without a new look at the frame. */
static void test_changes(void)
{
    uint64_t l1 = make_pte(va_to_mfn(tree.l1), PTE_PAGE_RO);

    CHECK_EQ("readonly_table_entry", put(l1), 0);
    CHECK_EQ("accessed_bit_off", put(l1 & ~PTE_A), 0);
    CHECK_EQ("dirty_bit_on", put(l1 | PTE_D), 0);
    CHECK_EQ("no_execute_on", put(l1 | PTE_NX), 0);
    CHECK_EQ("rw_on_over_a_table", put(l1 | PTE_RW), -XEN_EBUSY);
    CHECK_EQ("rw_and_nx_on_over_a_table", put(l1 | PTE_RW | PTE_NX),
             -XEN_EBUSY);
    CHECK_EQ("a_refused_change_leaves_the_entry",
             tree.l1[9] & ~(PTE_GUEST_KERNEL | PTE_G), l1 | PTE_NX);
    put(0);
}

/* A frame that is mapped writable cannot become a table, and the other way. */
static void test_writable_and_table(void)
{
    uint64_t *page = page_alloc();
    uint64_t mfn = va_to_mfn(page);

    CHECK_EQ("pin_of_a_writable_frame", mmuext(MMUEXT_PIN_L1_TABLE, mfn),
             -XEN_EINVAL);
    page_set_readonly(page);
    CHECK_EQ("second_alias_writable", put(make_pte(mfn, PTE_PAGE_RW)), 0);
    CHECK_EQ("pin_with_a_writable_alias", mmuext(MMUEXT_PIN_L1_TABLE, mfn),
             -XEN_EINVAL);
    CHECK_EQ("alias_to_readonly", put(make_pte(mfn, PTE_PAGE_RO)), 0);
    CHECK_EQ("pin_with_readonly_aliases", mmuext(MMUEXT_PIN_L1_TABLE, mfn), 0);
    CHECK_EQ("writable_alias_of_a_pinned_table",
             put(make_pte(mfn, PTE_PAGE_RW)), -XEN_EBUSY);
    CHECK_EQ("first_mapping_to_writable", page_set_writable(page), -XEN_EBUSY);
    CHECK_EQ("unpin", mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
    put(0);
    page_free(page);
}

/* Plain stores by mmu_update go to frames that are no tables. */
static void test_store_elsewhere(void)
{
    uint64_t *page = page_alloc();
    uint64_t at = va_to_mfn(page) << PAGE_SHIFT;

    CHECK_EQ("store_to_a_writable_frame", mmu_update(at + 8, 0x1234), 0);
    CHECK_EQ("stored_value", page[1], 0x1234);
    CHECK_EQ("misaligned_store", mmu_update((at + 16) | 4, 5), -XEN_ENOSYS);
    CHECK_EQ("store_to_a_frame_beyond_memory", mmu_update(0x7ffffffff000, 1),
             -XEN_EINVAL);
    CHECK_EQ("store_to_the_hypervisor", mmu_update(0x200000, 1), -XEN_EINVAL);
    CHECK_EQ("store_without_translation", mmu_update(at | 3, 7), 0);
    page_free(page);
}

static void test_preserve_ad(void)
{
    uint64_t pte = make_pte(va_to_mfn(tree.page), PTE_PAGE_RW);

    CHECK_EQ("entry_with_accessed_and_dirty", put(pte), 0);
    CHECK_EQ(
        "update_that_preserves",
        mmu_update(spare | MMU_PT_UPDATE_PRESERVE_AD, pte & ~(PTE_A | PTE_D)),
        0);
    CHECK_EQ("accessed_and_dirty_are_preserved", tree.l1[9] & (PTE_A | PTE_D),
             PTE_A | PTE_D);
    CHECK_EQ("update_that_does_not_preserve", put(pte & ~(PTE_A | PTE_D)), 0);
    CHECK_EQ("accessed_and_dirty_are_gone", tree.l1[9] & (PTE_A | PTE_D), 0);
    put(0);
}

static void test_m2p(void)
{
    uint64_t mfn = va_to_mfn(tree.page), pfn = va_to_pfn(tree.page);

    CHECK_EQ("machphys_update",
             mmu_update(mfn << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, 0x123456), 0);
    CHECK_EQ("m2p_has_the_new_pfn", mfn_to_pfn(mfn), 0x123456);
    CHECK_EQ("machphys_update_back",
             mmu_update(mfn << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, pfn), 0);
    CHECK_EQ("machphys_update_of_the_hypervisors_frame",
             mmu_update(0x200000 | MMU_MACHPHYS_UPDATE, 1), -XEN_EINVAL);
    CHECK_EQ("machphys_update_beyond_memory",
             mmu_update(0x7ffffffff000 | MMU_MACHPHYS_UPDATE, 1), -XEN_EINVAL);
    CHECK_EQ("m2p_is_readonly", try_write(MACH2PHYS_VIRT_START + mfn * 8, 1),
             TRAP_PF);
}

static void test_batches(void)
{
    struct mmu_update reqs[3];
    unsigned int done = 77;

    for (unsigned int i = 0; i < ARRAY_SIZE(reqs); i++) {
        reqs[i].ptr = spare + 8 * i;
        reqs[i].val = make_pte(va_to_mfn(tree.page), PTE_PAGE_RW);
    }
    reqs[1].val |= 1UL << 51;
    CHECK_EQ("batch_with_a_bad_entry",
             hypercall(__HYPERVISOR_mmu_update, reqs, 3, &done, DOMID_SELF),
             -XEN_EPERM);
    CHECK_EQ("entries_done_before_it", done, 1);
    CHECK_EQ("entries_after_it_are_not_written", tree.l1[11], 0);
    put(0);
    CHECK_EQ("empty_batch",
             hypercall(__HYPERVISOR_mmu_update, reqs, 0, &done, DOMID_SELF), 0);
    CHECK_EQ("batch_from_nowhere",
             hypercall(__HYPERVISOR_mmu_update, 0x10, 1, &done, DOMID_SELF),
             -XEN_EFAULT);
    CHECK_EQ("batch_from_the_hypervisor",
             hypercall(__HYPERVISOR_mmu_update, HYPERVISOR_VIRT_START, 1, &done,
                       DOMID_SELF),
             -XEN_EFAULT);
    reqs[0].val = 0;
    CHECK_EQ("batch_for_a_domain_that_is_not_there",
             hypercall(__HYPERVISOR_mmu_update, reqs, 1, &done, 0x1234),
             -XEN_ESRCH);
    CHECK_EQ("tables_of_a_domain_that_is_not_there",
             hypercall(__HYPERVISOR_mmu_update, reqs, 1, &done,
                       DOMID_SELF | 0x1235U << 16),
             -XEN_ESRCH);
}

/* Frames of the I/O domain and of others by their owner's name. */
static void test_foreign(void)
{
    struct mmu_update req = {.ptr = spare};

    req.val = make_pte(va_to_mfn(tree.page), PTE_PAGE_RW);
    CHECK_EQ("own_frame_as_device_memory",
             hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, DOMID_IO),
             -XEN_EBUSY);
    req.val = make_pte(0xb8, PTE_PAGE_RW);
    CHECK_EQ("device_memory",
             hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, DOMID_IO), 0);
    put(0);
}

void test_main(void)
{
    tree_build(&tree, 0x200000000UL);
    spare = (va_to_mfn(tree.l1) << PAGE_SHIFT) + 9 * 8;
    REQUIRE("l1_is_pinned",
            mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(tree.l1)) == 0);
    test_flags();
    test_frames();
    test_tables_as_pages();
    test_changes();
    test_writable_and_table();
    test_store_elsewhere();
    test_preserve_ad();
    test_m2p();
    test_batches();
    test_foreign();
    CHECK_EQ("l1_is_unpinned", mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(tree.l1)),
             0);
    tree_free(&tree);
}
