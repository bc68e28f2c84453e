/* SPDX-License-Identifier: MIT */
/* Delivery of events through queues. The tests play the guest's part too. */
#include "evtchn_setup.h"

#include <pthread.h>

#include "xen/audit.h"
#include "xen/page_alloc.h"

#define PENDING  (1U << EVTCHN_FIFO_PENDING)
#define MASKED   (1U << EVTCHN_FIFO_MASKED)
#define LINKED   (1U << EVTCHN_FIFO_LINKED)
#define BUSY     (1U << EVTCHN_FIFO_BUSY)

#define NR_WORDS 1024

/* What the guest knows of its first queues and page of words. */
static struct evtchn_fifo_control_block *block[3];
static event_word_t *word;

static u64 new_frame(struct domain *d)
{
    return mfn_x(page_to_mfn(alloc_domheap_pages(d, 0, 0)));
}

static long init_control(u64 gfn, u32 offset, u32 vcpu)
{
    struct evtchn_init_control op = {
        .control_gfn = gfn, .offset = offset, .vcpu = vcpu};
    long rc = CALL(EVTCHNOP_init_control, &op);

    if (rc == 0) {
        assert_int_equal(op.link_bits, EVTCHN_FIFO_LINK_BITS);
        block[vcpu] = (void *)((char *)mfn_to_virt(_mfn(gfn)) + offset);
    }
    return rc;
}

static long expand_array(u64 gfn)
{
    struct evtchn_expand_array op = {.array_gfn = gfn};

    return CALL(EVTCHNOP_expand_array, &op);
}

static long set_priority(evtchn_port_t port, u32 priority)
{
    struct evtchn_set_priority op = {.port = port, .priority = priority};

    return CALL(EVTCHNOP_set_priority, &op);
}

/* d1 uses queues on all of its vcpus, and has one page of words. */
static int set_up_fifo(void **state)
{
    u64 gfn;

    evtchn_set_up(state);
    gfn = new_frame(d1);
    for (unsigned int i = 0; i < 3; i++)
        assert_int_equal(init_control(gfn, i * 128, i), 0);
    gfn = new_frame(d1);
    assert_int_equal(expand_array(gfn), 0);
    word = mfn_to_virt(_mfn(gfn));
    return 0;
}

/* The guest takes the first port out of a queue; 0: it is empty. `head` is
 * its own note of where the queue goes on. */
static evtchn_port_t take(unsigned int vcpu, unsigned int priority,
                          evtchn_port_t *head)
{
    evtchn_port_t port = *head ? *head : block[vcpu]->head[priority];

    if (port == 0 || !(word[port] & LINKED))
        return 0;
    *head = word[port] & EVTCHN_FIFO_LINK_MASK;
    word[port] &= ~(LINKED | EVTCHN_FIFO_LINK_MASK | PENDING);
    if (*head == 0)
        block[vcpu]->ready &= ~(1U << priority);
    return port;
}

static void init_control_errors(void **state)
{
    u64 gfn = new_frame(d1), foreign = new_frame(d2);

    (void)state;
    assert_int_equal(init_control(gfn, 0, 3), -ENOENT);
    assert_int_equal(init_control(gfn, 0, ~0U), -ENOENT);
    assert_int_equal(init_control(gfn, 4, 0), -EINVAL);
    assert_int_equal(init_control(gfn, 4096, 0), -EINVAL);
    assert_int_equal(init_control(gfn, ~7U, 0), -EINVAL);
    assert_int_equal(init_control(gfn, 4032, 0), -EINVAL);
    assert_int_equal(init_control(foreign, 0, 0), -EINVAL);
    assert_int_equal(init_control(~0ULL, 0, 0), -EINVAL);
    assert_int_equal(init_control(gfn, 4096 - 72, 0), 0);
    assert_int_equal(init_control(gfn, 0, 0), -EINVAL);
    assert_int_equal(init_control(gfn, 0, 1), 0);
}

static void frames_of_another_type_are_einval(void **state)
{
    u64 gfn = new_frame(d1), good = new_frame(d1);
    struct page_info *pg = mfn_to_page(_mfn(gfn));

    (void)state;
    assert_int_equal(page_get_type(pg, PGT_l1), 0);
    assert_int_equal(init_control(gfn, 0, 0), -EINVAL);
    assert_int_equal(init_control(good, 0, 0), 0);
    assert_int_equal(expand_array(gfn), -EINVAL);
    page_put_type(pg);
    assert_int_equal(expand_array(gfn), 0);
    assert_int_equal(page_get_type(pg, PGT_l1), -EINVAL);
}

