/* SPDX-License-Identifier: MIT */
/*
 * Event channels between domains: who may connect what, that no event is lost
 * in a storm, what becomes of a channel when one side pauses, closes or dies.
 */
#include "domain.h"

#define NO_DOMAIN  0x1234
#define MAX_PORT   63
#define ROUNDS     2000
#define WAIT_MS    5000
#define FLOOD_WORK 1000

/* mailbox->word[] */
#define PORT   0
#define RESULT 1
#define STOP   2
#define SENT   3
#define SEEN   4

static struct domain guest, other;

/* ---- calls ------------------------------------------------------------- */

static long alloc_unbound(domid_t domid, domid_t remote, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound op = {.dom = domid, .remote_dom = remote};
    long rc = evtchn_op(EVTCHNOP_alloc_unbound, &op);

    *port = op.port;
    return rc;
}

static long bind(domid_t remote, evtchn_port_t remote_port, evtchn_port_t *port)
{
    struct evtchn_bind_interdomain op = {.remote_dom = remote,
                                         .remote_port = remote_port};
    long rc = evtchn_op(EVTCHNOP_bind_interdomain, &op);

    *port = op.local_port;
    return rc;
}

static long send(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    return evtchn_op(EVTCHNOP_send, &op);
}

/* With an upcall if the port is pending, as a new connection is. */
static void unmask(evtchn_port_t port)
{
    struct evtchn_unmask op = {.port = port};

    evtchn_op(EVTCHNOP_unmask, &op);
}

static long close_port(evtchn_port_t port)
{
    struct evtchn_close op = {.port = port};

    return evtchn_op(EVTCHNOP_close, &op);
}

static long reset(domid_t domid)
{
    struct evtchn_reset op = {.dom = domid};

    return evtchn_op(EVTCHNOP_reset, &op);
}

static long status(domid_t domid, evtchn_port_t port,
                   struct evtchn_status *status)
{
    memset(status, 0, sizeof(*status));
    status->dom = domid;
    status->port = port;
    return evtchn_op(EVTCHNOP_status, status);
}

static uint32_t state(domid_t domid, evtchn_port_t port)
{
    struct evtchn_status now;

    return status(domid, port, &now) == 0 ? now.status : ~0U;
}

/* A channel between this domain and another: both ports, ours unmasked. */
static void connect(struct domain *d, evtchn_port_t *local,
                    evtchn_port_t *remote)
{
    REQUIRE("alloc_unbound_of_a_guest", alloc_unbound(d->id, 0, remote) == 0);
    REQUIRE("bind_interdomain", bind(d->id, *remote, local) == 0);
    unmask(*local);
    d->mailbox->word[PORT] = *remote;
}

/* ---- guest side -------------------------------------------------------- */

static evtchn_port_t my_port(void)
{
    return (evtchn_port_t)mailbox->word[PORT];
}

static void listen(void)
{
    event_enable();
    unmask(my_port());
    event_clear();
}

static void hear(void)
{
    mailbox->word[RESULT] = event_wait(my_port(), WAIT_MS);
}

static void answer(void)
{
    mailbox->word[RESULT] = (uint64_t)send(my_port());
}

/* Answer each event by one. */
static void echo(void)
{
    unsigned int answered = 0;

    for (unsigned int i = 0; i < ROUNDS; i++) {
        uint64_t end = time_ns() + WAIT_MS * MS;

        while (event_count(my_port()) == answered && time_ns() < end)
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
        if (event_count(my_port()) == answered)
            break;
        answered++;
        send(my_port());
    }
    mailbox->word[RESULT] = answered;
}

/* Count a word up, then send; the other side must see the last count. */
static void storm(void)
{
    uint64_t sent = 0;

    while (!mailbox->word[STOP]) {
        mailbox->word[SENT] = ++sent;
        send(my_port());
    }
}

/* Which is seen in an upcall. */
static void watch(void)
{
    unsigned int count = 0;

    while (!mailbox->word[STOP]) {
        if (event_count(my_port()) == count)
            continue;
        count = event_count(my_port());
        mailbox->word[SEEN] = mailbox->word[SENT];
    }
}

