/* SPDX-License-Identifier: MIT */
/* Grant tables: size, versions, mappings. Copies: gnttab_copy_test.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "public/memory.h"
#include "xen/audit.h"
#include "xen/errno.h"
#include "xen/gnttab.h"
#include "xen/hypercall.h"
#include "xen/page_alloc.h"
#include "fake/fake.h"

#define MAX_FRAMES 4
#define NR_OPS     40

/* The granting domain, and the one that maps. */
static struct domain *granter, *mapper;
static struct grant_entry_v1 *entry; /* of the granter */
static struct page_info *page;       /* granted by entry 8 */
static struct gnttab_map_grant_ref *map;
static struct gnttab_unmap_grant_ref *unmap;

/* Mappings that were placed, by address. */
static struct {
    u64 addr;
    unsigned long frame;
    unsigned int flags;
} placed[2 * NR_OPS];
static unsigned int nr_placed;
static int arch_result;
static unsigned int cache_flushes;

int arch_grant_map(u64 addr, mfn_t frame, unsigned int flags)
{
    if (arch_result != GNTST_okay)
        return arch_result;
    placed[nr_placed].addr = addr;
    placed[nr_placed].frame = mfn_x(frame);
    placed[nr_placed++].flags = flags;
    return GNTST_okay;
}

int arch_grant_unmap(u64 addr, mfn_t frame, u64 new_addr, unsigned int flags)
{
    (void)new_addr;
    for (unsigned int i = 0; i < nr_placed; i++)
        if (placed[i].addr == addr && placed[i].frame == mfn_x(frame) &&
            ((placed[i].flags ^ flags) & GNTMAP_readonly) == 0) {
            placed[i] = placed[--nr_placed];
            return GNTST_okay;
        }

    return GNTST_general_error;
}

void flush_page_cache(mfn_t mfn);
void flush_page_cache(mfn_t mfn)
{
    (void)mfn;
    cache_flushes++;
}

/* What the audit saw: references and type references. */
struct audit {
    unsigned int general, type;
};

void audit_see(struct audit *a, mfn_t mfn, bool type)
{
    (void)mfn;
    a->general++;
    a->type += type;
}

static int set_up_once(void **state)
{
    (void)state;
    init_boot_pages(0, FAKE_RAM_END);
    end_boot_allocator();
    return 0;
}

static struct grant_entry_v1 *first_frame(struct domain *d)
{
    mfn_t mfn;

    assert_int_equal(gnttab_acquire_resource(d, 0, 0, 1, &mfn), 0);
    return mfn_to_virt(mfn);
}

static void permit(unsigned int ref, domid_t domid, u16 flags)
{
    entry[ref].frame = mfn_x(page_to_mfn(page));
    entry[ref].domid = domid;
    entry[ref].flags = GTF_permit_access | flags;
}

static int set_up(void **state)
{
    (void)state;
    dom_xen = fake_domain(DOMID_XEN, 0);
    granter = fake_domain(1, 1);
    mapper = fake_domain(2, 1);
    assert_int_equal(gnttab_create(granter, MAX_FRAMES, 1, 2), 0);
    assert_int_equal(gnttab_create(mapper, MAX_FRAMES, 1, 2), 0);
    fake_set_current(mapper->vcpu[0]);
    fake_set_preempt(false);
    page = alloc_domheap_pages(granter, 0, 0);
    entry = first_frame(granter);
    map = fake_guest_alloc(NR_OPS * sizeof(*map));
    unmap = fake_guest_alloc(NR_OPS * sizeof(*unmap));
    arch_result = GNTST_okay;
    permit(8, 2, 0);
    for (unsigned int i = 0; i < NR_OPS; i++) {
        map[i].dom = 1;
        map[i].ref = 8;
        map[i].flags = GNTMAP_host_map;
        map[i].host_addr = 0x1000 * (i + 1);
        unmap[i].host_addr = map[i].host_addr;
    }
    return 0;
}

