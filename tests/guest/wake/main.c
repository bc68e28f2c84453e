/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost: two vcpus sleep and are woken over and over, at moments
 * that hit all steps of falling asleep. One that is lost stops the test for
 * ever. `wakes=N` on the command line makes it last.
 */
#include "guest.h"

#define LONGEST_NS 100000

static uint64_t wakes = 5000;
static evtchn_port_t timer_port[2], kick_port[2]; /* of each vcpu */
static volatile unsigned int job, turn;

static long evtchn_op(unsigned int cmd, void *op)
{
    return hypercall(__HYPERVISOR_event_channel_op, cmd, op);
}

/* Until an event comes; it may have come already. */
static void block(void)
{
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_block, NULL);
}

/* Sleep, for times of which each is a little different. */
static void sleep_by_timer(unsigned int self)
{
    struct vcpu_set_singleshot_timer op = {.flags = 0};

    for (unsigned int i = 0; i < wakes; i++) {
        unsigned int before = event_count(timer_port[self]);

        op.timeout_abs_ns = time_ns() + i * 7919UL % LONGEST_NS;
        hypercall(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, self, &op);
        for (;;) {
            event_disable();
            if (event_count(timer_port[self]) != before)
                break;
            block();
        }
        event_enable();
    }
}

/* Take turns with the other vcpu, asleep while it has its turn. */
static void sleep_until_kicked(unsigned int self)
{
    struct evtchn_send send = {.port = kick_port[!self]};

    for (unsigned int mine = self; mine < wakes; mine += 2) {
        for (;;) {
            event_disable();
            if (turn == mine)
                break;
            block();
        }
        event_enable();
        turn = mine + 1;
        evtchn_op(EVTCHNOP_send, &send);
    }
}

static void do_job(unsigned int self)
{
    if (job == 1)
        sleep_by_timer(self);
    else
        sleep_until_kicked(self);
}

static void second_vcpu(void)
{
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 1, NULL);
    event_enable();
    for (;;) {
        if (!job) {
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
            continue;
        }
        do_job(1);
        job = 0;
    }
}

static void run(unsigned int which, const char *name)
{
    job = which;
    do_job(0);
    CHECK(name, wait_until(&job, 0, 100000));
}

static void bind_ports(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER, .vcpu = i};
        struct evtchn_bind_ipi ipi = {.vcpu = i};

        REQUIRE("bind_virq", evtchn_op(EVTCHNOP_bind_virq, &virq) == 0);
        REQUIRE("bind_ipi", evtchn_op(EVTCHNOP_bind_ipi, &ipi) == 0);
        timer_port[i] = virq.port;
        kick_port[i] = ipi.port;
        event_unmask(virq.port);
        event_unmask(ipi.port);
    }
}

void test_main(void)
{
    option_read("wakes=", &wakes);
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
    bind_ports();
    REQUIRE("second_vcpu", vcpu_start(1, second_vcpu) == 0);
    event_enable();
    run(1, "timers_wake");
    run(2, "events_wake");
    event_disable();
}
