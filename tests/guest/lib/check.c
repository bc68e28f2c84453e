/* SPDX-License-Identifier: MIT */
/* Reports of checks, the start of a test kernel and its end. */
#include "domain.h"
#include "internal.h"

/* The runner looks at the hypervisor's state after the last line. */
#define AUDIT_SECONDS 30

const struct start_info *start_info;

static unsigned int nr_passed, nr_failed;

void guest_start(const struct start_info *si) __attribute__((noreturn));

void guest_start(const struct start_info *si)
{
    start_info = si;
    if (!(si->flags & SIF_INITDOMAIN))
        mailbox = (struct mailbox *)si->mod_start;
    event_init();
    trap_init();
    if (mailbox)
        guest_main();
    test_main();
    check_done();
}

bool check_true(const char *name, const char *file, int line, bool good,
                const char *text)
{
    if (good) {
        __atomic_fetch_add(&nr_passed, 1, __ATOMIC_RELAXED);
        printf("ok %s\n", name);
    } else {
        __atomic_fetch_add(&nr_failed, 1, __ATOMIC_RELAXED);
        printf("FAIL %s: %s:%d: expected %s\n", name, file, line, text);
    }
    return good;
}

/* Small numbers in decimal: they are errors and counts. */
static const char *number_format(uint64_t value)
{
    return value + 4096 < 8192 ? "%s%ld%s" : "%s0x%lx%s";
}

bool check_equal(const char *name, const char *file, int line, uint64_t got,
                 uint64_t expected)
{
    if (got == expected)
        return check_true(name, file, line, true, "");
    __atomic_fetch_add(&nr_failed, 1, __ATOMIC_RELAXED);
    printf("FAIL %s: %s:%d: ", name, file, line);
    printf(number_format(expected), "expected ", expected, ", got ");
    printf(number_format(got), "", got, "\n");
    return false;
}

void check_skip(const char *name, const char *why)
{
    printf("skip %s: %s\n", name, why);
}

void check_count_line(const char *line)
{
    if (memcmp(line, "ok ", 3) == 0)
        nr_passed++;
    else if (memcmp(line, "FAIL ", 5) == 0)
        nr_failed++;
}

static void shut_down(uint32_t reason) __attribute__((noreturn));

static void shut_down(uint32_t reason)
{
    struct sched_shutdown shutdown = {.reason = reason};

    hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &shutdown);
    for (;;)
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
}

void check_done(void)
{
    if (mailbox)
        shut_down(SHUTDOWN_crash);
    printf("%u passed, %u failed\n", nr_passed, nr_failed);
    event_disable();
    sleep_ms(AUDIT_SECONDS * 1000);
    shut_down(SHUTDOWN_poweroff);
}
