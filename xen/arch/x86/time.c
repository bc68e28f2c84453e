/* SPDX-License-Identifier: MIT */
/*
 * System time, from each CPU's TSC.
 *
 * Where all TSCs are constant and agree, one conversion from ticks to
 * nanoseconds serves all CPUs from the start to the end: time is the same
 * everywhere because the numbers are. Elsewhere each CPU has its own, which a
 * meeting of all CPUs every second corrects after the platform's clock
 * (time_sync.c), and NOW() never goes back behind what any CPU has seen.
 */
#include "asm/time.h"

#include "public/xen.h"
#include "xen/atomic.h"
#include "xen/bug.h"
#include "xen/domain.h"
#include "xen/percpu.h"
#include "xen/printk.h"
#include "xen/spinlock.h"
#include "xen/time.h"
#include "xen/timer.h"
#include "xen/vcpu.h"
#include "asm/apic.h"
#include "asm/irq.h"
#include "asm/processor.h"
#include "asm/time_internal.h"

#define NSEC_PER_SEC     1000000000UL
#define CALIBRATION_NSEC 50000000UL
#define SAMPLE_TRIES     8

#define PVCLOCK_STABLE   1 /* vcpu_time_info.flags */

unsigned long tsc_khz;
bool tsc_reliable;

DEFINE_PER_CPU(struct cpu_time, cpu_time);

static struct platform_clock *platform;
static u64 platform_last;    /* counter when it was read last */
static s_time_t platform_ns; /* system time then */
static struct time_scale platform_scale;

/* The time that any CPU has seen, where TSCs do not agree. */
static s_time_t latest_ns;

/* Wall clock at system time 0; under wallclock_lock. */
static DEFINE_SPINLOCK(wallclock_lock, LOCK_TIME);
static u64 wallclock_ns;

s_time_t cpu_time_at(const struct cpu_time *t, u64 tsc)
{
    s64 delta = tsc - t->tsc;

    /* TSC reads of different CPUs may be out of order by a little. */
    return delta < 0 ? t->ns
                     : t->ns + (s_time_t)time_scale_apply(delta, t->scale);
}

static s_time_t monotonic(s_time_t now)
{
    s_time_t seen = READ_ONCE(latest_ns), found;

    while (now > seen) {
        found = cmpxchg(&latest_ns, seen, now);
        if (found == seen)
            return now;
        seen = found;
    }
    return seen;
}

s_time_t NOW(void)
{
    s_time_t now = cpu_time_at(&this_cpu(cpu_time), rdtsc_ordered());

    return likely(tsc_reliable) ? now : monotonic(now);
}

void udelay(unsigned int usec)
{
    s_time_t end = NOW() + MICROSECS(usec);

    while (NOW() < end)
        cpu_relax();
}

/* The platform's clock. */

s_time_t platform_time(void)
{
    u64 count = platform->read() & platform->mask;

    platform_ns += time_scale_apply((count - platform_last) & platform->mask,
                                    platform_scale);
    platform_last = count;
    return platform_ns;
}

void platform_time_start(s_time_t now)
{
    platform_ns = now;
    platform_last = platform->read() & platform->mask;
}

/* One look at all counters at once: the fastest of some tries was not
 * interrupted. */
struct sample {
    u64 tsc, platform;
    u32 apic;
};

static void sample_take(struct sample *s)
{
    u64 best = ~0UL;

    for (unsigned int i = 0; i < SAMPLE_TRIES; i++) {
        u64 before = rdtsc_ordered();
        u64 count = platform->read() & platform->mask;
        u32 apic = apic_timer_count();
        u64 after = rdtsc_ordered();

        if (after - before >= best)
            continue;
        best = after - before;
        s->tsc = before + best / 2;
        s->platform = count;
        s->apic = apic;
    }
}

/* The rate of the TSC as CPUID tells it; 0: it does not (SDM 2A, CPUID 15H). */
static u64 tsc_hz_from_cpuid(void)
{
    u32 max_leaf, denominator, numerator, crystal, d;

    cpuid(0, 0, &max_leaf, &numerator, &crystal, &d);
    if (max_leaf < 0x15)
        return 0;
    cpuid(0x15, 0, &denominator, &numerator, &crystal, &d);
    if (denominator == 0 || numerator == 0 || crystal == 0)
        return 0;
    return muldiv64(crystal, numerator, denominator);
}

/* The exact rate, if CPUID is right about it, else what was measured. */
static u64 tsc_hz_choose(u64 measured)
{
    u64 told = tsc_hz_from_cpuid();
    u64 off = told > measured ? told - measured : measured - told;

    return told != 0 && off < measured / 100 ? told : measured;
}

/* Returns TSC ticks per second; the APIC timer's rate goes to its variable. */
static u64 calibrate(void)
{
    u64 ticks = min(platform->mask / 2,
                    muldiv64(platform->hz, CALIBRATION_NSEC, NSEC_PER_SEC));
    struct sample start, end;
    u64 elapsed;

    apic_timer_free_run();
    sample_take(&start);
    do {
        sample_take(&end);
        elapsed = (end.platform - start.platform) & platform->mask;
    } while (elapsed < ticks);

    apic_timer_khz =
        muldiv64(start.apic - end.apic, platform->hz, elapsed) / 1000;
    return muldiv64(end.tsc - start.tsc, platform->hz, elapsed);
}

