/* SPDX-License-Identifier: MIT */
/* update_va_mapping: addresses, entries, flush flags; stale TLB entries. */
#include "guest.h"

#define VA_WITHOUT_L1 0x555500000000UL

static uint64_t va, pte;

static void test_addresses(void)
{
    CHECK_EQ("address_without_a_table", update_va_mapping(VA_WITHOUT_L1, 0, 0),
             -XEN_EINVAL);
    CHECK_EQ("address_of_the_hypervisor",
             update_va_mapping(HYPERVISOR_VIRT_START + 0x1000, 0, 0),
             -XEN_EINVAL);
    CHECK_EQ("last_address_of_the_hypervisor",
             update_va_mapping(HYPERVISOR_VIRT_END - PAGE_SIZE, pte, 0),
             -XEN_EINVAL);
    CHECK_EQ("non_canonical_address",
             update_va_mapping(0x800000000000UL, pte, 0), -XEN_EINVAL);
    CHECK_EQ("non_canonical_high_address",
             update_va_mapping(0xffff7fffffffe000UL, pte, 0), -XEN_EINVAL);
    CHECK_EQ("address_within_a_page", update_va_mapping(va + 123, pte, 0), 0);
}

static void test_entries(void)
{
    CHECK_EQ("hypervisor_frame",
             update_va_mapping(va, make_pte(0x200, PTE_PAGE_RW), 0),
             -XEN_EBUSY);
    CHECK_EQ("frame_beyond_memory",
             update_va_mapping(va, make_pte(0x7fffffffff, PTE_PAGE_RW), 0),
             -XEN_EPERM);
    CHECK_EQ(
        "table_writable",
        update_va_mapping(va, make_pte(va_to_mfn(boot_l4()), PTE_PAGE_RW), 0),
        -XEN_EBUSY);
    CHECK_EQ("table_readonly",
             update_va_mapping(va, make_pte(va_to_mfn(boot_l4()), PTE_PAGE_RO),
                               UVMF_INVLPG),
             0);
    CHECK_EQ("table_readonly_then_writable",
             update_va_mapping(va, make_pte(va_to_mfn(boot_l4()), PTE_PAGE_RW),
                               UVMF_INVLPG),
             -XEN_EBUSY);
    CHECK_EQ("page_again", update_va_mapping(va, pte, UVMF_INVLPG), 0);
}

/* Each kind of flush makes the new mapping count at once. */
static void test_flushes(void)
{
    static uint64_t mask = 1;
    const uint64_t flags[] = {
        UVMF_TLB_FLUSH | UVMF_LOCAL,
        UVMF_TLB_FLUSH | UVMF_ALL,
        UVMF_TLB_FLUSH | UVMF_MULTI | (uint64_t)&mask,
        UVMF_INVLPG | UVMF_LOCAL,
        UVMF_INVLPG | UVMF_ALL,
        UVMF_INVLPG | UVMF_MULTI | (uint64_t)&mask,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
        try_write(va, i);
        CHECK_EQ("to_readonly", update_va_mapping(va, pte & ~PTE_RW, flags[i]),
                 0);
        CHECK_EQ("write_faults", try_write(va, 99), TRAP_PF);
        CHECK_EQ("unmapped", update_va_mapping(va, 0, flags[i]), 0);
        CHECK_EQ("read_faults", try_read(va), TRAP_PF);
        CHECK_EQ("mapped_again", update_va_mapping(va, pte, flags[i]), 0);
        CHECK_EQ("value_is_still_there", READ_ONCE(*(uint64_t *)va), i);
    }
}

static void test_bad_flags(void)
{
    CHECK_EQ("flush_kind_3", update_va_mapping(va, pte, UVMF_FLUSHTYPE_MASK),
             0);
    CHECK_EQ("bitmap_at_a_bad_address",
             update_va_mapping(va, pte, UVMF_TLB_FLUSH | 0x10), -XEN_EFAULT);
    CHECK_EQ("bitmap_in_the_hypervisor",
             update_va_mapping(va, pte, UVMF_INVLPG | HYPERVISOR_VIRT_START),
             -XEN_EFAULT);
}

/* What a page fault tells of the access, and that cr2 is right. */
static void test_faults(void)
{
    const struct trap *trap = trap_last();

    update_va_mapping(va, pte & ~PTE_RW, UVMF_INVLPG);
    CHECK_EQ("write_to_readonly", try_write(va + 40, 1), TRAP_PF);
    CHECK_EQ("error_code_of_a_write_to_readonly", trap->regs.error, 3);
    CHECK_EQ("cr2_of_a_write", trap->cr2, va + 40);
    update_va_mapping(va, 0, UVMF_INVLPG);
    CHECK_EQ("write_to_nothing", try_write(va, 1), TRAP_PF);
    CHECK_EQ("error_code_of_a_write_to_nothing", trap->regs.error, 2);
    CHECK_EQ("read_of_nothing", try_read(va + 8), TRAP_PF);
    CHECK_EQ("error_code_of_a_read_of_nothing", trap->regs.error, 0);
    CHECK_EQ("cr2_of_a_read", trap->cr2, va + 8);
    CHECK_EQ("read_of_the_hypervisor",
             try_read(HYPERVISOR_VIRT_END - 0x100000000), TRAP_PF);
    CHECK_EQ("write_to_the_hypervisor",
             try_write(HYPERVISOR_VIRT_END - 0x100000000, 1), TRAP_PF);
    CHECK_EQ("read_of_the_end_of_the_m2p_window",
             try_read(MACH2PHYS_VIRT_END - 8), TRAP_PF);
    update_va_mapping(va, pte, UVMF_INVLPG);
}

static void test_otherdomain(void)
{
    CHECK_EQ("otherdomain_self",
             hypercall(__HYPERVISOR_update_va_mapping_otherdomain, va, pte, 0,
                       DOMID_SELF),
             0);
    CHECK_EQ("otherdomain_that_is_not_there",
             hypercall(__HYPERVISOR_update_va_mapping_otherdomain, va, pte, 0,
                       0x1234),
             -XEN_ESRCH);
    CHECK_EQ("own_frame_as_device_memory",
             hypercall(__HYPERVISOR_update_va_mapping_otherdomain, va, pte, 0,
                       DOMID_IO),
             0);
}

void test_main(void)
{
    void *page = page_alloc();

    va = (uint64_t)page;
    pte = make_pte(va_to_mfn(page), PTE_PAGE_RW);
    test_addresses();
    test_entries();
    test_flushes();
    test_bad_flags();
    test_faults();
    test_otherdomain();
    page_free(page);
}
