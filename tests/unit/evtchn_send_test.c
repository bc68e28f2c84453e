/* SPDX-License-Identifier: MIT */
/* Sending of events, and their delivery through bitmaps. */
#include "evtchn_setup.h"

#include "xen/hypercall.h"

static void send_sets_pending_selector_and_upcall(void **state)
{
    evtchn_port_t p1, p2;
    struct vcpu *v = d2->vcpu[0];

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    forget_upcall(v);
    assert_int_equal(send_port(p1), 0);
    assert_true(is_pending_2l(d2, p2));
    assert_true(is_selected_2l(v, p2));
    assert_int_equal(v->vcpu_info->evtchn_upcall_pending, 1);
    assert_int_equal(fake_nr_kicks, 1);
}

static void send_of_what_is_pending_does_nothing(void **state)
{
    struct vcpu *v = d1->vcpu[1];

    (void)state;
    assert_int_equal(bind_ipi(1), 1);
    assert_int_equal(send_port(1), 0);
    v->vcpu_info->evtchn_upcall_pending = 0;
    v->vcpu_info->evtchn_pending_sel = 0;
    assert_int_equal(send_port(1), 0);
    assert_int_equal(v->vcpu_info->evtchn_upcall_pending, 0);
    assert_false(is_selected_2l(v, 1));
    assert_int_equal(fake_nr_kicks, 1);
}

static void send_to_a_masked_port_is_only_pending(void **state)
{
    struct vcpu *v = d1->vcpu[1];

    (void)state;
    assert_int_equal(bind_ipi(1), 1);
    set_bit(1, d1->shared_info->evtchn_mask);
    assert_int_equal(send_port(1), 0);
    assert_true(is_pending_2l(d1, 1));
    assert_false(is_selected_2l(v, 1));
    assert_int_equal(v->vcpu_info->evtchn_upcall_pending, 0);
    assert_int_equal(fake_nr_kicks, 0);
}

static void send_with_the_upcall_pending_does_not_kick_again(void **state)
{
    (void)state;
    assert_int_equal(bind_ipi(1), 1);
    assert_int_equal(bind_ipi(1), 2);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(send_port(2), 0);
    assert_int_equal(fake_nr_kicks, 1);
}

static void send_wakes_a_blocked_vcpu_and_does_not_kick_current(void **state)
{
    (void)state;
    assert_int_equal(bind_ipi(0), 1);
    set_bit(VPF_blocked, &d1->vcpu[0]->pause_flags);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(fake_nr_wakes, 1);
    assert_int_equal(fake_nr_kicks, 0);
}

static void send_errors(void **state)
{
    (void)state;
    assert_int_equal(send_port(0), -EINVAL);
    assert_int_equal(send_port(1), -EINVAL);
    assert_int_equal(send_port(~0U), -EINVAL);
    assert_int_equal(bind_virq(VIRQ_TIMER, 0), 1);
    assert_int_equal(send_port(1), -EINVAL);
    assert_int_equal(send_port(0), -EINVAL);
    assert_int_equal(do_event_channel_op(EVTCHNOP_send, 1, 0, 0, 0), -EFAULT);
    assert_int_equal(do_event_channel_op(EVTCHNOP_close, 1, 0, 0, 0), -EFAULT);
    assert_int_equal(do_event_channel_op(99, 1, 0, 0, 0), -ENOSYS);
    run_as(d0, 0);
    assert_int_equal(bind_pirq(0), 1);
    assert_int_equal(send_port(1), -EINVAL);
}

static void send_to_an_unbound_port_is_lost(void **state)
{
    (void)state;
    assert_int_equal(alloc_unbound(DOMID_SELF, 2), 1);
    assert_int_equal(send_port(1), 0);
    assert_false(is_pending_2l(d1, 1));
}

static void send_to_a_domain_without_vcpus_stays_pending(void **state)
{
    struct vcpu *v = d2->vcpu[0];
    evtchn_port_t p1, p2;

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    d2->vcpu[0] = NULL;
    assert_int_equal(send_port(p1), 0);
    d2->vcpu[0] = v;
    assert_true(is_pending_2l(d2, p2));
}

