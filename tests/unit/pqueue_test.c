/* SPDX-License-Identifier: MIT */
/* Priority queues: order, removal anywhere, shape. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "xen/compiler.h"
#include "xen/pqueue.h"

#define NR 500

static struct pqueue_node node[NR];

static unsigned int check(const struct pqueue_node *n,
                          const struct pqueue_node *parent)
{
    unsigned int left, right;

    if (n == NULL)
        return 0;
    assert_ptr_equal(n->parent, parent);
    if (parent != NULL)
        assert_true(parent->key <= n->key);
    left = n->left ? n->left->rank : 0;
    right = n->right ? n->right->rank : 0;
    assert_true(left >= right);
    assert_int_equal(n->rank, right + 1);
    return check(n->left, n) + check(n->right, n) + 1;
}

static unsigned int count_by_next(const struct pqueue *q)
{
    unsigned int nr = 0;

    for (struct pqueue_node *n = q->first; n; n = pqueue_next(n))
        nr++;

    return nr;
}

static void first_has_the_smallest_key(void **state)
{
    struct pqueue q = {0};
    s64 last = -1000000;

    (void)state;
    memset(node, 0, sizeof(node));
    for (unsigned int i = 0; i < NR; i++)
        pqueue_add(&q, &node[i], rand() % 1000 - 500);
    assert_int_equal(check(q.first, NULL), NR);
    while (q.first) {
        struct pqueue_node *n = q.first;

        assert_true(n->key >= last);
        last = n->key;
        pqueue_del(&q, n);
        assert_false(pqueue_is_queued(n));
    }
}

static void any_element_can_be_removed(void **state)
{
    struct pqueue q = {0};
    unsigned int nr = 0;

    (void)state;
    memset(node, 0, sizeof(node));
    for (unsigned int i = 0; i < 20000; i++) {
        struct pqueue_node *n = &node[rand() % NR];

        if (pqueue_is_queued(n)) {
            pqueue_del(&q, n);
            nr--;
        } else {
            pqueue_add(&q, n, rand() % 100);
            nr++;
        }
        if (i % 64 == 0)
            assert_int_equal(check(q.first, NULL), nr);
    }
}

static void next_visits_each_once(void **state)
{
    struct pqueue q = {0};

    (void)state;
    memset(node, 0, sizeof(node));
    assert_int_equal(count_by_next(&q), 0);
    for (unsigned int i = 0; i < NR; i++) {
        pqueue_add(&q, &node[i], (i * 7919) % 1000);
        assert_int_equal(count_by_next(&q), i + 1);
    }
}

static void ascending_and_descending_keys_stay_shallow(void **state)
{
    struct pqueue q = {0};

    (void)state;
    memset(node, 0, sizeof(node));
    for (unsigned int i = 0; i < NR; i++)
        pqueue_add(&q, &node[i], i);
    assert_int_equal(check(q.first, NULL), NR);
    assert_true(q.first->rank <= 9);
    while (q.first)
        pqueue_del(&q, q.first);
    for (unsigned int i = 0; i < NR; i++)
        pqueue_add(&q, &node[i], NR - i);
    assert_int_equal(check(q.first, NULL), NR);
    assert_true(q.first->rank <= 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_has_the_smallest_key),
        cmocka_unit_test(any_element_can_be_removed),
        cmocka_unit_test(next_visits_each_once),
        cmocka_unit_test(ascending_and_descending_keys_stay_shallow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
