/* SPDX-License-Identifier: MIT */
/* mmu_update, update_va_mapping and entries of grants. */
#include "pv_mm_setup.h"

#include "public/grant_table.h"
#include "xen/gnttab.h"
#include "asm/mm.h"

static struct tree t;

/* t is pinned, and what vcpu 0 runs on. Its L1 maps VA(0) .. VA(511). */
#define VA(index)                                                              \
    (0xffff000000000000UL | (300UL << 39) | ((unsigned long)(index) << 12))

static void set_up_tree(void)
{
    make_tree(&t, 4);
    assert_int_equal(pin(t.t[4], 4), 0);
    assert_int_equal(ext(MMUEXT_NEW_BASEPTR, mfn_x(page_to_mfn(t.t[4])), 0), 0);
}

static long update_va(u64 va, u64 pte, unsigned long flags)
{
    return do_update_va_mapping(va, pte, flags, 0, 0);
}

/* Entries. */

static void supervisor_entries_are_marked(void **state)
{
    (void)state;
    set_up_tree();
    assert_int_equal(update(maddr(t.t[1], 1), entry(t.ro, PTE_PRESENT)), 0);
    assert_int_equal(table_of(t.t[1])[1],
                     entry(t.ro, PTE_PRESENT | PTE_USER | PTE_GUEST_KERNEL));
    assert_int_equal(
        update(maddr(t.t[1], 1), entry(t.ro, FLAGS_RO | PTE_GLOBAL)), 0);
    assert_int_equal(table_of(t.t[1])[1], entry(t.ro, FLAGS_RO));
}

static void accessed_and_dirty_are_kept_if_wanted(void **state)
{
    u64 *slot;

    (void)state;
    set_up_tree();
    slot = &table_of(t.t[1])[511];
    *slot |= PTE_ACCESSED | PTE_DIRTY;
    assert_int_equal(update(maddr(t.t[1], 511) | MMU_PT_UPDATE_PRESERVE_AD,
                            entry(t.ro, FLAGS_RO | PTE_NX)),
                     0);
    assert_int_equal(*slot,
                     entry(t.ro, FLAGS_RO | PTE_NX | PTE_ACCESSED | PTE_DIRTY));
    assert_int_equal(update(maddr(t.t[1], 511), entry(t.ro, FLAGS_RO)), 0);
    assert_int_equal(*slot, entry(t.ro, FLAGS_RO));
}

static void write_access_is_counted_both_ways(void **state)
{
    (void)state;
    set_up_tree();
    assert_int_equal(type_count(t.rw), 1);
    assert_int_equal(update(maddr(t.t[1], 0), entry(t.rw, FLAGS_RO)), 0);
    assert_int_equal(type_count(t.rw), 0);
    assert_int_equal(general_count(t.rw), 2);
    assert_int_equal(update(maddr(t.t[1], 0), entry(t.rw, FLAGS_RW)), 0);
    assert_int_equal(type_count(t.rw), 1);
    assert_int_equal(update(maddr(t.t[1], 0), 0), 0);
    assert_int_equal(general_count(t.rw), 1);
}

static void failed_update_changes_nothing(void **state)
{
    struct page_info *foreign = new_page(other);
    u64 before;

    (void)state;
    set_up_tree();
    before = table_of(t.t[1])[0];
    assert_int_equal(update(maddr(t.t[1], 0), entry(foreign, FLAGS_RW)),
                     -EBUSY);
    assert_int_equal(table_of(t.t[1])[0], before);
    assert_int_equal(update(maddr(foreign, 0), 0), -EINVAL);
    assert_int_equal(update(mfn_to_maddr(_mfn(DEVICE_MFN)), 0), -EINVAL);
}

static void plain_frames_are_written_unless_in_use(void **state)
{
    struct page_info *segdesc = new_page(d);

    (void)state;
    set_up_tree();
    assert_int_equal(update(maddr(t.rw, 5), 0x1234), 0);
    assert_int_equal(table_of(t.rw)[5], 0x1234);
    assert_int_equal(page_get_type(segdesc, PGT_segdesc), 0);
    assert_int_equal(update(maddr(segdesc, 5), 0), -EINVAL);
    page_put_type(segdesc);
}

static void upper_update_flushes(void **state)
{
    unsigned int before;

    (void)state;
    set_up_tree();
    before = fake_nr_flushes;
    assert_int_equal(update(maddr(t.t[2], 0), 0), 0);
    assert_true(fake_nr_flushes > before);
    assert_true(cpumask_test(1, &fake_last_flush));
    assert_int_equal(type_count(t.t[1]), 0);
    assert_int_equal(type_count(t.rw), 0);
}

