/* SPDX-License-Identifier: MIT */
/* Pins, base pointers, and the other operations of mmuext_op. */
#include "public/memory.h"

#include "guest.h"

static struct table_tree tree;

static uint64_t mfn_of_l4_in_use(void)
{
    return va_to_mfn(boot_l4());
}

static void test_pin(void)
{
    static const unsigned int wrong[] = {
        MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE};
    uint64_t l4 = va_to_mfn(tree.l4);

    CHECK_EQ("unpin_of_what_is_not_pinned", mmuext(MMUEXT_UNPIN_TABLE, l4),
             -XEN_EINVAL);
    CHECK_EQ("pin", mmuext(MMUEXT_PIN_L4_TABLE, l4), 0);
    CHECK_EQ("pin_twice", mmuext(MMUEXT_PIN_L4_TABLE, l4), -XEN_EINVAL);
    for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
        CHECK_EQ("pin_at_another_level", mmuext(wrong[i], l4), -XEN_EINVAL);
    CHECK_EQ("pin_of_a_lower_table_in_use",
             mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(tree.l1)), 0);
    CHECK_EQ("unpin", mmuext(MMUEXT_UNPIN_TABLE, l4), 0);
    CHECK_EQ("unpin_twice", mmuext(MMUEXT_UNPIN_TABLE, l4), -XEN_EINVAL);
    CHECK_EQ("l1_keeps_its_own_pin", page_set_writable(tree.l1), -XEN_EBUSY);
    CHECK_EQ("l1_unpinned", mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(tree.l1)), 0);
    CHECK_EQ("all_tables_are_pages_again", page_set_writable(tree.l1), 0);
    page_set_readonly(tree.l1);
}

static void check_bad_frames(const char *name, uint32_t cmd, long beyond,
                             long hypervisor, long device)
{
    CHECK_EQ(name, mmuext(cmd, 0x7fffffffffUL), beyond);
    CHECK_EQ(name, mmuext(cmd, ~0UL), beyond);
    CHECK_EQ(name, mmuext(cmd, 0x200), hypervisor);
    CHECK_EQ(name, mmuext(cmd, 0xb8), device);
}

static void test_bad_frames(void)
{
    check_bad_frames("pin_of_a_frame_that_is_not_ours", MMUEXT_PIN_L4_TABLE,
                     -XEN_EINVAL, -XEN_EINVAL, -XEN_EINVAL);
    check_bad_frames("unpin_of_a_frame_that_is_not_ours", MMUEXT_UNPIN_TABLE,
                     -XEN_EINVAL, -XEN_EINVAL, -XEN_EINVAL);
    check_bad_frames("base_pointer_to_a_frame_that_is_not_ours",
                     MMUEXT_NEW_BASEPTR, -XEN_EINVAL, -XEN_EINVAL, -XEN_EINVAL);
    check_bad_frames("user_base_to_a_frame_that_is_not_ours",
                     MMUEXT_NEW_USER_BASEPTR, -XEN_EINVAL, -XEN_EINVAL,
                     -XEN_EINVAL);
    check_bad_frames("clear_of_a_frame_that_is_not_ours", MMUEXT_CLEAR_PAGE,
                     -XEN_EINVAL, -XEN_EINVAL, -XEN_EINVAL);
    CHECK_EQ("pin_of_shared_info",
             mmuext(MMUEXT_PIN_L1_TABLE, start_info->shared_info >> PAGE_SHIFT),
             -XEN_EINVAL);
}

