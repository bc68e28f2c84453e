/* SPDX-License-Identifier: MIT */
/* mmuext_op: pins, bases, flushes, pages; and what *done says. */
#include "pv_mm_setup.h"

#include "asm/pv.h"
#include "asm/xpti.h"

static struct tree t;

static unsigned long mfn_of(const struct page_info *pg)
{
    return mfn_x(page_to_mfn(pg));
}

static void pin_twice_is_einval(void **state)
{
    (void)state;
    make_tree(&t, 4);
    for (unsigned int level = 1; level <= 4; level++) {
        assert_int_equal(pin(t.t[level], level), 0);
        assert_int_equal(pin(t.t[level], level), -EINVAL);
        recount();
    }
}

static void unpin_needs_a_pin(void **state)
{
    struct page_info *foreign = new_page(other);

    (void)state;
    make_tree(&t, 4);
    assert_int_equal(unpin(t.t[4]), -EINVAL);
    assert_int_equal(pin(t.t[4], 4), 0);
    assert_int_equal(unpin(t.t[3]), -EINVAL);
    assert_int_equal(unpin(t.t[4]), 0);
    assert_int_equal(unpin(t.t[4]), -EINVAL);
    assert_int_equal(unpin(foreign), -EINVAL);
    assert_int_equal(ext(MMUEXT_UNPIN_TABLE, ~0UL, 0), -EINVAL);
    assert_int_equal(ext(MMUEXT_PIN_L4_TABLE, ~0UL, 0), -EINVAL);
}

static void unpinned_base_stays_valid(void **state)
{
    (void)state;
    make_tree(&t, 4);
    assert_int_equal(pin(t.t[4], 4), 0);
    assert_int_equal(ext(MMUEXT_NEW_BASEPTR, mfn_of(t.t[4]), 0), 0);
    assert_int_equal(fake_cr3, maddr(t.t[4], 0));
    assert_int_equal(unpin(t.t[4]), 0);
    assert_int_equal(type_count(t.t[4]), 1);
    assert_true(t.t[4]->type_info & PGT_validated);
    assert_int_equal(update(maddr(t.t[4], HYPERVISOR_FIRST_SLOT), 0), -EINVAL);
}

static void base_is_an_own_l4(void **state)
{
    struct page_info *foreign = new_page(other);

    (void)state;
    make_tree(&t, 4);
    assert_int_equal(pin(t.t[4], 4), 0);
    for (unsigned int level = 1; level < 4; level++) {
        assert_int_equal(ext(MMUEXT_NEW_BASEPTR, mfn_of(t.t[level]), 0),
                         -EINVAL);
        assert_int_equal(ext(MMUEXT_NEW_USER_BASEPTR, mfn_of(t.t[level]), 0),
                         -EINVAL);
    }
    assert_int_equal(ext(MMUEXT_NEW_BASEPTR, mfn_of(foreign), 0), -EINVAL);
    assert_int_equal(ext(MMUEXT_NEW_BASEPTR, DEVICE_MFN, 0), -EINVAL);
    assert_int_equal(ext(MMUEXT_NEW_BASEPTR, ~0UL, 0), -EINVAL);
}

