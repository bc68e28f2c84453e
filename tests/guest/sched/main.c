/* SPDX-License-Identifier: MIT */
/* sched_op: block, poll, yield, and what is refused. */
#include "guest.h"

static long sched_op(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_sched_op, cmd, arg);
}

static evtchn_port_t bind_ipi(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &op);
    return op.port;
}

static void send(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &op);
}

static void set_timer(uint64_t at)
{
    struct vcpu_set_singleshot_timer op = {.timeout_abs_ns = at};

    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, &op);
}

static void test_yield(void)
{
    CHECK_EQ("yield", sched_op(SCHEDOP_yield, NULL), 0);
    CHECK_EQ("unknown_operation", sched_op(99, NULL), -XEN_ENOSYS);
}

static void test_block(void)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    uint64_t start;

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &virq);
    event_unmask(virq.port);
    event_enable();
    event_disable();
    event_clear();
    start = time_ns();
    set_timer(start + 30 * MS);
    CHECK_EQ("block", sched_op(SCHEDOP_block, NULL), 0);
    CHECK("block_lasts_until_the_event", time_ns() - start >= 30 * MS);
    CHECK("block_is_over_soon_after_it", time_ns() - start < 1000 * MS);
    CHECK_EQ("block_unmasks_events", vcpu_info(0)->evtchn_upcall_mask, 0);
    CHECK_EQ("event_was_taken", event_count(virq.port), 1);
    event_disable();
}

/* A pending event: block must not sleep at all. */
static void test_block_with_pending(void)
{
    evtchn_port_t port = bind_ipi();
    uint64_t start;

    event_clear();
    event_unmask(port);
    event_disable();
    send(port);
    start = time_ns();
    CHECK_EQ("block_with_a_pending_event", sched_op(SCHEDOP_block, NULL), 0);
    CHECK("block_does_not_sleep_then", time_ns() - start < 500 * MS);
    CHECK_EQ("pending_event_was_taken", event_count(port), 1);
    event_disable();
    event_mask(port);
}

static long poll(void *ports, unsigned int nr, uint64_t timeout)
{
    struct sched_poll op = {
        .ports = (uint64_t)ports, .nr_ports = nr, .timeout = timeout};

    return sched_op(SCHEDOP_poll, &op);
}

static void test_poll(void)
{
    static evtchn_port_t ports[200];
    evtchn_port_t port = bind_ipi();
    uint64_t start = time_ns();

    event_disable();
    ports[0] = port;
    CHECK_EQ("poll_with_a_timeout", poll(ports, 1, start + 30 * MS), 0);
    CHECK("poll_lasts_until_the_timeout", time_ns() - start >= 30 * MS);
    send(port);
    start = time_ns();
    CHECK_EQ("poll_of_a_pending_port", poll(ports, 1, 0), 0);
    CHECK("poll_does_not_sleep_then", time_ns() - start < 500 * MS);
    CHECK_EQ("poll_in_the_past", poll(ports, 0, 1), 0);
    CHECK_EQ("poll_of_too_many_ports", poll(ports, 129, 1), -XEN_EINVAL);
    CHECK_EQ("poll_of_a_huge_count", poll(ports, ~0U, 1), -XEN_EINVAL);
    ports[0] = 100000;
    CHECK_EQ("poll_of_a_port_that_is_not_there", poll(ports, 1, 1),
             -XEN_EINVAL);
    CHECK_EQ("poll_of_ports_from_nowhere", poll((void *)0x10, 1, 1),
             -XEN_EFAULT);
    CHECK_EQ("poll_of_ports_in_the_hypervisor",
             poll((void *)HYPERVISOR_VIRT_START, 128, 1), -XEN_EFAULT);
    CHECK_EQ("poll_from_nowhere", sched_op(SCHEDOP_poll, (void *)0x10),
             -XEN_EFAULT);
}

static void test_timer_op(void)
{
    CHECK_EQ("set_timer_op",
             hypercall(__HYPERVISOR_set_timer_op, time_ns() + 1000 * MS), 0);
    CHECK_EQ("set_timer_op_off", hypercall(__HYPERVISOR_set_timer_op, 0), 0);
}

static void test_refused(void)
{
    struct sched_remote_shutdown remote = {.domain_id = 0x1234};
    struct sched_watchdog watchdog = {.id = 77, .timeout = 10};

    CHECK_EQ("shutdown_from_nowhere", sched_op(SCHEDOP_shutdown, (void *)0x10),
             -XEN_EFAULT);
    CHECK_EQ("shutdown_code_from_nowhere",
             sched_op(SCHEDOP_shutdown_code, (void *)0x10), -XEN_EFAULT);
    CHECK_EQ("remote_shutdown_of_nobody",
             sched_op(SCHEDOP_remote_shutdown, &remote), -XEN_ESRCH);
    CHECK_EQ("watchdog_with_a_bad_id", sched_op(SCHEDOP_watchdog, &watchdog),
             -XEN_EINVAL);
}

/* Two watchdogs per domain; both are stopped in time. */
static void test_watchdog(void)
{
    struct sched_watchdog op = {.id = 0, .timeout = 600};
    long first = sched_op(SCHEDOP_watchdog, &op);

    if (first == -XEN_ENOSYS) {
        check_skip("watchdog", "there is none");
        return;
    }
    CHECK_EQ("first_watchdog", first, 1);
    CHECK_EQ("second_watchdog", sched_op(SCHEDOP_watchdog, &op), 2);
    CHECK_EQ("third_watchdog", (int)sched_op(SCHEDOP_watchdog, &op),
             -XEN_ENOSPC);
    op.id = 1;
    op.timeout = 0;
    CHECK_EQ("first_watchdog_off", sched_op(SCHEDOP_watchdog, &op), 0);
    op.id = 2;
    CHECK_EQ("second_watchdog_off", sched_op(SCHEDOP_watchdog, &op), 0);
}

/* SSE and x87 registers survive a sleep, in which the CPU is given away. */
static void test_fpu(void)
{
    uint64_t in[2] = {0x1111222233334444, 0x5555666677778888}, out[2] = {0, 0};
    struct sched_poll op = {.timeout = time_ns() + 20 * MS};
    uint32_t control = 0x1f80 | 0x2000, control_after = 0;
    uint16_t word = 0x027f, word_after = 0;

    __asm__ volatile("movdqu %0, %%xmm7\n ldmxcsr %1\n fninit\n fldcw %2"
                     :
                     : "m"(in), "m"(control), "m"(word));
    sched_op(SCHEDOP_poll, &op);
    __asm__ volatile("movdqu %%xmm7, %0\n stmxcsr %1\n fnstcw %2"
                     : "=m"(out), "=m"(control_after), "=m"(word_after));
    CHECK("xmm_register_survives_a_sleep", in[0] == out[0] && in[1] == out[1]);
    CHECK_EQ("mxcsr_survives_a_sleep", control_after, control);
    CHECK_EQ("x87_control_word_survives_a_sleep", word_after, word);
}

void test_main(void)
{
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
    test_yield();
    test_block();
    test_block_with_pending();
    test_poll();
    test_timer_op();
    test_refused();
    test_watchdog();
    test_fpu();
}