static void no_memory_leaves_bitmaps_in_use(void **state)
{
    u64 gfn = new_frame(d1);

    (void)state;
    fake_heap_fail(1);
    assert_int_equal(init_control(gfn, 0, 0), -ENOMEM);
    fake_heap_fail(2);
    assert_int_equal(init_control(gfn, 0, 0), -ENOMEM);
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(send_port(1), 0);
    assert_true(is_pending_2l(d1, 1));
}

static void without_queues_array_and_priority_are_errors(void **state)
{
    u64 gfn = new_frame(d1);

    (void)state;
    assert_int_equal(expand_array(gfn), -EOPNOTSUPP);
    assert_int_equal(set_priority(1, 0), -EINVAL);
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(set_priority(1, 0), -ENOSYS);
}

static void expand_array_ends_at_128_pages(void **state)
{
    u64 gfn = new_frame(d1), foreign = new_frame(d2);

    (void)state;
    assert_int_equal(expand_array(foreign), -EINVAL);
    assert_int_equal(expand_array(~0ULL), -EINVAL);
    for (unsigned int i = 1; i < 128; i++)
        assert_int_equal(expand_array(gfn), 0);
    assert_int_equal(expand_array(gfn), -ENOSPC);
}

static void queues_allow_more_ports_than_bitmaps(void **state)
{
    u64 gfn = new_frame(d1);

    (void)state;
    for (unsigned int i = 1; i < 5; i++)
        assert_int_equal(expand_array(gfn), 0);
    for (unsigned int i = 1; i <= 5000; i++)
        assert_int_equal(alloc_unbound(DOMID_SELF, 0), i);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), -ENOSPC);
}

static void events_come_in_the_order_they_were_sent(void **state)
{
    evtchn_port_t head = 0;

    (void)state;
    for (unsigned int port = 1; port <= 4; port++)
        assert_int_equal(bind_ipi(1), port);
    assert_int_equal(send_port(3), 0);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(send_port(4), 0);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(send_port(2), 0);
    assert_int_equal(fake_nr_kicks, 1);
    assert_int_equal(block[1]->ready, 1U << EVTCHN_FIFO_PRIORITY_DEFAULT);
    assert_int_equal(d1->vcpu[1]->vcpu_info->evtchn_upcall_pending, 1);
    assert_int_equal(take(1, 7, &head), 3);
    assert_int_equal(take(1, 7, &head), 1);
    assert_int_equal(take(1, 7, &head), 4);
    assert_int_equal(take(1, 7, &head), 2);
    assert_int_equal(take(1, 7, &head), 0);
    for (unsigned int port = 1; port <= 4; port++)
        assert_int_equal(word[port], 0);
}

static void a_queue_goes_on_after_it_was_empty(void **state)
{
    evtchn_port_t head = 0;

    (void)state;
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(bind_ipi(0), 2);
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(send_port(1), 0);
        assert_int_equal(take(0, 7, &head), 1);
        assert_int_equal(take(0, 7, &head), 0);
    }
    assert_int_equal(send_port(2), 0);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(take(0, 7, &head), 2);
    assert_int_equal(send_port(2), 0);
    assert_int_equal(take(0, 7, &head), 1);
    assert_int_equal(take(0, 7, &head), 2);
    assert_int_equal(take(0, 7, &head), 0);
}

static void each_priority_has_its_queue(void **state)
{
    evtchn_port_t head = 0;

    (void)state;
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(bind_ipi(0), 2);
    assert_int_equal(set_priority(2, EVTCHN_FIFO_PRIORITY_MAX), 0);
    assert_int_equal(set_priority(2, EVTCHN_FIFO_PRIORITY_MIN + 1), -EINVAL);
    assert_int_equal(set_priority(2, ~0U), -EINVAL);
    assert_int_equal(set_priority(3, 0), -EINVAL);
    assert_int_equal(set_priority(~0U, 0), -EINVAL);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(send_port(2), 0);
    assert_int_equal(block[0]->ready, 1U << 7 | 1U << 0);
    assert_int_equal(take(0, 0, &head), 2);
    assert_int_equal(take(0, 7, &head), 1);
}

