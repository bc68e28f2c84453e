/* SPDX-License-Identifier: MIT */
/*
 * Time: the scale between TSC ticks and nanoseconds, and the clocks it is
 * measured with.
 */
#ifndef ASM_TIME_H
#define ASM_TIME_H

#include "xen/types.h"

/* ns = ((ticks << shift) * mul) >> 32; a negative shift goes right. The form
 * of the guests' vcpu_time_info. */
struct time_scale {
    u32 mul;
    s8 shift;
};

/** The scale for a counter of `hz` > 0. */
struct time_scale time_scale_from_hz(u64 hz);
/** The scale that turns nanoseconds back into ticks. */
struct time_scale time_scale_reciprocal(struct time_scale scale);
/** The scale of a counter that did `ticks` in `ns` > 0. */
struct time_scale time_scale_measured(u64 ns, u64 ticks);

/** a * b / divisor without overflow in between; ~0 if the result has one. */
u64 muldiv64(u64 a, u64 b, u64 divisor);

static inline u64 time_scale_apply(u64 delta, struct time_scale scale)
{
    if (scale.shift < 0)
        delta >>= -scale.shift;
    else
        delta <<= scale.shift;

    return (u64)(((unsigned __int128)delta * scale.mul) >> 32);
}

struct domain;

/** What an emulated TSC shows at a system time. */
u64 domain_tsc_at(const struct domain *d, s_time_t ns);

/* A clock that does not depend on the CPU. */
struct platform_clock {
    const char *name;
    u64 hz;
    u64 mask; /* bits that count, from bit 0 */
    u64 (*read)(void);
    /* Fills in hz and mask, starts the counter; false: not there. */
    bool (*probe)(struct platform_clock *clock);
};

/** The best one that works: HPET, ACPI PM timer, PIT. */
struct platform_clock *platform_clock_probe(void);

/** Calibrate, start system time, read the wall clock. Interrupts are off. */
void time_init(void);
/** Start this CPU's clock when it comes up; the boot CPU waits in
 * time_sync_cpu(). */
void time_init_ap(void);
/** Boot CPU: let the CPU that is starting take over the time. */
void time_sync_cpu(unsigned int cpu);
/** All CPUs are up: decide whether their TSCs can be trusted. */
void time_cpus_started(void);

/** Is the TSC the same on all CPUs and constant? Guests are told so. */
extern bool tsc_reliable;

/** Spin for so many microseconds. After time_init(). */
void udelay(unsigned int usec);

/** Seconds since 1970 that the CMOS clock shows. */
u64 cmos_read_time(void);
/** One CMOS byte, with the lock that dom0's accesses take too. */
u8 cmos_read(u8 index);
void cmos_write(u8 index, u8 value);

/** Seconds since 1970-01-01 of a date; year 1970.., month 1..12. */
u64 date_to_seconds(unsigned int year, unsigned int month, unsigned int day,
                    unsigned int hour, unsigned int minute,
                    unsigned int second);

#endif