void time_init(void)
{
    struct cpu_time *t = &this_cpu(cpu_time);
    u64 hz;

    platform = platform_clock_probe();
    if (platform == NULL)
        panic("No clock: enable the HPET or the ACPI PM timer in the firmware");

    hz = tsc_hz_choose(calibrate());
    if (hz < 1000000 || apic_timer_khz < 1000)
        panic("TSC and APIC timer do not run: %lu Hz, %lu kHz",
              (unsigned long)hz, apic_timer_khz);
    tsc_khz = hz / 1000;
    t->scale = time_scale_from_hz(hz);
    t->tsc = rdtsc_ordered();
    t->ns = 0;
    platform_scale = time_scale_from_hz(platform->hz);
    wallclock_ns = cmos_read_time() * NSEC_PER_SEC - NOW();

    set_direct_vector(TIMER_VECTOR, timer_interrupt);
    apic_timer_init();
    printk(XENLOG_INFO "Time: %s at %lu.%03lu MHz, TSC %lu.%03lu MHz, APIC "
                       "timer %lu.%03lu MHz\n",
           platform->name, (unsigned long)platform->hz / 1000000,
           (unsigned long)platform->hz / 1000 % 1000, tsc_khz / 1000,
           tsc_khz % 1000, apic_timer_khz / 1000, apic_timer_khz % 1000);
}

u64 platform_half_wrap_ns(void)
{
    return time_scale_apply(platform->mask / 2, platform_scale);
}

/* The next timer interrupt of this CPU. */

void reprogram_timer(s_time_t deadline)
{
    const struct cpu_time *t = &this_cpu(cpu_time);
    struct time_scale to_tsc;
    s_time_t delta;

    if (deadline == 0) {
        if (apic_timer_deadline)
            apic_timer_arm_deadline(0);
        else
            apic_timer_arm_ticks(0);
        return;
    }
    if (apic_timer_deadline) {
        to_tsc = time_scale_reciprocal(t->scale);
        /* What is centuries away would not fit into the TSC's 64 bits. */
        delta = min(max(deadline - t->ns, (s_time_t)0), SECONDS(3600));
        apic_timer_arm_deadline(t->tsc + time_scale_apply(delta, to_tsc) + 1);
        return;
    }
    /* Where the counter is too short for it, an interrupt comes early, and
     * the rest is programmed then. */
    delta = min(max(deadline - NOW(), (s_time_t)0), SECONDS(3));
    delta = muldiv64(delta, apic_timer_khz, 1000000) + 1;
    apic_timer_arm_ticks(min(delta, (s_time_t)0xffffffff));
}

/* What guests see. */

/* This CPU's clock as v's guest shall see it. An emulated TSC counts with
 * system time: any point of that will do from which on it is not negative. */
static struct cpu_time guest_time(const struct vcpu *v)
{
    const struct domain_tsc *tsc = &v->domain->arch.tsc;
    struct cpu_time t = this_cpu(cpu_time);

    if (!tsc->emulated)
        return t;
    t.ns = max(t.ns, tsc->start);
    t.tsc = domain_tsc_at(v->domain, t.ns);
    t.scale = tsc->to_ns;
    return t;
}

void update_vcpu_system_time(struct vcpu *v)
{
    struct vcpu_time_info *u;
    struct cpu_time t;

    if (is_idle_vcpu(v))
        return;
    t = guest_time(v);
    u = &v->vcpu_info->time;
    if (READ_ONCE(u->tsc_timestamp) == t.tsc &&
        READ_ONCE(u->system_time) == (u64)t.ns &&
        READ_ONCE(u->tsc_to_system_mul) == t.scale.mul)
        return;

    /* An odd version tells the reader to wait (public/xen.h). */
    WRITE_ONCE(u->version, READ_ONCE(u->version) | 1);
    smp_wmb();
    u->tsc_timestamp = t.tsc;
    u->system_time = t.ns;
    u->tsc_to_system_mul = t.scale.mul;
    u->tsc_shift = t.scale.shift;
    u->flags = tsc_reliable ? PVCLOCK_STABLE : 0;
    smp_wmb();
    WRITE_ONCE(u->version, READ_ONCE(u->version) + 1);
}

void update_domain_wallclock(struct domain *d)
{
    struct shared_info *si = d->shared_info;
    unsigned long flags;
    u64 sec, ns;

    spin_lock_irqsave(&wallclock_lock, flags);
    ns = wallclock_ns;
    sec = ns / NSEC_PER_SEC + d->time_offset_seconds;
    WRITE_ONCE(si->wc_version, READ_ONCE(si->wc_version) | 1);
    smp_wmb();
    si->wc_sec = sec;
    si->wc_sec_hi = sec >> 32;
    si->wc_nsec = ns % NSEC_PER_SEC;
    smp_wmb();
    WRITE_ONCE(si->wc_version, READ_ONCE(si->wc_version) + 1);
    spin_unlock_irqrestore(&wallclock_lock, flags);
}

void wallclock_set(u64 sec, u32 nsec, s_time_t stime)
{
    unsigned long flags;
    struct domain *d;
    domid_t next = 0;

    spin_lock_irqsave(&wallclock_lock, flags);
    wallclock_ns = sec * NSEC_PER_SEC + nsec - stime;
    spin_unlock_irqrestore(&wallclock_lock, flags);

    while ((d = domain_get_next(next)) != NULL) {
        next = d->domain_id + 1;
        update_domain_wallclock(d);
        domain_put(d);
    }
}