/* Device memory. */

/* Only that makes CPUs copy a root table again. */
static void changes_of_a_top_level_table_are_counted(void **state)
{
    unsigned long before;
    u64 top;

    (void)state;
    set_up_tree();
    top = entry(t.t[3], FLAGS_TABLE);
    before = d->arch.root_changes;
    assert_int_equal(update(maddr(t.t[4], 300), 0), 0);
    assert_int_equal(d->arch.root_changes, before + 1);
    assert_int_equal(update(maddr(t.t[4], 300), top), 0);
    assert_int_equal(d->arch.root_changes, before + 2);
    assert_int_equal(update(maddr(t.t[4], 300), top & ~PTE_RW), 0);
    assert_int_equal(d->arch.root_changes, before + 3);
    assert_int_equal(update(maddr(t.t[4], HYPERVISOR_FIRST_SLOT), 0), -EINVAL);
    assert_int_equal(update(maddr(t.t[3], 0), 0), 0);
    assert_int_equal(d->arch.root_changes, before + 3);
}

static void device_frames_need_permission(void **state)
{
    u64 ptr;

    (void)state;
    set_up_tree();
    ptr = maddr(t.t[1], 1);
    assert_int_equal(update(ptr, pte_make(_mfn(NO_DEVICE_MFN), FLAGS_RW)),
                     -EPERM);
    assert_int_equal(update(ptr, pte_make(_mfn(DEVICE_MFN), FLAGS_RW)), 0);
    assert_int_equal(
        update_as(ptr, pte_make(_mfn(DEVICE_MFN), FLAGS_RW), DOMID_IO), 0);
    assert_int_equal(
        update(maddr(t.t[2], 1), pte_make(_mfn(DEVICE_MFN), FLAGS_TABLE)),
        -EINVAL);
}

static void device_frames_are_not_cached(void **state)
{
    u64 ptr, *slot;

    (void)state;
    set_up_tree();
    d->arch.has_devices = true;
    ptr = maddr(t.t[1], 1);
    slot = &table_of(t.t[1])[1];
    for (u64 bits = 0; bits < 8; bits++) {
        u64 cache = (bits & 1 ? PTE_PWT : 0) | (bits & 2 ? PTE_PCD : 0) |
                    (bits & 4 ? PTE_PAT : 0);
        bool cached = bits == 0 || bits == 1 || bits == 5;

        assert_int_equal(
            update(ptr, pte_make(_mfn(DEVICE_MFN), FLAGS_RW | cache)), 0);
        assert_int_equal(*slot & PTE_CACHE_MASK,
                         cached ? PTE_PCD | PTE_PWT : cache);
    }
}

static void read_only_device_frames_lose_write_access(void **state)
{
    u64 ptr;

    (void)state;
    set_up_tree();
    ptr = maddr(t.t[1], 1);
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(update(ptr, pte_make(_mfn(DEVICE_RO_MFN), FLAGS_RW)),
                         0);
        assert_int_equal(table_of(t.t[1])[1] & PTE_RW, 0);
    }
}

/* Other domains' frames. */

static void only_the_control_domain_maps_foreign_frames(void **state)
{
    struct page_info *foreign = new_page(other);
    struct page_info *table;

    (void)state;
    set_up_tree();
    assert_int_equal(update_as(maddr(t.t[1], 1), entry(foreign, FLAGS_RW), 2),
                     -EPERM);
    assert_int_equal(
        update_as(maddr(t.t[1], 1), entry(foreign, FLAGS_RO), DOMID_XEN),
        -EPERM);

    run_as(d0, 0);
    table = new_page(d0);
    assert_int_equal(pin(table, 1), 0);
    assert_int_equal(update_as(maddr(table, 1), entry(foreign, FLAGS_RW), 2),
                     0);
    assert_int_equal(update_as(maddr(table, 2), entry(foreign, FLAGS_RW), 1),
                     -EBUSY);
    /* Its owner can't use it as a table meanwhile, nor give it away. */
    run_as(other, 0);
    assert_int_equal(pin(foreign, 1), -EINVAL);
    assert_int_not_equal(page_steal(other, foreign), 0);
    run_as(d0, 0);
    assert_int_equal(update(maddr(table, 1), 0), 0);
    run_as(d, 0);
}

static void tables_of_others_belong_to_the_control_domain(void **state)
{
    (void)state;
    set_up_tree();
    run_as(other, 0);
    assert_int_equal(update_as(maddr(t.t[1], 0), 0, DOMID_SELF | (2UL << 16)),
                     -EPERM);
    run_as(d0, 0);
    assert_int_equal(update_as(maddr(t.t[1], 0), 0, 1 | (2UL << 16)), 0);
    assert_int_equal(type_count(t.rw), 0);
}