/* Whatever a test did: mappings go with the mapper, and nothing is left. */
static int tear_down(void **state)
{
    static unsigned long all;

    (void)state;
    assert_int_equal(gnttab_audit(granter), 0);
    assert_int_equal(gnttab_release_mappings(mapper), 0);
    assert_int_equal(page->count_info, PGC_allocated | 1);
    assert_int_equal(page->type_info & PGT_count_mask, 0);
    assert_true(page_get(page, granter));
    assert_true(page_put_allocation(page));
    page_put(page);
    gnttab_destroy(granter);
    gnttab_destroy(mapper);
    assert_int_equal(atomic_read(&granter->refcnt), 1);
    assert_int_equal(atomic_read(&mapper->refcnt), 1);
    assert_int_equal(fake_heap_in_use(), 0);
    fake_domains_free();
    fake_guest_free();
    nr_placed = 0;
    all = all ? all : avail_heap_pages();
    return avail_heap_pages() == all ? 0 : -1;
}

static long op(unsigned int cmd, const void *arg, unsigned long count)
{
    return do_grant_table_op(cmd, (unsigned long)arg, count, 0, 0);
}

static int map_status(void)
{
    assert_int_equal(op(GNTTABOP_map_grant_ref, map, 1), 0);
    return map[0].status;
}

static int unmap_status(u32 handle)
{
    unmap[0].handle = handle;
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, unmap, 1), 0);
    return unmap[0].status;
}

