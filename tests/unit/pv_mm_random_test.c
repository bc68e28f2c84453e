/* SPDX-License-Identifier: MIT */
/* A guest that does anything: after each step all references must add up. */
#include "pv_mm_setup.h"

#include "asm/pv.h"

#define POOL  48
#define STEPS 12000

static struct page_info *pool[POOL];
static struct mmu_update *batch;
static struct mmuext_op *ops;
static u64 seed;

static unsigned int below(unsigned int n)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (seed >> 33) % n;
}

static struct page_info *any_page(void)
{
    return pool[below(POOL)];
}

static unsigned int any_index(void)
{
    static const unsigned int index[] = {0, 1, 2, 255, 256, 271, 272, 511};

    return index[below(ARRAY_SIZE(index))];
}

static u64 any_entry(void)
{
    static const u64 flags[] = {
        0,
        FLAGS_TABLE,
        FLAGS_TABLE,
        FLAGS_TABLE | PTE_NX,
        FLAGS_RW,
        FLAGS_RO,
        FLAGS_RO,
        FLAGS_RW | PTE_PCD,
        FLAGS_TABLE | PTE_PSE,
        FLAGS_TABLE | PTE_GLOBAL,
        FLAGS_RW | (1UL << 58),
        PTE_PRESENT,
    };
    u64 f = flags[below(ARRAY_SIZE(flags))];

    switch (below(16)) {
    case 0:
        return pte_make(_mfn(DEVICE_MFN + below(3)), f);
    case 1:
        return f;
    case 2:
        return pte_make(_mfn(mfn_x(other->vcpu[0]->arch.guest_table)), f);
    default:
        return entry(any_page(), f);
    }
}

/* Some calls are stopped, and some of those are never taken up again. */
static void go_on(long (*fn)(unsigned long, unsigned long, unsigned long,
                             unsigned long, unsigned long),
                  void *arg, unsigned int nr)
{
    const unsigned long *a = fake_continue_args;
    long rc;

    fake_preempt_at(below(2) ? below(6) : 0);
    rc = fn((unsigned long)arg, nr, 0, DOMID_SELF, 0);
    while (rc == -ERESTART && below(4) != 0) {
        fake_preempt_at(below(3) == 0 ? below(6) : 0);
        rc = fn(a[0], a[1], a[2], a[3], a[4]);
    }
    fake_preempt_at(0);
}

static void step_update(void)
{
    unsigned int nr = below(4) + 1;

    for (unsigned int i = 0; i < nr; i++) {
        batch[i].ptr = maddr(any_page(), any_index()) | (below(3) == 0 ? 2 : 0);
        batch[i].val = any_entry();
    }
    go_on(do_mmu_update, batch, nr);
}

static void step_ext(void)
{
    static const unsigned int cmds[] = {
        MMUEXT_PIN_L1_TABLE,     MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
        MMUEXT_PIN_L4_TABLE,     MMUEXT_UNPIN_TABLE,  MMUEXT_UNPIN_TABLE,
        MMUEXT_UNPIN_TABLE,      MMUEXT_NEW_BASEPTR,  MMUEXT_NEW_USER_BASEPTR,
        MMUEXT_NEW_USER_BASEPTR, MMUEXT_CLEAR_PAGE,   MMUEXT_COPY_PAGE,
    };
    unsigned int nr = below(3) + 1;

    memset(ops, 0, nr * sizeof(*ops));
    for (unsigned int i = 0; i < nr; i++) {
        ops[i].cmd = cmds[below(ARRAY_SIZE(cmds))];
        ops[i].arg1.mfn = mfn_x(page_to_mfn(any_page()));
        ops[i].arg2.src_mfn = mfn_x(page_to_mfn(any_page()));
        if (ops[i].cmd == MMUEXT_NEW_USER_BASEPTR && below(2))
            ops[i].arg1.mfn = 0;
    }
    go_on(do_mmuext_op, ops, nr);
}

static void step_update_va(void)
{
    u64 va = (u64)(below(2) ? 0 : 300) << 39 | (u64)any_index() << 30 |
             (u64)any_index() << 21 | (u64)any_index() << 12;

    if (va & (1UL << 47))
        va |= 0xffffUL << 48;
    (void)do_update_va_mapping(va, any_entry(), below(8), 0, 0);
}

/* The guest writes to memory that it could have mapped writable. */
static void step_write(void)
{
    struct page_info *pg = any_page();

    if (page_get_type(pg, PGT_writable))
        return;
    table_of(pg)[any_index()] = any_entry();
    page_put_type(pg);
}

static void step_give_back(void)
{
    struct page_info **slot = &pool[below(POOL)], *pg = *slot;

    if (!page_get(pg, d))
        return;
    if (page_put_allocation(pg))
        *slot = new_page(d);
    page_put(pg);
}

static void step_steal(void)
{
    struct page_info *pg = any_page();

    if (page_steal(d, pg) == 0)
        assert_int_equal(assign_pages(d, pg, 0, MEMF_no_refcount), 0);
}

/* Of the vcpu that does not run: loading it is the machine's. */
static void step_gdt(void)
{
    u64 frame = mfn_x(page_to_mfn(any_page()));

    (void)!pv_set_gdt(d->vcpu[!current->vcpu_id], &frame, below(512));
}

static void step_resume(void)
{
    fake_preempt_at(below(4));
    (void)!page_resume(any_page());
    fake_preempt_at(0);
}

static void step(void)
{
    static void (*const steps[])(void) = {
        step_update, step_update,    step_update, step_ext,   step_ext,
        step_ext,    step_update_va, step_write,  step_write, step_write,
        step_steal,  step_give_back, step_resume, step_gdt,
    };

    run_as(d, below(2));
    steps[below(ARRAY_SIZE(steps))]();
}

static void set_up_pool(u64 start)
{
    seed = start;
    d->arch.has_devices = start & 1;
    batch = fake_guest_alloc(4 * sizeof(*batch));
    ops = fake_guest_alloc(4 * sizeof(*ops));
    for (unsigned int i = 0; i < POOL; i++)
        pool[i] = new_page(d);
    /* Some order to begin with, or nothing would ever validate. */
    for (unsigned int i = 0; i < POOL - 12; i++)
        table_of(pool[i])[any_index()] =
            entry(pool[i + 12], i / 12 < 3 ? FLAGS_TABLE : FLAGS_RO);
}

static void walk(u64 start)
{
    set_up_pool(start);
    for (unsigned int i = 0; i < STEPS; i++) {
        step();
        recount();
    }
}

static void any_calls_add_up(void **state)
{
    (void)state;
    walk(1);
}

static void any_calls_add_up_without_devices(void **state)
{
    (void)state;
    walk(2);
}

static void any_calls_add_up_again(void **state)
{
    (void)state;
    walk(0x5eed);
}

static const struct CMUnitTest tests[] = {
    PV_MM_TEST(any_calls_add_up),
    PV_MM_TEST(any_calls_add_up_without_devices),
    PV_MM_TEST(any_calls_add_up_again),
};

int main(void)
{
    return cmocka_run_group_tests(tests, pv_mm_set_up_once, NULL);
}