/* M2P. */

static void m2p_follows_for_own_frames_only(void **state)
{
    struct page_info *foreign = new_page(other);

    (void)state;
    set_up_tree();
    assert_int_equal(update(maddr(t.rw, 0) | MMU_MACHPHYS_UPDATE, 77), 0);
    assert_int_equal(m2p_get(page_to_mfn(t.rw)).p, 77);
    assert_int_equal(update(maddr(foreign, 0) | MMU_MACHPHYS_UPDATE, 77),
                     -EINVAL);
    assert_int_equal(update((1UL << 50) | MMU_MACHPHYS_UPDATE, 77), -EINVAL);
}

/* Batches. */

#define NR 600

static void batch_stops_at_the_first_error(void **state)
{
    struct mmu_update *req = fake_guest_alloc(4 * sizeof(*req));

    (void)state;
    set_up_tree();
    for (unsigned int i = 0; i < 4; i++) {
        req[i].ptr = maddr(t.t[1], 10 + i);
        req[i].val = entry(t.ro, i == 2 ? FLAGS_RO | PTE_PCD : FLAGS_RO);
    }
    assert_int_equal(do_mmu_update((unsigned long)req, 4,
                                   (unsigned long)done_out, DOMID_SELF, 0),
                     -EINVAL);
    assert_int_equal(*done_out, 2);
    assert_int_equal(table_of(t.t[1])[13], 0);
}

static void batch_counts_what_is_done_over_restarts(void **state)
{
    struct mmu_update *req = fake_guest_alloc(NR * sizeof(*req));
    const unsigned long *a = fake_continue_args;
    unsigned int times = 0;
    long rc;

    (void)state;
    set_up_tree();
    for (unsigned int i = 0; i < NR; i++) {
        req[i].ptr = maddr(t.t[1], i % 500 + 1);
        req[i].val = entry(t.ro, FLAGS_RO);
    }
    *done_out = 99;
    fake_set_preempt(true);
    rc = do_mmu_update((unsigned long)req, NR, (unsigned long)done_out,
                       DOMID_SELF, 0);
    while (rc == -ERESTART) {
        times++;
        assert_true(a[1] & MMU_UPDATE_PREEMPTED);
        recount();
        rc = do_mmu_update(a[0], a[1], a[2], a[3], a[4]);
    }
    fake_set_preempt(false);
    assert_int_equal(rc, 0);
    assert_int_equal(*done_out, NR);
    assert_true(times > 10);
    assert_int_equal(general_count(t.ro), 502);
}

static void batch_waits_for_a_lock_no_longer_than_it_may(void **state)
{
    struct mmu_update *req = fake_guest_alloc(2 * sizeof(*req));

    (void)state;
    set_up_tree();
    req[0].ptr = maddr(t.t[1], 3);
    req[0].val = entry(t.ro, FLAGS_RO);
    req[1].ptr = maddr(t.t[2], 1);
    assert_int_equal(page_lock_table(t.t[2]), PGT_l2);
    fake_preempt_at(5);
    assert_int_equal(do_mmu_update((unsigned long)req, 2,
                                   (unsigned long)done_out, DOMID_SELF, 0),
                     -ERESTART);
    assert_int_equal(*done_out, 1);
    assert_int_equal(fake_continue_args[0], (unsigned long)&req[1]);
    assert_int_equal(fake_continue_args[1], 1 | MMU_UPDATE_PREEMPTED);
    page_unlock_table(t.t[2]);
}

static void bad_arguments_of_a_batch_are_refused(void **state)
{
    struct mmu_update *req = fake_guest_alloc(sizeof(*req));

    (void)state;
    set_up_tree();
    assert_int_equal(do_mmu_update((unsigned long)req, 1, 0, 999, 0), -EPERM);
    run_as(d0, 0);
    assert_int_equal(do_mmu_update((unsigned long)req, 1, 0, 999, 0), -ESRCH);
    run_as(d, 0);
    assert_int_equal(do_mmu_update((unsigned long)req, 1, 8, DOMID_SELF, 0),
                     -EFAULT);
    assert_int_equal(do_mmu_update(HYPERVISOR_VIRT_START, 1, 0, DOMID_SELF, 0),
                     -EFAULT);
    assert_int_equal(do_mmu_update((unsigned long)req, 0, 0, DOMID_SELF, 0), 0);
    /* Nobody but us sets the flag; it only keeps *done as it is. */
    *done_out = 5;
    req->ptr = maddr(t.t[1], 3);
    assert_int_equal(do_mmu_update((unsigned long)req, 1 | MMU_UPDATE_PREEMPTED,
                                   (unsigned long)done_out, DOMID_SELF, 0),
                     0);
    assert_int_equal(*done_out, 6);
}