static void mapping_takes_references_and_marks_the_entry(void **state)
{
    (void)state;
    assert_int_equal(map_status(), GNTST_okay);
    assert_int_equal(entry[8].flags,
                     GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(page->count_info & PGC_count_mask, 2);
    assert_int_equal(page->type_info & PGT_count_mask, 1);
    assert_int_equal(map[0].dev_bus_addr, mfn_to_maddr(page_to_mfn(page)));
    assert_int_equal(placed[0].frame, mfn_x(page_to_mfn(page)));
}

static void unmapping_gives_all_back_and_flushes(void **state)
{
    unsigned int flushes;

    (void)state;
    cpumask_set(1, &mapper->dirty_cpumask);
    assert_int_equal(map_status(), GNTST_okay);
    flushes = fake_nr_flushes;
    assert_int_equal(unmap_status(map[0].handle), GNTST_okay);
    assert_int_equal(fake_nr_flushes, flushes + 1);
    assert_int_equal(entry[8].flags, GTF_permit_access);
    assert_int_equal(page->count_info & PGC_count_mask, 1);
    assert_int_equal(page->type_info & PGT_count_mask, 0);
    assert_int_equal(nr_placed, 0);
}

static void unmapping_twice_is_bad_handle(void **state)
{
    (void)state;
    assert_int_equal(unmap_status(0), GNTST_bad_handle);
    assert_int_equal(map_status(), GNTST_okay);
    assert_int_equal(unmap_status(map[0].handle), GNTST_okay);
    assert_int_equal(unmap_status(map[0].handle), GNTST_bad_handle);
    assert_int_equal(unmap_status(0x10000), GNTST_bad_handle);
    assert_int_equal(unmap_status(~0u), GNTST_bad_handle);
}

static void readonly_mapping_takes_no_type(void **state)
{
    (void)state;
    permit(8, 2, GTF_readonly);
    assert_int_equal(map_status(), GNTST_general_error);
    map[0].flags |= GNTMAP_readonly;
    assert_int_equal(map_status(), GNTST_okay);
    assert_int_equal(entry[8].flags,
                     GTF_permit_access | GTF_readonly | GTF_reading);
    assert_int_equal(page->type_info & PGT_count_mask, 0);
}

static void writing_mark_goes_with_the_last_writer(void **state)
{
    (void)state;
    assert_int_equal(op(GNTTABOP_map_grant_ref, map, 2), 0);
    map[2].flags |= GNTMAP_readonly;
    assert_int_equal(op(GNTTABOP_map_grant_ref, &map[2], 1), 0);
    assert_int_equal(unmap_status(map[0].handle), GNTST_okay);
    assert_true(entry[8].flags & GTF_writing);
    unmap[0].host_addr = map[1].host_addr;
    assert_int_equal(unmap_status(map[1].handle), GNTST_okay);
    assert_int_equal(entry[8].flags, GTF_permit_access | GTF_reading);
}

static void bad_domain_is_told(void **state)
{
    (void)state;
    map[0].dom = 9;
    assert_int_equal(map_status(), GNTST_bad_domain);
    map[0].dom = DOMID_SELF;
    assert_int_equal(map_status(), GNTST_bad_domain);
    map[0].dom = 1;
    granter->dying = DOMDYING_dying;
    assert_int_equal(map_status(), GNTST_bad_domain);
    granter->dying = DOMDYING_alive;
}

static void bad_reference_is_told(void **state)
{
    (void)state;
    map[0].ref = 512;
    assert_int_equal(map_status(), GNTST_bad_gntref);
    map[0].ref = ~0u;
    assert_int_equal(map_status(), GNTST_bad_gntref);
    map[0].ref = 8;
    map[0].flags = 0;
    assert_int_equal(map_status(), GNTST_bad_gntref);
}

static void entry_for_another_or_of_another_kind_is_general_error(void **state)
{
    (void)state;
    permit(8, 3, 0);
    assert_int_equal(map_status(), GNTST_general_error);
    entry[8].domid = 2;
    entry[8].flags = GTF_accept_transfer;
    assert_int_equal(map_status(), GNTST_general_error);
    entry[8].flags = GTF_transitive;
    assert_int_equal(map_status(), GNTST_general_error);
    entry[8].flags = GTF_invalid;
    assert_int_equal(map_status(), GNTST_general_error);
    assert_int_equal(entry[8].flags, GTF_invalid);
}

static void frame_that_is_not_the_granters_is_bad_page(void **state)
{
    struct page_info *foreign = alloc_domheap_pages(mapper, 0, 0);

    (void)state;
    entry[8].frame = mfn_x(page_to_mfn(foreign));
    assert_int_equal(map_status(), GNTST_bad_page);
    entry[8].frame = ~0u;
    assert_int_equal(map_status(), GNTST_bad_page);
    assert_int_equal(entry[8].flags, GTF_permit_access);
    assert_true(page_get(foreign, mapper));
    assert_true(page_put_allocation(foreign));
    page_put(foreign);
}

static void page_table_is_bad_page_for_writing_only(void **state)
{
    (void)state;
    assert_int_equal(page_get_type(page, PGT_l1), 0);
    assert_int_equal(map_status(), GNTST_bad_page);
    map[0].flags |= GNTMAP_readonly;
    assert_int_equal(map_status(), GNTST_okay);
    page_put_type(page);
}

static void entry_changed_while_in_use_changes_nothing(void **state)
{
    struct page_info *second = alloc_domheap_pages(granter, 0, 0);

    (void)state;
    assert_int_equal(map_status(), GNTST_okay);
    entry[8].frame = mfn_x(page_to_mfn(second));
    assert_int_equal(op(GNTTABOP_map_grant_ref, &map[1], 1), 0);
    assert_int_equal(map[1].status, GNTST_okay);
    assert_int_equal(placed[1].frame, mfn_x(page_to_mfn(page)));
    entry[8].domid = 3;
    assert_int_equal(op(GNTTABOP_map_grant_ref, &map[2], 1), 0);
    assert_int_equal(map[2].status, GNTST_general_error);
    assert_int_equal(unmap_status(map[0].handle), GNTST_okay);
    assert_true(page_get(second, granter));
    assert_true(page_put_allocation(second));
    page_put(second);
}

static void failing_entry_leaves_no_trace(void **state)
{
    (void)state;
    arch_result = GNTST_bad_virt_addr;
    assert_int_equal(map_status(), GNTST_bad_virt_addr);
    assert_int_equal(entry[8].flags, GTF_permit_access);
    assert_int_equal(page->count_info & PGC_count_mask, 1);
}

static void failing_unmap_keeps_the_mapping(void **state)
{
    (void)state;
    assert_int_equal(map_status(), GNTST_okay);
    unmap[0].host_addr = 0x999000;
    assert_int_equal(unmap_status(map[0].handle), GNTST_general_error);
    unmap[0].host_addr = 0;
    assert_int_equal(unmap_status(map[0].handle), GNTST_bad_virt_addr);
    assert_int_equal(page->count_info & PGC_count_mask, 2);
    unmap[0].host_addr = map[0].host_addr;
    assert_int_equal(unmap_status(map[0].handle), GNTST_okay);
}

static void device_and_host_are_unmapped_one_by_one(void **state)
{
    (void)state;
    map[0].flags |= GNTMAP_device_map;
    assert_int_equal(map_status(), GNTST_okay);
    assert_int_equal(unmap_status(map[0].handle), GNTST_okay);
    assert_int_equal(page->count_info & PGC_count_mask, 2);
    unmap[0].host_addr = 0;
    unmap[0].dev_bus_addr = map[0].dev_bus_addr + PAGE_SIZE;
    assert_int_equal(unmap_status(map[0].handle), GNTST_bad_dev_addr);
    unmap[0].dev_bus_addr = map[0].dev_bus_addr;
    assert_int_equal(unmap_status(map[0].handle), GNTST_okay);
    assert_int_equal(page->count_info & PGC_count_mask, 1);
}

static void replacing_needs_an_address(void **state)
{
    struct gnttab_unmap_and_replace *r = fake_guest_alloc(sizeof(*r));

    (void)state;
    assert_int_equal(map_status(), GNTST_okay);
    r->host_addr = map[0].host_addr;
    r->handle = map[0].handle;
    assert_int_equal(op(GNTTABOP_unmap_and_replace, r, 1), 0);
    assert_int_equal(r->status, GNTST_bad_virt_addr);
    r->new_addr = 0x5000;
    assert_int_equal(op(GNTTABOP_unmap_and_replace, r, 1), 0);
    assert_int_equal(r->status, GNTST_okay);
}

static void handles_are_limited(void **state)
{
    unsigned int limit = PAGE_SIZE / 16, n = 0;

    (void)state;
    map[0].flags = GNTMAP_device_map | GNTMAP_readonly;
    while (n <= limit && map_status() == GNTST_okay)
        n++;
    assert_int_equal(n, limit);
    assert_int_equal(map_status(), GNTST_no_space);
}

static void handles_without_memory_are_no_space(void **state)
{
    (void)state;
    fake_heap_fail(2);
    assert_int_equal(map_status(), GNTST_no_space);
    fake_heap_fail(1);
    assert_int_equal(map_status(), GNTST_no_space);
    assert_int_equal(map_status(), GNTST_okay);
}

static void batch_is_continued(void **state)
{
    (void)state;
    fake_set_preempt(true);
    assert_int_equal(op(GNTTABOP_map_grant_ref, map, 3), -ERESTART);
    assert_int_equal(fake_continue_args[0], GNTTABOP_map_grant_ref);
    assert_int_equal(fake_continue_args[1], (unsigned long)&map[1]);
    assert_int_equal(fake_continue_args[2], 2);
    fake_set_preempt(false);
    assert_int_equal(op(GNTTABOP_map_grant_ref, &map[1], NR_OPS - 1), 0);
    for (unsigned int i = 0; i < NR_OPS; i++)
        unmap[i].handle = map[i].handle;
    fake_set_preempt(true);
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, unmap, NR_OPS), -ERESTART);
    assert_int_equal(fake_continue_args[2], NR_OPS - 32);
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, &unmap[32], NR_OPS - 32), 0);
    assert_int_equal(page->count_info & PGC_count_mask, 1);
    fake_set_preempt(false);
}

