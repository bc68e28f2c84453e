/* SPDX-License-Identifier: MIT */
/* memory_op, over the real allocator and owners of frames. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "public/memory.h"
#include "xen/errno.h"
#include "xen/gnttab.h"
#include "xen/hypercall.h"
#include "xen/memory.h"
#include "xen/page_alloc.h"
#include "fake/fake.h"

#define MAX_LIST 64

static struct domain *d, *other;
static xen_pfn_t *list, *out_list;
static struct xen_memory_reservation *res;
static struct xen_memory_exchange *exch;

/* The grant table of the resource tests: frames 100 .. 139. */
int gnttab_acquire_resource(struct domain *owner, unsigned int id,
                            unsigned int frame, unsigned int nr, mfn_t mfn[])
{
    (void)owner;
    if (id != 0 || frame + nr > 40)
        return -EINVAL;
    for (unsigned int i = 0; i < nr; i++)
        mfn[i] = _mfn(100 + frame + i);
    return 0;
}

unsigned int gnttab_resource_max_frames(struct domain *owner, unsigned int id)
{
    (void)owner;
    return id == 0 ? 40 : 0;
}

long arch_memory_op(unsigned int op, u64 arg)
{
    (void)op;
    (void)arg;
    return -ENOSYS;
}

static int set_up_once(void **state)
{
    (void)state;
    init_boot_pages(0, FAKE_RAM_END);
    end_boot_allocator();
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    d = fake_domain(1, 1);
    other = fake_domain(2, 1);
    fake_set_current(d->vcpu[0]);
    fake_set_preempt(false);
    list = fake_guest_alloc(MAX_LIST * sizeof(*list));
    out_list = fake_guest_alloc(MAX_LIST * sizeof(*out_list));
    res = fake_guest_alloc(sizeof(*res));
    exch = fake_guest_alloc(sizeof(*exch));
    res->extent_start = (unsigned long)list;
    res->domid = DOMID_SELF;
    exch->in.extent_start = (unsigned long)list;
    exch->out.extent_start = (unsigned long)out_list;
    exch->in.domid = exch->out.domid = DOMID_SELF;
    return 0;
}

static void free_all(struct domain *owner)
{
    struct page_info *pg;

    while ((pg = page_list_first(&owner->mem.page_list)) != NULL) {
        assert_true(page_get(pg, owner));
        assert_true(page_put_allocation(pg));
        page_put(pg);
    }
    assert_int_equal(owner->mem.tot_pages, 0);
    assert_int_equal(atomic_read(&owner->refcnt), 1);
}

static int tear_down(void **state)
{
    static unsigned long all;

    (void)state;
    free_all(d);
    free_all(other);
    fake_domains_free();
    fake_guest_free();
    all = all ? all : avail_heap_pages();
    return avail_heap_pages() == all ? 0 : -1;
}

static long op(unsigned long cmd, const void *arg)
{
    return do_memory_op(cmd, (unsigned long)arg, 0, 0, 0);
}

/* Go on as a guest does until the call is done. */
static long op_until_done(unsigned long cmd, const void *arg)
{
    long rc = op(cmd, arg);

    while (rc == -ERESTART) {
        assert_int_equal(fake_continue_args[1], (unsigned long)arg);
        rc = op(fake_continue_args[0], arg);
    }
    return rc;
}

/* Frames for d with the pfns 100, 101, ..; their mfns are in `list`. */
static void populate(unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        list[i] = 100 + i;
    res->nr_extents = nr;
    assert_int_equal(op(XENMEM_populate_physmap, res), nr);
}

static void populated_frames_are_owned_and_named(void **state)
{
    (void)state;
    populate(3);
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(m2p_get(_mfn(list[i])).p, 100 + i);
        assert_ptr_equal(page_get_owner(mfn_to_page(_mfn(list[i]))), d);
    }
    assert_int_equal(d->mem.tot_pages, 3);
}

static void populate_stops_at_max_pages(void **state)
{
    (void)state;
    d->mem.max_pages = 2;
    res->nr_extents = 3;
    assert_int_equal(op(XENMEM_populate_physmap, res), 2);
    assert_int_equal(list[2], 0);
}

