/* SPDX-License-Identifier: MIT */
/* Where messages go: the ring, and the devices that console= names. */
#include "xen/console.h"

#include "xen/atomic.h"
#include "xen/errno.h"
#include "xen/option.h"
#include "xen/spinlock.h"
#include "xen/string.h"
#include "asm/current.h"

#define RING_SIZE 32768 /* a power of two */
#define NO_CPU    ~0u

static const struct console_device *const devices[] = {&ns16550_console,
                                                       &vga_console};

static DEFINE_SPINLOCK(console_lock, LOCK_CONSOLE);
static unsigned int lock_holder = NO_CPU; /* CPU that has console_lock */
static unsigned int lock_depth;           /* how often; written by the holder */
static bool lock_broken;                  /* panic: nobody waits any more */

/* Under console_lock: */
static char ring[RING_SIZE];
static u32 ring_first, ring_next; /* free-running */
static bool at_line_start = true;

static bool wanted[ARRAY_SIZE(devices)] = {true, true};
static bool active[ARRAY_SIZE(devices)];

static int console_set(const char *value)
{
    bool found[ARRAY_SIZE(devices)] = {false};

    while (*value) {
        const char *comma = strchr(value, ',');
        size_t len = comma ? (size_t)(comma - value) : strlen(value);
        bool known = len == 4 && strncmp(value, "none", 4) == 0;

        for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++)
            if (strlen(devices[i]->name) == len &&
                strncmp(devices[i]->name, value, len) == 0)
                found[i] = known = true;
        if (!known)
            return -EINVAL;
        value += len + (comma != NULL);
    }
    memcpy(wanted, found, sizeof(wanted));
    return 0;
}
OPTION_CUSTOM("console", console_set,
              "where messages appear: com1, vga, both with a comma, or none");

unsigned long console_lock_irqsave(void)
{
    unsigned long flags = local_irq_save();
    unsigned int cpu = smp_processor_id();

    if (READ_ONCE(lock_holder) != cpu) {
        if (!lock_broken)
            spin_lock(&console_lock);
        lock_holder = cpu;
        lock_depth = 0;
    }
    lock_depth++;
    return flags;
}

void console_unlock_irqrestore(unsigned long flags)
{
    if (--lock_depth == 0) {
        WRITE_ONCE(lock_holder, NO_CPU);
        if (!lock_broken)
            spin_unlock(&console_lock);
    }
    local_irq_restore(flags);
}

void console_force_unlock(void)
{
    lock_broken = true;
    lock_holder = NO_CPU;
}

static void ring_write(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ring[ring_next++ & (RING_SIZE - 1)] = text[i];
    if (ring_next - ring_first > RING_SIZE)
        ring_first = ring_next - RING_SIZE;
}

static void devices_write(const char *text, size_t len)
{
    if (len == 0)
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++)
        if (active[i])
            devices[i]->write(text, len);
    at_line_start = text[len - 1] == '\n' || text[len - 1] == '\r';
}

void console_write_locked(const char *text, size_t len)
{
    ring_write(text, len);
    devices_write(text, len);
}

void console_write_guest_locked(const char *text, size_t len)
{
    devices_write(text, len);
}

bool console_at_line_start_locked(void)
{
    return at_line_start;
}

size_t console_ring_read(u32 *index, char *buf, size_t len)
{
    unsigned long flags = console_lock_irqsave();
    u32 next = *index;
    size_t done = 0;

    if (ring_next - next > ring_next - ring_first)
        next = ring_first;
    while (done < len && next != ring_next)
        buf[done++] = ring[next++ & (RING_SIZE - 1)];
    *index = next;
    console_unlock_irqrestore(flags);
    return done;
}

void console_ring_clear(void)
{
    unsigned long flags = console_lock_irqsave();

    ring_first = ring_next;
    console_unlock_irqrestore(flags);
}

/* What was said before is in the ring: show it on a device that is new. */
static void replay(const struct console_device *device)
{
    char text[128];
    u32 index = ring_first;
    size_t len;

    while ((len = console_ring_read(&index, text, sizeof(text))) > 0)
        device->write(text, len);
}

void console_init_early(void)
{
    unsigned long flags = console_lock_irqsave();

    for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++)
        if (wanted[i] && devices[i]->init()) {
            replay(devices[i]);
            active[i] = true;
        }
    console_unlock_irqrestore(flags);
}

void console_release_screen(void)
{
    unsigned long flags = console_lock_irqsave();

    for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++)
        if (devices[i] == &vga_console)
            active[i] = false;
    console_unlock_irqrestore(flags);
}
