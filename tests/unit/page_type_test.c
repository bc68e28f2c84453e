/* SPDX-License-Identifier: MIT */
/* Types of frames: exclusion, counts, validation, and stopping half way. */
#include "pv_mm_setup.h"

#include "asm/smp.h"

/* Exclusion and counts. */

static void types_exclude_each_other(void **state)
{
    static const unsigned long types[] = {PGT_l1, PGT_l2,      PGT_l3,
                                          PGT_l4, PGT_segdesc, PGT_writable};
    struct page_info *pg = new_page(d);

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
        assert_int_equal(page_get_type_preemptible(pg, types[i]), 0);
        for (unsigned int j = 0; j < ARRAY_SIZE(types); j++)
            if (j != i)
                assert_int_equal(page_get_type_preemptible(pg, types[j]),
                                 -EINVAL);
        assert_int_equal(page_get_type_preemptible(pg, types[i]), 0);
        assert_int_equal(type_count(pg), 2);
        page_put_type(pg);
        page_put_type(pg);
        assert_int_equal(type_count(pg), 0);
    }
}

static void full_type_count_is_refused(void **state)
{
    struct page_info *pg = new_page(d);

    (void)state;
    assert_int_equal(page_get_type(pg, PGT_writable), 0);
    pg->type_info |= PGT_count_mask;
    assert_int_equal(page_get_type(pg, PGT_writable), -EINVAL);
    pg->type_info = PGT_writable;
}

static void full_general_count_is_refused(void **state)
{
    struct page_info *pg = new_page(d);

    (void)state;
    pg->count_info |= PGC_count_mask;
    assert_false(page_get(pg, d));
    pg->count_info = PGC_allocated | 1;
}

static void mapped_writable_frame_is_no_table(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 1);
    assert_int_equal(pin(t.t[1], 1), 0);
    assert_int_equal(pin(t.rw, 1), -EINVAL);
    assert_int_equal(pin(t.ro, 1), 0);
}

static void table_is_not_mapped_writable(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 2);
    assert_int_equal(pin(t.t[2], 2), 0);
    for (unsigned int level = 1; level <= 2; level++) {
        u64 ptr = maddr(t.t[1], 7);

        assert_int_equal(update(ptr, entry(t.t[level], FLAGS_RW)), -EBUSY);
        assert_int_equal(update(ptr, entry(t.t[level], FLAGS_RO)), 0);
        assert_int_equal(update(ptr, entry(t.t[level], FLAGS_RW)), -EBUSY);
    }
}

static void own_writable_mapping_fails_validation(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 2);
    table_of(t.t[1])[9] = entry(t.t[2], FLAGS_RW);
    assert_int_equal(pin(t.t[2], 2), -EINVAL);
    table_of(t.t[1])[9] = entry(t.t[1], FLAGS_RW);
    assert_int_equal(pin(t.t[2], 2), -EINVAL);
    assert_int_equal(type_count(t.t[1]), 0);
}

/* Contents. */

static const u64 upper_forbidden[] = {PTE_PWT, PTE_PCD, PTE_PSE, PTE_GLOBAL};

static void upper_entries_with_forbidden_bits_fail(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 4);
    for (unsigned int level = 2; level <= 4; level++) {
        u64 *slot = &table_of(t.t[level])[tree_index(level)], good = *slot;

        for (unsigned int i = 0; i < ARRAY_SIZE(upper_forbidden); i++) {
            *slot = good | upper_forbidden[i];
            assert_int_equal(pin(t.t[level], level), -EINVAL);
            assert_int_equal(type_count(t.t[level]), 0);
        }
        *slot = good;
    }
    assert_int_equal(pin(t.t[4], 4), 0);
}

static void upper_updates_with_forbidden_bits_fail(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 4);
    assert_int_equal(pin(t.t[4], 4), 0);
    for (unsigned int level = 2; level <= 4; level++)
        for (unsigned int i = 0; i < ARRAY_SIZE(upper_forbidden); i++) {
            u64 pte = entry(t.t[level - 1], FLAGS_TABLE | upper_forbidden[i]);

            /* In an empty slot, and over the same entry without the bit. */
            assert_int_equal(update(maddr(t.t[level], 1), pte), -EINVAL);
            assert_int_equal(update(maddr(t.t[level], tree_index(level)), pte),
                             -EINVAL);
        }
}