static void user_base_comes_and_goes(void **state)
{
    (void)state;
    make_tree(&t, 4);
    for (unsigned int i = 0; i < 2; i++)
        assert_int_equal(ext(MMUEXT_NEW_USER_BASEPTR, mfn_of(t.t[4]), 0), 0);
    assert_int_equal(type_count(t.t[4]), 1);
    recount();
    assert_int_equal(ext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
    assert_int_equal(type_count(t.t[4]), 0);
    assert_int_equal(type_count(t.rw), 0);
}

/* A CPU's own copies of root tables go with the references to these. */
static void new_bases_make_copies_forgotten(void **state)
{
    unsigned int before = fake_roots_forgotten;

    (void)state;
    xpti_enabled = true;
    make_tree(&t, 4);
    assert_int_equal(ext(MMUEXT_NEW_BASEPTR, mfn_of(t.t[4]), 0), 0);
    assert_true(fake_roots_forgotten > before);
    before = fake_roots_forgotten;
    assert_int_equal(ext(MMUEXT_NEW_BASEPTR, mfn_of(t.t[4]), 0), 0);
    assert_true(fake_roots_forgotten > before);
    before = fake_roots_forgotten;
    assert_int_equal(ext(MMUEXT_NEW_USER_BASEPTR, mfn_of(t.t[4]), 0), 0);
    assert_true(fake_roots_forgotten > before);
    before = fake_roots_forgotten;
    assert_int_equal(ext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
    assert_true(fake_roots_forgotten > before);
    xpti_enabled = false;
}

static void old_base_may_stop_anywhere(void **state)
{
    unsigned long own = mfn_x(d->vcpu[0]->arch.guest_table);

    (void)state;
    make_tree(&t, 4);
    for (unsigned int i = 0; i < 16; i++)
        table_of(t.t[4])[i] = entry(t.t[3], FLAGS_TABLE);
    assert_int_equal(pin(mfn_to_page(_mfn(own)), 4), 0);
    for (unsigned int n = 1; n < 30; n++) {
        fake_preempt_at(n);
        assert_int_equal(ext(MMUEXT_NEW_BASEPTR, mfn_of(t.t[4]), 0), 0);
        recount();
        fake_preempt_at(n);
        assert_int_equal(ext(MMUEXT_NEW_BASEPTR, own, 0), 0);
        assert_int_equal(type_count(t.t[4]), 0);
        assert_null(current->arch.old_guest_table);
        recount();
    }
}

static void done_counts_over_restarts(void **state)
{
    struct mmuext_op *ops = fake_guest_alloc(8 * sizeof(*ops));
    const unsigned long *a = fake_continue_args;
    unsigned int times = 0;
    long rc;

    (void)state;
    make_tree(&t, 4);
    for (unsigned int i = 0; i < 8; i++) {
        ops[i].cmd = i % 2 ? MMUEXT_UNPIN_TABLE : MMUEXT_PIN_L4_TABLE;
        ops[i].arg1.mfn = mfn_of(t.t[4]);
    }
    *done_out = 77;
    fake_set_preempt(true);
    rc = do_mmuext_op((unsigned long)ops, 8, (unsigned long)done_out,
                      DOMID_SELF, 0);
    while (rc == -ERESTART) {
        times++;
        recount();
        rc = do_mmuext_op(a[0], a[1], a[2], a[3], a[4]);
    }
    fake_set_preempt(false);
    assert_int_equal(rc, 0);
    assert_int_equal(*done_out, 8);
    assert_true(times >= 7);
}

static void error_ends_the_list(void **state)
{
    struct mmuext_op *ops = fake_guest_alloc(3 * sizeof(*ops));

    (void)state;
    make_tree(&t, 4);
    ops[0].cmd = MMUEXT_PIN_L4_TABLE;
    ops[0].arg1.mfn = mfn_of(t.t[4]);
    ops[1] = ops[0];
    ops[2].cmd = MMUEXT_UNPIN_TABLE;
    ops[2].arg1.mfn = mfn_of(t.t[4]);
    assert_int_equal(do_mmuext_op((unsigned long)ops, 3,
                                  (unsigned long)done_out, DOMID_SELF, 0),
                     -EINVAL);
    assert_int_equal(*done_out, 1);
    assert_true(t.t[4]->type_info & PGT_pinned);
}

static void unknown_and_foreign_operations_are_refused(void **state)
{
    struct mmuext_op *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    assert_int_equal(ext(MMUEXT_UNMARK_SUPER + 1, 0, 0), -ENOSYS);
    assert_int_equal(ext(~0u, 0, 0), -ENOSYS);
    assert_int_equal(ext(MMUEXT_FLUSH_CACHE, 0, 0), -EACCES);
    op->cmd = MMUEXT_NEW_BASEPTR;
    assert_int_equal(do_mmuext_op((unsigned long)op, 1, 0, 2, 0), -EPERM);
    run_as(d0, 0);
    assert_int_equal(do_mmuext_op((unsigned long)op, 1, 0, 2, 0), -EPERM);
    run_as(d, 0);
}

static void pin_for_a_dying_domain_does_not_stay(void **state)
{
    struct mmuext_op *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    make_tree(&t, 4);
    op->cmd = MMUEXT_PIN_L4_TABLE;
    op->arg1.mfn = mfn_of(t.t[4]);
    d->dying = DOMDYING_dying;
    run_as(d0, 0);
    assert_int_equal(do_mmuext_op((unsigned long)op, 1, 0, 1, 0), -EINVAL);
    assert_int_equal(type_count(t.t[4]), 0);
}

static void pages_are_cleared_and_copied_as_data_only(void **state)
{
    struct page_info *foreign = new_page(other);

    (void)state;
    make_tree(&t, 1);
    assert_int_equal(pin(t.t[1], 1), 0);
    table_of(t.ro)[3] = 33;
    assert_int_equal(ext(MMUEXT_COPY_PAGE, mfn_of(t.rw), mfn_of(t.ro)), 0);
    assert_int_equal(table_of(t.rw)[3], 33);
    assert_int_equal(ext(MMUEXT_CLEAR_PAGE, mfn_of(t.rw), 0), 0);
    assert_int_equal(table_of(t.rw)[3], 0);
    assert_int_equal(ext(MMUEXT_CLEAR_PAGE, mfn_of(t.t[1]), 0), -EINVAL);
    assert_int_equal(ext(MMUEXT_COPY_PAGE, mfn_of(t.t[1]), mfn_of(t.ro)),
                     -EINVAL);
    assert_int_equal(ext(MMUEXT_COPY_PAGE, mfn_of(t.rw), mfn_of(foreign)),
                     -EINVAL);
    assert_int_equal(ext(MMUEXT_CLEAR_PAGE, mfn_of(foreign), 0), -EINVAL);
}

static void flushes_reach_the_cpus_that_run_the_guest(void **state)
{
    u64 *mask = fake_guest_alloc(sizeof(*mask));
    unsigned int before;

    (void)state;
    d->vcpu[1]->dirty_cpu = 5;
    *mask = 2;
    assert_int_equal(ext(MMUEXT_TLB_FLUSH_MULTI, 0, (unsigned long)mask), 0);
    assert_true(cpumask_test(5, &fake_last_flush));
    assert_false(cpumask_test(0, &fake_last_flush));
    assert_int_equal(ext(MMUEXT_INVLPG_ALL, 0x1000, 0), 0);
    assert_true(cpumask_test(1, &fake_last_flush));
    assert_int_equal(ext(MMUEXT_TLB_FLUSH_MULTI, 0, 8), -EINVAL);

    before = fake_nr_flushes;
    assert_int_equal(ext(MMUEXT_INVLPG_ALL, HYPERVISOR_VIRT_START, 0), 0);
    assert_int_equal(ext(MMUEXT_INVLPG_LOCAL, 1UL << 47, 0), 0);
    assert_int_equal(fake_nr_flushes, before);
}

static void gdt_frames_are_descriptors_for_good(void **state)
{
    struct page_info *gdt = new_page(d);
    u64 frame = mfn_of(gdt);

    (void)state;
    make_tree(&t, 1);
    assert_int_equal(pin(t.t[1], 1), 0);
    assert_int_equal(pv_set_gdt(d->vcpu[1], &frame, 512), 0);
    recount();
    assert_int_equal(update(maddr(t.t[1], 5), entry(gdt, FLAGS_RW)), -EBUSY);
    assert_int_equal(update(maddr(t.t[1], 5), entry(gdt, FLAGS_RO)), 0);
    assert_int_equal(
        do_update_descriptor(maddr(gdt, 1), 0x00af9a000000ffff, 0, 0, 0), 0);
    assert_int_equal(table_of(gdt)[1], 0x00affa000000ffff);
    assert_int_equal(
        do_update_descriptor(maddr(gdt, 1), 0x8900UL << 32, 0, 0, 0), -EINVAL);
    assert_int_equal(do_update_descriptor(maddr(t.t[1], 1), 0, 0, 0, 0),
                     -EINVAL);
    frame = mfn_of(t.rw);
    assert_int_equal(pv_set_gdt(d->vcpu[1], &frame, 512), -EINVAL);
    assert_int_equal(type_count(gdt), 1);
    pv_destroy_gdt(d->vcpu[1]);
    assert_int_equal(type_count(gdt), 0);
}

static const struct CMUnitTest tests[] = {
    PV_MM_TEST(pin_twice_is_einval),
    PV_MM_TEST(unpin_needs_a_pin),
    PV_MM_TEST(unpinned_base_stays_valid),
    PV_MM_TEST(base_is_an_own_l4),
    PV_MM_TEST(user_base_comes_and_goes),
    PV_MM_TEST(new_bases_make_copies_forgotten),
    PV_MM_TEST(old_base_may_stop_anywhere),
    PV_MM_TEST(done_counts_over_restarts),
    PV_MM_TEST(error_ends_the_list),
    PV_MM_TEST(unknown_and_foreign_operations_are_refused),
    PV_MM_TEST(pin_for_a_dying_domain_does_not_stay),
    PV_MM_TEST(pages_are_cleared_and_copied_as_data_only),
    PV_MM_TEST(flushes_reach_the_cpus_that_run_the_guest),
    PV_MM_TEST(gdt_frames_are_descriptors_for_good),
};

int main(void)
{
    return cmocka_run_group_tests(tests, pv_mm_set_up_once, NULL);
}
