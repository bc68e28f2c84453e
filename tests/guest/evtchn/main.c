/* SPDX-License-Identifier: MIT */
/* Event channels through the bitmaps: each operation, each error. */
#include "guest.h"

#define BAD_PORT 4095
#define NO_PORT  4096

static long evtchn_op(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, cmd, arg);
}

static long close_port(evtchn_port_t port)
{
    struct evtchn_close op = {.port = port};

    return evtchn_op(EVTCHNOP_close, &op);
}

static long send(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    return evtchn_op(EVTCHNOP_send, &op);
}

static long status(evtchn_port_t port, struct evtchn_status *op)
{
    memset(op, 0, sizeof(*op));
    op->dom = DOMID_SELF;
    op->port = port;
    return evtchn_op(EVTCHNOP_status, op);
}

static evtchn_port_t bind_ipi(unsigned int vcpu)
{
    struct evtchn_bind_ipi op = {.vcpu = vcpu};

    CHECK_EQ("bind_ipi", evtchn_op(EVTCHNOP_bind_ipi, &op), 0);
    return op.port;
}

static void check_bad_port(const char *name, int cmd)
{
    uint32_t args[4] = {BAD_PORT};

    CHECK_EQ(name, evtchn_op(cmd, args), -XEN_EINVAL);

    args[0] = NO_PORT;
    CHECK_EQ(name, evtchn_op(cmd, args), -XEN_EINVAL);
    args[0] = ~0U;
    CHECK_EQ(name, evtchn_op(cmd, args), -XEN_EINVAL);
}

static void test_bad_ports(void)
{
    check_bad_port("send_on_a_bad_port", EVTCHNOP_send);
    check_bad_port("close_of_a_bad_port", EVTCHNOP_close);
    check_bad_port("unmask_of_a_bad_port", EVTCHNOP_unmask);
    check_bad_port("bind_vcpu_of_a_bad_port", EVTCHNOP_bind_vcpu);
}

static void test_ipi(void)
{
    struct evtchn_bind_ipi bad = {.vcpu = 1000};
    evtchn_port_t port = bind_ipi(0);
    struct evtchn_status now;

    CHECK_EQ("status_of_an_ipi", status(port, &now), 0);
    CHECK_EQ("status_is_ipi", now.status, EVTCHNSTAT_ipi);
    event_clear();
    CHECK_EQ("send_of_a_masked_ipi", send(port), 0);
    CHECK("masked_port_is_pending", event_pending(port));
    CHECK_EQ("masked_port_has_no_upcall", event_count(port), 0);
    event_unmask(port);
    event_enable();
    CHECK_EQ("unmask_in_the_bitmap_has_no_upcall", event_count(port), 0);

    event_disable();
    CHECK_EQ("close_ipi", close_port(port), 0);
    CHECK_EQ("close_twice", close_port(port), -XEN_EINVAL);
    CHECK_EQ("send_on_a_closed_port", send(port), -XEN_EINVAL);
    CHECK_EQ("ipi_of_a_vcpu_that_is_not_there",
             evtchn_op(EVTCHNOP_bind_ipi, &bad), -XEN_ENOENT);
    event_mask(port);
}

/* EVTCHNOP_unmask raises what became pending while it was masked. */
static void test_unmask(void)
{
    evtchn_port_t port = bind_ipi(0);
    struct evtchn_unmask unmask = {.port = port};

    event_clear();
    event_enable();
    event_mask(port);
    send(port);
    CHECK_EQ("pending_and_masked", event_count(port), 0);
    CHECK_EQ("unmask_by_call", evtchn_op(EVTCHNOP_unmask, &unmask), 0);
    CHECK_EQ("unmask_raises_it", event_count(port), 1);
    CHECK("unmask_clears_the_mask",
          !(shared_info->evtchn_mask[port / 64] >> port % 64 & 1));
    event_disable();
    event_mask(port);
    close_port(port);
}

