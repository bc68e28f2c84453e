/* SPDX-License-Identifier: MIT */
/* vcpu_op: a second vcpu, runstates, vcpu_info, timers; wrong arguments. */
#include "guest.h"

#define NO_VCPU 1000

static volatile unsigned int started, loops;
static struct vcpu_guest_context context;

static long vcpu_op(int cmd, unsigned int vcpu, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, cmd, vcpu, arg);
}

static void second_vcpu(void)
{
    started = this_vcpu()->id + 1;
    for (;;) {
        loops++;
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    }
}

static void check_context(const char *name, long error)
{
    CHECK_EQ(name, vcpu_op(VCPUOP_initialise, 1, &context), error);
}

static void test_bad_contexts(void)
{
    CHECK_EQ("up_before_initialise", vcpu_op(VCPUOP_up, 1, NULL), -XEN_EINVAL);
    CHECK_EQ("initialise_from_nowhere",
             vcpu_op(VCPUOP_initialise, 1, (void *)0x10), -XEN_EFAULT);
    vcpu_context(&context, 1, second_vcpu);
    context.ctrlreg[3] = 0x7fffffffUL << PAGE_SHIFT;
    check_context("context_with_tables_beyond_memory", -XEN_EINVAL);
    context.ctrlreg[3] = 0x200000;
    check_context("context_with_the_hypervisors_tables", -XEN_EINVAL);
    context.ctrlreg[3] = va_to_mfn(&context) << PAGE_SHIFT;
    check_context("context_with_a_page_as_tables", -XEN_EINVAL);
    vcpu_context(&context, 1, second_vcpu);
    context.fs_base = 0x800000000000;
    check_context("context_with_a_bad_fs_base", -XEN_EINVAL);
    vcpu_context(&context, 1, second_vcpu);
    context.event_callback_eip = 0x800000000000;
    check_context("context_with_a_bad_callback", -XEN_EINVAL);
    vcpu_context(&context, 1, second_vcpu);
    context.gdt_ents = 512;
    context.gdt_frames[0] = va_to_mfn(&context);
    check_context("context_with_a_writable_gdt", -XEN_EINVAL);
    vcpu_context(&context, 1, second_vcpu);
    context.ldt_ents = 8193;
    check_context("context_with_a_huge_ldt", -XEN_EINVAL);
    CHECK_EQ("still_not_initialised", vcpu_op(VCPUOP_up, 1, NULL), -XEN_EINVAL);
}