static void bad_calls_are_refused(void **state)
{
    (void)state;
    assert_int_equal(op(GNTTABOP_transfer, map, 1), -ENOSYS);
    assert_int_equal(op(99, map, 1), -ENOSYS);
    assert_int_equal(op(GNTTABOP_map_grant_ref, NULL, 1), -EFAULT);
    assert_int_equal(op(GNTTABOP_map_grant_ref, map, ~0UL), -EFAULT);
    assert_int_equal(op(GNTTABOP_map_grant_ref, NULL, 0), 0);
    assert_int_equal(op(GNTTABOP_query_size, map, 2), -EINVAL);
    assert_int_equal(op(GNTTABOP_query_size, map, 0), -EINVAL);
}

static void release_is_continued(void **state)
{
    (void)state;
    map[0].flags = GNTMAP_device_map | GNTMAP_readonly;
    for (unsigned int i = 0; i < 100; i++)
        assert_int_equal(map_status(), GNTST_okay);
    fake_set_preempt(true);
    assert_int_equal(gnttab_release_mappings(mapper), -ERESTART);
    assert_true(page->count_info & PGC_count_mask);
    assert_int_equal(gnttab_release_mappings(mapper), 0);
    assert_int_equal(page->count_info & PGC_count_mask, 1);
    fake_set_preempt(false);
}

