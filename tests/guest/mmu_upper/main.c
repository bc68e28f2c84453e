/* SPDX-License-Identifier: MIT */
/* Entries of L2, L3 and L4 tables. The same questions are asked at each level.
 */
#include "guest.h"

#define SPARE 300 /* an empty entry of each table of the tree */

static struct table_tree tree;

/* A level: its table, the table below it, and one of a wrong level. */
struct level {
    uint64_t *table, *below, *wrong;
};

static long put(const struct level *level, uint64_t pte)
{
    return mmu_update((va_to_mfn(level->table) << PAGE_SHIFT) + SPARE * 8, pte);
}

static void check_refused(const struct level *level, const char *name,
                          uint64_t pte, long error)
{
    CHECK_EQ(name, put(level, pte), error);
    if (READ_ONCE(level->table[SPARE])) {
        CHECK_EQ("a_refused_entry_is_not_written", level->table[SPARE], 0);
        put(level, 0);
    }
}

static void check_flags(const struct level *level)
{
    uint64_t pte = make_pte(va_to_mfn(level->below), PTE_TABLE);

    CHECK_EQ("second_entry_for_a_table", put(level, pte), 0);
    CHECK_EQ("entry_has_the_user_bit", level->table[SPARE] & PTE_US, PTE_US);
    CHECK_EQ("entry_off", put(level, 0), 0);
    CHECK_EQ("readonly_entry", put(level, pte & ~PTE_RW), 0);
    CHECK_EQ("rw_on", put(level, pte), 0);
    CHECK_EQ("no_execute_entry", put(level, pte | PTE_NX), 0);
    CHECK_EQ("available_bits", put(level, pte | 7 * PTE_AVAIL0), 0);
    CHECK_EQ("entry_off_again", put(level, 0), 0);
    check_refused(level, "large_page", pte | PTE_PSE, -XEN_EINVAL);
    check_refused(level, "global", pte | PTE_G, -XEN_EINVAL);
    check_refused(level, "uncached", pte | PTE_PCD, -XEN_EINVAL);
    check_refused(level, "write_through", pte | PTE_PWT, -XEN_EINVAL);
    check_refused(level, "reserved_address_bit", pte | 1UL << 51, -XEN_EINVAL);
}

