/* SPDX-License-Identifier: MIT */
/* Ports of domains, and what they are bound to. */
#include "evtchn_setup.h"

static void alloc_unbound_gives_lowest_ports_first(void **state)
{
    (void)state;
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), 1);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), 2);
    assert_int_equal(alloc_unbound(1, 0), 3);
    assert_int_equal(close_port(2), 0);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), 2);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), 4);
}

static void alloc_unbound_elsewhere_is_for_the_control_domain(void **state)
{
    (void)state;
    assert_int_equal(alloc_unbound(2, 0), -EPERM);
    run_as(d0, 0);
    assert_int_equal(alloc_unbound(2, DOMID_SELF), 1);
    run_as(d2, 0);
    assert_int_equal(port_status(1).status, EVTCHNSTAT_unbound);
    assert_int_equal(port_status(1).u.unbound.dom, 0);
}

static void alloc_unbound_of_no_domain_is_esrch(void **state)
{
    (void)state;
    assert_int_equal(alloc_unbound(77, 0), -ESRCH);
    assert_int_equal(alloc_unbound(DOMID_IO, 0), -ESRCH);
}

static void ports_end_at_4095_with_bitmaps(void **state)
{
    (void)state;
    for (unsigned int i = 1; i < EVTCHN_2L_NR_CHANNELS; i++)
        assert_int_equal(alloc_unbound(DOMID_SELF, 0), i);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), -ENOSPC);
    assert_int_equal(bind_ipi(0), -ENOSPC);
    assert_int_equal(bind_virq(VIRQ_TIMER, 0), -ENOSPC);
    assert_int_equal(close_port(1000), 0);
    assert_int_equal(bind_ipi(0), 1000);
}

static void ports_end_at_the_domains_limit(void **state)
{
    struct domain *small = fake_domain(9, 1);

    (void)state;
    assert_int_equal(evtchn_domain_create(small, 2), 0);
    assert_int_equal(evtchn_vcpu_create(small->vcpu[0]), 0);
    run_as(small, 0);
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(bind_ipi(0), 2);
    assert_int_equal(bind_ipi(0), -ENOSPC);
    assert_int_equal(send_port(3), -EINVAL);
    assert_int_equal(evtchn_domain_close_all(small), 0);
    assert_int_equal(bind_ipi(0), -EINVAL);
    evtchn_domain_destroy(small);
}

static void no_memory_is_enomem_and_leaves_nothing_behind(void **state)
{
    (void)state;
    fake_heap_fail(1);
    assert_int_equal(bind_ipi(0), -ENOMEM);
    fake_heap_fail(2);
    assert_int_equal(bind_virq(VIRQ_TIMER, 0), -ENOMEM);
    assert_int_equal(evtchn_audit(d1), 0);
    assert_int_equal(bind_virq(VIRQ_TIMER, 0), 1);
    fake_heap_fail(1);
    assert_int_equal(evtchn_domain_create(d2, 1), -ENOMEM);
    fake_heap_fail(2);
    assert_int_equal(evtchn_domain_create(d2, 1), -ENOMEM);
}

static void bind_interdomain_connects_both_ends(void **state)
{
    evtchn_port_t p1, p2;

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    assert_int_equal(port_status(p1).status, EVTCHNSTAT_interdomain);
    assert_int_equal(port_status(p1).u.interdomain.dom, 2);
    assert_int_equal(port_status(p1).u.interdomain.port, p2);
    run_as(d2, 0);
    assert_int_equal(port_status(p2).status, EVTCHNSTAT_interdomain);
    assert_int_equal(port_status(p2).u.interdomain.dom, 1);
    assert_int_equal(port_status(p2).u.interdomain.port, p1);
}

static void bind_interdomain_raises_the_local_port(void **state)
{
    evtchn_port_t p1, p2;

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    assert_true(is_pending_2l(d1, p1));
    assert_false(is_pending_2l(d2, p2));
}

static void bind_interdomain_within_a_domain(void **state)
{
    evtchn_port_t a, b;

    (void)state;
    connect_domains(d1, d1, &a, &b);
    forget_upcall(d1->vcpu[0]);
    assert_int_equal(send_port(a), 0);
    assert_true(is_pending_2l(d1, b));
    assert_false(is_pending_2l(d1, a));
    assert_int_equal(close_port(b), 0);
    assert_int_equal(port_status(a).status, EVTCHNSTAT_unbound);
    assert_int_equal(port_status(a).u.unbound.dom, 1);
}

