/* SPDX-License-Identifier: MIT */
/* Stores to L1 tables in use, which the hypervisor checks and carries out. */
#include "guest.h"

static struct table_tree tree;
static volatile uint64_t *entry; /* an empty one of a pinned L1, for a page */
static uint64_t pte;             /* a good value of it */

/* What the hypervisor adds to an entry. */
#define ADDED (PTE_G | PTE_GUEST_KERNEL)

static void set_entry(uint64_t value)
{
    mmu_update((va_to_mfn(tree.l1) << PAGE_SHIFT) +
                   ((uint64_t)entry & (PAGE_SIZE - 1)),
               value);
}

/* A store of the whole entry, in several ways. */
static void test_stores(void)
{
    uint64_t old = pte & ~PTE_A;

    CHECK_EQ("mov",
             TRAP_OF_INSN("movq %1, %0",
                          : "=m"(*entry)
                          : "r"(pte)),
             TRAP_NONE);
    CHECK_EQ("mov_stores", *entry & ~ADDED, pte);
    CHECK_EQ("mov_of_an_immediate",
             TRAP_OF_INSN("movq $0, %0",
                          : "=m"(*entry)),
             TRAP_NONE);
    CHECK_EQ("mov_of_an_immediate_stores", *entry, 0);
    CHECK_EQ("xchg",
             TRAP_OF_INSN("xchgq %1, %0",
                          : "+m"(*entry), "+r"(old)),
             TRAP_NONE);
    CHECK_EQ("xchg_loads", old, 0);
    CHECK_EQ("xchg_stores", *entry & ~ADDED, pte & ~PTE_A);
    old = 0;
    CHECK_EQ("xchg_with_zero",
             TRAP_OF_INSN("xchgq %1, %0",
                          : "+m"(*entry), "+r"(old)),
             TRAP_NONE);
    CHECK_EQ("xchg_loads_the_entry", old & ~ADDED, pte & ~PTE_A);
    CHECK_EQ("xchg_clears", *entry, 0);
}

static void test_cmpxchg(void)
{
    uint64_t rax = 0;
    uint8_t equal;

    CHECK_EQ("cmpxchg",
             TRAP_OF_INSN("lock cmpxchgq %2, %0",
                          : "+m"(*entry), "+a"(rax)
                          : "r"(pte)),
             TRAP_NONE);
    CHECK_EQ("cmpxchg_stores", *entry & ~ADDED, pte);
    rax = 0x1234;
    trap_clear();
    __asm__ volatile("lock cmpxchgq %3, %0; sete %2"
                     : "+m"(*entry), "+a"(rax), "=q"(equal)
                     : "r"(0UL));
    CHECK_EQ("cmpxchg_that_fails_clears_zf", equal, 0);
    CHECK_EQ("cmpxchg_that_fails_loads_rax", rax, *entry);
    CHECK_EQ("cmpxchg_that_fails_keeps_the_entry", *entry & ~ADDED, pte);
    rax = *entry;
    __asm__ volatile("lock cmpxchgq %3, %0; sete %2"
                     : "+m"(*entry), "+a"(rax), "=q"(equal)
                     : "r"(0UL));
    CHECK_EQ("cmpxchg_that_succeeds_sets_zf", equal, 1);
    CHECK_EQ("cmpxchg_that_succeeds_stores", *entry, 0);
}

static void test_bits(void)
{
    set_entry(pte);
    CHECK_EQ("and",
             TRAP_OF_INSN("andq %1, %0",
                          : "+m"(*entry)
                          : "r"(~PTE_RW)),
             TRAP_NONE);
    CHECK_EQ("and_stores", *entry & ~ADDED, pte & ~PTE_RW);
    CHECK_EQ("lock_or",
             TRAP_OF_INSN("lock orq %1, %0",
                          : "+m"(*entry)
                          : "r"(PTE_RW)),
             TRAP_NONE);
    CHECK_EQ("lock_or_stores", *entry & ~ADDED, pte);
    CHECK_EQ("lock_btr",
             TRAP_OF_INSN("lock btrq $1, %0",
                          : "+m"(*entry)),
             TRAP_NONE);
    CHECK_EQ("lock_btr_stores", *entry & ~ADDED, pte & ~PTE_RW);
    CHECK_EQ("lock_bts",
             TRAP_OF_INSN("lock btsq $1, %0",
                          : "+m"(*entry)),
             TRAP_NONE);
    CHECK_EQ("lock_bts_stores", *entry & ~ADDED, pte);
    CHECK_EQ("lock_and_byte",
             TRAP_OF_INSN("lock andb $0xfd, %0",
                          : "+m"(*(volatile uint8_t *)entry)),
             TRAP_NONE);
    CHECK_EQ("lock_and_byte_stores", *entry & ~ADDED, pte & ~PTE_RW);
    CHECK_EQ("or_of_32_bits",
             TRAP_OF_INSN("orl $2, %0",
                          : "+m"(*(volatile uint32_t *)entry)),
             TRAP_NONE);
    CHECK_EQ("or_of_32_bits_stores", *entry & ~ADDED, pte);
    CHECK_EQ("xor_of_16_bits",
             TRAP_OF_INSN("xorw $2, %0",
                          : "+m"(*(volatile uint16_t *)entry)),
             TRAP_NONE);
    CHECK_EQ("xor_of_16_bits_stores", *entry & ~ADDED, pte & ~PTE_RW);
    set_entry(0);
}