static void poll_port(void)
{
    evtchn_port_t port = my_port();
    struct sched_poll poll = {.ports = (uint64_t)&port,
                              .nr_ports = 1,
                              .timeout = time_ns() + WAIT_MS * MS};

    event_disable();
    mailbox->word[SEEN] = 1;
    mailbox->word[RESULT] =
        (uint64_t)hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    mailbox->word[SENT] = event_pending(port);
    event_enable();
}

static void be_refused(void)
{
    struct evtchn_status now;
    evtchn_port_t port;

    CHECK_EQ("guest_makes_no_port_of_dom0",
             alloc_unbound(0, mailbox->domid, &port), -XEN_EPERM);
    CHECK_EQ("guest_resets_no_dom0", reset(0), -XEN_EPERM);
    CHECK_EQ("guest_asks_of_no_port_of_dom0", status(0, 1, &now), -XEN_EPERM);
    for (port = 0; port < 64; port++) {
        evtchn_port_t mine;

        if (bind(0, port, &mine) != -XEN_EINVAL)
            CHECK("guest_binds_to_no_port_that_is_not_for_it", false);
    }
    CHECK_EQ("guest_binds_to_nobody", bind(NO_DOMAIN, 1, &port), -XEN_ESRCH);
}

static void try_virqs(void)
{
    event_clear();
    for (uint32_t virq = 0; virq < NR_VIRQS; virq++) {
        struct evtchn_bind_virq op = {.virq = virq, .vcpu = 0};
        long rc = evtchn_op(EVTCHNOP_bind_virq, &op);

        if (virq == VIRQ_TIMER)
            mailbox->word[RESULT] = (uint64_t)rc;
        else if (rc == 0)
            unmask(op.port);
        else if (rc != -XEN_EPERM)
            CHECK_EQ("guest_binds_no_virq", rc, -XEN_EPERM);
    }
    event_enable();
}

static void count_virqs(void)
{
    unsigned int nr = 0;

    for (evtchn_port_t port = 0; port < 64; port++)
        nr += event_count(port);
    CHECK_EQ("guest_hears_of_no_other_domain", nr, 0);
}

static void use_up_ports(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};
    unsigned int nr = 0;
    long rc;

    do {
        rc = evtchn_op(EVTCHNOP_bind_ipi, &op);
    } while (rc == 0 && ++nr < 10000);
    CHECK_EQ("guest_has_no_port_left", rc, -XEN_ENOSPC);
    CHECK("guest_stays_below_its_limit", op.port <= MAX_PORT && nr <= MAX_PORT);
}

static void reset_itself(void)
{
    mailbox->word[RESULT] = (uint64_t)reset(DOMID_SELF);
}

/* ---- control side ------------------------------------------------------ */

static void test_connect(void)
{
    evtchn_port_t local, remote, wrong, again;
    struct evtchn_status now;

    connect(&guest, &local, &remote);
    CHECK_EQ("status_of_a_foreign_port", status(guest.id, remote, &now), 0);
    CHECK_EQ("foreign_port_is_bound", now.status, EVTCHNSTAT_interdomain);
    CHECK_EQ("foreign_port_is_bound_to_us", now.u.interdomain.dom, 0);
    CHECK_EQ("foreign_port_is_bound_to_our_port", now.u.interdomain.port,
             local);
    CHECK_EQ("bind_what_is_bound", bind(guest.id, remote, &again), -XEN_EINVAL);
    CHECK_EQ("alloc_for_a_third_domain",
             alloc_unbound(guest.id, other.id, &wrong), 0);
    CHECK_EQ("bind_what_is_for_another", bind(guest.id, wrong, &again),
             -XEN_EINVAL);
    CHECK_EQ("alloc_of_nobody", alloc_unbound(NO_DOMAIN, 0, &wrong),
             -XEN_ESRCH);
    CHECK_EQ("bind_port_0", bind(guest.id, 0, &again), -XEN_EINVAL);

    domain_run(&guest, listen);
    event_clear();
    CHECK_EQ("send_to_a_guest", send(local), 0);
    domain_run(&guest, hear);
    CHECK_EQ("guest_hears", guest.mailbox->word[RESULT], 1);
    domain_run(&guest, answer);
    CHECK_EQ("guest_sends", guest.mailbox->word[RESULT], 0);
    CHECK("control_domain_hears", event_wait(local, WAIT_MS));

    CHECK_EQ("close_our_end", close_port(local), 0);
    CHECK_EQ("the_other_end_is_unbound", state(guest.id, remote),
             EVTCHNSTAT_unbound);
    domain_run(&guest, answer);
    CHECK_EQ("send_to_nobody", guest.mailbox->word[RESULT], 0);
    CHECK_EQ("bind_it_again", bind(guest.id, remote, &local), 0);
    CHECK_EQ("close_it_again", close_port(local), 0);
}

