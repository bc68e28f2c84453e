/* SPDX-License-Identifier: MIT */
/* Transactions: isolation, conflicts per node, commits. */
#include "setup.h"

#include <errno.h>

#include "transaction.h"

static struct node *root;
static struct transaction *t;
static unsigned int nr_seen;

static void charge_quota(void *arg, domid_t owner, int nodes, long bytes)
{
    (void)arg;
    quota_add(owner, QUOTA_NODES, nodes);
    quota_add(owner, QUOTA_MEMORY, bytes);
}

static const struct charge charge = {.fn = charge_quota};

static struct change change(enum change_type type, const char *path,
                            const char *value)
{
    return (struct change){
        .type = type,
        .path = path,
        .data = value,
        .len = value ? strlen(value) : 0,
    };
}

static void outside(enum change_type type, const char *path, const char *value)
{
    struct change c = change(type, path, value);

    change_apply(&root, &c, &charge);
}

static void inside(enum change_type type, const char *path, const char *value)
{
    struct change c = change(type, path, value);

    assert_int_equal(
        transaction_access(t, path,
                           type == CHANGE_RM ? ACCESS_TREE : ACCESS_NODE),
        0);
    transaction_change(t, &c);
}

static void seen(const struct change *c)
{
    (void)c;
    nr_seen++;
}

static bool commit(void)
{
    bool valid = transaction_valid(t, root);

    if (valid)
        transaction_commit(t, &root, &charge, seen);
    return valid;
}

static void assert_value(const char *path, const char *value)
{
    const struct node *n = store_find(root, path);

    assert_int_equal(n != NULL, value != NULL);
    if (value) {
        assert_int_equal(n->value_len, strlen(value));
        assert_memory_equal(node_value(n), value, n->value_len);
    }
}

static int begin(void **state)
{
    (void)state;
    root = store_new();
    outside(CHANGE_WRITE, "/a/b", "1");
    outside(CHANGE_WRITE, "/a/c", "1");
    t = transaction_new(1, 1, root);
    nr_seen = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    transaction_free(t);
    node_put(root);
    assert_int_equal(quota_used(1, QUOTA_TRANSACTIONS), 0);
    for (domid_t domid = 0; domid < 2; domid++) {
        quota_add(domid, QUOTA_NODES, -(long)quota_used(domid, QUOTA_NODES));
        quota_add(domid, QUOTA_MEMORY, -(long)quota_used(domid, QUOTA_MEMORY));
    }
    return 0;
}

static void changes_show_at_the_commit(void **state)
{
    (void)state;
    inside(CHANGE_WRITE, "/a/b", "2");
    inside(CHANGE_MKDIR, "/n/m", NULL);
    inside(CHANGE_RM, "/a/c", NULL);
    assert_value("/a/b", "1");
    assert_value("/a/c", "1");
    assert_true(commit());
    assert_value("/a/b", "2");
    assert_value("/a/c", NULL);
    assert_value("/n/m", "");
    assert_int_equal(nr_seen, 3);
}

static void commit_beside_others_changes_is_the_same(void **state)
{
    (void)state;
    inside(CHANGE_WRITE, "/a/b", "2");
    inside(CHANGE_MKDIR, "/n/m", NULL);
    inside(CHANGE_RM, "/a/c", NULL);
    outside(CHANGE_WRITE, "/x", "other");
    outside(CHANGE_WRITE, "/a/d", "other");
    assert_true(commit());
    assert_value("/a/b", "2");
    assert_value("/a/c", NULL);
    assert_value("/n/m", "");
    assert_value("/x", "other");
    assert_value("/a/d", "other");
}

static void snapshot_does_not_see_later_changes(void **state)
{
    (void)state;
    outside(CHANGE_WRITE, "/a/b", "2");
    assert_memory_equal(node_value(store_find(t->root, "/a/b")), "1", 1);
}

/* What the transaction relies on, what happens outside, is it a conflict? */
static const struct {
    const char *path;
    unsigned int what;
    enum change_type type;
    const char *outside;
    bool conflict;
} cases[] = {
    {"/a/b", ACCESS_NODE, CHANGE_WRITE, "/a/b", true},
    {"/a/b", ACCESS_NODE, CHANGE_WRITE, "/a/c", false},
    {"/a/b", ACCESS_NODE, CHANGE_RM, "/a/b", true},
    {"/a/b", ACCESS_NODE, CHANGE_RM, "/a", true},
    {"/a/b", ACCESS_NODE, CHANGE_WRITE, "/a/b/c", false},
    {"/a/n", ACCESS_NODE, CHANGE_WRITE, "/a/n", true},
    {"/a/n", ACCESS_NODE, CHANGE_WRITE, "/a/m", false},
    {"/a", ACCESS_NODE, CHANGE_MKDIR, "/a/n", false},
    {"/a", ACCESS_CHILDREN, CHANGE_MKDIR, "/a/n", true},
    {"/a", ACCESS_CHILDREN, CHANGE_RM, "/a/b", true},
    {"/a", ACCESS_CHILDREN, CHANGE_WRITE, "/a/b", false},
    {"/a", ACCESS_TREE, CHANGE_WRITE, "/a/b", true},
    {"/a", ACCESS_TREE, CHANGE_MKDIR, "/a/b/x", true},
    {"/a/b", ACCESS_TREE, CHANGE_WRITE, "/a/c", false},
};