static void an_event_moves_to_another_queue(void **state)
{
    evtchn_port_t p1, p2, ipi, head = 0;

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    assert_int_equal(take(0, 7, &head), p1);
    ipi = bind_ipi(0);
    assert_int_equal(bind_vcpu(p1, 2), 0);
    assert_int_equal(set_priority(p1, 3), 0);
    run_as(d2, 0);
    assert_int_equal(send_port(p2), 0);
    /* p1 was the last of the old queue: the next one must not follow it. */
    run_as(d1, 0);
    assert_int_equal(send_port(ipi), 0);
    assert_int_equal(word[p1], PENDING | LINKED);
    assert_int_equal(take(0, 7, &head), ipi);
    assert_int_equal(take(2, 3, &head), p1);
}

static void a_masked_event_is_queued_when_unmasked(void **state)
{
    evtchn_port_t head = 0;

    (void)state;
    assert_int_equal(bind_ipi(1), 1);
    word[1] = MASKED;
    assert_int_equal(send_port(1), 0);
    assert_int_equal(word[1], PENDING | MASKED);
    assert_int_equal(block[1]->ready, 0);
    assert_int_equal(fake_nr_kicks, 0);
    assert_int_equal(evtchn_port_poll(d1, 1), 1);
    assert_int_equal(unmask_port(1), 0);
    assert_int_equal(word[1], PENDING | LINKED);
    assert_int_equal(fake_nr_kicks, 1);
    assert_int_equal(take(1, 7, &head), 1);

    word[1] = MASKED;
    assert_int_equal(unmask_port(1), 0);
    assert_int_equal(word[1], 0);
}

static void a_second_event_is_pending_already(void **state)
{
    (void)state;
    assert_int_equal(bind_ipi(1), 1);
    assert_int_equal(send_port(1), 0);
    d1->vcpu[1]->vcpu_info->evtchn_upcall_pending = 0;
    assert_int_equal(send_port(1), 0);
    assert_int_equal(d1->vcpu[1]->vcpu_info->evtchn_upcall_pending, 0);
    assert_int_equal(word[1], PENDING | LINKED);
}

static void a_linked_port_is_not_handed_out_again(void **state)
{
    evtchn_port_t head = 0;

    (void)state;
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(close_port(1), 0);
    assert_int_equal(word[1], LINKED);
    assert_int_equal(bind_ipi(0), 2);
    assert_int_equal(take(0, 7, &head), 1);
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(bind_ipi(0), 3);
}

static void what_is_pending_survives_the_switch_to_queues(void **state)
{
    evtchn_port_t head = 0;
    u64 gfn = new_frame(d1), words = new_frame(d1);

    (void)state;
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(bind_ipi(1), 2);
    assert_int_equal(bind_ipi(0), 3);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(init_control(gfn, 0, 0), 0);
    assert_int_equal(evtchn_port_poll(d1, 1), 1);
    assert_int_equal(send_port(3), 0); /* has no word yet */
    assert_int_equal(evtchn_port_poll(d1, 2), 0);
    assert_int_equal(block[0]->ready, 0);
    assert_int_equal(expand_array(words), 0);
    word = mfn_to_virt(_mfn(words));
    assert_int_equal(take(0, 7, &head), 1);
    assert_int_equal(take(0, 7, &head), 3);
    assert_int_equal(take(0, 7, &head), 0);
}

static void a_vcpu_without_control_block_gets_its_event_later(void **state)
{
    evtchn_port_t head = 0;
    u64 gfn = new_frame(d1), words = new_frame(d1);

    (void)state;
    assert_int_equal(init_control(gfn, 0, 0), 0);
    assert_int_equal(expand_array(words), 0);
    word = mfn_to_virt(_mfn(words));
    assert_int_equal(bind_ipi(1), 1);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(word[1], PENDING);
    assert_int_equal(init_control(gfn, 128, 1), 0);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(take(1, 7, &head), 1);
}

static void reset_goes_back_to_bitmaps(void **state)
{
    (void)state;
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(reset_domain(DOMID_SELF), 0);
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(set_priority(1, 0), -ENOSYS);
    assert_int_equal(send_port(1), 0);
    assert_true(is_pending_2l(d1, 1));
    assert_int_equal(close_port(1), 0);
    assert_int_equal(init_control(new_frame(d1), 0, 0), 0);
}

