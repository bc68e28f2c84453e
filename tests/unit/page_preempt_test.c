/* SPDX-License-Identifier: MIT */
/* Validation and its undoing, stopped at every point where they may be. */
#include "pv_mm_setup.h"

#define MAX_FRAMES 32

/* A wider tree: three tables of each level below the top, leaves everywhere. */
struct wide {
    struct page_info *l4, *l3[3], *l2[3], *l1[3], *leaf[6];
    struct page_info *all[MAX_FRAMES];
    unsigned int nr;
};

static struct wide w;

static struct page_info *add_page(void)
{
    struct page_info *pg = new_page(d);

    w.all[w.nr++] = pg;
    return pg;
}

static void make_wide(void)
{
    memset(&w, 0, sizeof(w));
    w.l4 = add_page();
    for (unsigned int i = 0; i < 3; i++) {
        w.l3[i] = add_page();
        w.l2[i] = add_page();
        w.l1[i] = add_page();
        w.leaf[2 * i] = add_page();
        w.leaf[2 * i + 1] = add_page();
    }
    for (unsigned int i = 0; i < 3; i++) {
        table_of(w.l4)[255 + 128 * i] = entry(w.l3[i], FLAGS_TABLE);
        table_of(w.l1[i])[i] = entry(w.leaf[2 * i], FLAGS_RW);
        table_of(w.l1[i])[511 - i] = entry(w.leaf[2 * i + 1], FLAGS_RO);
        /* Each table below hangs in two places. */
        for (unsigned int j = 0; j < 2; j++) {
            table_of(w.l3[i])[100 * j] = entry(w.l2[(i + j) % 3], FLAGS_TABLE);
            table_of(w.l2[i])[511 * j] = entry(w.l1[(i + j) % 3], FLAGS_TABLE);
        }
    }
    table_of(w.l4)[0] = entry(w.l3[0], FLAGS_TABLE);
}

struct snapshot {
    unsigned long count[MAX_FRAMES], type[MAX_FRAMES];
};

static void take(struct snapshot *s)
{
    memset(s, 0, sizeof(*s));
    for (unsigned int i = 0; i < w.nr; i++) {
        s->count[i] = w.all[i]->count_info;
        s->type[i] = w.all[i]->type_info;
    }
}

static void assert_same(const struct snapshot *s)
{
    struct snapshot now;

    take(&now);
    assert_memory_equal(s, &now, sizeof(now));
}

/* Do fn() stopping at the n-th look, for each n: it must end the same. `back`
 * returns to where it began. */
static void at_every_point(long (*fn)(void), long rc, void (*back)(void))
{
    struct snapshot after, before;
    unsigned int n, looks;

    take(&before);
    looks = fake_nr_preempt_checks;
    assert_int_equal(fn(), rc);
    looks = fake_nr_preempt_checks - looks;
    assert_true(looks > 1);
    take(&after);
    recount();
    for (n = 1; n <= looks; n++) {
        back();
        assert_same(&before);
        fake_preempt_at(n);
        assert_int_equal(fn(), rc);
        assert_same(&after);
        recount();
    }
    fake_preempt_at(0);

    /* And at all of them. */
    back();
    fake_set_preempt(true);
    assert_int_equal(fn(), rc);
    fake_set_preempt(false);
    assert_same(&after);
    assert_true(restarts > 0);
}

static long pin_top(void)
{
    return pin(w.l4, 4);
}

static long unpin_top(void)
{
    return unpin(w.l4);
}

static void pin_back(void)
{
    assert_int_equal(unpin_top(), 0);
}

static void unpin_back(void)
{
    assert_int_equal(pin_top(), 0);
}

static void nothing_back(void)
{
}

static void pin_may_stop_anywhere(void **state)
{
    (void)state;
    make_wide();
    unpin_back();
    pin_back(); /* types that were never used look different */
    at_every_point(pin_top, 0, pin_back);
}

static void unpin_may_stop_anywhere(void **state)
{
    (void)state;
    make_wide();
    unpin_back();
    at_every_point(unpin_top, 0, unpin_back);
}

