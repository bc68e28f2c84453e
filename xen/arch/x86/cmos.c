/* SPDX-License-Identifier: MIT */
/* The CMOS clock: two ports, shared with dom0, and the date in it.
 * Source: Motorola MC146818 data sheet. */
#include "asm/time.h"

#include "xen/atomic.h"
#include "xen/spinlock.h"
#include "asm/processor.h"

#define CMOS_INDEX     0x70
#define CMOS_DATA      0x71

#define RTC_SECONDS    0
#define RTC_MINUTES    2
#define RTC_HOURS      4
#define RTC_DAY        7
#define RTC_MONTH      8
#define RTC_YEAR       9
#define RTC_STATUS_A   10
#define RTC_STATUS_B   11
#define RTC_A_UPDATING 0x80
#define RTC_B_BINARY   0x04
#define RTC_B_24_HOURS 0x02
#define RTC_HOURS_PM   0x80

static DEFINE_SPINLOCK(cmos_lock, LOCK_TIME);

u8 cmos_read(u8 index)
{
    unsigned long flags;
    u8 value;

    spin_lock_irqsave(&cmos_lock, flags);
    outb(index, CMOS_INDEX);
    value = inb(CMOS_DATA);
    spin_unlock_irqrestore(&cmos_lock, flags);
    return value;
}

void cmos_write(u8 index, u8 value)
{
    unsigned long flags;

    spin_lock_irqsave(&cmos_lock, flags);
    outb(index, CMOS_INDEX);
    outb(value, CMOS_DATA);
    spin_unlock_irqrestore(&cmos_lock, flags);
}

static unsigned int from_bcd(u8 v, u8 status_b)
{
    return status_b & RTC_B_BINARY ? v : (v >> 4) * 10u + (v & 15);
}

static unsigned int hours_of(u8 raw, u8 status_b)
{
    unsigned int hours = from_bcd(raw & ~RTC_HOURS_PM, status_b);

    if (status_b & RTC_B_24_HOURS)
        return from_bcd(raw, status_b);
    return hours % 12 + (raw & RTC_HOURS_PM ? 12 : 0);
}

static u64 read_date(void)
{
    u8 b = cmos_read(RTC_STATUS_B);
    unsigned int year = from_bcd(cmos_read(RTC_YEAR), b);
    unsigned int month = from_bcd(cmos_read(RTC_MONTH), b);
    unsigned int day = from_bcd(cmos_read(RTC_DAY), b);

    if (month < 1 || month > 12 || day < 1 || day > 31)
        return 0;
    return date_to_seconds(year + (year < 70 ? 2000 : 1900), month, day,
                           hours_of(cmos_read(RTC_HOURS), b),
                           from_bcd(cmos_read(RTC_MINUTES), b),
                           from_bcd(cmos_read(RTC_SECONDS), b));
}

/* The date is right if no update came in between: it reads the same twice. */
u64 cmos_read_time(void)
{
    u64 first, second = 0;

    for (unsigned int tries = 0; tries < 10; tries++) {
        for (unsigned int i = 0;
             i < 10000 && (cmos_read(RTC_STATUS_A) & RTC_A_UPDATING); i++)
            cpu_relax();
        first = read_date();
        second = read_date();
        if (first == second)
            break;
    }
    return second;
}
