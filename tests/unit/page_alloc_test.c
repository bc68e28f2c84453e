/* SPDX-License-Identifier: MIT */
/* The allocator of frames, their owners and references. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "xen/page_alloc.h"
#include "xen/errno.h"
#include "fake/fake.h"

#define NR_PAGES (PFN_DOWN(FAKE_RAM_END) - 1)

static struct domain *d;

static int set_up(void **state)
{
    (void)state;
    init_boot_pages(0, FAKE_RAM_END);
    assert_int_equal(mfn_x(alloc_boot_pages(8, 8)) % 8, 0);
    end_boot_allocator();
    dom_xen = fake_domain(DOMID_XEN, 0);
    return 0;
}

static int new_domain(void **state)
{
    (void)state;
    d = fake_domain(1, 1);
    fake_set_current(d->vcpu[0]);
    return 0;
}

/* Each test gives everything back. */
static int nothing_is_lost(void **state)
{
    (void)state;
    assert_int_equal(d->mem.tot_pages, 0);
    assert_true(page_list_empty(&d->mem.page_list));
    assert_int_equal(atomic_read(&d->refcnt), 1);
    fake_domains_free();
    dom_xen = fake_domain(DOMID_XEN, 0);
    return avail_heap_pages() == NR_PAGES - 8 ? 0 : -1;
}

static void drop(struct page_info *pg)
{
    assert_true(page_get(pg, d));
    assert_true(page_put_allocation(pg));
    page_put(pg);
}

static void frame_0_is_never_free(void **state)
{
    unsigned long counts[MAX_ORDER + 1], sum = 0;

    (void)state;
    heap_free_by_order(counts);
    for (unsigned int i = 0; i <= MAX_ORDER; i++)
        sum += counts[i];
    assert_int_equal(sum, NR_PAGES - 8);
    assert_int_equal(avail_heap_pages_bits(13), 1);
    assert_int_equal(avail_heap_pages_bits(12), 0);
    assert_int_equal(avail_heap_pages_bits(16), 15);
}

static void blocks_are_aligned_and_apart(void **state)
{
    char *a = alloc_xenheap_pages(3, 0), *b = alloc_xenheap_pages(3, 0);

    (void)state;
    assert_non_null(a);
    assert_int_equal(mfn_x(virt_to_mfn(a)) % 8, 0);
    assert_true(a + 8 * PAGE_SIZE <= b || b + 8 * PAGE_SIZE <= a);
    free_xenheap_pages(a, 3);
    free_xenheap_pages(b, 3);
}

static void buddies_grow_together(void **state)
{
    unsigned long before[MAX_ORDER + 1], after[MAX_ORDER + 1];
    char *p;

    (void)state;
    heap_free_by_order(before);
    p = alloc_xenheap_pages(4, 0);
    for (unsigned int i = 0; i < 16; i++)
        free_xenheap_page(p + i * PAGE_SIZE);
    heap_free_by_order(after);
    assert_memory_equal(before, after, sizeof(before));
}

static void address_bits_limit_the_frame(void **state)
{
    void *p = alloc_xenheap_pages(2, MEMF_bits(20));

    (void)state;
    assert_true(virt_to_maddr(p) + 4 * PAGE_SIZE <= 1 << 20);
    assert_null(alloc_xenheap_pages(8, MEMF_bits(20)));
    assert_null(alloc_xenheap_pages(0, MEMF_bits(12)));
    free_xenheap_pages(p, 2);
}

static void high_frames_are_taken_first(void **state)
{
    void *p = alloc_xenheap_pages(0, 0);

    (void)state;
    assert_true(virt_to_maddr(p) >= FAKE_RAM_END / 2);
    free_xenheap_page(p);
}

static void more_than_there_is_is_null(void **state)
{
    (void)state;
    assert_null(alloc_xenheap_pages(MAX_ORDER, 0));
    assert_null(alloc_xenheap_pages(MAX_ORDER + 1, 0));
}

static void reused_frames_are_zero(void **state)
{
    char *p = alloc_xenheap_page(), *q;

    (void)state;
    memset(p, 0x5a, PAGE_SIZE);
    free_xenheap_page(p);
    q = alloc_xenheap_page();
    assert_ptr_equal(p, q);
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(q[i], 0);
    free_xenheap_page(q);
}

static void freeing_a_used_frame_is_a_bug(void **state)
{
    char *p = alloc_xenheap_page();

    (void)state;
    free_xenheap_page(p);
    expect_bug(free_xenheap_page(p));
}