static void failing_pin_may_stop_anywhere(void **state)
{
    struct page_info **bad[] = {&w.l4, &w.l3[2], &w.l2[2], &w.l1[2]};

    (void)state;
    make_wide();
    unpin_back();
    pin_back();
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        u64 *slot = &table_of(*bad[i])[505];

        *slot = FLAGS_TABLE | PTE_ADDR_MASK;
        assert_int_not_equal(pin_top(), 0);
        at_every_point(pin_top, -EINVAL, nothing_back);
        *slot = 0;
    }
    assert_int_equal(pin_top(), 0);
}

static long link_l3(void)
{
    return update(maddr(w.l4, 400), entry(w.l3[1], FLAGS_TABLE));
}

static long unlink_l3(void)
{
    return update(maddr(w.l4, 400), 0);
}

/* The old table is finished by a later call, if not by this. */
static void finish(void)
{
    assert_int_equal(ext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
}

static void link_back(void)
{
    assert_int_equal(unlink_l3(), 0);
    finish();
}

static void unlink_back(void)
{
    assert_int_equal(link_l3(), 0);
    finish();
}

static long unlink_and_finish(void)
{
    long rc = unlink_l3();

    recount();
    finish();
    return rc;
}

static void set_up_linked(void)
{
    make_wide();
    for (unsigned int i = 0; i < PT_ENTRIES; i++)
        table_of(w.l4)[i] = 0;
    assert_int_equal(pin_top(), 0);
    unlink_back();
    link_back();
}

static void linking_a_table_may_stop_anywhere(void **state)
{
    (void)state;
    set_up_linked();
    at_every_point(link_l3, 0, link_back);
}

static void unlinking_a_table_may_stop_anywhere(void **state)
{
    (void)state;
    set_up_linked();
    unlink_back();
    at_every_point(unlink_and_finish, 0, unlink_back);
}

/* Half-done work and other callers. */

static unsigned long looks_of(int (*fn)(struct page_info *pg))
{
    unsigned int before = fake_nr_preempt_checks;

    assert_int_equal(fn(w.l4), 0);
    return fake_nr_preempt_checks - before;
}

static int get_l4(struct page_info *pg)
{
    return page_get_type_preemptible(pg, PGT_l4);
}

/* A table and those below it, each of which may have stopped itself. */
static void resume_all(void)
{
    for (unsigned int i = 0; i < w.nr; i++) {
        while (page_resume(w.all[i]) == -ERESTART)
            recount();
        assert_int_equal(w.all[i]->type_info & PGT_partial, 0);
    }
}

static void half_validated_is_turned_round_by_resume(void **state)
{
    struct snapshot before;
    unsigned int looks;

    (void)state;
    make_wide();
    looks = looks_of(get_l4);
    page_put_type(w.l4);
    take(&before);
    for (unsigned int n = 1; n <= looks; n++) {
        fake_preempt_at(n);
        assert_int_equal(get_l4(w.l4), -ERESTART);
        recount();
        assert_true(w.l4->type_info & PGT_partial);
        assert_int_equal(page_get_type(w.l4, PGT_writable), -EINVAL);
        assert_int_not_equal(page_steal(d, w.l4), 0);
        /* It stops again on the way back. */
        fake_preempt_at(n / 2 + 1);
        resume_all();
        fake_preempt_at(0);
        recount();
        assert_same(&before);
    }
}

static void half_undone_is_finished_by_the_next_user(void **state)
{
    struct snapshot valid;
    unsigned int looks;

    (void)state;
    make_wide();
    assert_int_equal(get_l4(w.l4), 0);
    take(&valid);
    looks = fake_nr_preempt_checks;
    page_put_type(w.l4);
    looks = fake_nr_preempt_checks - looks;
    for (unsigned int n = 1; n <= looks; n++) {
        assert_int_equal(get_l4(w.l4), 0);
        fake_preempt_at(n);
        assert_int_equal(page_put_type_preemptible(w.l4), -ERESTART);
        recount();
        fake_preempt_at(n / 2 + 1);
        while (get_l4(w.l4) == -ERESTART)
            recount();
        fake_preempt_at(0);
        assert_same(&valid);
        page_put_type(w.l4);
    }
}

static void half_validated_child_is_validated_by_another_user(void **state)
{
    unsigned int looks;

    (void)state;
    make_wide();
    looks = looks_of(get_l4);
    page_put_type(w.l4);
    for (unsigned int n = 1; n <= looks; n++) {
        fake_preempt_at(n);
        assert_int_equal(get_l4(w.l4), -ERESTART);
        fake_preempt_at(0);
        for (unsigned int i = 0; i < 3; i++) {
            assert_int_equal(page_get_type_preemptible(w.l3[i], PGT_l3), 0);
            hold(w.l3[i], 0, 1);
            recount();
        }
        assert_int_equal(get_l4(w.l4), 0);
        page_put_type(w.l4);
        for (unsigned int i = 0; i < 3; i++) {
            page_put_type(w.l3[i]);
            hold(w.l3[i], 0, -1);
        }
        recount();
    }
}

static void half_done_work_goes_with_the_domain(void **state)
{
    (void)state;
    make_wide();
    fake_preempt_at(9);
    assert_int_equal(get_l4(w.l4), -ERESTART);
    assert_int_equal(page_get_type_preemptible(w.l3[2], PGT_l3), 0);
    assert_true(page_get(w.l3[2], d));
    fake_preempt_at(1);
    assert_int_equal(put_table_preemptible(d->vcpu[1], w.l3[2]), -ERESTART);
    /* The tear-down finds that nothing is left over. */
}

static void given_up_frames_do_not_stay_behind(void **state)
{
    struct tree t;

    (void)state;
    make_tree(&t, 4);
    assert_int_equal(pin(t.t[4], 4), 0);
    /* The domain itself gives up a leaf and the pinned top. */
    assert_true(page_put_allocation(t.rw));
    assert_true(page_put_allocation(t.t[4]));
    page_list_del(t.rw, &d->mem.page_list);
    page_list_add(t.rw, &d->mem.page_list);
}

static void dying_domain_may_stop_anywhere(void **state)
{
    (void)state;
    make_wide();
    unpin_back();
    assert_true(page_put_allocation(w.l2[1]));
    run_as(d0, 1);
    d->dying = DOMDYING_dying;
    for (unsigned int n = 1;; n++) {
        fake_preempt_at(n % 3 + 1);
        if (arch_domain_relinquish(d) == 0)
            break;
        recount();
    }
}

/* Pins go before all else: no frame has to be taken aside that only tables of
 * the domain's own refer to. */
static void own_tables_hold_no_frame_of_a_dying_domain(void **state)
{
    struct page_info *pg;
    struct tree t;

    (void)state;
    make_tree(&t, 4);
    assert_int_equal(pin(t.t[4], 4), 0);
    run_as(d0, 1);
    d->dying = DOMDYING_dying;
    do {
        fake_preempt_at(1);
        for (pg = page_list_first(&d->mem.page_list); pg;
             pg = page_list_next(pg))
            assert_false(pg->count_info & PGC_relinquished);
    } while (arch_domain_relinquish(d) == -ERESTART);
}

static const struct CMUnitTest tests[] = {
    PV_MM_TEST(pin_may_stop_anywhere),
    PV_MM_TEST(unpin_may_stop_anywhere),
    PV_MM_TEST(failing_pin_may_stop_anywhere),
    PV_MM_TEST(linking_a_table_may_stop_anywhere),
    PV_MM_TEST(unlinking_a_table_may_stop_anywhere),
    PV_MM_TEST(half_validated_is_turned_round_by_resume),
    PV_MM_TEST(half_undone_is_finished_by_the_next_user),
    PV_MM_TEST(half_validated_child_is_validated_by_another_user),
    PV_MM_TEST(half_done_work_goes_with_the_domain),
    PV_MM_TEST(given_up_frames_do_not_stay_behind),
    PV_MM_TEST(dying_domain_may_stop_anywhere),
    PV_MM_TEST(own_tables_hold_no_frame_of_a_dying_domain),
};

int main(void)
{
    return cmocka_run_group_tests(tests, pv_mm_set_up_once, NULL);
}
