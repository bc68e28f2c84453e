/* SPDX-License-Identifier: MIT */
/* Who may do what. */
#include "setup.h"

#include <errno.h>

#include "perms.h"

#define RW (PERM_READ | PERM_WRITE)

static const struct perm list[] = {
    {.domid = 1, .access = PERM_READ},
    {.domid = 2, .access = RW},
    {.domid = 3, .access = PERM_NONE},
};

static struct subject subject(domid_t domid, domid_t target)
{
    return (struct subject){.domid = domid, .target = target};
}

static void equal_lists_are_one(void **state)
{
    struct perms *a = perms_intern(list, 3), *b = perms_intern(list, 3);
    struct perms *c = perms_intern(list, 2);

    (void)state;
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    perms_put(a);
    perms_put(b);
    perms_put(c);
}

static void owner_and_dom0_may_all(void **state)
{
    struct perms *p = perms_intern(list, 3);

    (void)state;
    assert_int_equal(perms_of(p, subject(0, DOMID_NONE)), RW);
    assert_int_equal(perms_of(p, subject(1, DOMID_NONE)), RW);
    assert_true(perms_is_owner(p, subject(1, DOMID_NONE)));
    assert_false(perms_is_owner(p, subject(2, DOMID_NONE)));
    perms_put(p);
}

static void others_have_their_entry_or_the_first_ones(void **state)
{
    struct perms *p = perms_intern(list, 3);

    (void)state;
    assert_int_equal(perms_of(p, subject(2, DOMID_NONE)), RW);
    assert_int_equal(perms_of(p, subject(3, DOMID_NONE)), PERM_NONE);
    assert_int_equal(perms_of(p, subject(4, DOMID_NONE)), PERM_READ);
    perms_put(p);
}

static void who_acts_for_a_domain_has_its_rights(void **state)
{
    struct perms *p = perms_intern(list, 3);

    (void)state;
    assert_int_equal(perms_of(p, subject(4, 2)), RW);
    assert_true(perms_is_owner(p, subject(4, 1)));
    perms_put(p);
}

static void revoked_rights_are_void_but_shown(void **state)
{
    struct perms *p = perms_intern(list, 3), *again;

    (void)state;
    perms_revoke(2);
    assert_int_equal(p->nr, 3);
    assert_int_equal(perms_of(p, subject(2, DOMID_NONE)), PERM_READ);
    /* A list that names the next domain 2 is another one. */
    again = perms_intern(list, 3);
    assert_ptr_not_equal(p, again);
    assert_int_equal(perms_of(again, subject(2, DOMID_NONE)), RW);
    perms_put(again);
    perms_put(p);
}

static void owner_is_not_revoked(void **state)
{
    struct perms *p = perms_intern(list, 3);

    (void)state;
    perms_revoke(1);
    assert_int_equal(perms_owner(p), 1);
    perms_put(p);
}

static void creator_owns_what_it_creates_unless_dom0(void **state)
{
    struct perms *p = perms_intern(list, 3);
    struct perms *own = perms_inherit(p, 7), *same = perms_inherit(p, 0);

    (void)state;
    assert_ptr_equal(same, p);
    assert_int_equal(perms_owner(own), 7);
    assert_int_equal(own->perm[0].access, PERM_READ);
    assert_int_equal(perms_of(own, subject(2, DOMID_NONE)), RW);
    perms_put(own);
    perms_put(same);
    perms_put(p);
}

static void entries_as_text(void **state)
{
    static const char *const wrong[] = {"", "x1", "r", "r-1", "r65536", "1r"};
    char text[PERM_TEXT_MAX];
    struct perm perm;

    (void)state;
    assert_int_equal(perm_parse("b65535", &perm), 0);
    assert_int_equal(perm.domid, 65535);
    assert_int_equal(perm.access, RW);
    assert_int_equal(perm_format(perm, text), 6);
    assert_string_equal(text, "b65535");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(perm_parse(wrong[i], &perm), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_lists_are_one),
        cmocka_unit_test(owner_and_dom0_may_all),
        cmocka_unit_test(others_have_their_entry_or_the_first_ones),
        cmocka_unit_test(who_acts_for_a_domain_has_its_rights),
        cmocka_unit_test(revoked_rights_are_void_but_shown),
        cmocka_unit_test(owner_is_not_revoked),
        cmocka_unit_test(creator_owns_what_it_creates_unless_dom0),
        cmocka_unit_test(entries_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