static void test_new_baseptr(void)
{
    static struct table_tree other;
    uint64_t l4;

    tree_build(&other, 0x300000000UL);
    tree_add_kernel(&other);
    l4 = va_to_mfn(other.l4);
    CHECK_EQ("base_pointer_to_an_l3",
             mmuext(MMUEXT_NEW_BASEPTR, va_to_mfn(other.l3)), -XEN_EINVAL);
    CHECK_EQ("base_pointer_to_an_l1",
             mmuext(MMUEXT_NEW_BASEPTR, va_to_mfn(other.l1)), -XEN_EINVAL);
    CHECK_EQ("base_pointer_to_a_writable_page",
             mmuext(MMUEXT_NEW_BASEPTR, va_to_mfn(other.page)), -XEN_EINVAL);
    CHECK_EQ("base_pointer_that_is_not_pinned", mmuext(MMUEXT_NEW_BASEPTR, l4),
             0);
    CHECK_EQ("page_of_the_new_tables", try_write(other.va, 0x77), TRAP_NONE);
    CHECK_EQ("it_is_the_same_page", *(uint64_t *)other.page, 0x77);
    CHECK_EQ("l4_in_use_to_writable", page_set_writable(other.l4), -XEN_EBUSY);
    CHECK_EQ("unpin_of_the_l4_in_use", mmuext(MMUEXT_UNPIN_TABLE, l4),
             -XEN_EINVAL);
    CHECK_EQ("back_to_the_first_tables",
             mmuext(MMUEXT_NEW_BASEPTR, mfn_of_l4_in_use()), 0);
    CHECK_EQ("page_is_gone", try_read(other.va), TRAP_PF);
    tree_free(&other);
}

/* A pin dropped while the table is in CR3 leaves the table in force. */
static void test_unpin_in_use(void)
{
    uint64_t mfn = mfn_of_l4_in_use();

    CHECK_EQ("unpin_of_the_tables_in_use", mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
    CHECK_EQ("tables_in_use_stay_tables", page_set_writable(boot_l4()),
             -XEN_EBUSY);
    CHECK_EQ("pin_again", mmuext(MMUEXT_PIN_L4_TABLE, mfn), 0);
}

static void test_user_baseptr(void)
{
    CHECK_EQ("user_base_none", mmuext(MMUEXT_NEW_USER_BASEPTR, 0), 0);
    CHECK_EQ("user_base_to_an_l3",
             mmuext(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(tree.l3)), -XEN_EINVAL);
    CHECK_EQ("user_base", mmuext(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(tree.l4)),
             0);
    CHECK_EQ("user_base_to_writable", page_set_writable(tree.l4), -XEN_EBUSY);
    CHECK_EQ("user_base_off", mmuext(MMUEXT_NEW_USER_BASEPTR, 0), 0);
    CHECK_EQ("user_base_is_a_page_again", page_set_writable(tree.l4), 0);
    page_set_readonly(tree.l4);
}

/* A pinned frame that is given back stays a table until it is unpinned. The
 * page of the pool is lost. */
static void test_decrease_pinned(void)
{
    uint64_t *table = page_alloc();
    uint64_t mfn = va_to_mfn(table);
    struct xen_memory_reservation res = {
        .extent_start = (uint64_t)&mfn, .nr_extents = 1, .domid = DOMID_SELF};
    long rc;

    page_set_readonly(table);
    CHECK_EQ("pin_l1", mmuext(MMUEXT_PIN_L1_TABLE, mfn), 0);
    rc = hypercall(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &res);
    CHECK("decrease_of_a_pinned_table", rc == 0 || rc == 1);
    CHECK_EQ("pinned_table_stays_readonly", page_set_writable(table),
             -XEN_EBUSY);
    CHECK_EQ("unpin_l1", mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
    CHECK_EQ("unmap", page_unmap(table), 0);
    CHECK_EQ("frame_is_gone_or_ours", mmuext(MMUEXT_PIN_L1_TABLE, mfn),
             rc ? -XEN_EINVAL : 0);
    if (!rc)
        mmuext(MMUEXT_UNPIN_TABLE, mfn);
}

static void test_flushes(void)
{
    uint64_t mask = 1, va = (uint64_t)tree.page;

    CHECK_EQ("flush_local", mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0), 0);
    CHECK_EQ("flush_all", mmuext(MMUEXT_TLB_FLUSH_ALL, 0), 0);
    CHECK_EQ("invlpg_local", mmuext(MMUEXT_INVLPG_LOCAL, va), 0);
    CHECK_EQ("invlpg_all", mmuext(MMUEXT_INVLPG_ALL, va), 0);
    CHECK_EQ("flush_multi", mmuext2(MMUEXT_TLB_FLUSH_MULTI, 0, (uint64_t)&mask),
             0);
    CHECK_EQ("invlpg_multi", mmuext2(MMUEXT_INVLPG_MULTI, va, (uint64_t)&mask),
             0);
    mask = ~0UL;
    CHECK_EQ("flush_of_vcpus_that_are_not_there",
             mmuext2(MMUEXT_TLB_FLUSH_MULTI, 0, (uint64_t)&mask), 0);
    CHECK_EQ("flush_with_a_bitmap_at_null",
             mmuext2(MMUEXT_TLB_FLUSH_MULTI, 0, 0x10), -XEN_EINVAL);
    CHECK_EQ("invlpg_of_the_hypervisor",
             mmuext(MMUEXT_INVLPG_LOCAL, HYPERVISOR_VIRT_START + 0x1000), 0);
    CHECK_EQ("invlpg_of_a_non_canonical_address",
             mmuext(MMUEXT_INVLPG_ALL, 0x800000000000UL), 0);
    CHECK_EQ("flush_cache", mmuext(MMUEXT_FLUSH_CACHE, 0), 0);
    CHECK_EQ("flush_cache_global", mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0), 0);
    CHECK_EQ("mark_super", mmuext(MMUEXT_MARK_SUPER, va_to_mfn(tree.page)),
             -XEN_EOPNOTSUPP);
    CHECK_EQ("unknown_command", mmuext(14, 0), -XEN_ENOSYS);
    CHECK_EQ("huge_command", mmuext(~0U, 0), -XEN_ENOSYS);
}