static void populate_is_continued_after_each_extent(void **state)
{
    (void)state;
    fake_set_preempt(true);
    res->nr_extents = 5;
    assert_int_equal(op(XENMEM_populate_physmap, res), -ERESTART);
    assert_int_equal(fake_continue_args[0], XENMEM_populate_physmap | 1 << 6);
    free_all(d);
    assert_int_equal(op_until_done(XENMEM_populate_physmap, res), 5);
    assert_int_equal(d->mem.tot_pages, 5);
}

static void bad_reservations_do_nothing(void **state)
{
    (void)state;
    res->nr_extents = 1;
    assert_int_equal(op(XENMEM_populate_physmap, NULL), 0);
    res->extent_order = 10;
    assert_int_equal(op(XENMEM_populate_physmap, res), 0);
    res->extent_order = 0;
    res->extent_start = HYPERVISOR_VIRT_START;
    assert_int_equal(op(XENMEM_populate_physmap, res), 0);
    res->extent_start = (unsigned long)list;
    res->nr_extents = ~0UL;
    assert_int_equal(op(XENMEM_populate_physmap, res), 0);
    res->nr_extents = 1;
    res->mem_flags = XENMEMF_populate_on_demand;
    assert_int_equal(op(XENMEM_populate_physmap, res), 0);
    assert_int_equal(d->mem.tot_pages, 0);
}

static void only_a_control_domain_changes_others(void **state)
{
    (void)state;
    res->domid = 2;
    res->nr_extents = 1;
    assert_int_equal(op(XENMEM_populate_physmap, res), 0);
    d->is_control = true;
    assert_int_equal(op(XENMEM_populate_physmap, res), 1);
    assert_int_equal(other->mem.tot_pages, 1);
}

static void decrease_frees_own_frames_only(void **state)
{
    (void)state;
    populate(2);
    list[2] = 0;
    res->nr_extents = 3;
    assert_int_equal(op(XENMEM_decrease_reservation, res), 2);
    assert_int_equal(d->mem.tot_pages, 0);
    assert_int_equal(op(XENMEM_decrease_reservation, res), 0);
    list[0] = ~0UL;
    assert_int_equal(op(XENMEM_decrease_reservation, res), 0);
}

static void frame_mapped_elsewhere_stays_until_unmapped(void **state)
{
    struct page_info *pg;

    (void)state;
    populate(1);
    pg = mfn_to_page(_mfn(list[0]));
    assert_true(page_get(pg, d));
    assert_int_equal(op(XENMEM_decrease_reservation, res), 1);
    assert_int_equal(op(XENMEM_decrease_reservation, res), 0);
    assert_int_equal(d->mem.tot_pages, 1);
    page_put(pg);
    assert_int_equal(d->mem.tot_pages, 0);
}

static void hypervisor_page_is_not_given_back(void **state)
{
    struct page_info *pg = virt_to_page(alloc_xenheap_page());

    (void)state;
    dom_xen = other;
    share_xen_page_with_guest(pg, d, SHARE_rw);
    list[0] = mfn_x(page_to_mfn(pg));
    res->nr_extents = 1;
    assert_int_equal(op(XENMEM_decrease_reservation, res), 0);
    exch->in.nr_extents = exch->out.nr_extents = 1;
    assert_int_equal(op(XENMEM_exchange, exch), -EINVAL);
    unshare_xen_page(pg);
}

static void exchange_gives_a_contiguous_block(void **state)
{
    xen_pfn_t old[8];

    (void)state;
    populate(8);
    memcpy(old, list, sizeof(old));
    exch->in.nr_extents = 8;
    exch->out.nr_extents = 1;
    exch->out.extent_order = 3;
    exch->out.mem_flags = 20;
    out_list[0] = 500;
    assert_int_equal(op(XENMEM_exchange, exch), 0);
    assert_int_equal(exch->nr_exchanged, 8);
    assert_int_equal(d->mem.tot_pages, 8);
    assert_true(out_list[0] + 8 <= 256);
    for (unsigned int i = 0; i < 8; i++) {
        assert_int_equal(m2p_get(_mfn(out_list[0] + i)).p, 500 + i);
        assert_int_equal(m2p_get(_mfn(old[i])).p, INVALID_PFN.p);
        assert_false(page_get(mfn_to_page(_mfn(old[i])), d));
    }
}