/* Halves of an entry: the value in between has to be good, too. */
static void test_halves(void)
{
    volatile uint32_t *half = (volatile uint32_t *)entry;

    CHECK_EQ("mov_of_the_low_half",
             TRAP_OF_INSN("movl %1, %0",
                          : "=m"(half[0])
                          : "r"((uint32_t)pte)),
             TRAP_NONE);
    CHECK_EQ("mov_of_the_low_half_stores", *entry & ~ADDED, pte & 0xffffffff);
    CHECK_EQ("mov_of_the_high_half",
             TRAP_OF_INSN("movl %1, %0",
                          : "=m"(half[1])
                          : "r"(1U << 31)),
             TRAP_NONE);
    CHECK_EQ("mov_of_the_high_half_stores", *entry >> 63, 1);
    set_entry(0);
}

/* A refused value is a page fault, and the entry stays. */
static void test_bad_values(void)
{
    uint64_t bad = make_pte(va_to_mfn(tree.l1), PTE_PAGE_RW), rax = 0;

    CHECK_EQ("mov_of_a_bad_entry",
             TRAP_OF_INSN("movq %1, %0",
                          : "=m"(*entry)
                          : "r"(bad)),
             TRAP_PF);
    CHECK_EQ("error_code_of_the_fault", trap_last()->regs.error, 3);
    CHECK_EQ("cr2_of_the_fault", trap_last()->cr2, (uint64_t)entry);
    CHECK_EQ("bad_entry_is_not_written", *entry, 0);
    CHECK_EQ("cmpxchg_of_a_bad_entry",
             TRAP_OF_INSN("lock cmpxchgq %2, %0",
                          : "+m"(*entry), "+a"(rax)
                          : "r"(bad)),
             TRAP_PF);
    CHECK_EQ("hypervisor_frame",
             TRAP_OF_INSN("movq %1, %0",
                          : "=m"(*entry)
                          : "r"(make_pte(0x200, PTE_PAGE_RW))),
             TRAP_PF);
    set_entry(make_pte(va_to_mfn(tree.l1), PTE_PAGE_RO));
    CHECK_EQ("or_that_makes_a_table_writable",
             TRAP_OF_INSN("lock orq $2, %0",
                          : "+m"(*entry)),
             TRAP_PF);
    CHECK_EQ("bts_that_makes_a_table_writable",
             TRAP_OF_INSN("lock btsq $1, %0",
                          : "+m"(*entry)),
             TRAP_PF);
    CHECK_EQ("table_stays_readonly", *entry & PTE_RW, 0);
    set_entry(0);
}

/* Accesses that are no store of one entry. */
static void test_odd_accesses(void)
{
    volatile uint64_t *across = (volatile uint64_t *)((uint64_t)entry + 4);
    volatile uint64_t *page_end =
        (volatile uint64_t *)((uint64_t)tree.l1 + PAGE_SIZE - 4);

    CHECK_EQ("unaligned_mov",
             TRAP_OF_INSN("movq %1, %0",
                          : "=m"(*across)
                          : "r"(0UL)),
             TRAP_PF);
    CHECK_EQ("unaligned_word",
             TRAP_OF_INSN("movw %1, %0",
                          : "=m"(*(volatile uint16_t *)((uint64_t)entry + 7))
                          : "r"((uint16_t)0)),
             TRAP_PF);
    CHECK_EQ("across_the_end_of_the_page",
             TRAP_OF_INSN("movq %1, %0",
                          : "=m"(*page_end)
                          : "r"(0UL)),
             TRAP_PF);
    CHECK_EQ("cmpxchg16b",
             TRAP_OF_INSN("lock cmpxchg16b %0",
                          : "+m"(*(volatile __int128 *)(tree.l1 + 30))
                          : "a"(0UL), "d"(0UL), "b"(0UL), "c"(0UL)),
             TRAP_PF);
    CHECK_EQ("movdqa",
             TRAP_OF_INSN("movdqa %%xmm0, %0",
                          : "=m"(*(volatile __int128 *)(tree.l1 + 30))),
             TRAP_PF);
    CHECK_EQ("nothing_is_written", tree.l1[30] | tree.l1[31], 0);
}

