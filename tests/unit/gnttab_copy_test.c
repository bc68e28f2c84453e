/* SPDX-License-Identifier: MIT */
/* Copies by grants: whole frames, parts of frames, grants passed on. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "xen/audit.h"
#include "xen/errno.h"
#include "xen/gnttab.h"
#include "xen/hypercall.h"
#include "xen/page_alloc.h"
#include "fake/fake.h"

/* The caller copies; first grants to it, second grants to first. */
static struct domain *caller, *first, *second;
static struct page_info *own, *page1, *page2;
static struct grant_entry_v1 *entry1;
static struct gnttab_copy *copy;

int arch_grant_map(u64 addr, mfn_t frame, unsigned int flags)
{
    (void)addr;
    (void)frame;
    (void)flags;
    return GNTST_general_error;
}

int arch_grant_unmap(u64 addr, mfn_t frame, u64 new_addr, unsigned int flags)
{
    (void)addr;
    (void)frame;
    (void)new_addr;
    (void)flags;
    return GNTST_general_error;
}

void flush_page_cache(mfn_t mfn);
void flush_page_cache(mfn_t mfn)
{
    (void)mfn;
}

void audit_see(struct audit *a, mfn_t mfn, bool type)
{
    (void)a;
    (void)mfn;
    (void)type;
}

static int set_up_once(void **state)
{
    (void)state;
    init_boot_pages(0, FAKE_RAM_END);
    end_boot_allocator();
    return 0;
}

static void *table_of(struct domain *d)
{
    mfn_t mfn;

    assert_int_equal(gnttab_acquire_resource(d, 0, 0, 1, &mfn), 0);
    return mfn_to_virt(mfn);
}

static struct domain *new_domain(domid_t domid, struct page_info **pg)
{
    struct domain *d = fake_domain(domid, 1);

    assert_int_equal(gnttab_create(d, 1, 1, 2), 0);
    *pg = alloc_domheap_pages(d, 0, 0);
    memset(page_to_virt(*pg), 'a' + domid, PAGE_SIZE);
    return d;
}

static int set_up(void **state)
{
    (void)state;
    dom_xen = fake_domain(DOMID_XEN, 0);
    caller = new_domain(0, &own);
    first = new_domain(1, &page1);
    second = new_domain(2, &page2);
    fake_set_current(caller->vcpu[0]);
    copy = fake_guest_alloc(4 * sizeof(*copy));
    entry1 = table_of(first);
    entry1[8] = (struct grant_entry_v1){.flags = GTF_permit_access,
                                        .domid = 0,
                                        .frame = mfn_x(page_to_mfn(page1))};
    copy->source.domid = 1;
    copy->source.u.ref = 8;
    copy->dest.domid = DOMID_SELF;
    copy->dest.u.gmfn = mfn_x(page_to_mfn(own));
    copy->len = 100;
    copy->flags = GNTCOPY_source_gref;
    return 0;
}

static void free_domain(struct domain *d, struct page_info *pg)
{
    assert_int_equal(gnttab_audit(d), 0);
    assert_int_equal(pg->count_info, PGC_allocated | 1);
    assert_int_equal(pg->type_info & PGT_count_mask, 0);
    assert_true(page_get(pg, d));
    assert_true(page_put_allocation(pg));
    page_put(pg);
    gnttab_destroy(d);
    assert_int_equal(atomic_read(&d->refcnt), 1);
}

/* No copy leaves a reference or a mark behind. */
static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(entry1[8].flags & (GTF_reading | GTF_writing), 0);
    free_domain(caller, own);
    free_domain(first, page1);
    free_domain(second, page2);
    fake_domains_free();
    fake_guest_free();
    return 0;
}

static int copy_status(void)
{
    assert_int_equal(
        do_grant_table_op(GNTTABOP_copy, (unsigned long)copy, 1, 0, 0), 0);
    return copy->status;
}

static char byte(const struct page_info *pg, unsigned int offset)
{
    return ((const char *)page_to_virt(pg))[offset];
}

static void bytes_come_from_a_grant(void **state)
{
    (void)state;
    copy->source.offset = 10;
    copy->dest.offset = PAGE_SIZE - 100;
    assert_int_equal(copy_status(), GNTST_okay);
    assert_int_equal(byte(own, PAGE_SIZE - 101), 'a');
    assert_int_equal(byte(own, PAGE_SIZE - 100), 'b');
    assert_int_equal(byte(own, PAGE_SIZE - 1), 'b');
}

static void to_grant(void)
{
    const struct gnttab_copy_ptr t = copy->source;

    copy->source = copy->dest;
    copy->dest = t;
    copy->flags = GNTCOPY_dest_gref;
}

static void bytes_go_to_a_grant(void **state)
{
    (void)state;
    to_grant();
    assert_int_equal(copy_status(), GNTST_okay);
    assert_int_equal(byte(page1, 99), 'a');
    assert_int_equal(byte(page1, 100), 'b');
}

static void read_only_grant_is_not_written(void **state)
{
    (void)state;
    entry1[8].flags |= GTF_readonly;
    assert_int_equal(copy_status(), GNTST_okay);
    to_grant();
    assert_int_equal(copy_status(), GNTST_general_error);
    assert_int_equal(byte(page1, 0), 'b');
}