static void exchange_splits_a_block(void **state)
{
    (void)state;
    res->extent_order = 2;
    populate(1);
    exch->in.nr_extents = 1;
    exch->in.extent_order = 2;
    exch->out.nr_extents = 4;
    for (unsigned int i = 0; i < 4; i++)
        out_list[i] = 700 + i;
    assert_int_equal(op(XENMEM_exchange, exch), 0);
    assert_int_equal(exch->nr_exchanged, 1);
    for (unsigned int i = 0; i < 4; i++)
        assert_int_equal(m2p_get(_mfn(out_list[i])).p, 700 + i);
}

static void exchange_is_continued_after_each_chunk(void **state)
{
    (void)state;
    populate(6);
    exch->in.nr_extents = 6;
    exch->out.nr_extents = 3;
    exch->out.extent_order = 1;
    fake_set_preempt(true);
    assert_int_equal(op(XENMEM_exchange, exch), -ERESTART);
    assert_int_equal(exch->nr_exchanged, 2);
    assert_int_equal(op_until_done(XENMEM_exchange, exch), 0);
    assert_int_equal(exch->nr_exchanged, 6);
    assert_int_equal(d->mem.tot_pages, 6);
}

static void failed_exchange_changes_nothing(void **state)
{
    struct page_info *pg;

    (void)state;
    populate(4);
    exch->in.nr_extents = 4;
    exch->out.nr_extents = 1;
    exch->out.extent_order = 2;
    exch->out.mem_flags = 12;
    assert_int_equal(op(XENMEM_exchange, exch), -ENOMEM);
    exch->out.mem_flags = 0;
    pg = mfn_to_page(_mfn(list[3]));
    assert_true(page_get(pg, d));
    assert_int_equal(op(XENMEM_exchange, exch), -EINVAL);
    page_put(pg);
    exch->out.extent_start = 0x1000;
    assert_int_equal(op(XENMEM_exchange, exch), -EFAULT);
    assert_int_equal(exch->nr_exchanged, 0);
    assert_int_equal(d->mem.tot_pages, 4);
    for (unsigned int i = 0; i < 4; i++) {
        assert_int_equal(m2p_get(_mfn(list[i])).p, 100 + i);
        assert_true(page_get(mfn_to_page(_mfn(list[i])), d));
        page_put(mfn_to_page(_mfn(list[i])));
    }
}

static void exchange_of_one_frame_twice_is_einval(void **state)
{
    (void)state;
    populate(2);
    list[1] = list[0];
    exch->in.nr_extents = 2;
    exch->out.nr_extents = 1;
    exch->out.extent_order = 1;
    assert_int_equal(op(XENMEM_exchange, exch), -EINVAL);
    assert_int_equal(d->mem.tot_pages, 2);
}

static void amounts_that_differ_are_einval(void **state)
{
    (void)state;
    exch->in.nr_extents = 3;
    exch->out.nr_extents = 1;
    exch->out.extent_order = 1;
    assert_int_equal(op(XENMEM_exchange, exch), -EINVAL);
    exch->in.nr_extents = 1UL << 63;
    exch->in.extent_order = 1;
    exch->out.nr_extents = 0;
    assert_int_equal(op(XENMEM_exchange, exch), -EINVAL);
    exch->in.nr_extents = exch->out.nr_extents = 2;
    exch->nr_exchanged = 3;
    assert_int_equal(op(XENMEM_exchange, exch), -EINVAL);
    exch->nr_exchanged = 0;
    exch->in.domid = 2;
    assert_int_equal(op(XENMEM_exchange, exch), -EINVAL);
}

static void exchange_errors_of_the_caller(void **state)
{
    (void)state;
    assert_int_equal(op(XENMEM_exchange, NULL), -EFAULT);
    exch->out.extent_order = 10;
    assert_int_equal(op(XENMEM_exchange, exch), -EPERM);
    exch->out.extent_order = 0;
    exch->in.domid = exch->out.domid = 2;
    assert_int_equal(op(XENMEM_exchange, exch), -EPERM);
    exch->in.domid = exch->out.domid = 9;
    assert_int_equal(op(XENMEM_exchange, exch), -ESRCH);
    exch->in.nr_extents = exch->out.nr_extents = 1;
    exch->in.extent_start = HYPERVISOR_VIRT_START;
    assert_int_equal(op(XENMEM_exchange, exch), -EFAULT);
}