static void addresses_beyond_the_machine_are_refused(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 2);
    assert_int_equal(pin(t.t[2], 2), 0);
    for (unsigned int bit = 40; bit < 52; bit++) {
        u64 beyond = 1UL << bit;

        assert_int_not_equal(update(maddr(t.t[1], 3), beyond | FLAGS_RO), 0);
        assert_int_equal(update(maddr(t.t[2], 3), beyond | FLAGS_RO), -EINVAL);
        assert_int_not_equal(
            update(maddr(t.t[1], 511), entry(t.ro, FLAGS_RO) | beyond), 0);
        assert_int_not_equal(
            update(maddr(t.t[2], 0), entry(t.t[1], FLAGS_TABLE) | beyond), 0);
    }
}

static void l1_cache_bits_are_for_domains_with_devices(void **state)
{
    static const u64 bits[] = {PTE_PWT, PTE_PCD, PTE_PAT};
    struct tree t;

    (void)state;
    make_tree(&t, 1);
    for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
        table_of(t.t[1])[2] = entry(t.ro, FLAGS_RO | bits[i]);
        d->arch.has_devices = false;
        assert_int_equal(pin(t.t[1], 1), -EINVAL);
        d->arch.has_devices = true;
        assert_int_equal(pin(t.t[1], 1), 0);
        assert_int_equal(unpin(t.t[1]), 0);
    }
}

static void wrong_level_fails(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 4);
    for (unsigned int level = 3; level <= 4; level++) {
        u64 *slot = &table_of(t.t[level])[1];

        for (unsigned int l = 1; l <= 4; l++) {
            if (l == level - 1)
                continue;
            *slot = entry(t.t[l], FLAGS_TABLE);
            assert_int_not_equal(pin(t.t[level], level), 0);
            recount();
        }
        *slot = 0;
    }
}

static void linear_tables_are_refused(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 4);
    assert_int_equal(pin(t.t[4], 4), 0);
    for (unsigned int level = 2; level <= 4; level++)
        assert_int_equal(
            update(maddr(t.t[level], 5), entry(t.t[level], FLAGS_RO)), -EINVAL);
}

static void foreign_and_hypervisor_frames_fail(void **state)
{
    struct page_info *foreign = new_page(other);
    void *xen_page = alloc_xenheap_page();
    struct tree t;

    (void)state;
    make_tree(&t, 2);
    assert_int_equal(pin(t.t[2], 2), 0);
    assert_int_equal(update(maddr(t.t[1], 1), entry(foreign, FLAGS_RO)),
                     -EBUSY);
    assert_int_equal(update(maddr(t.t[2], 1), entry(foreign, FLAGS_TABLE)),
                     -EINVAL);
    assert_int_equal(
        update(maddr(t.t[1], 1), entry(virt_to_page(xen_page), FLAGS_RO)),
        -EBUSY);
    assert_int_equal(
        update(maddr(t.t[2], 1), entry(virt_to_page(xen_page), FLAGS_TABLE)),
        -EINVAL);
    assert_int_equal(pin(foreign, 1), -EINVAL);
    free_xenheap_page(xen_page);
}

static void hypervisor_slots_are_overwritten(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 4);
    for (unsigned int i = HYPERVISOR_FIRST_SLOT; i <= HYPERVISOR_LAST_SLOT; i++)
        table_of(t.t[4])[i] = entry(t.t[3], FLAGS_TABLE);
    assert_int_equal(pin(t.t[4], 4), 0);
    assert_int_equal(type_count(t.t[3]), 1);
    for (unsigned int i = HYPERVISOR_FIRST_SLOT; i <= HYPERVISOR_LAST_SLOT;
         i++) {
        assert_int_equal(update(maddr(t.t[4], i), 0), -EINVAL);
        assert_int_equal(update(maddr(t.t[4], i), entry(t.t[3], FLAGS_TABLE)),
                         -EINVAL);
    }
}

