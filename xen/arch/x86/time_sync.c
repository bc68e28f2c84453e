/* SPDX-License-Identifier: MIT */
/*
 * Time on several CPUs: do their TSCs agree, and if not, what to do.
 *
 * A CPU that starts runs the warp test with the boot CPU: both read their TSC
 * in turns, under a lock; a value below the one before shows that they differ.
 * Then it measures its offset to the boot CPU's time, for which it asks 16
 * times and takes the fastest answer.
 *
 * Where TSCs differ, or may change their rate, all CPUs meet every second and
 * read their TSCs at one time of the platform's clock. Each then chooses the
 * rate at which it will be right at the next meeting.
 */
#include "asm/time.h"

#include "xen/atomic.h"
#include "xen/bug.h"
#include "xen/percpu.h"
#include "xen/printk.h"
#include "xen/time.h"
#include "xen/timer.h"
#include "xen/vcpu.h"
#include "asm/current.h"
#include "asm/irqflags.h"
#include "asm/processor.h"
#include "asm/smp.h"
#include "asm/smp_internal.h"
#include "asm/time_internal.h"

#define CPUID1_ECX_HYPERVISOR        (1u << 31)
#define CPUID_POWER                  0x80000007
#define CPUID_POWER_EDX_CONSTANT_TSC (1u << 8)

#define WARP_ROUNDS                  2000
#define OFFSET_ROUNDS                16
#define MEETING_NSEC                 SECONDS(1)

static bool tsc_warped;

/* Is the rate constant? A hypervisor below us sees to that, whatever it says
 * about the CPU. */
static bool tsc_constant(void)
{
    u32 max_leaf, b, c, d, a;

    cpuid(1, 0, &a, &b, &c, &d);
    if (c & CPUID1_ECX_HYPERVISOR)
        return true;
    cpuid(0x80000000, 0, &max_leaf, &b, &c, &d);
    if (max_leaf < CPUID_POWER)
        return false;
    cpuid(CPUID_POWER, 0, &a, &b, &c, &d);
    return d & CPUID_POWER_EDX_CONSTANT_TSC;
}

/* A CPU starts: the boot CPU is in time_sync_cpu() meanwhile. */

static struct {
    atomic_t arrived; /* of the two */
    u8 lock;
    u64 last_tsc; /* under lock */
    u32 asked;    /* by the new CPU: number of the question */
    u32 answered;
    s_time_t answer;
    bool done;
} starting;

static void warp_lock(void)
{
    while (__atomic_test_and_set(&starting.lock, __ATOMIC_ACQUIRE))
        cpu_relax();
}

static void warp_unlock(void)
{
    __atomic_clear(&starting.lock, __ATOMIC_RELEASE);
}

static void warp_test(void)
{
    atomic_inc(&starting.arrived);
    while (atomic_read(&starting.arrived) < 2)
        cpu_relax();

    for (unsigned int i = 0; i < WARP_ROUNDS; i++) {
        u64 tsc;

        warp_lock();
        tsc = rdtsc_ordered();
        if (tsc < starting.last_tsc)
            tsc_warped = true;
        starting.last_tsc = tsc;
        warp_unlock();
    }
}

static void answer_new_cpu(void)
{
    while (!READ_ONCE(starting.done)) {
        u32 asked = READ_ONCE(starting.asked);

        if (asked == starting.answered) {
            cpu_relax();
            continue;
        }
        starting.answer = NOW();
        smp_wmb(); /* pairs with ask_boot_cpu() */
        WRITE_ONCE(starting.answered, asked);
    }
}

void time_sync_cpu(unsigned int cpu)
{
    per_cpu(cpu_time, cpu) = this_cpu(cpu_time);
    warp_test();
    answer_new_cpu();
    starting.done = false;
    starting.asked = 0;
    starting.answered = 0;
    starting.last_tsc = 0;
    atomic_set(&starting.arrived, 0);
}