static void conflicts_are_found_per_node(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(transaction_access(t, cases[i].path, cases[i].what),
                         0);
        outside(cases[i].type, cases[i].outside, NULL);
        if (transaction_valid(t, root) == cases[i].conflict)
            fail_msg("case %zu", i);
        end(NULL);
        begin(NULL);
    }
}

static void value_that_comes_back_is_a_conflict(void **state)
{
    (void)state;
    assert_int_equal(transaction_access(t, "/a/b", ACCESS_NODE), 0);
    outside(CHANGE_WRITE, "/a/b", "2");
    outside(CHANGE_WRITE, "/a/b", "1");
    assert_false(transaction_valid(t, root));
}

static void nodes_are_counted_at_the_commit(void **state)
{
    struct change c = change(CHANGE_MKDIR, "/mine/x", NULL);

    (void)state;
    c.domid = 1;
    assert_int_equal(transaction_access(t, "/mine/x", ACCESS_NODE), 0);
    transaction_change(t, &c);
    assert_int_equal(quota_used(1, QUOTA_NODES), 0);
    assert_int_equal(tally_get(&t->tally, 1).nodes, 2);
    assert_true(commit());
    assert_int_equal(quota_used(1, QUOTA_NODES), 2);
}

static void accesses_are_limited(void **state)
{
    unsigned int limit = quota_info[QUOTA_TRANSACTION_NODES].limit;
    char path[16];

    (void)state;
    for (unsigned int i = 0; i < limit; i++) {
        snprintf(path, sizeof(path), "/%u", i);
        assert_int_equal(transaction_access(t, path, ACCESS_NODE), 0);
    }
    assert_int_equal(transaction_access(t, "/0", ACCESS_CHILDREN), 0);
    assert_int_equal(transaction_access(t, "/more", ACCESS_NODE), -ENOSPC);
}

static void doomed_one_holds_nothing_and_fails(void **state)
{
    (void)state;
    inside(CHANGE_WRITE, "/a/b", "2");
    transaction_doom(t);
    assert_null(t->base);
    assert_int_equal(transaction_access(t, "/a", ACCESS_NODE), 0);
    inside(CHANGE_WRITE, "/a/b", "3");
    assert_false(commit());
    assert_value("/a/b", "1");
}

static unsigned int nr_changed, nr_removed;

static void fire(const char *path, bool removed, const struct node *before,
                 const struct node *after)
{
    (void)path;
    assert_ptr_equal(before, t->base);
    assert_ptr_equal(after, root);
    if (removed)
        nr_removed++;
    else
        nr_changed++;
}

static void each_path_is_told_of_once(void **state)
{
    (void)state;
    nr_changed = nr_removed = 0;
    inside(CHANGE_WRITE, "/a/b", "2");
    inside(CHANGE_WRITE, "/a/b", "3");
    inside(CHANGE_RM, "/a/b", NULL);
    inside(CHANGE_WRITE, "/a/b", "4");
    inside(CHANGE_WRITE, "/a/d", "4");
    assert_true(commit());
    transaction_events(t, root, fire);
    assert_int_equal(nr_changed, 2);
    assert_int_equal(nr_removed, 1);
}

static void changes_that_are_not_sound_are_not_read(void **state)
{
    struct perm perm = {.domid = 1};
    struct buf list = {0};
    struct change c;
    size_t size;

    (void)state;
    c = (struct change){.type = CHANGE_PERMS,
                        .path = "/a",
                        .data = (char *)&perm,
                        .len = sizeof(perm)};
    change_add(&list, &c);
    size = list.len;
    assert_int_equal(change_read(buf_front(&list), size, &c), size);
    assert_int_equal(c.len, sizeof(perm));
    for (size_t len = 0; len < size; len++)
        assert_int_equal(change_read(buf_front(&list), len, &c), 0);
    *buf_front(&list) = 0;
    assert_int_equal(change_read(buf_front(&list), size, &c), 0);
    buf_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(changes_show_at_the_commit),
        TEST(commit_beside_others_changes_is_the_same),
        TEST(snapshot_does_not_see_later_changes),
        TEST(conflicts_are_found_per_node),
        TEST(value_that_comes_back_is_a_conflict),
        TEST(nodes_are_counted_at_the_commit),
        TEST(accesses_are_limited),
        TEST(doomed_one_holds_nothing_and_fails),
        TEST(each_path_is_told_of_once),
        TEST(changes_that_are_not_sound_are_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