static void audit_finds_a_lost_reference(void **state)
{
    (void)state;
    assert_int_equal(map_status(), GNTST_okay);
    assert_int_equal(gnttab_audit(granter), 0);
    page_put_type(page);
    assert_int_equal(gnttab_audit(granter), 1);
    assert_int_equal(page_get_type(page, PGT_writable), 0);
}

static void audit_sees_each_mapping(void **state)
{
    struct audit a = {0};

    (void)state;
    map[1].flags |= GNTMAP_readonly;
    assert_int_equal(op(GNTTABOP_map_grant_ref, map, 3), 0);
    gnttab_audit_frames(granter, &a);
    assert_int_equal(a.general, 3);
    assert_int_equal(a.type, 2);
}

static int setup_table(unsigned int nr, xen_pfn_t *list)
{
    struct gnttab_setup_table *s = fake_guest_alloc(sizeof(*s));

    s->dom = DOMID_SELF;
    s->nr_frames = nr;
    s->frame_list = (unsigned long)list;
    assert_int_equal(op(GNTTABOP_setup_table, s, 1), 0);
    return s->status;
}

static void table_grows_up_to_its_limit(void **state)
{
    struct gnttab_query_size *q = fake_guest_alloc(sizeof(*q));
    xen_pfn_t *list = fake_guest_alloc(8 * sizeof(*list));

    (void)state;
    assert_int_equal(setup_table(3, list), GNTST_okay);
    for (unsigned int i = 0; i < 3; i++) {
        const struct page_info *pg = mfn_to_page(_mfn(list[i]));

        assert_ptr_equal(page_get_owner(pg), mapper);
        assert_true(is_xen_heap_page(pg));
    }
    assert_int_equal(setup_table(MAX_FRAMES + 1, list), GNTST_general_error);
    q->dom = DOMID_SELF;
    assert_int_equal(op(GNTTABOP_query_size, q, 1), 0);
    assert_int_equal(q->status, GNTST_okay);
    assert_int_equal(q->nr_frames, 3);
    assert_int_equal(q->max_nr_frames, MAX_FRAMES);
    q->dom = 1;
    assert_int_equal(op(GNTTABOP_query_size, q, 1), 0);
    assert_int_equal(q->status, GNTST_permission_denied);
    q->dom = 9;
    assert_int_equal(op(GNTTABOP_query_size, q, 1), 0);
    assert_int_equal(q->status, GNTST_bad_domain);
}

static void unwritable_frame_list_is_efault(void **state)
{
    struct gnttab_setup_table *s = fake_guest_alloc(sizeof(*s));

    (void)state;
    s->dom = DOMID_SELF;
    s->nr_frames = 1;
    s->frame_list = HYPERVISOR_VIRT_START;
    assert_int_equal(op(GNTTABOP_setup_table, s, 1), -EFAULT);
}

static void resources_have_their_range(void **state)
{
    mfn_t mfn[MAX_FRAMES];

    (void)state;
    assert_int_equal(gnttab_resource_max_frames(granter, 0), MAX_FRAMES);
    assert_int_equal(gnttab_resource_max_frames(granter, 1), 1);
    assert_int_equal(gnttab_resource_max_frames(granter, 2), 0);
    assert_int_equal(gnttab_acquire_resource(granter, 0, 1, 2, mfn), 0);
    assert_int_equal(gnttab_acquire_resource(granter, 0, 2, 3, mfn), -EINVAL);
    assert_int_equal(gnttab_acquire_resource(granter, 0, ~0u, 1, mfn), -EINVAL);
    assert_int_equal(gnttab_acquire_resource(granter, 1, 0, 1, mfn), -EINVAL);
    assert_int_equal(gnttab_acquire_resource(granter, 2, 0, 1, mfn), -EINVAL);
    fake_heap_fail(1);
    assert_int_equal(gnttab_acquire_resource(granter, 0, 3, 1, mfn), -ENOMEM);
}

static long set_version(struct domain *d, u32 version)
{
    struct gnttab_set_version *v = fake_guest_alloc(sizeof(*v));
    long rc;

    fake_set_current(d->vcpu[0]);
    v->version = version;
    rc = op(GNTTABOP_set_version, v, 1);
    fake_set_current(mapper->vcpu[0]);
    return rc;
}