static void domain_is_held_by_its_pages(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 1, 0);

    (void)state;
    assert_int_equal(d->mem.tot_pages, 2);
    assert_int_equal(atomic_read(&d->refcnt), 2);
    assert_ptr_equal(page_get_owner(pg), d);
    drop(pg);
    assert_int_equal(atomic_read(&d->refcnt), 2);
    drop(pg + 1);
}

static void max_pages_is_kept(void **state)
{
    struct page_info *pg;

    (void)state;
    d->mem.max_pages = 1;
    assert_null(alloc_domheap_pages(d, 1, 0));
    pg = alloc_domheap_pages(d, 0, 0);
    assert_non_null(pg);
    assert_null(alloc_domheap_pages(d, 0, 0));
    drop(pg);
}

static void assigning_past_the_limit_is_e2big(void **state)
{
    struct page_info *pg = alloc_domheap_pages(NULL, 0, 0);

    (void)state;
    d->mem.max_pages = 0;
    assert_int_equal(assign_pages(d, pg, 0, 0), -E2BIG);
    free_domheap_pages(pg, 0);
}

static void dying_domain_gets_nothing(void **state)
{
    struct page_info *pg = alloc_domheap_pages(NULL, 0, 0);

    (void)state;
    d->dying = DOMDYING_dying;
    assert_null(alloc_domheap_pages(d, 0, 0));
    assert_int_equal(assign_pages(d, pg, 0, 0), -EINVAL);
    free_domheap_pages(pg, 0);
}

static void only_the_owner_gets_a_reference(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 0, 0);
    struct domain *other = fake_domain(2, 0);

    (void)state;
    assert_false(page_get(pg, other));
    assert_int_equal(pg->count_info, PGC_allocated | 1);
    assert_ptr_equal(page_get_owner_and_reference(pg), d);
    page_put(pg);
    drop(pg);
    assert_false(page_get(pg, d));
    assert_null(page_get_owner_and_reference(pg));
}

static void full_count_is_refused(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 0, 0);

    (void)state;
    pg->count_info = PGC_allocated | PGC_count_mask;
    assert_false(page_get(pg, d));
    pg->count_info = PGC_allocated | 1;
    drop(pg);
}

static void freed_only_with_the_last_reference(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 0, 0);

    (void)state;
    assert_true(page_get(pg, d));
    drop(pg);
    assert_int_equal(d->mem.tot_pages, 1);
    assert_true(page_get(pg, d));
    assert_false(page_put_allocation(pg));
    page_put(pg);
    page_put(pg);
}

static void reuse_flushes_cpus_that_have_not(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 0, 0);
    unsigned int flushes;

    (void)state;
    drop(pg);
    fake_cpu_flushed(0);
    flushes = fake_nr_flushes;
    assert_ptr_equal(alloc_domheap_pages(d, 0, 0), pg);
    assert_int_equal(fake_nr_flushes, flushes + 1);
    assert_false(cpumask_test(0, &fake_last_flush));
    assert_true(cpumask_test(1, &fake_last_flush));
    drop(pg);
}

static void freed_frame_has_no_pfn(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 0, 0);

    (void)state;
    m2p_set(page_to_mfn(pg), _pfn(7));
    drop(pg);
    assert_int_equal(m2p_get(page_to_mfn(pg)).p, INVALID_PFN.p);
}

static void stolen_frame_comes_back(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 0, 0);

    (void)state;
    assert_int_equal(page_steal(d, pg), 0);
    assert_false(page_get(pg, d));
    assert_int_equal(d->mem.tot_pages, 1);
    assert_int_equal(assign_pages(d, pg, 0, MEMF_no_refcount), 0);
    assert_int_equal(d->mem.tot_pages, 1);
    drop(pg);
}

static void stolen_frame_can_be_forgotten(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 0, 0);

    (void)state;
    assert_int_equal(page_steal(d, pg), 0);
    free_domheap_pages(pg, 0);
    page_forget_stolen(d, 1);
}

static void used_frame_is_not_stolen(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 0, 0);

    (void)state;
    assert_true(page_get(pg, d));
    assert_int_equal(page_steal(d, pg), -EINVAL);
    page_put(pg);
    assert_int_equal(page_steal(dom_xen, pg), -EINVAL);
    drop(pg);
}