static void ranges_past_the_frame_are_bad_copy_arg(void **state)
{
    (void)state;
    copy->source.offset = PAGE_SIZE - 99;
    assert_int_equal(copy_status(), GNTST_bad_copy_arg);
    copy->source.offset = 0;
    copy->dest.offset = 0xffff;
    copy->len = 0xffff;
    assert_int_equal(copy_status(), GNTST_bad_copy_arg);
}

static void frames_of_others_need_a_grant(void **state)
{
    (void)state;
    copy->flags = 0;
    copy->source.u.gmfn = mfn_x(page_to_mfn(page1));
    assert_int_equal(copy_status(), GNTST_permission_denied);
    copy->source.domid = DOMID_SELF;
    assert_int_equal(copy_status(), GNTST_bad_page);
    copy->source.u.gmfn = ~0UL;
    assert_int_equal(copy_status(), GNTST_bad_page);
}

static void page_table_is_not_written(void **state)
{
    (void)state;
    assert_int_equal(page_get_type(own, PGT_l1), 0);
    assert_int_equal(copy_status(), GNTST_bad_page);
    assert_int_equal(byte(own, 0), 'a');
    page_put_type(own);
}

static void unknown_domain_or_reference_is_told(void **state)
{
    (void)state;
    copy->source.u.ref = 512;
    assert_int_equal(copy_status(), GNTST_bad_gntref);
    copy->source.domid = 9;
    assert_int_equal(copy_status(), GNTST_bad_domain);
    copy->source.domid = 2;
    copy->source.u.ref = 8;
    assert_int_equal(copy_status(), GNTST_general_error);
}

static union grant_entry_v2 *version_2(struct domain *d)
{
    struct gnttab_set_version *v = fake_guest_alloc(sizeof(*v));

    v->version = 2;
    fake_set_current(d->vcpu[0]);
    assert_int_equal(
        do_grant_table_op(GNTTABOP_set_version, (unsigned long)v, 1, 0, 0), 0);
    fake_set_current(caller->vcpu[0]);
    return table_of(d);
}

static void part_of_a_frame_bounds_the_copy(void **state)
{
    union grant_entry_v2 *e = &version_2(first)[8];

    (void)state;
    e->sub_page.page_off = 1000;
    e->sub_page.length = 50;
    e->sub_page.frame = mfn_x(page_to_mfn(page1));
    e->hdr.domid = 0;
    e->hdr.flags = GTF_permit_access | GTF_sub_page;
    copy->source.offset = 1000;
    copy->len = 50;
    assert_int_equal(copy_status(), GNTST_okay);
    copy->len = 51;
    assert_int_equal(copy_status(), GNTST_general_error);
    copy->len = 10;
    copy->source.offset = 999;
    assert_int_equal(copy_status(), GNTST_general_error);
    e->sub_page.page_off = 0xf000;
    assert_int_equal(copy_status(), GNTST_general_error);
    e->hdr.flags = 0;
}

/* Entry 8 of first passes on entry 9 of second. */
static union grant_entry_v2 *pass_on(void)
{
    union grant_entry_v2 *e = &version_2(first)[8];
    struct grant_entry_v1 *entry2 = table_of(second);

    entry2[9] = (struct grant_entry_v1){.flags = GTF_permit_access,
                                        .domid = 1,
                                        .frame = mfn_x(page_to_mfn(page2))};
    e->transitive.trans_domid = 2;
    e->transitive.gref = 9;
    e->hdr.domid = 0;
    e->hdr.flags = GTF_transitive;
    return e;
}

static void grant_passed_on_reaches_the_third_domain(void **state)
{
    union grant_entry_v2 *e = pass_on();

    (void)state;
    assert_int_equal(copy_status(), GNTST_okay);
    assert_int_equal(byte(own, 0), 'c');
    e->transitive.trans_domid = 9;
    assert_int_equal(copy_status(), GNTST_general_error);
    e->hdr.flags = 0;
}

static void grant_is_not_passed_on_twice(void **state)
{
    union grant_entry_v2 *e = pass_on(), *e2 = &version_2(second)[9];

    (void)state;
    e2->transitive.trans_domid = 1;
    e2->transitive.gref = 8;
    e2->hdr.domid = 1;
    e2->hdr.flags = GTF_transitive;
    assert_int_equal(copy_status(), GNTST_general_error);
    e->hdr.flags = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_come_from_a_grant),
        TEST(bytes_go_to_a_grant),
        TEST(read_only_grant_is_not_written),
        TEST(ranges_past_the_frame_are_bad_copy_arg),
        TEST(frames_of_others_need_a_grant),
        TEST(page_table_is_not_written),
        TEST(unknown_domain_or_reference_is_told),
        TEST(part_of_a_frame_bounds_the_copy),
        TEST(grant_passed_on_reaches_the_third_domain),
        TEST(grant_is_not_passed_on_twice),
    };

    return cmocka_run_group_tests(tests, set_up_once, NULL);
}