static void bind_interdomain_to_itself_is_einval(void **state)
{
    long port = alloc_unbound(1, 0); /* which one comes first */

    (void)state;
    assert_int_equal(close_port(port), 0);
    assert_int_equal(bind_interdomain(DOMID_SELF, port), -EINVAL);
    assert_int_equal(bind_interdomain(1, port), -EINVAL);
}

static void bind_interdomain_errors(void **state)
{
    evtchn_port_t p1, p2;
    long port;

    (void)state;
    assert_int_equal(bind_interdomain(77, 1), -ESRCH);
    assert_int_equal(bind_interdomain(2, 1), -EINVAL);
    assert_int_equal(bind_interdomain(2, ~0U), -EINVAL);

    run_as(d2, 0);
    port = alloc_unbound(DOMID_SELF, 0); /* not for d1 */
    run_as(d1, 0);
    assert_int_equal(bind_interdomain(2, port), -EINVAL);
    assert_int_equal(bind_interdomain(2, 0), -EINVAL);

    connect_domains(d1, d2, &p1, &p2);
    assert_int_equal(bind_interdomain(2, p2), -EINVAL);
}

static void bind_virq_twice_is_eexist(void **state)
{
    (void)state;
    assert_int_equal(bind_virq(VIRQ_TIMER, 0), 1);
    assert_int_equal(bind_virq(VIRQ_TIMER, 0), -EEXIST);
    assert_int_equal(bind_virq(VIRQ_TIMER, 1), 2);
    assert_int_equal(close_port(1), 0);
    assert_int_equal(bind_virq(VIRQ_TIMER, 0), 1);
}

static void bind_virq_errors(void **state)
{
    (void)state;
    assert_int_equal(bind_virq(NR_VIRQS, 0), -EINVAL);
    assert_int_equal(bind_virq(~0U, 0), -EINVAL);
    assert_int_equal(bind_virq(VIRQ_TIMER, 3), -ENOENT);
    assert_int_equal(bind_virq(VIRQ_TIMER, ~0U), -ENOENT);
    assert_int_equal(bind_virq(VIRQ_CONSOLE, 1), -EINVAL);
    run_as(d0, 0);
    assert_int_equal(bind_virq(VIRQ_CONSOLE, 1), -EINVAL);
    assert_int_equal(bind_virq(VIRQ_CONSOLE, 0), 1);
    assert_int_equal(bind_virq(VIRQ_CONSOLE, 0), -EEXIST);
}

static void bind_ipi_of_no_vcpu_is_enoent(void **state)
{
    (void)state;
    assert_int_equal(bind_ipi(3), -ENOENT);
    assert_int_equal(bind_ipi(2), 1);
    assert_int_equal(port_status(1).status, EVTCHNSTAT_ipi);
    assert_int_equal(port_status(1).vcpu, 2);
}

static void bind_pirq_delivers_interrupts(void **state)
{
    (void)state;
    run_as(d0, 0);
    assert_int_equal(bind_pirq(2), 1);
    assert_int_equal(port_status(1).status, EVTCHNSTAT_pirq);
    assert_int_equal(port_status(1).u.pirq, 2);
    assert_false(send_guest_pirq(d0, 2));
    assert_true(is_pending_2l(d0, 1));
    assert_true(send_guest_pirq(d0, 2));
    assert_false(send_guest_pirq(d0, 1));
    assert_int_equal(close_port(1), 0);
    assert_int_equal(nr_pirq_unbinds, 1);
    assert_int_equal(pirq_ports[2], 0);
    assert_false(send_guest_pirq(d0, 2));
    assert_false(is_pending_2l(d0, 1));
}

static void bind_pirq_errors(void **state)
{
    (void)state;
    assert_int_equal(bind_pirq(0), -EINVAL);
    run_as(d0, 0);
    assert_int_equal(bind_pirq(NR_PIRQS), -EINVAL);
    assert_int_equal(bind_pirq(~0U), -EINVAL);
    pirq_bind_result = -EBUSY;
    assert_int_equal(bind_pirq(1), -EBUSY);
    assert_int_equal(pirq_ports[1], 0);
    assert_int_equal(nr_pirq_unbinds, 0);
    pirq_bind_result = 0;
    assert_int_equal(bind_pirq(1), 1);
    assert_int_equal(bind_pirq(1), -EEXIST);
}

static void close_of_an_unused_port_is_einval(void **state)
{
    (void)state;
    assert_int_equal(close_port(0), -EINVAL);
    assert_int_equal(close_port(1), -EINVAL);
    assert_int_equal(close_port(4096), -EINVAL);
    assert_int_equal(close_port(~0U), -EINVAL);
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(close_port(0), -EINVAL);
    assert_int_equal(close_port(1), 0);
    assert_int_equal(close_port(1), -EINVAL);
}

