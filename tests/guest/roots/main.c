/* SPDX-License-Identifier: MIT */
/*
 * Root tables without the hypervisor's mappings: the CPU itself says whether an
 * address has a mapping, by bit 0 of a page fault's error code. And these roots
 * are copies: changes of the guest's own tables have to arrive in them.
 */
#include "guest.h"

#define SLOT_SIZE  (1UL << 39)
#define SLOT(n)    (0xffff000000000000UL | (n)*SLOT_SIZE)
#define GIB        (1UL << 30)
#define FIRST_SLOT 257
#define AREA_SLOT  261
#define LAST_SLOT  271

/* Of the hypervisor: direct map, frame table, areas of CPUs, image. */
#define DIRECT_MAP  0xffff830000000000UL
#define FRAME_TABLE 0xffff828000000000UL
#define AREAS       0xffff82c000000000UL
#define AREA_SIZE   0x200000UL
#define IMAGE       0xffff82d040000000UL
#define ENTRY_STACK 0x2a000UL /* in an area */

#define FREE_VA     0x7f0000000000UL

/* The CPU has an entry for this address that leads to a page, though not for
 * this guest. */
static bool is_mapped(uint64_t va)
{
    return try_read(va) != TRAP_PF || (trap_last()->regs.error & 1);
}

static void test_slots(void)
{
    unsigned int mapped = 0;

    for (uint64_t slot = FIRST_SLOT; slot <= LAST_SLOT; slot++)
        for (uint64_t va = SLOT(slot); va < SLOT(slot) + SLOT_SIZE; va += GIB)
            if (va != AREAS)
                mapped += is_mapped(va);
    CHECK_EQ("no_slot_has_a_mapping", mapped, 0);
}

static void test_places(void)
{
    uint64_t mfn = va_to_mfn(page_alloc());
    unsigned int mapped = 0;

    CHECK("direct_map_of_own_page",
          !is_mapped(DIRECT_MAP + (mfn << PAGE_SHIFT)));
    CHECK("direct_map_of_frame_0", !is_mapped(DIRECT_MAP));
    CHECK("frame_table", !is_mapped(FRAME_TABLE + mfn * 32));
    for (uint64_t va = IMAGE; va < IMAGE + 0x1000000; va += PAGE_SIZE)
        mapped += is_mapped(va);
    CHECK_EQ("image", mapped, 0);
    CHECK("m2p_is_there", mfn_to_pfn(mfn) == va_to_pfn(mfn_to_va(mfn)));
}

/* This CPU's area, and that only; where the guest may stay, it may not read. */
static void test_areas(void)
{
    unsigned int mapped = 0;

    for (unsigned int cpu = 0; cpu < 256; cpu++)
        mapped += is_mapped(AREAS + cpu * AREA_SIZE + ENTRY_STACK);
    CHECK_EQ("area_of_one_cpu", mapped, 1);
}

/* A page behind a top-level entry of its own, in the root that is in use. */
static void test_changes(void)
{
    static struct table_tree tree;
    uint64_t entry;
    unsigned int good = 0;

    tree_build(&tree, FREE_VA);
    entry = make_pte(va_to_mfn(tree.l3), PTE_TABLE);
    *(uint64_t *)tree.page = 77;
    for (unsigned int i = 0; i < 100; i++) {
        good += try_read(FREE_VA) == TRAP_PF;
        good += mmu_update(pte_maddr(FREE_VA, 4), entry) == 0;
        good += try_read(FREE_VA) == TRAP_NONE &&
                *(volatile uint64_t *)FREE_VA == 77;
        good += mmu_update(pte_maddr(FREE_VA, 4), 0) == 0;
    }
    CHECK_EQ("top_level_entries_come_and_go", good, 400);
    CHECK_EQ("nothing_is_left", try_read(FREE_VA), TRAP_PF);
    tree_free(&tree);
}

/* From one base to another and back: each shows its own page. */
static void test_bases(void)
{
    static struct table_tree tree[3];
    unsigned int good = 0;

    for (unsigned int i = 0; i < 3; i++) {
        tree_build(&tree[i], FREE_VA);
        tree_add_kernel(&tree[i]);
        *(uint64_t *)tree[i].page = i;
    }
    for (unsigned int n = 0; n < 300; n++) {
        unsigned int i = n % 7 % 3;

        good += mmuext(MMUEXT_NEW_BASEPTR, va_to_mfn(tree[i].l4)) == 0 &&
                *(volatile uint64_t *)FREE_VA == i;
    }
    CHECK_EQ("new_base_shows_its_own_page", good, 300);
    CHECK_EQ("first_base", mmuext(MMUEXT_NEW_BASEPTR, va_to_mfn(boot_l4())), 0);
    CHECK_EQ("it_has_no_such_page", try_read(FREE_VA), TRAP_PF);
    for (unsigned int i = 0; i < 3; i++)
        tree_free(&tree[i]);
}

void test_main(void)
{
    test_places();
    test_slots();
    test_areas();
    test_changes();
    test_bases();
}
