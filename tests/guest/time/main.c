/* SPDX-License-Identifier: MIT */
/* System time: monotonic, at one rate, the same on two vcpus; wall clock. */
#include "guest.h"

#define ROUNDS 20000

static volatile unsigned int second_runs;
static volatile uint64_t shared_time; /* the latest time anybody has seen */
static volatile unsigned int turn;
static uint64_t worst_step; /* how far time went back between vcpus */

static void test_monotonic(void)
{
    uint64_t last = time_ns(), back = 0;

    for (unsigned int i = 0; i < ROUNDS; i++) {
        uint64_t now = time_ns();

        if (now < last)
            back++;
        last = now;
    }
    CHECK_EQ("time_never_goes_back", back, 0);
}

static void test_rate(void)
{
    const struct vcpu_time_info *info = &vcpu_info(0)->time;
    uint64_t tsc = rdtsc(), start = time_ns();
    uint64_t tsc_passed, passed, expected;

    sleep_ms(100);
    tsc_passed = rdtsc() - tsc;
    passed = time_ns() - start;
    tsc_passed = info->tsc_shift < 0 ? tsc_passed >> -info->tsc_shift
                                     : tsc_passed << info->tsc_shift;
    expected =
        (uint64_t)((unsigned __int128)tsc_passed * info->tsc_to_system_mul >>
                   32);
    CHECK("sleep_takes_its_time", passed >= 100 * MS);
    CHECK("system_time_follows_the_tsc",
          passed < expected + 5 * MS && expected < passed + 5 * MS);
    CHECK_EQ("version_is_even", info->version & 1, 0);
}

static void test_wall_clock(void)
{
    uint64_t seconds =
        shared_info->wc_sec + ((uint64_t)shared_info->wc_sec_hi << 32);

    CHECK_EQ("wall_clock_version_is_even", shared_info->wc_version & 1, 0);
    CHECK("wall_clock_is_of_this_century", seconds > 1600000000);
    CHECK("wall_clock_nanoseconds", shared_info->wc_nsec < 1000000000);
}

/* Two vcpus take turns; none may see less than the other has just seen. */
static void take_turns(unsigned int mine)
{
    uint64_t end = time_ns() + 3000 * MS;

    for (unsigned int i = 0; i < 2000; i++) {
        uint64_t now;

        while (turn != mine) {
            if (time_ns() > end)
                return;
            __asm__ volatile("pause");
        }
        now = time_ns();
        if (now < shared_time && shared_time - now > worst_step)
            worst_step = shared_time - now;
        shared_time = now;
        turn = 1 - mine;
    }
}

static void second_vcpu(void)
{
    second_runs = 1;
    take_turns(1);
    second_runs = 2;
}

/* Without the flag a guest compares the clocks itself. */
static uint64_t allowed_step(void)
{
    return vcpu_info(0)->time.flags & XEN_PVCLOCK_TSC_STABLE_BIT ? 0 : 50 * MS;
}

static void test_two_vcpus(void)
{
    if (vcpu_max() < 2) {
        check_skip("time_of_two_vcpus", "there is one vcpu");
        return;
    }
    CHECK_EQ("second_vcpu", vcpu_start(1, second_vcpu), 0);
    CHECK("second_vcpu_runs", wait_until(&second_runs, 1, 5000));
    take_turns(0);
    CHECK("second_vcpu_has_ended", wait_until(&second_runs, 2, 5000));
    printf("note: time went back by %lu ns between vcpus\n", worst_step);
    CHECK("vcpus_agree_on_the_time", worst_step <= allowed_step());
}

static void test_timers_in_a_row(void)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER};
    unsigned int late = 0;

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &virq);
    event_unmask(virq.port);
    event_enable();
    for (unsigned int i = 0; i < 50; i++) {
        uint64_t at = time_ns() + MS;
        struct vcpu_set_singleshot_timer op = {.timeout_abs_ns = at};

        event_disable();
        event_clear();
        hypercall(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, &op);
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_block);
        if (!event_count(virq.port) || time_ns() < at)
            late += 100;
        else if (time_ns() > at + 20 * MS)
            late++;
    }
    event_disable();
    printf("note: %u of 50 timers were more than 20 ms late\n", late);
    CHECK("timers_fire_in_time", late < 10);
}

void test_main(void)
{
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
    test_monotonic();
    test_rate();
    test_wall_clock();
    test_timers_in_a_row();
    test_two_vcpus();
}