static void test_pause(void)
{
    evtchn_port_t local, remote;

    connect(&guest, &local, &remote);
    domain_run(&guest, listen);
    domctl_plain(XEN_DOMCTL_pausedomain, guest.id);
    CHECK_EQ("send_to_a_paused_guest", send(local), 0);
    domctl_plain(XEN_DOMCTL_unpausedomain, guest.id);
    domain_run(&guest, hear);
    CHECK_EQ("guest_hears_after_its_pause", guest.mailbox->word[RESULT], 1);
    close_port(local);
}

static void test_poll(void)
{
    evtchn_port_t local, remote;

    connect(&guest, &local, &remote);
    guest.mailbox->word[SEEN] = 0;
    domain_start(&guest, poll_port);
    while (!guest.mailbox->word[SEEN])
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    CHECK("guest_blocks_in_a_poll",
          domain_wait_flags(guest.id, XEN_DOMINF_blocked, XEN_DOMINF_blocked));
    CHECK_EQ("send_to_one_who_polls", send(local), 0);
    domain_finish(&guest);
    CHECK_EQ("poll_returns", guest.mailbox->word[RESULT], 0);
    CHECK_EQ("poll_returns_as_the_port_is_pending", guest.mailbox->word[SENT],
             1);
    close_port(local);
}

/* An event each way, again and again: a lost one would end it. */
static void test_ping_pong(void)
{
    evtchn_port_t local, remote;
    unsigned int i;

    connect(&guest, &local, &remote);
    domain_run(&guest, listen);
    event_clear();
    domain_start(&guest, echo);
    for (i = 0; i < ROUNDS; i++) {
        uint64_t end = time_ns() + WAIT_MS * MS;

        send(local);
        while (event_count(local) == i && time_ns() < end)
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
        if (event_count(local) == i)
            break;
    }
    domain_finish(&guest);
    CHECK_EQ("each_event_is_answered", i, ROUNDS);
    CHECK_EQ("guest_answered_each", guest.mailbox->word[RESULT], ROUNDS);
    close_port(local);
}

/* The guest sends as fast as it can. */
static void test_storm_from_a_guest(void)
{
    evtchn_port_t local, remote;
    uint64_t end = time_ns() + 300 * MS;
    unsigned int seen;

    connect(&guest, &local, &remote);
    event_clear();
    guest.mailbox->word[STOP] = 0;
    domain_start(&guest, storm);
    while (time_ns() < end)
        hypercall(__HYPERVISOR_xen_version, XENVER_version, NULL);
    guest.mailbox->word[STOP] = 1;
    domain_finish(&guest);
    seen = event_count(local);
    printf("note: %lu sent, %u seen\n", guest.mailbox->word[SENT], seen);
    CHECK("events_of_the_storm_are_seen", seen > 0);
    CHECK("not_more_than_were_sent", seen <= guest.mailbox->word[SENT]);
    CHECK("nothing_stays_pending", !event_pending(local));
    domain_run(&guest, answer);
    CHECK("one_more_comes_after_the_storm",
          event_wait(local, WAIT_MS) && event_count(local) == seen + 1);
    close_port(local);
}

/* And the other way: the last one counts. */
static void test_storm_to_a_guest(void)
{
    evtchn_port_t local, remote;
    uint64_t sent = 0, end;

    connect(&guest, &local, &remote);
    domain_run(&guest, listen);
    guest.mailbox->word[STOP] = 0;
    guest.mailbox->word[SEEN] = 0;
    domain_start(&guest, watch);
    end = time_ns() + 300 * MS;
    while (time_ns() < end) {
        guest.mailbox->word[SENT] = ++sent;
        send(local);
    }
    end = time_ns() + WAIT_MS * MS;
    while (guest.mailbox->word[SEEN] != sent && time_ns() < end)
        sleep_ms(1);
    CHECK_EQ("the_last_event_of_a_storm_is_seen", guest.mailbox->word[SEEN],
             sent);
    guest.mailbox->word[STOP] = 1;
    domain_finish(&guest);
    close_port(local);
}