static s_time_t ask_boot_cpu(void)
{
    u32 question = starting.asked + 1;

    WRITE_ONCE(starting.asked, question);
    while (READ_ONCE(starting.answered) != question)
        cpu_relax();
    smp_rmb(); /* pairs with answer_new_cpu() */
    return starting.answer;
}

static void offset_measure(struct cpu_time *t)
{
    u64 best = ~0UL;

    for (unsigned int i = 0; i < OFFSET_ROUNDS; i++) {
        u64 before = rdtsc_ordered();
        s_time_t ns = ask_boot_cpu();
        u64 took = rdtsc_ordered() - before;

        if (took >= best)
            continue;
        best = took;
        t->tsc = before + took / 2;
        t->ns = ns;
    }
}

void time_init_ap(void)
{
    warp_test();
    if (tsc_warped)
        offset_measure(&this_cpu(cpu_time));
    smp_mb();
    WRITE_ONCE(starting.done, true);
}

/* The meeting. Who waits in it has interrupts off, and so looks after requests
 * to flush: the CPU that makes one may be the one waited for. */

static struct {
    atomic_t waiting; /* CPUs that still have to come */
    bool go;
    s_time_t ns; /* the platform's time */
} meeting;

struct meeting_record {
    u64 tsc;
    s_time_t ns; /* the platform's */
};
static DEFINE_PER_CPU(struct meeting_record, last_meeting);

static struct timer meeting_timer;

/* By the next meeting this CPU's time shall be the platform's. It may be told
 * to hurry or wait, by half its rate at most, and only jumps ahead. */
static void rate_adjust(struct cpu_time *t, const struct meeting_record *last,
                        u64 tsc, s_time_t ns)
{
    s_time_t own = cpu_time_at(t, tsc);
    s_time_t elapsed = ns - last->ns;
    s_time_t behind = ns - own;

    t->tsc = tsc;
    t->ns = own;
    if (last->tsc == 0 || elapsed <= 0 || tsc <= last->tsc)
        return;
    if (behind > elapsed / 2) {
        t->ns = ns;
        behind = 0;
    }
    behind = max(behind, -elapsed / 2);
    t->scale = time_scale_measured(elapsed + behind, tsc - last->tsc);
}

static void meeting_attend(void *unused)
{
    struct meeting_record *last = &this_cpu(last_meeting);
    u64 tsc;

    (void)unused;
    atomic_dec(&meeting.waiting);
    if (smp_processor_id() == 0) {
        while (atomic_read(&meeting.waiting) > 0)
            flush_interrupt();
        meeting.ns = platform_time();
        smp_wmb();
        WRITE_ONCE(meeting.go, true);
    } else {
        while (!READ_ONCE(meeting.go))
            flush_interrupt();
        smp_rmb();
    }
    tsc = rdtsc_ordered();
    rate_adjust(&this_cpu(cpu_time), last, tsc, meeting.ns);
    last->tsc = tsc;
    last->ns = meeting.ns;
    update_vcpu_system_time(current);
}

static void meeting_hold(void *unused)
{
    struct cpumask cpus = cpu_online_map;

    (void)unused;
    meeting.go = false;
    atomic_set(&meeting.waiting, cpumask_weight(&cpus));
    on_cpus(&cpus, meeting_attend, NULL);
    timer_set(&meeting_timer,
              NOW() + min((s_time_t)platform_half_wrap_ns(), MEETING_NSEC));
}

void time_cpus_started(void)
{
    tsc_reliable = tsc_constant() && !tsc_warped;
    if (tsc_reliable) {
        printk(XENLOG_INFO "Time: TSCs are constant and agree\n");
        return;
    }
    printk(XENLOG_INFO "Time: TSCs %s: corrected every second\n",
           tsc_warped ? "differ" : "may change their rate");
    platform_time_start(NOW());
    timer_init(&meeting_timer, meeting_hold, NULL, 0);
    meeting_hold(NULL);
}