static void test_clear_and_copy(void)
{
    uint64_t *from = page_alloc(), *to = page_alloc();

    from[0] = 11;
    from[511] = 22;
    CHECK_EQ("copy_page",
             mmuext2(MMUEXT_COPY_PAGE, va_to_mfn(to), va_to_mfn(from)), 0);
    CHECK("copied", to[0] == 11 && to[511] == 22);
    CHECK_EQ("clear_page", mmuext(MMUEXT_CLEAR_PAGE, va_to_mfn(to)), 0);
    CHECK("cleared", to[0] == 0 && to[511] == 0);
    CHECK_EQ("clear_of_a_table_in_use",
             mmuext(MMUEXT_CLEAR_PAGE, mfn_of_l4_in_use()), -XEN_EINVAL);
    CHECK_EQ("copy_to_a_table_in_use",
             mmuext2(MMUEXT_COPY_PAGE, mfn_of_l4_in_use(), va_to_mfn(from)),
             -XEN_EINVAL);
    CHECK_EQ("copy_from_beyond_memory",
             mmuext2(MMUEXT_COPY_PAGE, va_to_mfn(to), 0x7fffffffffUL),
             -XEN_EINVAL);
    page_free(from);
    page_free(to);
}

static void test_batches(void)
{
    struct mmuext_op ops[3] = {{.cmd = MMUEXT_TLB_FLUSH_LOCAL},
                               {.cmd = 14},
                               {.cmd = MMUEXT_TLB_FLUSH_LOCAL}};
    unsigned int done = 77;

    CHECK_EQ("batch_with_a_bad_operation",
             hypercall(__HYPERVISOR_mmuext_op, ops, 3, &done, DOMID_SELF),
             -XEN_ENOSYS);
    CHECK_EQ("operations_done_before_it", done, 1);
    CHECK_EQ("batch_from_nowhere",
             hypercall(__HYPERVISOR_mmuext_op, 0x10, 1, &done, DOMID_SELF),
             -XEN_EFAULT);
    CHECK_EQ("batch_for_a_domain_that_is_not_there",
             hypercall(__HYPERVISOR_mmuext_op, ops, 1, &done, 0x1234),
             -XEN_ESRCH);
}

void test_main(void)
{
    tree_build(&tree, 0x200000000UL);
    test_pin();
    test_bad_frames();
    test_new_baseptr();
    test_unpin_in_use();
    test_user_baseptr();
    test_decrease_pinned();
    test_flushes();
    test_clear_and_copy();
    test_batches();
    tree_free(&tree);
}