static void test_numbers(void)
{
    CHECK_EQ("is_up_of_the_first", vcpu_op(VCPUOP_is_up, 0, NULL), 1);
    CHECK_EQ("is_up_of_the_second", vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    CHECK_EQ("is_up_of_one_that_is_not_there",
             vcpu_op(VCPUOP_is_up, NO_VCPU, NULL), -XEN_ENOENT);
    CHECK_EQ("is_up_of_a_huge_one", vcpu_op(VCPUOP_is_up, ~0U, NULL),
             -XEN_ENOENT);
    CHECK_EQ("up_of_one_that_is_not_there", vcpu_op(VCPUOP_up, NO_VCPU, NULL),
             -XEN_ENOENT);
    CHECK_EQ("initialise_of_one_that_is_not_there",
             vcpu_op(VCPUOP_initialise, NO_VCPU, &context), -XEN_ENOENT);
    CHECK_EQ("unknown_operation", vcpu_op(99, 0, NULL), -XEN_ENOSYS);
}

static void test_up_and_down(void)
{
    unsigned int seen;

    vcpu_context(&context, 1, second_vcpu);
    check_context("initialise", 0);
    check_context("initialise_twice", -XEN_EEXIST);
    CHECK_EQ("initialise_of_the_running_one",
             vcpu_op(VCPUOP_initialise, 0, &context), -XEN_EEXIST);
    CHECK_EQ("up", vcpu_op(VCPUOP_up, 1, NULL), 0);
    CHECK("second_vcpu_runs", wait_until(&started, 2, 5000));
    CHECK_EQ("up_twice", vcpu_op(VCPUOP_up, 1, NULL), 0);
    CHECK_EQ("is_up_of_a_running_one", vcpu_op(VCPUOP_is_up, 1, NULL), 1);
    CHECK_EQ("down", vcpu_op(VCPUOP_down, 1, NULL), 0);
    CHECK_EQ("is_up_of_one_that_is_down", vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    sleep_ms(50);
    seen = loops;
    sleep_ms(50);
    CHECK_EQ("down_vcpu_does_not_run", loops, seen);
    CHECK_EQ("up_again", vcpu_op(VCPUOP_up, 1, NULL), 0);
    for (unsigned int i = 0; i < 100 && loops == seen; i++)
        sleep_ms(10);
    CHECK("second_vcpu_goes_on", loops != seen);
    CHECK_EQ("down_again", vcpu_op(VCPUOP_down, 1, NULL), 0);
    sleep_ms(50);
}

static void test_runstate(void)
{
    static struct vcpu_runstate_info area;
    struct vcpu_register_runstate_memory_area where = {.addr.v =
                                                           (uint64_t)&area};
    struct vcpu_runstate_info now;

    CHECK_EQ("runstate", vcpu_op(VCPUOP_get_runstate_info, 0, &now), 0);
    CHECK_EQ("runstate_is_running", now.state, RUNSTATE_running);
    CHECK("runstate_has_time", now.time[RUNSTATE_running] > 0);
    CHECK_EQ("runstate_of_a_vcpu_that_is_down",
             vcpu_op(VCPUOP_get_runstate_info, 1, &now), 0);
    CHECK_EQ("runstate_is_offline", now.state, RUNSTATE_offline);
    CHECK_EQ("runstate_to_nowhere",
             vcpu_op(VCPUOP_get_runstate_info, 0, (void *)0x10), -XEN_EFAULT);
    CHECK_EQ("runstate_area",
             vcpu_op(VCPUOP_register_runstate_memory_area, 0, &where), 0);
    sleep_ms(20);
    CHECK_EQ("runstate_area_says_running", area.state, RUNSTATE_running);
    CHECK("runstate_area_counts_the_sleep",
          area.time[RUNSTATE_blocked] >= 10 * MS);
    where.addr.v = HYPERVISOR_VIRT_START;
    CHECK_EQ("runstate_area_in_the_hypervisor",
             vcpu_op(VCPUOP_register_runstate_memory_area, 0, &where),
             -XEN_EFAULT);
    CHECK_EQ("runstate_area_from_nowhere",
             vcpu_op(VCPUOP_register_runstate_memory_area, 0, (void *)0x10),
             -XEN_EFAULT);
    where.addr.v = 0;
    vcpu_op(VCPUOP_register_runstate_memory_area, 0, &where);
}

static long register_info(unsigned int vcpu, uint64_t mfn, uint32_t offset)
{
    struct vcpu_register_vcpu_info op = {.mfn = mfn, .offset = offset};

    return vcpu_op(VCPUOP_register_vcpu_info, vcpu, &op);
}

static void test_vcpu_info(void)
{
    uint8_t *page = page_alloc();
    uint64_t mfn = va_to_mfn(page);

    CHECK_EQ("info_at_an_odd_offset", register_info(0, mfn, 4), -XEN_ENXIO);
    CHECK_EQ("info_across_the_page", register_info(0, mfn, PAGE_SIZE - 56),
             -XEN_ENXIO);
    CHECK_EQ("info_at_a_huge_offset", register_info(0, mfn, 0xfffffff8),
             -XEN_ENXIO);
    CHECK_EQ("info_beyond_memory", register_info(0, 0x7fffffffff, 0),
             -XEN_EINVAL);
    CHECK_EQ("info_in_the_hypervisor", register_info(0, 0x200, 0), -XEN_EINVAL);
    CHECK_EQ("info_in_a_table", register_info(0, va_to_mfn(boot_l4()), 0),
             -XEN_EINVAL);
    CHECK_EQ("info_of_a_vcpu_that_is_not_there", register_info(NO_VCPU, mfn, 0),
             -XEN_ENOENT);
    CHECK_EQ("info", register_info(0, mfn, 64), 0);
    set_vcpu_info(0, (struct vcpu_info *)(page + 64));
    CHECK_EQ("info_twice", register_info(0, mfn, 128), -XEN_EINVAL);
    CHECK_EQ("new_info_is_all_pending", vcpu_info(0)->evtchn_pending_sel, ~0UL);
    CHECK_EQ("new_info_has_an_upcall_pending",
             vcpu_info(0)->evtchn_upcall_pending, 1);
    CHECK("new_info_has_the_time", vcpu_info(0)->time.tsc_to_system_mul != 0);
    CHECK_EQ("info_page_is_held", mmuext(MMUEXT_PIN_L1_TABLE, mfn),
             -XEN_EINVAL);
    CHECK_EQ("info_of_a_vcpu_that_is_down", register_info(1, mfn, 256), 0);
    set_vcpu_info(1, (struct vcpu_info *)(page + 256));
    page_set_readonly(page);
    CHECK_EQ("info_page_is_no_table", mmuext(MMUEXT_PIN_L1_TABLE, mfn),
             -XEN_EINVAL);
    page_set_writable(page);
}

static long set_timer(uint64_t at, uint32_t flags)
{
    struct vcpu_set_singleshot_timer op = {.timeout_abs_ns = at,
                                           .flags = flags};

    return vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

/* A tick is for a vcpu that runs: it ends no sleep, but for one that it comes
 * just before. */
static void test_sleep_of_one_that_ticks(evtchn_port_t tick)
{
    uint64_t end = time_ns() + 100 * MS;
    unsigned int blocks = 0, seen;

    set_timer(end, 0);
    do {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_block, NULL);
        blocks++;
    } while (time_ns() < end);
    CHECK("periodic_timer_ends_no_sleep", blocks <= 2);

    seen = event_count(tick);
    end = time_ns() + 2000 * MS;
    while (event_count(tick) < seen + 3 && time_ns() < end)
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    CHECK("periodic_timer_goes_on_after_a_sleep",
          event_count(tick) >= seen + 3);
}

static void test_timers(void)
{
    struct vcpu_set_singleshot_timer single = {.timeout_abs_ns = 0};
    struct vcpu_set_periodic_timer periodic = {.period_ns = 10};
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    uint64_t start;
    long rc;

    CHECK_EQ(
        "timer_virq",
        hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &virq), 0);
    CHECK_EQ("stop_of_an_idle_timer",
             vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
    CHECK_EQ("stop_periodic_timer",
             vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
    CHECK_EQ("period_that_is_too_short",
             vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic), -XEN_EINVAL);
    rc = set_timer(1, VCPU_SSHOTTMR_future);
    CHECK("timer_in_the_past", rc == 0 || rc == -XEN_ETIME);
    CHECK_EQ("timer_from_nowhere",
             vcpu_op(VCPUOP_set_singleshot_timer, 0, (void *)0x10),
             -XEN_EFAULT);
    CHECK_EQ("timer_of_another_vcpu",
             vcpu_op(VCPUOP_set_singleshot_timer, 1, &single), -XEN_EINVAL);
    event_clear();
    event_unmask(virq.port);
    event_enable();
    event_clear();
    start = time_ns();
    CHECK_EQ("timer", set_timer(start + 20 * MS, VCPU_SSHOTTMR_future), 0);
    CHECK("timer_fires", event_wait(virq.port, 2000));
    CHECK("timer_is_not_early", time_ns() - start >= 20 * MS);
    event_clear();
    periodic.period_ns = 10 * MS;
    CHECK_EQ("periodic_timer", vcpu_op(VCPUOP_set_periodic_timer, 0, &periodic),
             0);
    start = time_ns();
    while (event_count(virq.port) < 5 && time_ns() - start < 2000 * MS)
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    CHECK("periodic_timer_fires_again_and_again", event_count(virq.port) >= 5);
    test_sleep_of_one_that_ticks(virq.port);
    vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    event_disable();
}

void test_main(void)
{
    vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    test_numbers();
    test_bad_contexts();
    test_up_and_down();
    test_runstate();
    test_vcpu_info();
    test_timers();
}
