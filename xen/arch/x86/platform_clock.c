/* SPDX-License-Identifier: MIT */
/*
 * Clocks of the platform, which tick at a rate that is known or told: HPET,
 * ACPI PM timer, PIT. The TSC is measured with the best of them.
 *
 * Source: IA-PC HPET 1.0a, 2.3; ACPI 6.4, 4.8.3.3; Intel 8254 data sheet.
 */
#include "asm/time.h"

#include "xen/printk.h"
#include "xen/vmap.h"
#include "asm/acpi.h"
#include "asm/processor.h"

/* HPET registers. */
#define HPET_LEN             1024
#define HPET_PERIOD          0x004 /* femtoseconds per tick */
#define HPET_CONFIG          0x010
#define HPET_COUNTER         0x0f0
#define HPET_CONFIG_ENABLE   1u
#define HPET_CONFIG_LEGACY   2u
#define HPET_MAX_PERIOD      100000000u
#define FEMTOSECONDS_PER_SEC 1000000000000000UL

#define PM_TIMER_HZ          3579545

#define PIT_HZ               1193182
#define PIT_CHANNEL2         0x42
#define PIT_MODE             0x43
#define PIT_GATE             0x61
#define PIT_GATE_CHANNEL2    0x01
#define PIT_GATE_SPEAKER     0x02
#define PIT_CHANNEL2_RATE    0xb4 /* channel 2, both bytes, mode 2 */
#define PIT_CHANNEL2_LATCH   0x80

static volatile u8 *hpet;

static u32 hpet_read32(unsigned int reg)
{
    return *(volatile u32 *)(hpet + reg);
}

static void hpet_write32(unsigned int reg, u32 value)
{
    *(volatile u32 *)(hpet + reg) = value;
}

static u64 hpet_read(void)
{
    return hpet_read32(HPET_COUNTER);
}

static bool hpet_probe(struct platform_clock *clock)
{
    u32 period, config;

    if (acpi.hpet_address == 0)
        return false;
    hpet = ioremap(acpi.hpet_address, HPET_LEN);
    if (hpet == NULL)
        return false;
    period = hpet_read32(HPET_PERIOD);
    if (period == 0 || period > HPET_MAX_PERIOD)
        return false;
    config = hpet_read32(HPET_CONFIG) & ~HPET_CONFIG_LEGACY;
    hpet_write32(HPET_CONFIG, config | HPET_CONFIG_ENABLE);

    clock->hz = FEMTOSECONDS_PER_SEC / period;
    clock->mask = 0xffffffff; /* the half that one access reads */
    return true;
}

static u64 pm_timer_read(void)
{
    return inl(acpi.pm_timer);
}

static bool pm_timer_probe(struct platform_clock *clock)
{
    if (acpi.pm_timer == 0)
        return false;
    clock->hz = PM_TIMER_HZ;
    clock->mask = acpi.pm_timer_32bit ? 0xffffffff : 0xffffff;
    return true;
}

/* Counts down from 65536. */
static u64 pit_read(void)
{
    u32 count;

    outb(PIT_CHANNEL2_LATCH, PIT_MODE);
    count = inb(PIT_CHANNEL2);
    count |= (u32)inb(PIT_CHANNEL2) << 8;
    return -count & 0xffff;
}

static bool pit_probe(struct platform_clock *clock)
{
    u8 gate = inb(PIT_GATE) & ~PIT_GATE_SPEAKER;

    outb(gate | PIT_GATE_CHANNEL2, PIT_GATE);
    outb(PIT_CHANNEL2_RATE, PIT_MODE);
    outb(0, PIT_CHANNEL2);
    outb(0, PIT_CHANNEL2);
    clock->hz = PIT_HZ;
    clock->mask = 0xffff;
    return true;
}

static struct platform_clock clocks[] = {
    {.name = "HPET", .read = hpet_read, .probe = hpet_probe},
    {.name = "ACPI PM timer", .read = pm_timer_read, .probe = pm_timer_probe},
    {.name = "PIT", .read = pit_read, .probe = pit_probe},
};

/* It moves within some milliseconds of polling. */
static bool clock_ticks(const struct platform_clock *clock)
{
    u64 first = clock->read() & clock->mask;

    for (unsigned int i = 0; i < 10000; i++)
        if ((clock->read() & clock->mask) != first)
            return true;

    return false;
}

struct platform_clock *platform_clock_probe(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(clocks); i++) {
        if (!clocks[i].probe(&clocks[i]))
            continue;
        if (clock_ticks(&clocks[i]))
            return &clocks[i];
        printk(XENLOG_WARNING "%s does not count\n", clocks[i].name);
    }
    return NULL;
}