/* Half of it goes to the page before, which is an ordinary one: that the fault
 * is at an entry does not make it a store of that entry. */
static void test_into_a_table(void)
{
    uint64_t *before = page_alloc(), *table = page_alloc();

    REQUIRE("pages_are_side_by_side", table == before + PAGE_SIZE / 8);
    page_set_readonly(table);
    REQUIRE("second_l1_is_pinned",
            mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(table)) == 0);
    CHECK_EQ("into_the_table_from_the_page_before",
             try_write((uint64_t)table - 4, pte), TRAP_PF);
    CHECK_EQ("neither_half_is_written", table[0] | table[-1], 0);
    mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(table));
    page_free(table);
    page_free(before);
}

/* Instructions that a guest has no need of: carried out in full or refused. */
static void test_string_and_stack(void)
{
    uint64_t to = (uint64_t)entry, count = 1, vector;

    vector = TRAP_OF_INSN("rep stosq",
                          : "+D"(to), "+c"(count)
                          : "a"(pte)
                          : "memory");
    CHECK("stosq", (vector == TRAP_PF && !*entry) ||
                       (vector == TRAP_NONE && (*entry & ~ADDED) == pte));
    set_entry(0);
    trap_clear();
    __asm__ volatile(".pushsection .fixups, \"a\"\n"
                     ".quad 1f, 2f\n"
                     ".popsection\n"
                     "pushq %0\n"
                     "1: popq (%1)\n"
                     "jmp 3f\n"
                     "2: addq $8, %%rsp\n"
                     "3:"
                     :
                     : "r"(pte), "r"(entry)
                     : "memory", "cc");
    vector = trap_last()->regs.vector;

    CHECK("pop", (vector == TRAP_PF && !*entry) ||
                     (vector == TRAP_NONE && (*entry & ~ADDED) == pte));

    set_entry(0);
}

/* Writes to read-only pages that are no tables are the guest's business. */
static void test_no_table(void)
{
    uint64_t *page = page_alloc();

    page_set_readonly(page);
    CHECK_EQ("readonly_page", try_write((uint64_t)page, 1), TRAP_PF);
    CHECK_EQ("error_code_of_a_readonly_page", trap_last()->regs.error, 3);
    CHECK_EQ("l2_table", try_write((uint64_t)tree.l2, 0), TRAP_PF);
    CHECK_EQ("l4_table_in_use", try_write((uint64_t)boot_l4() + 8, 0), TRAP_PF);
    page_free(page);
}

/* The table in force: the store changes what the kernel sees. */
static void test_live(void)
{
    uint64_t *page = page_alloc();
    uint64_t *live = pte_of((uint64_t)page, 1), value = *live;

    page[0] = 5;
    CHECK_EQ("clear_a_live_entry",
             TRAP_OF_INSN("movq %1, %0",
                          : "=m"(*live)
                          : "r"(0UL)),
             TRAP_NONE);
    mmuext(MMUEXT_INVLPG_LOCAL, (uint64_t)page);
    CHECK_EQ("page_is_gone", try_read((uint64_t)page), TRAP_PF);
    CHECK_EQ("set_a_live_entry",
             TRAP_OF_INSN("movq %1, %0",
                          : "=m"(*live)
                          : "r"(value)),
             TRAP_NONE);
    CHECK_EQ("page_is_back", READ_ONCE(page[0]), 5);
    page_free(page);
}

void test_main(void)
{
    tree_build(&tree, 0x200000000UL);
    REQUIRE("l1_is_pinned",
            mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(tree.l1)) == 0);
    hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
              VMASST_TYPE_writable_pagetables);
    entry = &tree.l1[9];
    pte = make_pte(va_to_mfn(tree.page), PTE_PAGE_RW);
    test_stores();
    test_cmpxchg();
    test_bits();
    test_halves();
    test_bad_values();
    test_odd_accesses();
    test_into_a_table();
    test_string_and_stack();
    test_no_table();
    test_live();
    CHECK_EQ("l1_is_unpinned", mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(tree.l1)),
             0);
    tree_free(&tree);
}