/* A flood of events does not keep this domain from its work. */
static void test_flood(void)
{
    static uint64_t *page;
    evtchn_port_t local, remote;
    unsigned int done = 0;

    page = page_alloc();
    connect(&guest, &local, &remote);
    guest.mailbox->word[STOP] = 0;
    domain_start(&guest, storm);
    for (unsigned int i = 0; i < FLOOD_WORK; i++)
        done += page_set_readonly(page) == 0 && page_set_writable(page) == 0;
    CHECK_EQ("work_goes_on_in_a_flood", done, FLOOD_WORK);
    guest.mailbox->word[STOP] = 1;
    domain_finish(&guest);
    close_port(local);
    page_free(page);
}

/* Virtual interrupts of the host are not for guests, who may be refused them
 * or just get none. */
static void test_virqs(void)
{
    struct xen_domctl op = {.cmd = 0};

    domain_run(&guest, try_virqs);
    CHECK_EQ("guest_has_its_timer", guest.mailbox->word[RESULT], 0);
    domain_config(&op.u.createdomain);
    CHECK_EQ("create", domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &op), 0);
    CHECK_EQ("destroy", domctl_plain(XEN_DOMCTL_destroydomain, op.domain), 0);
    sleep_ms(20);
    domain_run(&guest, count_virqs);
}

static void test_limits(void)
{
    evtchn_port_t port = 0;
    unsigned int nr = 0;
    long rc;

    do {
        rc = alloc_unbound(other.id, 0, &port);
    } while (rc == 0 && port <= MAX_PORT && ++nr < 10000);
    CHECK_EQ("no_port_beyond_the_limit", rc, -XEN_ENOSPC);
    CHECK_EQ("all_ports_up_to_the_limit", nr, MAX_PORT);
    CHECK_EQ("reset_of_a_running_guest", reset(other.id), -XEN_EINVAL);
    domctl_plain(XEN_DOMCTL_pausedomain, other.id);
    CHECK_EQ("reset_of_a_paused_guest", reset(other.id), 0);
    domctl_plain(XEN_DOMCTL_unpausedomain, other.id);
    CHECK_EQ("its_ports_are_closed", state(other.id, 5), EVTCHNSTAT_closed);
    domain_run(&other, use_up_ports);
}

static void test_reset(void)
{
    evtchn_port_t local, remote;

    connect(&guest, &local, &remote);
    domain_run(&guest, reset_itself);
    CHECK_EQ("guest_resets_itself", guest.mailbox->word[RESULT], 0);
    CHECK_EQ("our_end_is_unbound_after_that", state(DOMID_SELF, local),
             EVTCHNSTAT_unbound);
    CHECK_EQ("send_to_one_who_has_reset", send(local), 0);
    CHECK_EQ("close_our_end_after_a_reset", close_port(local), 0);
}

static void test_death(void)
{
    evtchn_port_t local, remote;

    connect(&guest, &local, &remote);
    domain_unmap(&guest);
    domain_destroy(&guest);
    CHECK_EQ("our_end_is_unbound_after_a_death", state(DOMID_SELF, local),
             EVTCHNSTAT_unbound);
    CHECK_EQ("send_to_the_dead", send(local), 0);
    CHECK_EQ("close_our_end_after_a_death", close_port(local), 0);
    CHECK_EQ("bind_to_the_dead", bind(guest.id, remote, &local), -XEN_ESRCH);
}

void test_main(void)
{
    struct xen_domctl_createdomain config;
    struct host_count before;
    evtchn_port_t port;

    host_warm_up();
    event_enable();
    alloc_unbound(DOMID_SELF, DOMID_SELF, &port); /* has the table grow */
    close_port(port);
    host_count(&before);
    domain_config(&config);
    config.max_evtchn_port = MAX_PORT;
    domain_build(&guest, NULL);
    domain_build(&other, &config);
    test_connect();
    test_pause();
    test_poll();
    test_ping_pong();
    test_storm_from_a_guest();
    test_storm_to_a_guest();
    test_flood();
    domain_run(&guest, be_refused);
    test_limits();
    test_virqs();
    test_reset();
    test_death();
    domain_destroy(&other);
    host_check("all_comes_back", &before);
}