static void close_leaves_the_other_end_unbound_for_us(void **state)
{
    evtchn_port_t p1, p2;

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    assert_int_equal(close_port(p1), 0);
    run_as(d2, 0);
    assert_int_equal(port_status(p2).status, EVTCHNSTAT_unbound);
    assert_int_equal(port_status(p2).u.unbound.dom, 1);
    assert_int_equal(send_port(p2), 0);
    run_as(d1, 0);
    assert_int_equal(port_status(p1).status, EVTCHNSTAT_closed);
    assert_int_equal(bind_interdomain(2, p2), p1);
}

static void close_of_both_ends(void **state)
{
    evtchn_port_t p1, p2;

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    run_as(d2, 0);
    assert_int_equal(close_port(p2), 0);
    run_as(d1, 0);
    assert_int_equal(close_port(p1), 0);
    assert_int_equal(evtchn_audit(d1), 0);
    assert_int_equal(evtchn_audit(d2), 0);
}

static void close_drops_what_is_pending(void **state)
{
    (void)state;
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(send_port(1), 0);
    assert_true(is_pending_2l(d1, 1));
    assert_int_equal(close_port(1), 0);
    assert_false(is_pending_2l(d1, 1));
}

static void status_errors(void **state)
{
    struct evtchn_status op = {.dom = 77};

    (void)state;
    assert_int_equal(CALL(EVTCHNOP_status, &op), -ESRCH);
    op.dom = 2;
    assert_int_equal(CALL(EVTCHNOP_status, &op), -EPERM);
    op.dom = DOMID_SELF;
    op.port = ~0U;
    assert_int_equal(CALL(EVTCHNOP_status, &op), -EINVAL);
    run_as(d0, 0);
    op.dom = 1;
    assert_int_equal(CALL(EVTCHNOP_status, &op), -EINVAL);
    assert_int_equal(bind_ipi(0), 1);
    assert_int_equal(port_status(0).status, EVTCHNSTAT_closed);
}

static void status_of_a_virq(void **state)
{
    (void)state;
    assert_int_equal(bind_virq(VIRQ_DEBUG, 2), 1);
    assert_int_equal(port_status(1).status, EVTCHNSTAT_virq);
    assert_int_equal(port_status(1).u.virq, VIRQ_DEBUG);
    assert_int_equal(port_status(1).vcpu, 2);
}

static void bind_vcpu_errors(void **state)
{
    (void)state;
    assert_int_equal(bind_vcpu(1, 0), -EINVAL);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), 1);
    assert_int_equal(bind_vcpu(1, 3), -ENOENT);
    assert_int_equal(bind_vcpu(5, 0), -EINVAL);
    assert_int_equal(bind_vcpu(~0U, 0), -EINVAL);
    assert_int_equal(bind_virq(VIRQ_TIMER, 0), 2);
    assert_int_equal(bind_vcpu(2, 1), -EINVAL);
    assert_int_equal(bind_ipi(0), 3);
    assert_int_equal(bind_vcpu(3, 1), -EINVAL);
}

static void global_virq_and_pirq_can_move(void **state)
{
    (void)state;
    run_as(d0, 0);
    assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0), 1);
    assert_int_equal(bind_vcpu(1, 1), 0);
    send_global_virq(VIRQ_DOM_EXC);
    assert_true(is_selected_2l(d0->vcpu[1], 1));
    assert_int_equal(bind_pirq(0), 2);
    assert_int_equal(bind_vcpu(2, 1), 0);
    assert_ptr_equal(pirq_vcpu, d0->vcpu[1]);
    evtchn_move_from_vcpu(d0->vcpu[1]);
    assert_int_equal(port_status(1).vcpu, 0);
    assert_int_equal(port_status(2).vcpu, 0);
    assert_ptr_equal(pirq_vcpu, d0->vcpu[0]);
    assert_int_equal(close_port(1), 0);
    assert_int_equal(bind_virq(VIRQ_DOM_EXC, 0), 1);
}

static void reset_closes_all_ports(void **state)
{
    evtchn_port_t p1, p2;

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    assert_int_equal(bind_virq(VIRQ_TIMER, 1), 2);
    assert_int_equal(bind_ipi(2), 3);
    assert_int_equal(reset_domain(DOMID_SELF), 0);
    for (unsigned int port = 1; port <= 3; port++)
        assert_int_equal(port_status(port).status, EVTCHNSTAT_closed);
    assert_int_equal(bind_virq(VIRQ_TIMER, 1), 1);
    run_as(d2, 0);
    assert_int_equal(port_status(p2).status, EVTCHNSTAT_unbound);
}