static void the_audit_is_told_of_the_frames(void **state)
{
    (void)state;
    evtchn_audit_frames(d1, NULL);
    assert_int_equal(nr_frames_seen, 3 + 1);
    evtchn_audit_frames(d2, NULL);
    assert_int_equal(nr_frames_seen, 3 + 1);
}

static void pollers_are_woken(void **state)
{
    struct vcpu *v = d1->vcpu[1];

    (void)state;
    assert_int_equal(bind_ipi(1), 1);
    word[1] = MASKED;
    vcpu_poll_begin(v, 1);
    set_bit(VPF_blocked, &v->pause_flags);
    assert_int_equal(send_port(1), 0);
    assert_false(test_bit(VPF_blocked, &v->pause_flags));
}

static void hostile_words_harm_nobody_else(void **state)
{
    (void)state;
    for (unsigned int port = 1; port <= 8; port++)
        assert_int_equal(bind_ipi(port % 3), port);
    for (unsigned int i = 0; i < 2000; i++) {
        unsigned int port = 1 + i % 8;

        word[port] = i * 2654435761U;
        word[(port * 7) % NR_WORDS] = ~word[port];
        block[port % 3]->ready = i * 40503U;
        memset(block[port % 3]->head, i, sizeof(block[0]->head));
        assert_int_equal(send_port(port), 0);
        assert_int_equal(unmask_port(port), 0);
        if (i % 16 == 0)
            assert_int_equal(set_priority(port, i % 13), 0);
    }
    for (unsigned int port = 1; port <= 8; port++)
        assert_int_equal(close_port(port), 0);
}

static bool stop_toggling;

static void *toggle_mask(void *arg)
{
    event_word_t *w = arg;

    while (!__atomic_load_n(&stop_toggling, __ATOMIC_SEQ_CST))
        __atomic_fetch_xor(w, 1U << 20, __ATOMIC_SEQ_CST);
    return NULL;
}

/* Another vcpu of the guest changes the last word without end. */
static void a_word_that_keeps_changing_stops_nobody(void **state)
{
    pthread_t guest;

    (void)state;
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(bind_ipi(0), 2);
    stop_toggling = false;
    assert_int_equal(pthread_create(&guest, NULL, toggle_mask, &word[1]), 0);
    for (unsigned int i = 0; i < 20000; i++) {
        __atomic_fetch_and(&word[1], 1U << 20, __ATOMIC_SEQ_CST);
        word[2] = 0;
        assert_int_equal(send_port(1), 0);
        assert_int_equal(send_port(2), 0);
        assert_int_equal(word[1] & BUSY, 0);
    }
    __atomic_store_n(&stop_toggling, true, __ATOMIC_SEQ_CST);
    pthread_join(guest, NULL);
}

#define FIFO_TEST(name)                                                        \
    cmocka_unit_test_setup_teardown(name, set_up_fifo, evtchn_tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        EVTCHN_TEST(init_control_errors),
        EVTCHN_TEST(frames_of_another_type_are_einval),
        EVTCHN_TEST(no_memory_leaves_bitmaps_in_use),
        EVTCHN_TEST(without_queues_array_and_priority_are_errors),
        EVTCHN_TEST(what_is_pending_survives_the_switch_to_queues),
        EVTCHN_TEST(a_vcpu_without_control_block_gets_its_event_later),
        FIFO_TEST(expand_array_ends_at_128_pages),
        FIFO_TEST(queues_allow_more_ports_than_bitmaps),
        FIFO_TEST(events_come_in_the_order_they_were_sent),
        FIFO_TEST(a_queue_goes_on_after_it_was_empty),
        FIFO_TEST(each_priority_has_its_queue),
        FIFO_TEST(an_event_moves_to_another_queue),
        FIFO_TEST(a_masked_event_is_queued_when_unmasked),
        FIFO_TEST(a_second_event_is_pending_already),
        FIFO_TEST(a_linked_port_is_not_handed_out_again),
        FIFO_TEST(reset_goes_back_to_bitmaps),
        FIFO_TEST(the_audit_is_told_of_the_frames),
        FIFO_TEST(pollers_are_woken),
        FIFO_TEST(hostile_words_harm_nobody_else),
        FIFO_TEST(a_word_that_keeps_changing_stops_nobody),
    };

    return cmocka_run_group_tests(tests, evtchn_set_up_once, NULL);
}