static void bad_entry_at_every_position_is_undone(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 4);
    for (unsigned int level = 1; level <= 4; level++)
        for (unsigned int i = 0; i < PT_ENTRIES; i++) {
            u64 *slot = &table_of(t.t[level])[i], good = *slot;

            if (is_hypervisor_slot(level, i))
                continue;
            *slot = FLAGS_TABLE | PTE_ADDR_MASK;
            assert_int_not_equal(pin(t.t[level], level), 0);
            *slot = good;
            assert_int_equal(type_count(t.t[level]), 0);
            assert_int_equal(type_count(t.rw), 0);
            assert_int_equal(general_count(t.ro), 1);
        }
}

/* Descriptors. */

static void descriptors_are_made_harmless(void **state)
{
    struct page_info *pg = new_page(d);
    u64 *desc = table_of(pg);

    (void)state;
    desc[1] = 0x00af9a000000ffff; /* code, level 0 */
    desc[2] = 0x00af9e000000ffff; /* the same, conforming */
    desc[3] = 0x00cf92000000ffff; /* data, level 0 */
    desc[4] = 0x0000ec0000080000; /* call gate, level 3 */
    desc[5] = 0x0000090000000000; /* TSS, not present */
    assert_int_equal(page_get_type(pg, PGT_segdesc), 0);
    for (unsigned int i = 1; i <= 3; i++)
        assert_int_equal((desc[i] >> 45) & 3, 3);
    assert_int_equal((desc[4] >> 45) & 3, 0);
    page_put_type(pg);
}

static void system_descriptors_are_refused(void **state)
{
    struct page_info *pg = new_page(d);

    (void)state;
    for (u64 type = 1; type < 16; type++) {
        if (type == 12)
            continue;
        table_of(pg)[511] = (0x80 | type) << 40;
        assert_int_equal(page_get_type(pg, PGT_segdesc), -EINVAL);
        assert_int_equal(type_count(pg), 0);
    }
    table_of(pg)[511] = 0;
    assert_int_equal(page_get_type(pg, PGT_segdesc), 0);
    page_put_type(pg);
}

/* Flushes. */

static void change_of_type_flushes_who_may_have_it(void **state)
{
    struct page_info *pg = new_page(d);
    unsigned int before;

    (void)state;
    assert_int_equal(page_get_type(pg, PGT_writable), 0);
    page_put_type(pg);
    before = fake_nr_flushes;
    assert_int_equal(page_get_type(pg, PGT_l1), 0);
    assert_int_equal(fake_nr_flushes, before + 1);
    assert_true(cpumask_test(1, &fake_last_flush));
    page_put_type(pg);

    /* Who flushed since is left alone. */
    fake_cpu_flushed(0);
    fake_cpu_flushed(1);
    before = fake_nr_flushes;
    assert_int_equal(page_get_type(pg, PGT_writable), 0);
    assert_int_equal(fake_nr_flushes, before);
    page_put_type(pg);
}

static void frame_that_was_stolen_and_came_back_is_flushed(void **state)
{
    struct page_info *pg = new_page(d);
    unsigned int before;

    (void)state;
    assert_int_equal(page_get_type(pg, PGT_writable), 0);
    page_put_type(pg);
    assert_int_equal(page_steal(d, pg), 0);
    assert_int_equal(assign_pages(d, pg, 0, MEMF_no_refcount), 0);
    before = fake_nr_flushes;
    assert_int_equal(page_get_type(pg, PGT_l1), 0);
    assert_int_equal(fake_nr_flushes, before + 1);
    page_put_type(pg);
}

static void
uncached_writable_frame_is_flushed_before_it_is_a_table(void **state)
{
    struct page_info *pg = new_page(d);
    struct tree t;

    (void)state;
    d->arch.has_devices = true;
    make_tree(&t, 1);
    assert_int_equal(pin(t.t[1], 1), 0);
    assert_int_equal(update(maddr(t.t[1], 4), entry(pg, FLAGS_RW | PTE_PCD)),
                     0);
    assert_int_equal(update(maddr(t.t[1], 4), 0), 0);

    /* Taken off the domain and given back meanwhile, too. */
    assert_int_equal(page_steal(d, pg), 0);
    assert_int_equal(assign_pages(d, pg, 0, MEMF_no_refcount), 0);
    assert_int_equal(pin(pg, 1), 0);
    assert_int_equal(cache_flushes, 1);
    assert_int_equal(unpin(pg), 0);
    assert_int_equal(pin(pg, 1), 0);
    assert_int_equal(cache_flushes, 1);
}