static void reset_errors(void **state)
{
    (void)state;
    assert_int_equal(reset_domain(77), -ESRCH);
    assert_int_equal(reset_domain(2), -EPERM);
    run_as(d0, 0);
    assert_int_equal(reset_domain(2), -EINVAL);
    d2->controller_pause = true;
    assert_int_equal(reset_domain(2), 0);
}

static void reset_is_preemptible(void **state)
{
    unsigned int calls = 1;

    (void)state;
    for (unsigned int i = 0; i < 300; i++)
        assert_true(bind_ipi(0) > 0);
    assert_int_equal(close_port(7), 0);
    fake_set_preempt(true);
    while (reset_domain(DOMID_SELF) == -ERESTART) {
        assert_int_equal(fake_continue_args[0], EVTCHNOP_reset);
        assert_true(++calls < 300);
    }
    fake_set_preempt(false);
    assert_true(calls > 1);
    assert_int_equal(bind_ipi(0), 1);
}

static void channels_are_allocated_on_use(void **state)
{
    unsigned int before = fake_heap_in_use();

    (void)state;
    assert_int_equal(bind_ipi(0), 1); /* a bucket and a group */
    assert_int_equal(fake_heap_in_use(), before + 2);
    for (unsigned int port = 2; port < 32; port++)
        assert_int_equal(bind_ipi(0), port);
    assert_int_equal(fake_heap_in_use(), before + 2);
    assert_int_equal(bind_ipi(0), 32);
    assert_int_equal(fake_heap_in_use(), before + 3);
}

static void dump_names_each_port(void **state)
{
    evtchn_port_t p1, p2;

    (void)state;
    connect_domains(d1, d2, &p1, &p2);
    assert_int_equal(bind_virq(VIRQ_TIMER, 1), 2);
    assert_int_equal(bind_ipi(2), 3);
    assert_int_equal(alloc_unbound(DOMID_SELF, 0), 4);
    fake_log_clear();
    debug_key_e();
    assert_non_null(strstr(fake_log(), "interdomain d2 port 1"));
    assert_non_null(strstr(fake_log(), "interdomain d1 port 1"));
    assert_non_null(strstr(fake_log(), "virq 0"));
    assert_non_null(strstr(fake_log(), "unbound d0"));
    assert_null(strstr(fake_log(), "inconsistent"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        EVTCHN_TEST(alloc_unbound_gives_lowest_ports_first),
        EVTCHN_TEST(alloc_unbound_elsewhere_is_for_the_control_domain),
        EVTCHN_TEST(alloc_unbound_of_no_domain_is_esrch),
        EVTCHN_TEST(ports_end_at_4095_with_bitmaps),
        EVTCHN_TEST(ports_end_at_the_domains_limit),
        EVTCHN_TEST(no_memory_is_enomem_and_leaves_nothing_behind),
        EVTCHN_TEST(bind_interdomain_connects_both_ends),
        EVTCHN_TEST(bind_interdomain_raises_the_local_port),
        EVTCHN_TEST(bind_interdomain_within_a_domain),
        EVTCHN_TEST(bind_interdomain_to_itself_is_einval),
        EVTCHN_TEST(bind_interdomain_errors),
        EVTCHN_TEST(bind_virq_twice_is_eexist),
        EVTCHN_TEST(bind_virq_errors),
        EVTCHN_TEST(bind_ipi_of_no_vcpu_is_enoent),
        EVTCHN_TEST(bind_pirq_delivers_interrupts),
        EVTCHN_TEST(bind_pirq_errors),
        EVTCHN_TEST(close_of_an_unused_port_is_einval),
        EVTCHN_TEST(close_leaves_the_other_end_unbound_for_us),
        EVTCHN_TEST(close_of_both_ends),
        EVTCHN_TEST(close_drops_what_is_pending),
        EVTCHN_TEST(status_errors),
        EVTCHN_TEST(status_of_a_virq),
        EVTCHN_TEST(bind_vcpu_errors),
        EVTCHN_TEST(global_virq_and_pirq_can_move),
        EVTCHN_TEST(reset_closes_all_ports),
        EVTCHN_TEST(reset_errors),
        EVTCHN_TEST(reset_is_preemptible),
        EVTCHN_TEST(channels_are_allocated_on_use),
        EVTCHN_TEST(dump_names_each_port),
    };

    return cmocka_run_group_tests(tests, evtchn_set_up_once, NULL);
}
