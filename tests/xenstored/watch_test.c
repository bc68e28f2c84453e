/* SPDX-License-Identifier: MIT */
/* Which watches fire, for which path. */
#include "setup.h"

#include "watch.h"
#include "wire.h"

/* Stand-in for connections. */
struct conn {
    struct list watches;
    struct subject who;
};

static struct conn dom0, guest;
static struct node *root;
static char fired[1024];

struct subject watch_subject(const struct watch *w)
{
    return w->conn->who;
}

void watch_event(struct watch *w, const char *path)
{
    size_t len = strlen(fired);

    snprintf(fired + len, sizeof(fired) - len, "%s:%s ", w->token, path);
}

static const struct charge charge = {.fn = no_charge_fn};

static void make(enum change_type type, const char *path)
{
    struct change c = {.type = type, .path = path};

    watch_before(&c, root);
    change_apply(&root, &c, &charge);
    watch_after(&c, root);
}

static void set_perms(const char *path, domid_t owner, uint8_t others)
{
    struct perm perm = {.domid = owner, .access = others};
    struct change c = {.type = CHANGE_PERMS,
                       .path = path,
                       .data = (char *)&perm,
                       .len = sizeof(perm)};

    watch_before(&c, root);
    change_apply(&root, &c, &charge);
    watch_after(&c, root);
}

static void assert_fired(const char *want)
{
    assert_string_equal(fired, want);
    fired[0] = '\0';
}

static struct watch *add(struct conn *c, const char *path, const char *token)
{
    return watch_add(c, &c->watches, path, token, WATCH_ANY_DEPTH, false);
}

static int begin(void **state)
{
    (void)state;
    root = store_new();
    list_init(&dom0.watches);
    list_init(&guest.watches);
    dom0.who = (struct subject){.domid = 0, .target = DOMID_NONE};
    guest.who = (struct subject){.domid = 1, .target = DOMID_NONE};
    fired[0] = '\0';
    return 0;
}

static int end(void **state)
{
    struct watch *w;

    (void)state;
    list_for_each_entry(w, &dom0.watches, struct watch, link)
        watch_del(w);
    list_for_each_entry(w, &guest.watches, struct watch, link)
        watch_del(w);
    node_put(root);
    return 0;
}

static void changes_at_and_below_fire(void **state)
{
    (void)state;
    add(&dom0, "/a", "a");
    add(&dom0, "/ab", "ab");
    add(&dom0, "/", "r");
    make(CHANGE_WRITE, "/a");
    assert_fired("r:/a a:/a ");
    make(CHANGE_WRITE, "/a/b/c");
    assert_fired("r:/a/b/c a:/a/b/c ");
    make(CHANGE_WRITE, "/b");
    assert_fired("r:/b ");
}

static void removal_fires_watches_below_for_their_path(void **state)
{
    (void)state;
    make(CHANGE_WRITE, "/a/b/c");
    add(&dom0, "/a/b/c", "c");
    add(&dom0, "/a/b/none", "n");
    add(&dom0, "/a", "a");
    make(CHANGE_RM, "/a/b");
    assert_fired("a:/a/b c:/a/b/c ");
}

static void depth_limits_what_fires(void **state)
{
    (void)state;
    watch_add(&dom0, &dom0.watches, "/a", "0", 0, false);
    watch_add(&dom0, &dom0.watches, "/a", "1", 1, false);
    make(CHANGE_WRITE, "/a");
    assert_fired("0:/a 1:/a ");
    make(CHANGE_WRITE, "/a/b");
    assert_fired("1:/a/b ");
    make(CHANGE_WRITE, "/a/b/c");
    assert_fired("");
}

static void guest_is_told_of_what_it_may_read(void **state)
{
    (void)state;
    add(&guest, "/", "g");
    make(CHANGE_WRITE, "/a/b");
    assert_fired("");
    set_perms("/a/b", 0, PERM_READ);
    assert_fired("g:/a/b ");
    make(CHANGE_WRITE, "/a/b");
    assert_fired("g:/a/b ");
    /* The change that takes the right away is told. */
    set_perms("/a/b", 0, PERM_NONE);
    assert_fired("g:/a/b ");
    make(CHANGE_WRITE, "/a/b");
    make(CHANGE_RM, "/a/b");
    assert_fired("");
}

static void guest_is_told_of_a_removal_above(void **state)
{
    (void)state;
    make(CHANGE_WRITE, "/a/b");
    set_perms("/a/b", 1, PERM_NONE);
    add(&guest, "/a/b", "g");
    make(CHANGE_RM, "/a");
    assert_fired("g:/a/b ");
}

static void watches_are_found_and_removed(void **state)
{
    struct watch *w;

    (void)state;
    add(&dom0, "/a/b", "t");
    add(&guest, "/a/b", "t");
    w = watch_find(&guest.watches, "/a/b", "t");
    assert_non_null(w);
    assert_ptr_equal(w->conn, &guest);
    assert_null(watch_find(&guest.watches, "/a/b", "u"));
    assert_null(watch_find(&guest.watches, "/a", "t"));
    watch_del(w);
    assert_null(watch_find(&guest.watches, "/a/b", "t"));
    assert_non_null(watch_find(&dom0.watches, "/a/b", "t"));
}

static void paths_of_watches(void **state)
{
    static const char *const paths[] = {"/", "/a", "/a/b-c", "@introduceDomain",
                                        "@releaseDomain/7"};
    char path[PATH_ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(watch_path(add(&dom0, paths[i], "t"), path),
                         strlen(paths[i]));
        assert_string_equal(path, paths[i]);
    }
}

static void special_events(void **state)
{
    struct perm perm = {.domid = 0, .access = PERM_NONE};
    struct perms *nobody = perms_intern(&perm, 1), *all;

    (void)state;
    perm.access = PERM_READ;
    all = perms_intern(&perm, 1);
    add(&dom0, "@releaseDomain", "d");
    watch_add(&dom0, &dom0.watches, "@releaseDomain", "1", 1, false);
    add(&dom0, "@releaseDomain/7", "7");
    add(&dom0, "@releaseDomain/8", "8");
    add(&guest, "@releaseDomain", "g");
    add(&dom0, "/@releaseDomain", "path");
    watch_special("@releaseDomain", nobody, 7);
    assert_fired("d:@releaseDomain 1:@releaseDomain/7 7:@releaseDomain/7 ");
    watch_special("@releaseDomain", all, 9);
    assert_fired("d:@releaseDomain 1:@releaseDomain/9 g:@releaseDomain ");
    watch_special("@introduceDomain", all, 9);
    assert_fired("");
    perms_put(nobody);
    perms_put(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(changes_at_and_below_fire),
        TEST(removal_fires_watches_below_for_their_path),
        TEST(depth_limits_what_fires),
        TEST(guest_is_told_of_what_it_may_read),
        TEST(guest_is_told_of_a_removal_above),
        TEST(watches_are_found_and_removed),
        TEST(paths_of_watches),
        TEST(special_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