/* update_va_mapping. */

static void update_va_changes_the_entry(void **state)
{
    (void)state;
    set_up_tree();
    assert_int_equal(update_va(VA(5), entry(t.ro, FLAGS_RO), UVMF_NONE), 0);
    assert_int_equal(table_of(t.t[1])[5], entry(t.ro, FLAGS_RO));
    assert_int_equal(guest_get_l1e(VA(5)), entry(t.ro, FLAGS_RO));
}

static void update_va_refuses_what_is_not_the_guests(void **state)
{
    unsigned int before;

    (void)state;
    set_up_tree();
    before = fake_nr_flushes;
    assert_int_equal(update_va(HYPERVISOR_VIRT_START, 0, UVMF_INVLPG), -EINVAL);
    assert_int_equal(update_va(1UL << 47, 0, UVMF_INVLPG), -EINVAL);
    assert_int_equal(update_va(0x1000, 0, UVMF_INVLPG), -EINVAL);
    assert_int_equal(
        update_va(VA(5), entry(t.t[1], FLAGS_RW), UVMF_TLB_FLUSH | UVMF_ALL),
        -EBUSY);
    assert_int_equal(fake_nr_flushes, before);
}

static void update_va_flushes_whom_it_is_asked_to(void **state)
{
    (void)state;
    set_up_tree();
    assert_int_equal(
        update_va(VA(5), entry(t.ro, FLAGS_RO), UVMF_TLB_FLUSH | UVMF_ALL), 0);
    assert_true(cpumask_test(0, &fake_last_flush));
    assert_true(cpumask_test(1, &fake_last_flush));
    assert_int_equal(update_va(VA(5), 0, UVMF_INVLPG | UVMF_LOCAL), 0);
    assert_true(cpumask_test(0, &fake_last_flush));
    assert_false(cpumask_test(1, &fake_last_flush));
    assert_int_equal(update_va(VA(5), 0, UVMF_TLB_FLUSH | 0x1000), -EFAULT);
}

/* Grants. */

static void grant_entry_is_placed_and_removed_once(void **state)
{
    struct page_info *granted = new_page(other);
    mfn_t mfn = page_to_mfn(granted);
    const u64 addr[2] = {VA(9), 0};

    (void)state;
    set_up_tree();
    for (unsigned int i = 0; i < 2; i++) {
        unsigned int flags =
            GNTMAP_host_map | (i ? GNTMAP_contains_pte : GNTMAP_readonly);
        u64 at = i ? maddr(t.t[1], 9) : addr[i];

        assert_int_equal(arch_grant_map(at, mfn, flags), GNTST_okay);
        recount();
        assert_int_equal(type_count(granted), i);
        assert_int_equal(arch_grant_unmap(at, mfn, 0, flags), GNTST_okay);
        assert_int_equal(arch_grant_unmap(at, mfn, 0, flags),
                         GNTST_general_error);
        assert_int_equal(general_count(granted), 1);
    }
}

static void grant_entry_that_was_changed_is_not_removed(void **state)
{
    struct page_info *granted = new_page(other);
    mfn_t mfn = page_to_mfn(granted);

    (void)state;
    set_up_tree();
    assert_int_equal(arch_grant_map(VA(9), mfn, GNTMAP_host_map), GNTST_okay);
    assert_int_equal(update(maddr(t.t[1], 9), entry(t.ro, FLAGS_RO)), 0);
    assert_int_equal(general_count(granted), 1);
    assert_int_equal(arch_grant_unmap(VA(9), mfn, 0, GNTMAP_host_map),
                     GNTST_general_error);
    assert_int_equal(table_of(t.t[1])[9], entry(t.ro, FLAGS_RO));
}

static void grants_go_into_own_l1_tables_only(void **state)
{
    mfn_t mfn = page_to_mfn(new_page(other));
    unsigned int pte = GNTMAP_host_map | GNTMAP_contains_pte;

    (void)state;
    set_up_tree();
    assert_int_not_equal(arch_grant_map(maddr(t.t[1], 9) + 4, mfn, pte),
                         GNTST_okay);
    assert_int_not_equal(arch_grant_map(maddr(t.t[2], 9), mfn, pte),
                         GNTST_okay);
    assert_int_not_equal(arch_grant_map(maddr(t.rw, 9), mfn, pte), GNTST_okay);
    assert_int_not_equal(
        arch_grant_map(mfn_to_maddr(other->vcpu[0]->arch.guest_table), mfn,
                       pte),
        GNTST_okay);
    assert_int_not_equal(arch_grant_map(1UL << 51, mfn, pte), GNTST_okay);
    assert_int_not_equal(
        arch_grant_map(HYPERVISOR_VIRT_START, mfn, GNTMAP_host_map),
        GNTST_okay);
    assert_int_not_equal(arch_grant_map(0x1000, mfn, GNTMAP_host_map),
                         GNTST_okay);
}

