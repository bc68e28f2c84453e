/* SPDX-License-Identifier: MIT */
/*
 * Entries that are not present, on a machine that holds them against L1TF: they
 * may not name memory, by whatever way they come. And two domains take turns on
 * one CPU with all that is done between them.
 */
#include "domain.h"
#include "guest.h"

/* How an entry is stored that is not present: with the address inverted. */
#define INVERTED(mfn) (~((mfn) << PAGE_SHIFT) & PTE_MFN_MASK)

static struct table_tree tree;
static uint64_t va, pte;

static uint64_t naming(uint64_t mfn)
{
    return mfn << PAGE_SHIFT | PTE_US | PTE_A;
}

static void test_updates(void)
{
    uint64_t own = va_to_mfn(page_alloc());

    CHECK_EQ("own_frame", update_va_mapping(va, naming(own), 0), -XEN_EINVAL);
    CHECK_EQ("hypervisor_frame", update_va_mapping(va, naming(0x200), 0),
             -XEN_EINVAL);
    CHECK_EQ("frame_1", update_va_mapping(va, naming(1), 0), -XEN_EINVAL);
    /* A cache may know 40 bits of an address, or fewer. */
    CHECK_EQ("own_frame_by_another_name",
             update_va_mapping(va, naming(own | 1UL << 39), 0), -XEN_EINVAL);
    CHECK_EQ("entry_is_as_before", try_write(va, 1), TRAP_NONE);
    CHECK_EQ("mmu_update", mmu_update(pte_maddr(va, 1), naming(own)),
             -XEN_EINVAL);
    CHECK_EQ("upper_entry",
             mmu_update(pte_maddr(0x7f0000000000, 4), naming(own)),
             -XEN_EINVAL);
    CHECK_EQ("upper_superpage_of_frame_0",
             mmu_update(pte_maddr(0x7f0000000000, 4), PTE_PSE), -XEN_EINVAL);

    CHECK_EQ("nothing", update_va_mapping(va, 0, UVMF_INVLPG), 0);
    CHECK_EQ("flags_only", update_va_mapping(va, PTE_US | PTE_D, 0), 0);
    CHECK_EQ("inverted", update_va_mapping(va, INVERTED(own), 0), 0);
    CHECK_EQ("inverted_is_stored", *pte_of(va, 1), INVERTED(own));
    CHECK_EQ("present_again", update_va_mapping(va, pte, UVMF_INVLPG), 0);
}

/* Stores that are emulated fault as they would in a read-only page. */
static void test_stores(void)
{
    volatile uint64_t *entry = pte_of(va, 1);
    uint64_t bad = naming(va_to_mfn(boot_l4()));

    CHECK_EQ("store",
             TRAP_OF_INSN("movq %1, %0",
                          : "=m"(*entry)
                          : "r"(bad)),
             TRAP_PF);
    CHECK_EQ("clearing_present",
             TRAP_OF_INSN("lock andq $~1, %0",
                          : "+m"(*entry)),
             TRAP_PF);
    CHECK_EQ("store_of_nothing",
             TRAP_OF_INSN("movq $0, %0",
                          : "=m"(*entry)),
             TRAP_NONE);
    update_va_mapping(va, pte, UVMF_INVLPG);
}

static void check_pin(const char *name, uint64_t *table, uint64_t value,
                      long result)
{
    page_set_writable(table);
    table[77] = value;
    page_set_readonly(table);
    CHECK_EQ(name, mmuext(MMUEXT_PIN_L4_TABLE, va_to_mfn(tree.l4)), result);
}

/* Whole tables, when they become tables. */
static void test_pins(void)
{
    uint64_t bad = naming(va_to_mfn(boot_l4()));

    tree_build(&tree, 0x300000000UL);
    check_pin("pin_with_a_bad_l1", tree.l1, bad, -XEN_EINVAL);
    check_pin("pin_with_a_bad_l2", tree.l2, bad, -XEN_EINVAL);
    CHECK_EQ("l1_is_still_refused",
             mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(tree.l1)), -XEN_EINVAL);
    check_pin("pin_with_a_good_l1", tree.l1, INVERTED(5UL), -XEN_EINVAL);
    check_pin("pin_with_a_bad_l4", tree.l4, bad, -XEN_EINVAL);
    check_pin("pin_with_an_l4_again", tree.l4, 0, -XEN_EINVAL);
    check_pin("pin_with_all_good", tree.l2, 0, 0);
    CHECK_EQ("unpin", mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(tree.l4)), 0);
}

static void guest_side(void)
{
    for (unsigned int i = 0; i < 100; i++)
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
    mailbox->word[0] = 42;
}

static void test_turns(void)
{
    static struct domain guest;

    domain_build(&guest, NULL);
    domain_run(&guest, guest_side);
    CHECK_EQ("domains_take_turns", guest.mailbox->word[0], 42);
    domain_destroy(&guest);
}

void test_main(void)
{
    void *page = page_alloc();

    va = (uint64_t)page;
    pte = make_pte(va_to_mfn(page), PTE_PAGE_RW);
    test_updates();
    test_stores();
    test_pins();
    test_turns();
}