static void test_virq(void)
{
    struct evtchn_bind_virq op = {.virq = VIRQ_TIMER, .vcpu = 0};
    struct evtchn_bind_vcpu move = {.vcpu = 0};
    struct evtchn_status now;
    evtchn_port_t port;

    CHECK_EQ("bind_virq", evtchn_op(EVTCHNOP_bind_virq, &op), 0);
    port = op.port;
    CHECK_EQ("status_of_a_virq", status(port, &now), 0);
    CHECK_EQ("status_is_virq", now.status, EVTCHNSTAT_virq);
    CHECK_EQ("status_tells_which", now.u.virq, VIRQ_TIMER);
    CHECK_EQ("bind_virq_twice_is_eexist", evtchn_op(EVTCHNOP_bind_virq, &op),
             -XEN_EEXIST);
    CHECK_EQ("send_on_a_virq", send(port), -XEN_EINVAL);
    move.port = port;
    CHECK_EQ("bind_vcpu_of_a_virq_of_a_vcpu",
             evtchn_op(EVTCHNOP_bind_vcpu, &move), -XEN_EINVAL);
    CHECK_EQ("close_virq", close_port(port), 0);
    op.virq = NR_VIRQS;
    CHECK_EQ("virq_that_is_not_there", evtchn_op(EVTCHNOP_bind_virq, &op),
             -XEN_EINVAL);
    op.virq = ~0U;
    CHECK_EQ("huge_virq", evtchn_op(EVTCHNOP_bind_virq, &op), -XEN_EINVAL);
    op.virq = VIRQ_TIMER;
    op.vcpu = 1000;
    CHECK_EQ("virq_of_a_vcpu_that_is_not_there",
             evtchn_op(EVTCHNOP_bind_virq, &op), -XEN_ENOENT);
    op.virq = VIRQ_DOM_EXC;
    op.vcpu = 0;
    CHECK_EQ("global_virq", evtchn_op(EVTCHNOP_bind_virq, &op), 0);
    move.port = op.port;
    CHECK_EQ("bind_vcpu_of_a_global_virq", evtchn_op(EVTCHNOP_bind_vcpu, &move),
             0);
    move.vcpu = 1000;
    CHECK_EQ("bind_vcpu_that_is_not_there",
             evtchn_op(EVTCHNOP_bind_vcpu, &move), -XEN_ENOENT);
    CHECK_EQ("close_global_virq", close_port(op.port), 0);
}