static void replacement_moves_the_other_entry(void **state)
{
    mfn_t mfn = page_to_mfn(new_page(other));

    (void)state;
    set_up_tree();
    assert_int_equal(arch_grant_map(VA(9), mfn, GNTMAP_host_map), GNTST_okay);
    assert_int_equal(arch_grant_unmap(VA(9), mfn, VA(0), GNTMAP_host_map),
                     GNTST_okay);
    assert_int_equal(table_of(t.t[1])[9], entry(t.rw, FLAGS_RW));
    assert_int_equal(table_of(t.t[1])[0], 0);
    assert_int_equal(type_count(t.rw), 1);
}

/* Against L1TF. The cache here looks at 40 bits of an address. */
static void absent_entries_name_no_memory(void **state)
{
    u64 named;

    (void)state;
    set_up_tree();
    named = entry(t.ro, FLAGS_RO) & ~PTE_PRESENT;
    assert_int_equal(update_va(VA(5), named, UVMF_NONE), 0);

    l1tf_mask = (1UL << 40) - PAGE_SIZE;
    l1tf_limit = max_page << PAGE_SHIFT;
    assert_int_equal(update_va(VA(5), named, UVMF_NONE), -EINVAL);
    assert_int_equal(update_va(VA(5), named | 1UL << 45, UVMF_NONE), -EINVAL);
    assert_int_equal(update(maddr(t.t[1], 5), named), -EINVAL);
    assert_int_equal(update(maddr(t.t[2], 5), named), -EINVAL);
    assert_int_equal(update(maddr(t.t[2], 5), PTE_PSE), -EINVAL);
    assert_int_equal(update(maddr(t.t[2], 5), FLAGS_RO & ~PTE_PRESENT), 0);
    assert_int_equal(update_va(VA(5), l1tf_limit, UVMF_NONE), 0);
    assert_int_equal(update_va(VA(5), ~named & PTE_ADDR_MASK, UVMF_NONE), 0);
    assert_int_equal(update_va(VA(5), FLAGS_RO & ~PTE_PRESENT, UVMF_NONE), 0);
    l1tf_mask = l1tf_limit = 0;
}

static const struct CMUnitTest tests[] = {
    PV_MM_TEST(absent_entries_name_no_memory),
    PV_MM_TEST(supervisor_entries_are_marked),
    PV_MM_TEST(accessed_and_dirty_are_kept_if_wanted),
    PV_MM_TEST(write_access_is_counted_both_ways),
    PV_MM_TEST(failed_update_changes_nothing),
    PV_MM_TEST(plain_frames_are_written_unless_in_use),
    PV_MM_TEST(upper_update_flushes),
    PV_MM_TEST(changes_of_a_top_level_table_are_counted),
    PV_MM_TEST(device_frames_need_permission),
    PV_MM_TEST(device_frames_are_not_cached),
    PV_MM_TEST(read_only_device_frames_lose_write_access),
    PV_MM_TEST(only_the_control_domain_maps_foreign_frames),
    PV_MM_TEST(tables_of_others_belong_to_the_control_domain),
    PV_MM_TEST(m2p_follows_for_own_frames_only),
    PV_MM_TEST(batch_stops_at_the_first_error),
    PV_MM_TEST(batch_counts_what_is_done_over_restarts),
    PV_MM_TEST(batch_waits_for_a_lock_no_longer_than_it_may),
    PV_MM_TEST(bad_arguments_of_a_batch_are_refused),
    PV_MM_TEST(update_va_changes_the_entry),
    PV_MM_TEST(update_va_refuses_what_is_not_the_guests),
    PV_MM_TEST(update_va_flushes_whom_it_is_asked_to),
    PV_MM_TEST(grant_entry_is_placed_and_removed_once),
    PV_MM_TEST(grant_entry_that_was_changed_is_not_removed),
    PV_MM_TEST(grants_go_into_own_l1_tables_only),
    PV_MM_TEST(replacement_moves_the_other_entry),
};

int main(void)
{
    return cmocka_run_group_tests(tests, pv_mm_set_up_once, NULL);
}