/* Locks. */

static void last_reference_goes_while_locked(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 2);
    assert_int_equal(pin(t.t[2], 2), 0);
    assert_true(page_get(t.t[2], d));
    assert_int_equal(page_lock_table(t.t[2]), PGT_l2);
    assert_int_equal(unpin(t.t[2]), 0);
    assert_int_equal(type_count(t.t[2]), 1);
    assert_int_equal(type_count(t.t[1]), 1);
    page_unlock_table(t.t[2]);
    assert_int_equal(type_count(t.t[2]), 0);
    assert_int_equal(type_count(t.t[1]), 0);
    page_put(t.t[2]);
}

static void waiting_for_a_lock_ends_with_other_work(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 2);
    assert_int_equal(pin(t.t[2], 2), 0);
    assert_int_equal(page_lock_table(t.t[2]), PGT_l2);
    fake_preempt_at(3);
    assert_int_equal(page_lock_table(t.t[2]), PGT_locked);
    assert_int_equal(type_count(t.t[2]), 2);
    page_unlock_table(t.t[2]);
    assert_int_equal(type_count(t.t[2]), 1);
}

static struct page_info *in_work;

/* The other CPU is done. */
static void other_cpu_validates(void)
{
    in_work->type_info |= PGT_validated;
}

static void waiting_for_validation_serves_flushes(void **state)
{
    (void)state;
    in_work = new_page(d);
    in_work->type_info = PGT_segdesc | 1;
    fake_while_waiting = other_cpu_validates;
    assert_int_equal(page_get_type(in_work, PGT_segdesc), 0);
    fake_while_waiting = NULL;
    assert_int_equal(type_count(in_work), 2);
    in_work->type_info = 0;
}

static void only_tables_are_locked(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 2);
    assert_int_equal(page_lock_table(t.t[1]), 0);
    assert_false(page_lock_l1(t.t[1]));
    assert_int_equal(pin(t.t[2], 2), 0);
    assert_int_equal(page_lock_table(t.rw), 0);
    assert_false(page_lock_l1(t.t[2]));
    assert_true(page_lock_l1(t.t[1]));
    page_unlock_table(t.t[1]);
}

static const struct CMUnitTest tests[] = {
    PV_MM_TEST(types_exclude_each_other),
    PV_MM_TEST(full_type_count_is_refused),
    PV_MM_TEST(full_general_count_is_refused),
    PV_MM_TEST(mapped_writable_frame_is_no_table),
    PV_MM_TEST(table_is_not_mapped_writable),
    PV_MM_TEST(own_writable_mapping_fails_validation),
    PV_MM_TEST(upper_entries_with_forbidden_bits_fail),
    PV_MM_TEST(upper_updates_with_forbidden_bits_fail),
    PV_MM_TEST(addresses_beyond_the_machine_are_refused),
    PV_MM_TEST(l1_cache_bits_are_for_domains_with_devices),
    PV_MM_TEST(wrong_level_fails),
    PV_MM_TEST(linear_tables_are_refused),
    PV_MM_TEST(foreign_and_hypervisor_frames_fail),
    PV_MM_TEST(hypervisor_slots_are_overwritten),
    PV_MM_TEST(bad_entry_at_every_position_is_undone),
    PV_MM_TEST(descriptors_are_made_harmless),
    PV_MM_TEST(system_descriptors_are_refused),
    PV_MM_TEST(change_of_type_flushes_who_may_have_it),
    PV_MM_TEST(frame_that_was_stolen_and_came_back_is_flushed),
    PV_MM_TEST(uncached_writable_frame_is_flushed_before_it_is_a_table),
    PV_MM_TEST(last_reference_goes_while_locked),
    PV_MM_TEST(waiting_for_a_lock_ends_with_other_work),
    PV_MM_TEST(waiting_for_validation_serves_flushes),
    PV_MM_TEST(only_tables_are_locked),
};

int main(void)
{
    return cmocka_run_group_tests(tests, pv_mm_set_up_once, NULL);
}