static void unshared_frames_go_in_runs(void **state)
{
    struct page_info *pg = alloc_domheap_pages(d, 7, 0);

    (void)state;
    m2p_set(page_to_mfn(&pg[1]), _pfn(7));
    assert_true(page_get(&pg[70], d));
    d->dying = DOMDYING_dying;
    assert_int_equal(page_free_unshared(d), 64);
    assert_int_equal(m2p_get(page_to_mfn(&pg[1])).p, INVALID_PFN.p);
    assert_false(page_get(&pg[1], d));
    assert_int_equal(page_free_unshared(d), 6);
    assert_int_equal(page_free_unshared(d), 0);
    assert_int_equal(d->mem.tot_pages, 58);

    assert_true(page_put_allocation(&pg[70]));
    page_put(&pg[70]);
    assert_int_equal(page_free_unshared(d), 57);
    assert_int_equal(page_free_unshared(d), 0);
}

static void freed_runs_become_blocks(void **state)
{
    unsigned long before[MAX_ORDER + 1], after[MAX_ORDER + 1];

    (void)state;
    heap_free_by_order(before);
    assert_non_null(alloc_domheap_pages(d, 5, 0));
    assert_non_null(alloc_domheap_pages(d, 0, 0));
    d->dying = DOMDYING_dying;
    while (page_free_unshared(d) > 0)
        ;
    heap_free_by_order(after);
    assert_memory_equal(before, after, sizeof(before));
}

static void shared_frame_is_not_stolen(void **state)
{
    void *p = alloc_xenheap_page();

    (void)state;
    share_xen_page_with_guest(virt_to_page(p), d, SHARE_rw);
    assert_int_equal(page_steal(d, virt_to_page(p)), -EINVAL);
    assert_int_equal(d->mem.xenheap_pages, 1);
    unshare_xen_page(virt_to_page(p));
    assert_int_equal(d->mem.xenheap_pages, 0);
}

static void shared_frame_lives_while_mapped(void **state)
{
    struct page_info *pg = virt_to_page(alloc_xenheap_page());
    unsigned long before = avail_heap_pages();

    (void)state;
    share_xen_page_with_guest(pg, d, SHARE_rw);
    assert_true(page_get_and_type(pg, d, PGT_writable));
    unshare_xen_page(pg);
    assert_int_equal(avail_heap_pages(), before);
    assert_false(page_get(pg, d));
    page_put_and_type(pg);
    assert_int_equal(avail_heap_pages(), before + 1);
}

static void read_only_share_is_never_writable(void **state)
{
    struct page_info *pg = virt_to_page(alloc_xenheap_page());

    (void)state;
    share_xen_page_with_guest(pg, d, SHARE_ro);
    assert_false(page_get_and_type(pg, d, PGT_writable));
    unshare_xen_page(pg);
}

static void claimed_frames_are_for_their_domain(void **state)
{
    struct page_info *pg;
    unsigned long all = avail_heap_pages();

    (void)state;
    assert_int_equal(domain_claim_pages(d, all + 1), -ENOMEM);
    assert_int_equal(domain_claim_pages(d, all), 0);
    assert_int_equal(domain_claim_pages(d, all), -EINVAL);
    assert_null(alloc_domheap_pages(NULL, 0, 0));
    pg = alloc_domheap_pages(d, 0, 0);
    assert_non_null(pg);
    assert_int_equal(d->mem.outstanding_claim, all - 1);
    assert_int_equal(domain_claim_pages(d, 0), 0);
    assert_int_equal(domain_claim_pages(d, 1), -EINVAL);
    drop(pg);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, new_domain, nothing_is_lost)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frame_0_is_never_free),
        TEST(blocks_are_aligned_and_apart),
        TEST(buddies_grow_together),
        TEST(address_bits_limit_the_frame),
        TEST(high_frames_are_taken_first),
        TEST(more_than_there_is_is_null),
        TEST(reused_frames_are_zero),
        TEST(freeing_a_used_frame_is_a_bug),
        TEST(domain_is_held_by_its_pages),
        TEST(max_pages_is_kept),
        TEST(assigning_past_the_limit_is_e2big),
        TEST(dying_domain_gets_nothing),
        TEST(only_the_owner_gets_a_reference),
        TEST(full_count_is_refused),
        TEST(freed_only_with_the_last_reference),
        TEST(reuse_flushes_cpus_that_have_not),
        TEST(freed_frame_has_no_pfn),
        TEST(stolen_frame_comes_back),
        TEST(stolen_frame_can_be_forgotten),
        TEST(used_frame_is_not_stolen),
        TEST(unshared_frames_go_in_runs),
        TEST(freed_runs_become_blocks),
        TEST(shared_frame_is_not_stolen),
        TEST(shared_frame_lives_while_mapped),
        TEST(read_only_share_is_never_writable),
        TEST(claimed_frames_are_for_their_domain),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
