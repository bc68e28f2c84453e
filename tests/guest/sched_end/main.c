/* SPDX-License-Identifier: MIT */
/* How a guest's watchdogs, and what it says beforehand of its end, end it. */
#include "domain.h"

#define REASON 0 /* mailbox->word[] */
#define RESULT 1
#define SECOND 1000

static struct domain guest;

static long sched_op(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_sched_op, cmd, arg);
}

static long watchdog(uint32_t id, uint32_t seconds)
{
    struct sched_watchdog op = {.id = id, .timeout = seconds};

    return sched_op(SCHEDOP_watchdog, &op);
}

/* ---- In the guest ------------------------------------------------------- */

static void spin_with_a_watchdog(void)
{
    watchdog(0, 1);
    for (;;)
        continue;
}

static void sleep_with_a_watchdog(void)
{
    struct sched_poll op = {.nr_ports = 0, .timeout = 0};

    watchdog(0, 1);
    for (;;)
        sched_op(SCHEDOP_poll, &op);
}

/* Started again for longer, it bites by the second one. */
static void feed_one_of_two(void)
{
    watchdog(0, 1);
    watchdog(0, 2);
    watchdog(1, 1000);
    sleep_with_a_watchdog();
}

static void stop_the_watchdog(void)
{
    CHECK_EQ("watchdog", watchdog(0, 2), 1);
    CHECK_EQ("stop_the_watchdog", watchdog(1, 0), 0);
    CHECK_EQ("stop_it_again", watchdog(1, 0), -XEN_EINVAL);
    sleep_ms(3 * SECOND);
}

static void leave_a_watchdog(void)
{
    watchdog(0, 1);
    watchdog(0, 1);
}

static void say_code_and_end(void)
{
    struct sched_shutdown code = {.reason = SHUTDOWN_crash};
    struct sched_shutdown end = {.reason = (uint32_t)mailbox->word[REASON]};

    mailbox->word[RESULT] = (uint64_t)sched_op(SCHEDOP_shutdown_code, &code);
    sched_op(SCHEDOP_shutdown, &end);
}

static void say_code(void)
{
    struct sched_shutdown code = {.reason = (uint32_t)mailbox->word[REASON]};

    mailbox->word[RESULT] = (uint64_t)sched_op(SCHEDOP_shutdown_code, &code);
}

/* ---- In the control domain ---------------------------------------------- */

static uint32_t ending(void)
{
    domain_wait_flags(guest.id, XEN_DOMINF_shutdown, XEN_DOMINF_shutdown);
    return domain_flags(guest.id) >> XEN_DOMINF_shutdownshift;
}

static void check_end(const char *name, void (*function)(void),
                      uint32_t expected)
{
    domain_build(&guest, NULL);
    domain_start(&guest, function);
    CHECK_EQ(name, ending(), expected);
    domain_destroy(&guest);
}

static void test_stopped_watchdog(void)
{
    domain_build(&guest, NULL);
    domain_run(&guest, stop_the_watchdog);
    CHECK_EQ("stopped_watchdog_does_not_bite",
             domain_flags(guest.id) & XEN_DOMINF_shutdown, 0);
    domain_run(&guest, leave_a_watchdog);
    domain_destroy(&guest);
    sleep_ms(2 * SECOND);
    CHECK("watchdogs_of_a_destroyed_domain_are_gone", true);
}

static void test_remote(void)
{
    struct sched_remote_shutdown op = {.reason = SHUTDOWN_poweroff};

    domain_build(&guest, NULL);
    guest.mailbox->word[REASON] = SHUTDOWN_crash;
    domain_run(&guest, say_code);
    CHECK_EQ("shutdown_code", guest.mailbox->word[RESULT], 0);
    CHECK_EQ("which_ends_nothing", domain_flags(guest.id) & XEN_DOMINF_shutdown,
             0);
    op.domain_id = guest.id;
    sched_op(SCHEDOP_remote_shutdown, &op);
    CHECK_EQ("code_of_the_guest_stays", ending(), SHUTDOWN_crash);
    domctl_plain(XEN_DOMCTL_resumedomain, guest.id);
    sched_op(SCHEDOP_remote_shutdown, &op);
    CHECK_EQ("after_resume_it_is_gone", ending(), SHUTDOWN_poweroff);
    domain_destroy(&guest);
}

void test_main(void)
{
    check_end("watchdog_bites_who_computes", spin_with_a_watchdog,
              SHUTDOWN_watchdog);
    check_end("watchdog_bites_who_sleeps", sleep_with_a_watchdog,
              SHUTDOWN_watchdog);
    check_end("second_watchdog_bites", feed_one_of_two, SHUTDOWN_watchdog);
    check_end("code_said_before_counts", say_code_and_end, SHUTDOWN_crash);
    test_stopped_watchdog();
    test_remote();
}