/* Flags that were wrong in a new entry are wrong in an old one, too. */
static void check_changes(const struct level *level)
{
    static const uint64_t bad[] = {PTE_PSE, PTE_G, PTE_PCD, PTE_PWT};
    uint64_t pte = make_pte(va_to_mfn(level->below), PTE_TABLE);

    CHECK_EQ("good_entry", put(level, pte), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK_EQ("bad_flag_added_to_a_good_entry", put(level, pte | bad[i]),
                 -XEN_EINVAL);
    CHECK_EQ("good_entry_is_still_there", level->table[SPARE] & ~PTE_A,
             pte & ~PTE_A);
    put(level, 0);
}

static void check_frames(const struct level *level)
{
    void *page = page_alloc();

    check_refused(level, "writable_page", make_pte(va_to_mfn(page), PTE_TABLE),
                  -XEN_EINVAL);
    check_refused(level, "table_of_another_level",
                  make_pte(va_to_mfn(level->wrong), PTE_TABLE), -XEN_EINVAL);
    check_refused(level, "itself_writable",
                  make_pte(va_to_mfn(level->table), PTE_TABLE), -XEN_EINVAL);
    check_refused(level, "frame_of_the_hypervisor", make_pte(0x200, PTE_TABLE),
                  -XEN_EINVAL);
    check_refused(level, "device_memory", make_pte(0xb8, PTE_TABLE),
                  -XEN_EINVAL);
    check_refused(level, "frame_beyond_memory", make_pte(0x7fffffff, PTE_TABLE),
                  -XEN_EINVAL);
    page_free(page);
}

static void test_level(const char *what, const struct level *level)
{
    printf("note: entries of %s\n", what);
    check_flags(level);
    check_changes(level);
    check_frames(level);
}

static void test_l4_slots(void)
{
    uint64_t l4 = va_to_mfn(tree.l4) << PAGE_SHIFT;
    uint64_t pte = make_pte(va_to_mfn(tree.l3), PTE_TABLE);
    bool all_refused = true;

    for (unsigned int slot = 256; slot < 272; slot++)
        if (mmu_update(l4 + slot * 8, pte) != -XEN_EINVAL ||
            mmu_update(l4 + slot * 8, 0) != -XEN_EINVAL)
            all_refused = false;
    CHECK("slots_of_the_hypervisor_are_refused", all_refused);
    CHECK_EQ("slot_255", mmu_update(l4 + 255 * 8, pte), 0);
    CHECK_EQ("slot_272", mmu_update(l4 + 272 * 8, pte), 0);
    CHECK_EQ("slot_255_off", mmu_update(l4 + 255 * 8, 0), 0);
    CHECK_EQ("slot_272_off", mmu_update(l4 + 272 * 8, 0), 0);
}

/* What a guest leaves in the hypervisor's slots is replaced by its entries. */
static void test_l4_slots_at_promotion(void)
{
    uint64_t *l4 = page_alloc();
    uint64_t mfn = va_to_mfn(l4), mine = make_pte(0x1234, PTE_TABLE);

    l4[256] = mine;
    l4[261] = mine;
    l4[271] = mine;
    page_set_readonly(l4);
    CHECK_EQ("pin_with_foreign_slots_filled", mmuext(MMUEXT_PIN_L4_TABLE, mfn),
             0);
    CHECK("slots_of_the_hypervisor_are_overwritten",
          l4[256] != mine && l4[261] != mine && l4[271] != mine);
    CHECK_EQ("unpin", mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
    page_free(l4);
}

/* Own tables with wrong contents do not become tables. */
static void check_contents(const char *name, uint64_t pte,
                           unsigned int pin_command, long error)
{
    uint64_t *table = page_alloc();

    table[511] = pte;
    page_set_readonly(table);
    CHECK_EQ(name, mmuext(pin_command, va_to_mfn(table)), error);
    CHECK_EQ("a_refused_table_has_no_pin",
             mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(table)), -XEN_EINVAL);
    page_free(table);
}

static void test_contents(void)
{
    uint64_t page = make_pte(va_to_mfn(tree.page), PTE_PAGE_RW);
    uint64_t l1 = make_pte(va_to_mfn(tree.l1), PTE_TABLE);
    uint64_t l2 = make_pte(va_to_mfn(tree.l2), PTE_TABLE);
    uint64_t l3 = make_pte(va_to_mfn(tree.l3), PTE_TABLE);

    check_contents("l2_whose_last_entry_is_a_page", page, MMUEXT_PIN_L2_TABLE,
                   -XEN_EINVAL);
    check_contents("l2_whose_last_entry_is_large", l1 | PTE_PSE,
                   MMUEXT_PIN_L2_TABLE, -XEN_EINVAL);
    check_contents("l3_whose_last_entry_is_an_l1", l1, MMUEXT_PIN_L3_TABLE,
                   -XEN_EINVAL);
    check_contents("l3_whose_last_entry_is_large", l2 | PTE_PSE,
                   MMUEXT_PIN_L3_TABLE, -XEN_EINVAL);
    check_contents("l4_whose_last_entry_is_an_l2", l2, MMUEXT_PIN_L4_TABLE,
                   -XEN_EINVAL);
    check_contents("l4_whose_last_entry_is_global", l3 | PTE_G,
                   MMUEXT_PIN_L4_TABLE, -XEN_EINVAL);
    check_contents("l1_whose_last_entry_is_a_table", l1 & ~PTE_US,
                   MMUEXT_PIN_L1_TABLE, -XEN_EBUSY);
}

/* An entry that points at its own table, read-only: may be refused. */
static void check_linear(const char *name, const struct level *level)
{
    long rc = put(level, make_pte(va_to_mfn(level->table), PTE_PAGE_RO));

    CHECK(name, rc == 0 || rc == -XEN_EINVAL);
    if (rc == 0) {
        CHECK_EQ("linear_entry_does_not_become_writable",
                 put(level, make_pte(va_to_mfn(level->table), PTE_TABLE)),
                 -XEN_EINVAL);
        put(level, 0);
    }
}

void test_main(void)
{
    tree_build(&tree, 0x200000000UL);
    REQUIRE("l4_is_pinned",
            mmuext(MMUEXT_PIN_L4_TABLE, va_to_mfn(tree.l4)) == 0);

    struct level l2 = {tree.l2, tree.l1, tree.l3};
    struct level l3 = {tree.l3, tree.l2, tree.l1};
    struct level l4 = {tree.l4, tree.l3, tree.l1};

    test_level("L2", &l2);
    test_level("L3", &l3);
    test_level("L4", &l4);
    check_linear("linear_l2", &l2);
    check_linear("linear_l3", &l3);
    check_linear("linear_l4", &l4);
    test_l4_slots();
    test_l4_slots_at_promotion();
    test_contents();
    CHECK_EQ("l4_is_unpinned", mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(tree.l4)),
             0);
    tree_free(&tree);
}