/* Both ends of a channel in this domain. */
static void test_interdomain(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF,
                                           .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_status now;

    CHECK_EQ("alloc_unbound", evtchn_op(EVTCHNOP_alloc_unbound, &unbound), 0);
    status(unbound.port, &now);
    CHECK_EQ("status_is_unbound", now.status, EVTCHNSTAT_unbound);
    CHECK_EQ("send_on_an_unbound_port", send(unbound.port), 0);
    bind.remote_port = unbound.port;
    CHECK_EQ("bind_interdomain", evtchn_op(EVTCHNOP_bind_interdomain, &bind),
             0);
    CHECK_EQ("bind_interdomain_twice",
             evtchn_op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
    status(unbound.port, &now);
    CHECK_EQ("status_is_interdomain", now.status, EVTCHNSTAT_interdomain);
    CHECK_EQ("status_tells_the_other_end", now.u.interdomain.port,
             bind.local_port);
    event_clear();
    event_enable();
    event_unmask(unbound.port);
    CHECK_EQ("send_to_the_other_end", send(bind.local_port), 0);
    CHECK_EQ("other_end_has_an_upcall", event_count(unbound.port), 1);
    event_disable();
    CHECK_EQ("close_one_end", close_port(bind.local_port), 0);
    status(unbound.port, &now);
    CHECK_EQ("other_end_is_unbound_again", now.status, EVTCHNSTAT_unbound);
    event_mask(unbound.port);
    CHECK_EQ("close_the_other_end", close_port(unbound.port), 0);
    bind.remote_port = BAD_PORT;
    CHECK_EQ("bind_to_a_port_that_is_not_there",
             evtchn_op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
    bind.remote_port = ~0U;
    CHECK_EQ("bind_to_a_huge_port", evtchn_op(EVTCHNOP_bind_interdomain, &bind),
             -XEN_EINVAL);
}

static void test_interdomain_to_itself(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF,
                                           .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};

    CHECK_EQ("alloc_a_port", evtchn_op(EVTCHNOP_alloc_unbound, &unbound), 0);
    CHECK_EQ("close_it", close_port(unbound.port), 0);
    bind.remote_port = unbound.port; /* the one that comes next */
    CHECK_EQ("bind_a_new_port_to_itself",
             evtchn_op(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
}

static void test_domains_that_are_not_there(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = 0x1234,
                                           .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = 0x1234,
                                           .remote_port = 1};
    struct evtchn_status now = {.dom = 0x1234, .port = 1};
    struct evtchn_reset reset = {.dom = 0x1234};

    CHECK_EQ("alloc_unbound_of_nobody",
             evtchn_op(EVTCHNOP_alloc_unbound, &unbound), -XEN_ESRCH);
    CHECK_EQ("bind_interdomain_to_nobody",
             evtchn_op(EVTCHNOP_bind_interdomain, &bind), -XEN_ESRCH);
    CHECK_EQ("status_of_nobody", evtchn_op(EVTCHNOP_status, &now), -XEN_ESRCH);
    CHECK_EQ("reset_of_nobody", evtchn_op(EVTCHNOP_reset, &reset), -XEN_ESRCH);
}

static void test_status(void)
{
    evtchn_port_t port = bind_ipi(0);
    struct evtchn_status now;

    close_port(port);
    CHECK_EQ("status_of_a_closed_port", status(port, &now), 0);

    CHECK_EQ("status_is_closed", now.status, EVTCHNSTAT_closed);
    CHECK_EQ("status_of_a_huge_port", status(~0U, &now), -XEN_EINVAL);
}

static void test_pirq(void)
{
    struct evtchn_bind_pirq op = {.pirq = 100000};

    CHECK_EQ("pirq_that_is_not_there", evtchn_op(EVTCHNOP_bind_pirq, &op),
             -XEN_EINVAL);
    op.pirq = ~0U;
    CHECK_EQ("huge_pirq", evtchn_op(EVTCHNOP_bind_pirq, &op), -XEN_EINVAL);
}

static void test_bad_pointers(void)
{
    for (int cmd = EVTCHNOP_bind_interdomain; cmd <= EVTCHNOP_reset; cmd++) {
        CHECK_EQ("argument_from_nowhere", evtchn_op(cmd, (void *)0x10),
                 -XEN_EFAULT);
        CHECK_EQ("argument_in_the_hypervisor",
                 evtchn_op(cmd, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT);
    }
    CHECK_EQ("unknown_operation", evtchn_op(99, (void *)0x10), -XEN_ENOSYS);
}

/* All ports there are, then one more. */
static void test_all_ports(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    struct evtchn_status now;
    unsigned int nr = 0;
    long rc;

    do {
        rc = evtchn_op(EVTCHNOP_bind_ipi, &op);
    } while (rc == 0 && ++nr < 5000);
    CHECK_EQ("no_port_is_left", rc, -XEN_ENOSPC);
    CHECK("nearly_all_ports_are_given_out", nr > 4000 && nr < 4096);
    CHECK_EQ("reset", evtchn_op(EVTCHNOP_reset, &reset), 0);
    status(op.port, &now);
    CHECK_EQ("reset_closes_all_ports", now.status, EVTCHNSTAT_closed);
    CHECK_EQ("ports_are_free_after_a_reset", evtchn_op(EVTCHNOP_bind_ipi, &op),
             0);
    close_port(op.port);
}

void test_main(void)
{
    test_bad_ports();
    test_ipi();
    test_unmask();
    test_virq();
    test_interdomain();
    test_interdomain_to_itself();
    test_domains_that_are_not_there();
    test_status();
    test_pirq();
    test_bad_pointers();
    test_all_ports();
}