static void queries_tell_what_there_is(void **state)
{
    struct xen_memory_domain *arg = fake_guest_alloc(sizeof(*arg));

    (void)state;
    populate(2);
    arg->domid = DOMID_SELF;
    d->shared_info->arch.max_pfn = 1000;
    assert_int_equal(op(XENMEM_current_reservation, arg), 2);
    assert_int_equal(op(XENMEM_maximum_reservation, arg), 0xffffffff);
    assert_int_equal(op(XENMEM_maximum_gpfn, arg), 999);
    assert_int_equal(op(XENMEM_maximum_ram_page, NULL), FAKE_NR_FRAMES);
    assert_int_equal(op(XENMEM_get_sharing_freed_pages, NULL), 0);
    arg->domid = 2;
    assert_int_equal(op(XENMEM_current_reservation, arg), -EPERM);
    arg->domid = 9;
    assert_int_equal(op(XENMEM_current_reservation, arg), -ESRCH);
    assert_int_equal(op(XENMEM_current_reservation, NULL), -EFAULT);
    assert_int_equal(op(XENMEM_add_to_physmap, arg), -ENOSYS);
    assert_int_equal(op(63, arg), -ENOSYS);
}

static void claims_are_for_control_domains(void **state)
{
    (void)state;
    res->extent_start = 0;
    res->nr_extents = 5;
    res->domid = 2;
    assert_int_equal(op(XENMEM_claim_pages, res), -EPERM);
    d->is_control = true;
    assert_int_equal(op(XENMEM_claim_pages, res), 0);
    assert_int_equal(other->mem.outstanding_claim, 5);
    res->nr_extents = 0;
    assert_int_equal(op(XENMEM_claim_pages, res), 0);
    res->extent_order = 1;
    assert_int_equal(op(XENMEM_claim_pages, res), -EINVAL);
}

static void resource_frames_are_listed(void **state)
{
    struct xen_mem_acquire_resource *r = fake_guest_alloc(sizeof(*r));

    (void)state;
    r->domid = DOMID_SELF;
    r->type = XENMEM_resource_grant_table;
    assert_int_equal(op(XENMEM_acquire_resource, r), 0);
    assert_int_equal(r->nr_frames, 40);
    r->frame_list = (unsigned long)list;
    r->nr_frames = 38;
    r->frame = 2;
    fake_set_preempt(true);
    assert_int_equal(op_until_done(XENMEM_acquire_resource, r), 0);
    for (unsigned int i = 0; i < 38; i++)
        assert_int_equal(list[i], 102 + i);
    r->frame = 3;
    fake_set_preempt(false);
    assert_int_equal(op(XENMEM_acquire_resource, r), -EINVAL);
    r->type = XENMEM_resource_vmtrace_buf;
    assert_int_equal(op(XENMEM_acquire_resource, r), -EOPNOTSUPP);
    r->pad = 1;
    assert_int_equal(op(XENMEM_acquire_resource, r), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(populated_frames_are_owned_and_named),
        TEST(populate_stops_at_max_pages),
        TEST(populate_is_continued_after_each_extent),
        TEST(bad_reservations_do_nothing),
        TEST(only_a_control_domain_changes_others),
        TEST(decrease_frees_own_frames_only),
        TEST(frame_mapped_elsewhere_stays_until_unmapped),
        TEST(hypervisor_page_is_not_given_back),
        TEST(exchange_gives_a_contiguous_block),
        TEST(exchange_splits_a_block),
        TEST(exchange_is_continued_after_each_chunk),
        TEST(failed_exchange_changes_nothing),
        TEST(exchange_of_one_frame_twice_is_einval),
        TEST(amounts_that_differ_are_einval),
        TEST(exchange_errors_of_the_caller),
        TEST(queries_tell_what_there_is),
        TEST(claims_are_for_control_domains),
        TEST(resource_frames_are_listed),
    };

    return cmocka_run_group_tests(tests, set_up_once, NULL);
}
