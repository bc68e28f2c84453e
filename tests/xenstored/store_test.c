/* SPDX-License-Identifier: MIT */
/* Versions of the tree, and directories that they share. */
#include "setup.h"

#include "store.h"
#include "wire.h"

static long nodes, bytes;

static void count(void *arg, domid_t owner, int n, long size)
{
    (void)arg, (void)owner;
    nodes += n;
    bytes += size;
}

static const struct charge charge = {.fn = count};

static void set(struct node **root, const char *path, const char *value)
{
    store_write(root, path, 0, value, strlen(value), &charge);
}

static void assert_value(const struct node *root, const char *path,
                         const char *value)
{
    const struct node *n = store_find(root, path);

    if (!value) {
        assert_null(n);
        return;
    }
    assert_non_null(n);
    assert_int_equal(n->value_len, strlen(value));
    assert_memory_equal(node_value(n), value, strlen(value));
}

static int reset(void **state)
{
    nodes = bytes = 0;
    *state = store_new();
    return 0;
}

static int done(void **state)
{
    node_put(*state);
    return 0;
}

static void missing_parents_are_created(void **state)
{
    struct node **root = (struct node **)state;
    size_t len;

    set(root, "/a/b/c", "x");
    assert_value(*root, "/a/b/c", "x");
    assert_value(*root, "/a/b", "");
    assert_value(*root, "/a/c", NULL);
    assert_value(*root, "/a/b/c/d", NULL);
    assert_ptr_equal(store_nearest(*root, "/a/b/x/y", &len),
                     store_find(*root, "/a/b"));
    assert_int_equal(len, 4);
    assert_ptr_equal(store_nearest(*root, "/z", &len), *root);
    assert_int_equal(len, 1);
}

static void snapshot_keeps_what_changes(void **state)
{
    struct node **root = (struct node **)state, *old;

    set(root, "/a/b", "1");
    set(root, "/a/c", "2");
    old = node_get(*root);
    set(root, "/a/b", "changed");
    set(root, "/d", "new");
    store_remove(root, "/a/c", &charge);
    assert_value(old, "/a/b", "1");
    assert_value(old, "/a/c", "2");
    assert_value(old, "/d", NULL);
    assert_value(*root, "/a/b", "changed");
    assert_value(*root, "/a/c", NULL);
    node_put(old);
}

static void versions_share_what_did_not_change(void **state)
{
    struct node **root = (struct node **)state, *old;

    set(root, "/a/b", "1");
    set(root, "/c/d", "2");
    old = node_get(*root);
    set(root, "/a/b", "3");
    assert_ptr_equal(store_find(old, "/c"), store_find(*root, "/c"));
    assert_ptr_not_equal(store_find(old, "/a"), store_find(*root, "/a"));
    node_put(old);
    assert_value(*root, "/c/d", "2");
}

static void without_snapshot_nothing_is_copied(void **state)
{
    struct node **root = (struct node **)state;
    const struct node *a;

    set(root, "/a/b", "1");
    a = store_find(*root, "/a");
    set(root, "/a/b", "2");
    set(root, "/a/c", "2");
    assert_ptr_equal(store_find(*root, "/a"), a);
}

static void generations_tell_what_changed(void **state)
{
    struct node **root = (struct node **)state;
    const struct node *a;
    uint64_t gen, dir_gen;

    set(root, "/a/b", "1");
    a = store_find(*root, "/a");
    gen = a->gen;
    dir_gen = a->dir_gen;
    set(root, "/a/b", "2");
    assert_int_equal(a->gen, gen);
    assert_int_equal(a->dir_gen, dir_gen);
    set(root, "/a/c", "2");
    assert_int_equal(a->gen, gen);
    assert_true(a->dir_gen > dir_gen);
    dir_gen = a->dir_gen;
    set(root, "/a", "value");
    a = store_find(*root, "/a");
    assert_true(a->gen > gen);
    assert_int_equal(a->dir_gen, dir_gen);
}

static void nodes_are_charged_and_discharged(void **state)
{
    struct node **root = (struct node **)state;
    struct perm perm = {.domid = 3};

    set(root, "/a/b/c", "xyz");
    set(root, "/a/d", "");
    assert_int_equal(nodes, 4);
    store_set_perms(root, "/a/d", perms_intern(&perm, 1), &charge);
    assert_int_equal(nodes, 4);
    store_remove(root, "/a", &charge);
    assert_int_equal(nodes, 0);
    assert_int_equal(bytes, 0);
}

/* Names that agree in the first 8 bytes, and names of all lengths. */
static void name_of(unsigned int i, char name[40])
{
    if (i % 3 == 0)
        snprintf(name, 40, "/d/%u", i);
    else if (i % 3 == 1)
        snprintf(name, 40, "/d/same-first-bytes-%u", i);
    else
        snprintf(name, 40, "/d/%.*s%u", (int)(i % 11), "zyxwvutsrqp", i);
}

/* The directory against an array of what is there; sorted; old versions whole.
 */
static void directories_of_many(void **state)
{
    enum { NAMES = 3000, STEPS = 20000 };
    static bool there[NAMES], snapshot[NAMES];
    struct node **root = (struct node **)state, *old = NULL;
    unsigned int seed = 1, total = 0, n;
    char name[40], last[40] = "";
    struct dir_iter it;
    const struct node *child;

    set(root, "/d", "");
    for (int step = 0; step < STEPS; step++) {
        unsigned int i = rand_r(&seed) % NAMES;

        if (step % 4000 == 1000) {
            if (old)
                node_put(old);
            old = node_get(*root);
            memcpy(snapshot, there, sizeof(there));
        }
        name_of(i, name);
        assert_int_equal(store_find(*root, name) != NULL, there[i]);
        /* Grow for the first half, then shrink. */
        if (!there[i] && (step < STEPS / 2 || rand_r(&seed) % 4 == 0))
            set(root, name, name), total++, there[i] = true;
        else if (there[i] && step >= STEPS / 2)
            store_remove(root, name, &charge), total--, there[i] = false;
    }
    for (unsigned int i = 0; i < NAMES; i++) {
        name_of(i, name);
        assert_value(*root, name, there[i] ? name : NULL);
        assert_value(old, name, snapshot[i] ? name : NULL);
    }
    n = 0;
    dir_iter_init(&it, store_find(*root, "/d")->dir);
    while ((child = dir_iter_next(&it))) {
        snprintf(name, sizeof(name), "%.*s", child->name_len, child->data);
        assert_true(strcmp(last, name) < 0);
        strcpy(last, name);
        n++;
    }
    assert_int_equal(n, total);
    node_put(old);
    store_remove(root, "/d", &charge);
    assert_null((*root)->dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, done)
        TEST(missing_parents_are_created),
        TEST(snapshot_keeps_what_changes),
        TEST(versions_share_what_did_not_change),
        TEST(without_snapshot_nothing_is_copied),
        TEST(generations_tell_what_changed),
        TEST(nodes_are_charged_and_discharged),
        TEST(directories_of_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