static void version_2_keeps_reserved_entries(void **state)
{
    union grant_entry_v2 *v2 = (void *)entry;

    (void)state;
    permit(1, 2, 0);
    map[0].ref = 1;
    assert_int_equal(map_status(), GNTST_okay);
    assert_int_equal(set_version(granter, 2), 0);
    assert_int_equal(v2[1].hdr.flags, GTF_permit_access);
    assert_int_equal(v2[1].hdr.domid, 2);
    assert_int_equal(v2[1].full_page.frame, mfn_x(page_to_mfn(page)));
    assert_int_equal(v2[8].hdr.flags, 0);
    assert_int_equal(set_version(granter, 1), 0);
    assert_int_equal(entry[1].flags,
                     GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(unmap_status(map[0].handle), GNTST_okay);
    assert_int_equal(entry[1].flags, GTF_permit_access);
}

static void version_past_the_limit_is_enosys(void **state)
{
    struct domain *limited = fake_domain(9, 1);

    (void)state;
    assert_int_equal(gnttab_create(limited, 1, 1, 1), 0);
    assert_int_equal(set_version(limited, 2), -ENOSYS);
    assert_int_equal(set_version(limited, 1), 0);
    gnttab_destroy(limited);
}

static void version_of_a_table_in_use_is_ebusy(void **state)
{
    (void)state;
    assert_int_equal(map_status(), GNTST_okay);
    assert_int_equal(set_version(granter, 1), 0);
    assert_int_equal(set_version(granter, 2), -EBUSY);
    assert_int_equal(set_version(granter, 3), -EINVAL);
}

static void odd_reserved_entries_stop_the_conversion(void **state)
{
    (void)state;
    permit(1, 2, GTF_sub_page);
    assert_int_equal(set_version(granter, 2), -ERANGE);
    entry[1].flags = GTF_accept_transfer;
    assert_int_equal(set_version(granter, 2), -EINVAL);
}

static void version_2_marks_use_in_the_status_array(void **state)
{
    union grant_entry_v2 *v2 = (void *)entry;
    grant_status_t *status;
    mfn_t mfn;

    (void)state;
    assert_int_equal(set_version(granter, 2), 0);
    assert_int_equal(gnttab_acquire_resource(granter, 1, 0, 1, &mfn), 0);
    status = mfn_to_virt(mfn);
    v2[8].full_page.frame = mfn_x(page_to_mfn(page));
    v2[8].hdr.domid = 2;
    v2[8].hdr.flags = GTF_permit_access;
    assert_int_equal(map_status(), GNTST_okay);
    assert_int_equal(v2[8].hdr.flags, GTF_permit_access);
    assert_int_equal(status[8], GTF_reading | GTF_writing);
    assert_int_equal(unmap_status(map[0].handle), GNTST_okay);
    assert_int_equal(status[8], 0);
    v2[8].hdr.flags = GTF_permit_access | GTF_sub_page;
    assert_int_equal(map_status(), GNTST_general_error);
    v2[8].hdr.flags = GTF_transitive;
    assert_int_equal(map_status(), GNTST_general_error);
    map[0].ref = 256;
    assert_int_equal(map_status(), GNTST_bad_gntref);
}

static void status_frames_are_listed_in_version_2(void **state)
{
    struct gnttab_get_status_frames *s = fake_guest_alloc(sizeof(*s));
    struct gnttab_get_version *v = fake_guest_alloc(sizeof(*v));
    xen_pfn_t *list = fake_guest_alloc(sizeof(*list));

    (void)state;
    s->dom = v->dom = DOMID_SELF;
    s->nr_frames = 1;
    s->frame_list = (unsigned long)list;
    assert_int_equal(op(GNTTABOP_get_status_frames, s, 1), 0);
    assert_int_equal(s->status, GNTST_general_error);
    assert_int_equal(set_version(mapper, 2), 0);
    assert_int_equal(op(GNTTABOP_get_status_frames, s, 1), 0);
    assert_int_equal(s->status, GNTST_okay);
    assert_ptr_equal(page_get_owner(mfn_to_page(_mfn(list[0]))), mapper);
    s->nr_frames = 2;
    assert_int_equal(op(GNTTABOP_get_status_frames, s, 1), 0);
    assert_int_equal(s->status, GNTST_general_error);
    assert_int_equal(op(GNTTABOP_get_version, v, 1), 0);
    assert_int_equal(v->version, 2);
    v->dom = 1;
    assert_int_equal(op(GNTTABOP_get_version, v, 1), -EPERM);
    v->dom = 9;
    assert_int_equal(op(GNTTABOP_get_version, v, 1), -ESRCH);
}

static void entries_change_places(void **state)
{
    struct gnttab_swap_grant_ref *s = fake_guest_alloc(sizeof(*s));

    (void)state;
    fake_set_current(granter->vcpu[0]);
    s->ref_a = 8;
    s->ref_b = 9;
    assert_int_equal(op(GNTTABOP_swap_grant_ref, s, 1), 0);
    assert_int_equal(s->status, GNTST_okay);
    assert_int_equal(entry[8].flags, 0);
    assert_int_equal(entry[9].domid, 2);
    s->ref_b = 512;
    assert_int_equal(op(GNTTABOP_swap_grant_ref, s, 1), 0);
    assert_int_equal(s->status, GNTST_bad_gntref);
    fake_set_current(mapper->vcpu[0]);
    map[0].ref = 9;
    assert_int_equal(map_status(), GNTST_okay);
    fake_set_current(granter->vcpu[0]);
    s->ref_b = 9;
    assert_int_equal(op(GNTTABOP_swap_grant_ref, s, 1), 0);
    assert_int_equal(s->status, GNTST_eagain);
    fake_set_current(mapper->vcpu[0]);
}

static void caches_are_flushed_for_device_owners(void **state)
{
    struct gnttab_cache_flush *f = fake_guest_alloc(sizeof(*f));

    (void)state;
    f->a.dev_bus_addr = mfn_to_maddr(page_to_mfn(page));
    f->op = GNTTAB_CACHE_CLEAN;
    f->length = 4096;
    assert_int_equal(op(GNTTABOP_cache_flush, f, 1), -EPERM);
    mapper->arch.has_devices = true;
    assert_int_equal(op(GNTTABOP_cache_flush, f, 1), 0);
    assert_int_equal(cache_flushes, 1);
    f->offset = 1;
    assert_int_equal(op(GNTTABOP_cache_flush, f, 1), -EINVAL);
    f->op |= GNTTAB_CACHE_SOURCE_GREF;
    assert_int_equal(op(GNTTABOP_cache_flush, f, 1), -EOPNOTSUPP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mapping_takes_references_and_marks_the_entry),
        TEST(unmapping_gives_all_back_and_flushes),
        TEST(unmapping_twice_is_bad_handle),
        TEST(readonly_mapping_takes_no_type),
        TEST(writing_mark_goes_with_the_last_writer),
        TEST(bad_domain_is_told),
        TEST(bad_reference_is_told),
        TEST(entry_for_another_or_of_another_kind_is_general_error),
        TEST(frame_that_is_not_the_granters_is_bad_page),
        TEST(page_table_is_bad_page_for_writing_only),
        TEST(entry_changed_while_in_use_changes_nothing),
        TEST(failing_entry_leaves_no_trace),
        TEST(failing_unmap_keeps_the_mapping),
        TEST(device_and_host_are_unmapped_one_by_one),
        TEST(replacing_needs_an_address),
        TEST(handles_are_limited),
        TEST(handles_without_memory_are_no_space),
        TEST(batch_is_continued),
        TEST(bad_calls_are_refused),
        TEST(release_is_continued),
        TEST(audit_finds_a_lost_reference),
        TEST(audit_sees_each_mapping),
        TEST(table_grows_up_to_its_limit),
        TEST(unwritable_frame_list_is_efault),
        TEST(resources_have_their_range),
        TEST(version_2_keeps_reserved_entries),
        TEST(version_of_a_table_in_use_is_ebusy),
        TEST(version_past_the_limit_is_enosys),
        TEST(odd_reserved_entries_stop_the_conversion),
        TEST(version_2_marks_use_in_the_status_array),
        TEST(status_frames_are_listed_in_version_2),
        TEST(entries_change_places),
        TEST(caches_are_flushed_for_device_owners),
    };

    return cmocka_run_group_tests(tests, set_up_once, NULL);
}