static void bind_vcpu_moves_delivery(void **state)
{
    evtchn_port_t p1, p2;

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    forget_upcall(d1->vcpu[0]);
    assert_int_equal(bind_vcpu(p1, 2), 0);
    assert_int_equal(port_status(p1).vcpu, 2);
    run_as(d2, 0);
    assert_int_equal(send_port(p2), 0);
    assert_int_equal(d1->vcpu[0]->vcpu_info->evtchn_upcall_pending, 0);
    assert_int_equal(d1->vcpu[2]->vcpu_info->evtchn_upcall_pending, 1);
    assert_true(is_selected_2l(d1->vcpu[2], p1));
}

static void virqs_reach_who_bound_them(void **state)
{
    (void)state;
    assert_int_equal(bind_virq(VIRQ_TIMER, 0), 1);
    assert_int_equal(bind_virq(VIRQ_TIMER, 1), 2);
    send_guest_vcpu_virq(d1->vcpu[1], VIRQ_TIMER);
    assert_true(is_pending_2l(d1, 2));
    assert_false(is_pending_2l(d1, 1));
    send_guest_vcpu_virq(d1->vcpu[2], VIRQ_TIMER); /* lost */
    send_guest_vcpu_virq(d1->vcpu[0], VIRQ_DEBUG); /* lost */
    assert_false(is_pending_2l(d1, 1));
    run_as(d0, 0);
    assert_int_equal(bind_virq(VIRQ_CON_RING, 0), 1);
    send_global_virq(VIRQ_CON_RING);
    assert_true(is_pending_2l(d0, 1));
    hardware_domain = NULL;
    send_global_virq(VIRQ_CON_RING);
    hardware_domain = d0;
}

static void global_virqs_go_to_their_handler(void **state)
{
    (void)state;
    run_as(d0, 0);
    assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0), 1);
    run_as(d1, 0);
    assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0), 1);
    assert_int_equal(evtchn_set_virq_handler(d1, VIRQ_TIMER), -EINVAL);
    assert_int_equal(evtchn_set_virq_handler(d1, NR_VIRQS), -EINVAL);
    assert_int_equal(evtchn_set_virq_handler(d1, VIRQ_DOM_EXC), 0);
    assert_int_equal(atomic_read(&d1->refcnt), 2);
    send_global_virq(VIRQ_DOM_EXC);
    assert_true(is_pending_2l(d1, 1));
    assert_false(is_pending_2l(d0, 1));

    d1->dying = DOMDYING_dying;
    assert_int_equal(evtchn_set_virq_handler(d1, VIRQ_ARGO), -EINVAL);
    evtchn_drop_virq_handler(d1);
    d1->dying = DOMDYING_alive;
    assert_int_equal(atomic_read(&d1->refcnt), 1);
    send_global_virq(VIRQ_DOM_EXC);
    assert_true(is_pending_2l(d0, 1));
    assert_int_equal(evtchn_set_virq_handler(d1, VIRQ_DOM_EXC), 0);
    assert_int_equal(evtchn_set_virq_handler(d0, VIRQ_DOM_EXC), 0);
    assert_int_equal(atomic_read(&d1->refcnt), 1);
}

static void unmask_raises_again(void **state)
{
    struct vcpu *v = d1->vcpu[1];

    (void)state;
    assert_int_equal(bind_ipi(1), 1);
    set_bit(1, d1->shared_info->evtchn_mask);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(unmask_port(1), 0);
    assert_false(test_bit(1, d1->shared_info->evtchn_mask));
    assert_true(is_selected_2l(v, 1));
    assert_int_equal(v->vcpu_info->evtchn_upcall_pending, 1);

    forget_upcall(v);
    set_bit(1, d1->shared_info->evtchn_mask);
    assert_int_equal(unmask_port(1), 0);
    assert_int_equal(v->vcpu_info->evtchn_upcall_pending, 0);
}

static void unmask_errors(void **state)
{
    (void)state;
    assert_int_equal(unmask_port(0), -EINVAL);
    assert_int_equal(unmask_port(1), -EINVAL);
    assert_int_equal(unmask_port(~0U), -EINVAL);
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(unmask_port(2), -EINVAL);
}

static void unmask_of_a_pirq_lets_the_line_come_again(void **state)
{
    (void)state;
    run_as(d0, 0);
    assert_int_equal(bind_pirq(3), 1);
    assert_int_equal(unmask_port(1), 0);
    assert_int_equal(nr_pirq_unmasks, 1);
}

static void poll_tells_what_is_pending(void **state)
{
    (void)state;
    assert_int_equal(evtchn_port_poll(d1, 0), -EINVAL);
    assert_int_equal(evtchn_port_poll(d1, 1), -EINVAL);
    assert_int_equal(evtchn_port_poll(d1, ~0U), -EINVAL);
    assert_int_equal(bind_ipi(1), 1);
    assert_int_equal(evtchn_port_poll(d1, 1), 0);
    assert_int_equal(evtchn_port_poll(d1, 2), -EINVAL);
    set_bit(1, d1->shared_info->evtchn_mask);
    assert_int_equal(send_port(1), 0);
    assert_int_equal(evtchn_port_poll(d1, 1), 1);
}

static void block_to_poll(struct vcpu *v, int port)
{
    vcpu_poll_begin(v, port);
    set_bit(VPF_blocked, &v->pause_flags);
}

static void send_wakes_who_polls_for_the_port(void **state)
{
    struct vcpu *one = d1->vcpu[1], *many = d1->vcpu[2];

    (void)state;
    assert_int_equal(bind_ipi(1), 1);
    assert_int_equal(bind_ipi(1), 2);
    memset(d1->shared_info->evtchn_mask, 0xff, 8);
    block_to_poll(one, 1);
    block_to_poll(many, -1);
    assert_int_equal(send_port(2), 0);
    assert_true(test_bit(VPF_blocked, &one->pause_flags));
    assert_false(test_bit(VPF_blocked, &many->pause_flags));
    assert_int_equal(send_port(1), 0);
    assert_false(test_bit(VPF_blocked, &one->pause_flags));
    assert_int_equal(one->vcpu_info->evtchn_upcall_pending, 0);
}

static void vcpu_info_that_moved_sees_all_events(void **state)
{
    static struct vcpu_info moved;
    struct vcpu *v = d1->vcpu[1];

    (void)state;
    v->vcpu_info = &moved;
    evtchn_vcpu_info_moved(v);
    assert_int_equal(moved.evtchn_pending_sel, ~0UL);
    assert_int_equal(moved.evtchn_upcall_pending, 1);
    assert_int_equal(fake_nr_kicks, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        EVTCHN_TEST(send_sets_pending_selector_and_upcall),
        EVTCHN_TEST(send_of_what_is_pending_does_nothing),
        EVTCHN_TEST(send_to_a_masked_port_is_only_pending),
        EVTCHN_TEST(send_with_the_upcall_pending_does_not_kick_again),
        EVTCHN_TEST(send_wakes_a_blocked_vcpu_and_does_not_kick_current),
        EVTCHN_TEST(send_errors),
        EVTCHN_TEST(send_to_an_unbound_port_is_lost),
        EVTCHN_TEST(send_to_a_domain_without_vcpus_stays_pending),
        EVTCHN_TEST(bind_vcpu_moves_delivery),
        EVTCHN_TEST(virqs_reach_who_bound_them),
        EVTCHN_TEST(global_virqs_go_to_their_handler),
        EVTCHN_TEST(unmask_raises_again),
        EVTCHN_TEST(unmask_errors),
        EVTCHN_TEST(unmask_of_a_pirq_lets_the_line_come_again),
        EVTCHN_TEST(poll_tells_what_is_pending),
        EVTCHN_TEST(send_wakes_who_polls_for_the_port),
        EVTCHN_TEST(vcpu_info_that_moved_sees_all_events),
    };

    return cmocka_run_group_tests(tests, evtchn_set_up_once, NULL);
}
